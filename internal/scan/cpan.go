package scan

import (
	"encoding/json"
	"io"
	"path"
	"strings"

	"github.com/package-url/packageurl-go"
)

var cpanType = &packageType{
	purl:  "cpan",
	title: "Perl", matched: "nothing: OSV has no advisories of CPAN",
	url: func(u *packageurl.PackageURL, _ Package) { splitNamespace(u) },
}

var cpanRecord = &reader{
	name:     "cpan",
	packages: cpanType,
	from:     "`.meta/*/install.json`, which `cpanm` writes",
	names:    []string{"install.json"},
	wants:    isCPANRecord,
	limit:    maxMetadata,
	read:     parsed(cpanType, parseCPAN),
}

// isCPANRecord reports whether a path is that of the record which cpanm keeps
// of an installed distribution: ".meta/Mojolicious-9.31/install.json". What is
// installed in other ways leaves only a list of files.
func isCPANRecord(p string) bool {
	return path.Base(p) == "install.json" && path.Base(path.Dir(path.Dir(p))) == ".meta"
}

// parseCPAN reads a record of cpanm. The name of a distribution starts with
// its author's: "SRI/Mojolicious".
func parseCPAN(r io.Reader) ([]Package, error) {
	var record struct {
		// Dist is the name of the distribution with its version.
		Dist    string `json:"dist"`
		Version string `json:"version"`
		// Pathname is that of its archive: "S/SR/SRI/Mojolicious-9.31.tar.gz".
		Pathname string `json:"pathname"`
	}
	if err := json.NewDecoder(r).Decode(&record); err != nil {
		return nil, err
	}
	i := strings.LastIndexByte(record.Dist, '-')
	if i <= 0 {
		return nil, nil
	}
	p := Package{Name: clean(record.Dist[:i]), Version: strings.TrimPrefix(clean(record.Dist[i+1:]), "v")}
	if parts := strings.Split(record.Pathname, "/"); len(parts) > 3 {
		p.Name = clean(parts[2]) + "/" + p.Name
	}
	return packages(p), nil
}
