package image

// A Package is one installed package, in the identity that advisories use.
type Package struct {
	// Ecosystem is the OSV ecosystem, with the release where OSV has one:
	// "Debian:12", "Alpine:v3.19", "npm", "PyPI", "Go", "Maven".
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	// Source and SourceVersion are those of the source package where the
	// distribution's advisories speak of it; empty when equal to Name and
	// Version.
	Source        string `json:"source,omitempty"`
	SourceVersion string `json:"source_version,omitempty"`
	Architecture  string `json:"architecture,omitempty"`
	PURL          string `json:"purl,omitempty"`
	// Path is the file that tells of the package: "var/lib/dpkg/status".
	Path string `json:"path"`
	// Layer is the index of the layer that brought the package, from 0.
	Layer int `json:"layer"`
	// OwnedBy is the distribution package that owns Path; such a language
	// package is never matched against language advisories.
	OwnedBy string `json:"owned_by,omitempty"`
}

// MatchName returns the name that the ecosystem's advisories use.
func (p Package) MatchName() string {
	if p.Source != "" {
		return p.Source
	}
	return p.Name
}

// MatchVersion returns the version that the ecosystem's advisories compare.
func (p Package) MatchVersion() string {
	if p.SourceVersion != "" {
		return p.SourceVersion
	}
	return p.Version
}
