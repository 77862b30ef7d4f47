package scan

import (
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gobinary"
	"github.com/package-url/packageurl-go"
)

var golangType = &packageType{
	purl:  "golang",
	title: "Go", matched: "OSV `Go`",
	ecosystem: "Go",
	url: func(u *packageurl.PackageURL, p Package) {
		if p.Name != "stdlib" {
			u.Version = "v" + p.Version
		}
		splitNamespace(u)
	},
}

var goBinary = &reader{
	name:     "go-binary",
	packages: golangType,
	from:     "the build information of executables, with the standard library",
	read: ofExecutable(extracted(golangType, gobinary.Extractor{}, func(p *Package) bool {
		if p.Name == "go" {
			p.Name = "stdlib"
		}
		return p.Version != "(devel)" && p.Version != "devel" // Built from a working copy.
	})),
}
