package advisory

import (
	"cmp"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// A Package is one version of a package, in the terms of its ecosystem's
// advisories.
type Package struct {
	Ecosystem string
	Name      string
	Version   string
}

// PackageOf returns what is matched for p: the package or its source,
// whichever the distribution's advisories speak of, with normalised names.
func PackageOf(p image.Package) Package {
	ecosystem := NormalizeEcosystem(p.Ecosystem)
	name, version := p.Name, p.Version
	if !NamesBinaries(ecosystem) {
		name, version = cmp.Or(p.Source, name), cmp.Or(p.SourceVersion, version)
	}
	return Package{ecosystem, inModule(ecosystem, NormalizeName(ecosystem, name), version, p.Module), version}
}

// Matchable reports whether advisories may be matched against p at all. A
// language package that a distribution's package owns is not: the
// distribution fixes it without changing the upstream version, so that most of
// its matches would be false.
func Matchable(p image.Package) bool {
	return p.OwnedBy == "" && p.Ecosystem != "" && p.Name != "" && p.Version != ""
}

// NormalizeName returns the form of a package name that its ecosystem treats
// as the identity. The ecosystem may carry a release.
func NormalizeName(ecosystem, name string) string {
	switch baseEcosystem(ecosystem) {
	case "PyPI":
		return normalizePyPI(name)
	case "Packagist", "NuGet":
		return strings.ToLower(name)
	case "SwiftURL":
		// The place of a repository, which some write as they clone it.
		return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "https://"), ".git"))
	case "Go":
		// Scanners report the standard library as the module "go".
		if name == "go" {
			return "stdlib"
		}
	}
	return name
}

// normalizePyPI lowers the name and turns each run of "-", "_" and "." into
// one "-". See https://peps.python.org/pep-0503/#normalized-names.
func normalizePyPI(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	separator := false
	for _, c := range strings.ToLower(name) {
		if c == '-' || c == '_' || c == '.' {
			separator = true
			continue
		}
		if separator {
			b.WriteByte('-')
			separator = false
		}
		b.WriteRune(c)
	}
	if separator {
		b.WriteByte('-')
	}
	return b.String()
}
