package image

// A Package is one installed package, in the identity that advisories use.
type Package struct {
	// Ecosystem is the OSV ecosystem, with the release where OSV has one:
	// "Debian:12", "Alpine:v3.19", "npm", "PyPI", "Go", "Maven".
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	// Source and SourceVersion are those of the source package that a
	// distribution built the package of; empty when equal to Name and Version.
	Source        string `json:"source,omitempty"`
	SourceVersion string `json:"source_version,omitempty"`
	Architecture  string `json:"architecture,omitempty"`
	// Module is the label of the module that an rpm was built for:
	// "nodejs:22:9080020260101:rhel9". Its fixes are not those of the same
	// package in another module or in none.
	Module string `json:"module,omitempty"`
	// Vendor is who built an rpm.
	Vendor string `json:"vendor,omitempty"`
	PURL   string `json:"purl,omitempty"`
	// Path is the file that tells of the package: "var/lib/dpkg/status".
	Path string `json:"path"`
	// Layer is the index of the layer that brought the package, from 0.
	Layer int `json:"layer"`
	// OwnedBy is the distribution package that owns Path; such a language
	// package is never matched against language advisories.
	OwnedBy string `json:"owned_by,omitempty"`
}
