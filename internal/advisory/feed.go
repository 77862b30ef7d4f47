package advisory

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where the public feeds are.
const (
	// OSVLocation has one archive for each ecosystem.
	// See https://google.github.io/osv.dev/data/.
	OSVLocation = "https://osv-vulnerabilities.storage.googleapis.com"
	// KEVLocation is CISA's catalogue.
	KEVLocation = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
	// EPSSLocation has the scores of the day.
	EPSSLocation = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
)

// DefaultEcosystems are those of the packages that are read.
var DefaultEcosystems = []string{
	"AlmaLinux", "Alpaquita", "Alpine", "Azure Linux", "BellSoft Hardened Containers", "CRAN", "Chainguard",
	"CleanStart", "Debian", "Echo", "Go", "Hex", "Mageia", "Maven", "MinimOS", "NuGet", "Packagist", "Pub", "PyPI", "Red Hat",
	"Rocky Linux", "RubyGems", "SUSE", "SwiftURL", "Ubuntu", "Wolfi", "crates.io", "npm", "openEuler", "openSUSE",
}

// A Feed is one archive of advisories: the unit that is imported, and left
// alone while it does not change.
type Feed struct {
	// Name is the Source of the feed's advisories: "osv/Go" for the archive of
	// an ecosystem, wherever it is read from, else the location. It never has
	// credentials in it.
	Name string
	// Ecosystem limits the feed to what concerns the packages of an ecosystem;
	// the rest comes with other feeds. Empty means no limit.
	Ecosystem string

	location string
}

// Open returns the feeds of a location. That is
//   - an https or http URL, below which each of the ecosystems (all of
//     [DefaultEcosystems] if none is given) has its <ecosystem>/all.zip,
//   - a directory with the same layout, of which those of the ecosystems are
//     taken that are there, or with loose .json records,
//   - the URL or file name of one zip archive.
//
// Nothing is downloaded yet.
func Open(location string, ecosystems ...string) ([]Feed, error) {
	if isURL(location) {
		return openURL(location, ecosystems)
	}
	info, err := os.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("open advisories: %w", err)
	}
	path, err := filepath.Abs(location)
	if err != nil {
		return nil, fmt.Errorf("open advisories: %w", err)
	}
	if !info.IsDir() {
		return []Feed{{Name: path, location: path}}, nil
	}
	return openDirectory(path, ecosystems)
}

func isURL(location string) bool {
	return strings.HasPrefix(location, "https://") || strings.HasPrefix(location, "http://")
}

func openURL(location string, ecosystems []string) ([]Feed, error) {
	base, err := url.Parse(location)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("open advisories: %s is not a usable URL", redact(location))
	}
	if strings.HasSuffix(base.Path, ".zip") {
		return []Feed{{Name: redact(location), location: location}}, nil
	}
	if len(ecosystems) == 0 {
		ecosystems = DefaultEcosystems
	}
	feeds := make([]Feed, len(ecosystems))
	for i, e := range ecosystems {
		feeds[i] = ecosystemFeed(e, base.JoinPath(url.PathEscape(e), "all.zip").String())
	}
	return feeds, nil
}

func openDirectory(path string, ecosystems []string) ([]Feed, error) {
	for _, e := range ecosystems {
		if !filepath.IsLocal(e) {
			return nil, fmt.Errorf("open advisories: %q is not an ecosystem", e)
		}
	}
	archives, err := filepath.Glob(filepath.Join(quoteGlob(path), "*", "all.zip"))
	if err != nil {
		return nil, fmt.Errorf("open advisories: %w", err)
	}
	if len(archives) == 0 {
		return openLoose(path)
	}
	var feeds []Feed
	for _, archive := range archives {
		e := filepath.Base(filepath.Dir(archive))
		if len(ecosystems) == 0 || slices.Contains(ecosystems, e) {
			feeds = append(feeds, ecosystemFeed(e, archive))
		}
	}
	if len(feeds) == 0 {
		return nil, fmt.Errorf("open advisories: %s has nothing for %s: %w", path, strings.Join(ecosystems, ", "), ErrNoRecords)
	}
	return feeds, nil
}

// openLoose returns the feed of a directory with loose records, of whatever
// ecosystems.
func openLoose(path string) ([]Feed, error) {
	loose, err := fs.Glob(os.DirFS(path), "*.json")
	if err != nil {
		return nil, fmt.Errorf("open advisories: %w", err)
	}
	if len(loose) == 0 {
		return nil, fmt.Errorf("open advisories: %s has neither <ecosystem>/all.zip nor .json records: %w", path, ErrNoRecords)
	}
	return []Feed{{Name: path, location: path}}, nil
}

func ecosystemFeed(ecosystem, location string) Feed {
	return Feed{Name: "osv/" + ecosystem, Ecosystem: NormalizeEcosystem(ecosystem), location: location}
}

// ErrNoRecords is in the chain of the error of a directory or archive without
// advisories of the ecosystems that were asked for.
var ErrNoRecords = errors.New("no advisories")

// quoteGlob makes a path match only itself.
func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// redact returns a location without what may be a credential: the user and
// the query of a URL.
func redact(location string) string {
	if !isURL(location) {
		return location
	}
	u, err := url.Parse(location)
	if err != nil {
		scheme, _, _ := strings.Cut(location, "//")
		return scheme + "//…"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
