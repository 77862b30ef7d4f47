package scan

import (
	"path"
	"strings"

	scalibr "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/archive"
	"github.com/package-url/packageurl-go"
)

var mavenType = &packageType{
	purl:  "maven",
	title: "Java", matched: "OSV `Maven`",
	ecosystem: "Maven",
	url: func(u *packageurl.PackageURL, p Package) {
		if group, artifact, ok := strings.Cut(p.Name, ":"); ok {
			u.Namespace, u.Name = group, artifact
		}
	},
}

var javaArchive = &reader{
	name:     "java-archive",
	packages: mavenType,
	from:     "`.jar`, `.war`, `.ear` and others, also nested up to four deep: `pom.properties`, manifest, file name",
	suffixes: []string{".jar", ".war", ".ear", ".jmod", ".par", ".sar", ".jpi", ".hpi", ".lpkg", ".nar"},
	read:     javaArchives.read,
}

var javaArchives = &archiveKind{
	packages:  mavenType,
	extractor: newJava(),
	tells: func(entry string) bool {
		base := path.Base(entry)
		return base == "pom.properties" || strings.EqualFold(base, "manifest.mf")
	},
	nests: archive.IsArchive,
}

// newJava returns the extractor of Java archives. It never sees an archive in
// an archive: those are opened here, within limits.
func newJava() filesystem.Extractor {
	e, err := archive.New(&scalibr.PluginConfig{PluginSpecific: []*scalibr.PluginSpecificConfig{{
		Config: &scalibr.PluginSpecificConfig_JavaArchive{JavaArchive: &scalibr.JavaArchiveConfig{
			HashJars:    new(bool),
			MinZipBytes: 1, // One without descriptions still has a telling name.
		}},
	}}})
	if err != nil {
		panic(err) // The configuration is constant.
	}
	return e
}
