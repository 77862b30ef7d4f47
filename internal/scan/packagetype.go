package scan

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/stowage-dev/stowage/internal/image"
)

// packageTypes is every kind of packages, in the order of the documentation.
var packageTypes = []*packageType{
	debType, apkType, rpmType, alpmType, opkgType,
	npmType, pypiType, mavenType, golangType, gemType, nugetType, composerType, cargoType, hexType, otpType,
	cranType, bioconductorType, pubType, swiftType, condaType, luarocksType, cpanType,
	genericType,
}

// A packageType is a kind of packages: those that share a type of package URL.
type packageType struct {
	// purl is the type in package URLs.
	// See https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst.
	purl string
	// title says in docs/ecosystems.md what packages these are, and matched
	// what they are matched with; of distributions each says that itself.
	title, matched string
	// distribution is whether a distribution installs such packages, so that
	// what advisories say of them depends on its release.
	distribution bool
	// ecosystem is the OSV ecosystem. Packages of a distribution have that of
	// its release, and this one if the release is not known.
	ecosystem string
	// url fills in what the type has of its own in a package URL; nil if that
	// is nothing.
	url func(u *packageurl.PackageURL, p Package)
}

// typesByPURL has the package types by their type in package URLs.
var typesByPURL = func() map[string]*packageType {
	m := make(map[string]*packageType)
	for _, t := range packageTypes {
		m[t.purl] = t
	}
	return m
}()

// typeOf returns the type of a package. One that is not known, which an older
// or newer version found, is of no ecosystem.
func typeOf(p Package) *packageType {
	if t := typesByPURL[p.Type]; t != nil {
		return t
	}
	return &packageType{purl: p.Type}
}

// isOfDistribution reports whether a package is one of a distribution.
func isOfDistribution(p Package) bool { return typeOf(p).distribution }

// newPackage returns a package of a file in the terms of the domain.
func newPackage(path string, p Package, layer int, d *image.Distribution) image.Package {
	t := typeOf(p)
	q := image.Package{
		Ecosystem: t.ecosystem,
		Name:      p.Name, Version: p.Version, Source: p.Source, SourceVersion: p.SourceVersion,
		Architecture: p.Architecture, Module: p.Module, Vendor: p.Vendor, Path: join(path, "!/", p.Inner), Layer: layer,
		PURL: t.packageURL(p, d),
	}
	if t.distribution && d != nil {
		q.Ecosystem = t.purl // Of another distribution than the image's.
		if known := distributionsByID[d.ID]; known == nil || known.packages == t {
			q.Ecosystem = Ecosystem(*d)
		}
	}
	return q
}

// packageURL returns the package URL of a package.
func (t *packageType) packageURL(p Package, d *image.Distribution) string {
	u := packageurl.PackageURL{Type: t.purl, Name: p.Name, Version: p.Version}
	if t.distribution {
		qualifiers := map[string]string{"arch": p.Architecture}
		if d != nil {
			u.Namespace = namespaceOf(*d)
			qualifiers["distro"] = join(d.ID, "-", d.Version)
		}
		if p.Source != "" {
			qualifiers["upstream"] = join(p.Source, "@", p.SourceVersion)
		}
		u.Qualifiers = packageurl.QualifiersFromMap(qualifiers)
	}
	if t.url != nil {
		t.url(&u, p)
	}
	return u.ToString()
}

// splitNamespace moves what is before the last slash of a name to the
// namespace.
func splitNamespace(u *packageurl.PackageURL) {
	if i := strings.LastIndexByte(u.Name, '/'); i > 0 {
		u.Namespace, u.Name = u.Name[:i], u.Name[i+1:]
	}
}

// join joins two parts if there is a second one.
func join(a, separator, b string) string {
	if b == "" {
		return a
	}
	return a + separator + b
}
