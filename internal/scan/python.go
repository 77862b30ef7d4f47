package scan

import (
	"strings"

	"github.com/google/osv-scalibr/extractor/filesystem/language/python/wheelegg"
	"github.com/package-url/packageurl-go"
)

var pypiType = &packageType{
	purl:  "pypi",
	title: "Python", matched: "OSV `PyPI`",
	ecosystem: "PyPI",
	url: func(u *packageurl.PackageURL, _ Package) {
		u.Name = strings.ReplaceAll(strings.ToLower(u.Name), "_", "-")
	},
}

var pythonMetadata = &reader{
	name:     "python-metadata",
	packages: pypiType,
	from:     "`METADATA` and `PKG-INFO` of `.dist-info` and `.egg-info`; `.egg`, `.whl`",
	names:    []string{"METADATA"},
	wants:    func(p string) bool { return strings.HasSuffix(p, ".dist-info/METADATA") },
	limit:    maxMetadata,
	read:     readPython,
}

var pythonInfo = &reader{
	name:     "python-info",
	packages: pypiType,
	names:    []string{"PKG-INFO"},
	wants: func(p string) bool {
		return strings.HasSuffix(p, ".egg-info/PKG-INFO") || strings.HasSuffix(p, "EGG-INFO/PKG-INFO")
	},
	limit: maxMetadata,
	read:  readPython,
}

// pythonEgg is the metadata of a package that has no folder of its own.
var pythonEgg = &reader{
	name:     "python-egg-info",
	packages: pypiType,
	suffixes: []string{".egg-info"},
	limit:    maxMetadata,
	read:     readPython,
}

var pythonArchive = &reader{
	name:     "python-archive",
	packages: pypiType,
	suffixes: []string{".egg", ".whl"},
	read:     pythonArchives.read,
}

var readPython = extracted(pypiType, wheelegg.Extractor{}, nil)

var pythonArchives = &archiveKind{
	packages:  pypiType,
	extractor: wheelegg.Extractor{},
	tells: func(entry string) bool {
		return pythonEntries.find(entry) != nil
	},
}

var pythonEntries = newReaderIndex([]*reader{pythonMetadata, pythonInfo, pythonEgg})
