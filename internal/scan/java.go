package scan

import (
	"archive/zip"
	"crypto/sha1"
	_ "embed" // The list of groups.
	"encoding/hex"
	"io"
	"path"
	"slices"
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
	from:     "`.jar`, `.war`, `.ear` and others, also nested up to four deep: `pom.properties`, an [index](#an-index-of-java-archives) of yours, manifest, file name",
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
	nests:    archive.IsArchive,
	complete: completeJava,
}

// completeJava adds to the guess at an archive without pom.properties the
// archive's hash, by which an index may know it, and the group if that is well
// known.
func completeJava(c content, size int64, entries []*zip.File, found []Package) ([]Package, error) {
	if slices.ContainsFunc(entries, func(f *zip.File) bool { return path.Base(f.Name) == "pom.properties" }) && len(found) > 0 {
		return found, nil
	}
	h := sha1.New() // What repositories publish; nothing is trusted because of it.
	if _, err := io.Copy(h, io.NewSectionReader(c, 0, size)); err != nil {
		return nil, err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if len(found) == 0 {
		return []Package{{SHA1: sum}}, nil
	}
	for i := range found {
		found[i].SHA1 = sum
		found[i].Name = javaName(found[i].Name)
	}
	return found, nil
}

// javaName returns a guessed "group:artifact" with a better group. Without one
// in the manifest the guess has the artifact in its place, and from an OSGi
// bundle it has the bundle's name, which by convention ends with the
// artifact's.
func javaName(name string) string {
	group, artifact, _ := strings.Cut(name, ":")
	group = strings.TrimSuffix(group, "."+artifact)
	if known := javaGroups[artifact]; known != "" && (group == artifact || strings.HasPrefix(group, known+".")) {
		group = known
	}
	return group + ":" + artifact
}

// javaGroups are the groups of well-known artifacts whose archives do not say
// them, by the names of the artifacts.
var javaGroups = parseJavaGroups(javaGroupsText)

//go:embed javagroups.txt
var javaGroupsText string

func parseJavaGroups(text string) map[string]string {
	groups := make(map[string]string)
	for line := range strings.Lines(text) {
		if name := strings.TrimSpace(line); name != "" && name[0] != '#' {
			group, artifact, _ := strings.Cut(name, ":")
			groups[artifact] = group
		}
	}
	return groups
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
