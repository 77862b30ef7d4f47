package scan

import (
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagejson"
	"github.com/package-url/packageurl-go"
)

var npmType = &packageType{
	purl:  "npm",
	title: "npm", matched: "OSV `npm`",
	ecosystem: "npm",
	url:       func(u *packageurl.PackageURL, _ Package) { splitNamespace(u) },
}

var npmPackage = &reader{
	name:     "npm",
	packages: npmType,
	from:     "`package.json` of installed packages",
	names:    []string{"package.json"},
	limit:    maxMetadata,
	read:     extracted(npmType, packagejson.Extractor{}, nil),
}
