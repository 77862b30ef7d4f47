package advisory

import (
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

// PackageOf returns what is matched for p: the source package where the
// distribution's advisories speak of it, with normalised names.
func PackageOf(p image.Package) Package {
	ecosystem := NormalizeEcosystem(p.Ecosystem)
	return Package{ecosystem, NormalizeName(ecosystem, p.MatchName()), p.MatchVersion()}
}

// Matchable reports whether advisories may be matched against p at all. A
// language package that a distribution's package owns is not: the
// distribution fixes it without changing the upstream version, so that most of
// its matches would be false.
func Matchable(p image.Package) bool {
	return p.OwnedBy == "" && p.Ecosystem != "" && p.MatchName() != "" && p.MatchVersion() != ""
}

// NormalizeEcosystem returns the form of an OSV ecosystem that is stored and
// compared: "Ubuntu:22.04:LTS" and "Ubuntu:22.04" are one release, and so are
// "Alpine:3.19" and "Alpine:v3.19".
func NormalizeEcosystem(s string) string {
	base, release, ok := strings.Cut(s, ":")
	if !ok {
		return s
	}
	switch base {
	case "Ubuntu":
		return base + ":" + strings.TrimSuffix(release, ":LTS")
	case "Alpine":
		if release != "" && isDigit(release[0]) {
			return base + ":v" + release
		}
	}
	return s
}

// NormalizeName returns the form of a package name that its ecosystem treats
// as the identity. The ecosystem may carry a release.
func NormalizeName(ecosystem, name string) string {
	switch baseEcosystem(ecosystem) {
	case "PyPI":
		return normalizePyPI(name)
	case "Packagist", "NuGet":
		return strings.ToLower(name)
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

// baseEcosystem returns the ecosystem without its release.
func baseEcosystem(s string) string {
	base, _, _ := strings.Cut(s, ":")
	return base
}

// covers reports whether a feed of the one ecosystem is the place for
// advisories about the other: the same, or one of its releases.
func covers(feed, ecosystem string) bool {
	return feed == "" || feed == ecosystem || strings.HasPrefix(ecosystem, feed+":")
}

// lookups returns the ecosystems whose advisories hold for packages of a
// normalised ecosystem, most specific first. An advisory about "Debian" holds
// for each release; one about "Rocky Linux:9" for 9.4 too. A package whose
// release is not known gets only what holds for all: guessing one would
// compare with another release's fixes.
func lookups(ecosystem string) []string {
	base, release, ok := strings.Cut(ecosystem, ":")
	if !ok {
		return []string{ecosystem}
	}
	found := []string{ecosystem}
	switch base {
	case "Debian", "AlmaLinux", "Rocky Linux":
		if major, _, minor := strings.Cut(release, "."); minor {
			found = append(found, base+":"+major)
		}
	case "Alpine":
		if parts := strings.SplitN(release, ".", 3); len(parts) == 3 {
			found = append(found, base+":"+parts[0]+"."+parts[1])
		}
	}
	return append(found, base)
}
