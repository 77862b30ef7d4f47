package scan

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/package-url/packageurl-go"
)

var composerType = &packageType{
	purl:  "composer",
	title: "PHP", matched: "OSV `Packagist`",
	ecosystem: "Packagist",
	url:       func(u *packageurl.PackageURL, _ Package) { splitNamespace(u) },
}

var composerInstalled = &reader{
	name:     "composer-installed",
	packages: composerType,
	from:     "`vendor/composer/installed.json`; `composer.lock` without its packages for development",
	names:    []string{"installed.json"},
	wants:    func(p string) bool { return strings.HasSuffix(p, "composer/installed.json") },
	limit:    maxMetadata,
	read:     parsed(composerType, parseComposerInstalled),
}

var composerLock = &reader{
	name:     "composer-lock",
	packages: composerType,
	names:    []string{"composer.lock"},
	limit:    maxMetadata,
	lock:     true,
	read:     parsed(composerType, parseComposerLock),
}

// A composerPackage is a package of Composer as installed.json and
// composer.lock have it.
type composerPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Type    string `json:"type"`
}

// parseComposerInstalled reads vendor/composer/installed.json, which Composer
// writes: an object with packages, or with Composer 1 just the packages.
func parseComposerInstalled(r io.Reader) ([]Package, error) {
	var raw json.RawMessage
	if err := json.NewDecoder(r).Decode(&raw); err != nil {
		return nil, err
	}
	var installed struct {
		Packages []composerPackage `json:"packages"`
	}
	if err := json.Unmarshal(raw, &installed); err != nil {
		if err := json.Unmarshal(raw, &installed.Packages); err != nil {
			return nil, err
		}
	}
	return composerPackages(installed.Packages), nil
}

// parseComposerLock reads composer.lock without what is for development.
func parseComposerLock(r io.Reader) ([]Package, error) {
	var lock struct {
		Packages []composerPackage `json:"packages"`
	}
	if err := json.NewDecoder(r).Decode(&lock); err != nil {
		return nil, err
	}
	return composerPackages(lock.Packages), nil
}

func composerPackages(list []composerPackage) []Package {
	var found []Package
	for _, p := range list {
		if p.Type == "metapackage" {
			continue // It has no files.
		}
		version := p.Version
		if len(version) > 1 && version[0] == 'v' && version[1] >= '0' && version[1] <= '9' {
			version = version[1:]
		}
		found = append(found, packages(Package{Name: strings.ToLower(clean(p.Name)), Version: clean(version)})...)
	}
	return found
}
