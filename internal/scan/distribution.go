package scan

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/stowage-dev/stowage/internal/image"
)

// isDistribution reports whether packages of a purl type are those of a
// distribution.
func isDistribution(purlType string) bool { return purlType == dpkgType || purlType == apkType }

// languageEcosystems are the OSV ecosystems by purl type.
var languageEcosystems = map[string]string{
	javascript.purl: "npm",
	python.purl:     "PyPI",
	java.purl:       "Maven",
	golang.purl:     "Go",
}

// debianReleases are the numbers of Debian's codenames, which os-release has
// alone until the day of the release.
var debianReleases = map[string]string{
	"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

// Ecosystem returns the OSV ecosystem of a distribution's packages, with the
// release as OSV has it: "Debian:12", "Alpine:v3.19". A distribution that OSV
// does not know has its ID.
// See https://ossf.github.io/osv-schema/#defined-ecosystems.
func Ecosystem(d image.Distribution) string {
	switch d.ID {
	case "debian":
		release := d.Version
		if release == "" {
			release = debianReleases[d.Codename]
		}
		major, _, _ := strings.Cut(release, ".")
		return join("Debian", ":", major)
	case "ubuntu":
		return join("Ubuntu", ":", d.Version)
	case "alpine":
		parts := strings.SplitN(d.Version, ".", 3)
		if d.Version == "" {
			return "Alpine"
		}
		if len(parts) < 2 || strings.Contains(d.Version, "_") {
			return "Alpine:edge"
		}
		return "Alpine:v" + parts[0] + "." + parts[1]
	case "wolfi":
		return "Wolfi"
	case "chainguard":
		return "Chainguard"
	case "minimos":
		return "MinimOS"
	default:
		return join(d.ID, ":", d.Version)
	}
}

// unknownEcosystem is that of packages in an image without os-release.
func unknownEcosystem(purlType string) string {
	if purlType == apkType {
		return "Alpine"
	}
	return "Debian"
}

// join joins two parts if there is a second one.
func join(a, separator, b string) string {
	if b == "" {
		return a
	}
	return a + separator + b
}

// newPackage returns a package of a file in the terms of the domain.
func newPackage(f *PackageFile, p Package, layer int, d *image.Distribution) image.Package {
	q := image.Package{
		Name: p.Name, Version: p.Version, Source: p.Source, SourceVersion: p.SourceVersion,
		Architecture: p.Architecture, Path: join(f.Path, "!/", p.Inner), Layer: layer,
	}
	switch {
	case !isDistribution(f.Type):
		q.Ecosystem = languageEcosystems[f.Type]
	case d != nil:
		q.Ecosystem = Ecosystem(*d)
	default:
		q.Ecosystem = unknownEcosystem(f.Type)
	}
	q.PURL = purlOf(f.Type, p, d)
	return q
}

// purlOf returns the package URL of a package.
// See https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst.
func purlOf(purlType string, p Package, d *image.Distribution) string {
	u := packageurl.PackageURL{Type: purlType, Name: p.Name, Version: p.Version}
	switch {
	case isDistribution(purlType):
		qualifiers := map[string]string{"arch": p.Architecture}
		if d != nil {
			u.Namespace = d.ID
			qualifiers["distro"] = join(d.ID, "-", d.Version)
		}
		if p.Source != "" {
			qualifiers["upstream"] = join(p.Source, "@", p.SourceVersion)
		}
		u.Qualifiers = packageurl.QualifiersFromMap(qualifiers)
	case purlType == java.purl:
		if group, artifact, ok := strings.Cut(p.Name, ":"); ok {
			u.Namespace, u.Name = group, artifact
		}
	case purlType == golang.purl:
		if p.Name != "stdlib" {
			u.Version = "v" + p.Version
		}
		fallthrough
	case purlType == javascript.purl:
		if i := strings.LastIndexByte(p.Name, '/'); i > 0 {
			u.Namespace, u.Name = p.Name[:i], p.Name[i+1:]
		}
	case purlType == python.purl:
		u.Name = strings.ReplaceAll(strings.ToLower(p.Name), "_", "-")
	}
	return u.ToString()
}
