package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	scalibr "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gobinary"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/archive"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagejson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/wheelegg"
	"github.com/google/osv-scalibr/purl"
)

// A language is a kind of file that tells of packages of a language.
type language struct {
	// purl is the purl type of the packages.
	purl string
	// archive is whether the file is a zip of which only some entries matter.
	archive   bool
	extractor filesystem.Extractor
}

// The languages. Extractors are only given the one file: none of these look
// at others.
var (
	javascript    = &language{purl: purl.TypeNPM, extractor: packagejson.Extractor{}}
	python        = &language{purl: purl.TypePyPi, extractor: wheelegg.Extractor{}}
	pythonArchive = &language{purl: purl.TypePyPi, extractor: wheelegg.Extractor{}, archive: true}
	java          = &language{purl: purl.TypeMaven, extractor: newJava(), archive: true}
	golang        = &language{purl: purl.TypeGolang, extractor: gobinary.Extractor{}}
)

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

// languageOf returns the language whose packages a file tells of by its path,
// or nil.
func languageOf(p string) *language {
	dir, base := "", p
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		dir, base = p[:i], p[i+1:]
	}
	switch {
	case base == "package.json":
		return javascript
	case base == "METADATA" && strings.HasSuffix(dir, ".dist-info"),
		base == "PKG-INFO" && (strings.HasSuffix(dir, ".egg-info") || strings.HasSuffix(dir, "EGG-INFO")),
		strings.HasSuffix(base, ".egg-info"):
		return python
	case strings.HasSuffix(base, ".egg"), strings.HasSuffix(base, ".whl"):
		return pythonArchive
	case archive.IsArchive(base):
		return java
	}
	return nil
}

// isExecutable reports whether a file starts like one that a Go compiler
// writes: ELF, PE or Mach-O.
func isExecutable(head []byte) bool {
	switch {
	case len(head) < 4:
		return false
	case string(head) == "\x7fELF", string(head[:2]) == "MZ",
		string(head) == "\xcf\xfa\xed\xfe", string(head) == "\xfe\xed\xfa\xcf":
		return true
	}
	return false
}

// extract returns the packages of one file without what is nested in it.
func (l *language) extract(ctx context.Context, path string, c content, size int64) (_ []Package, err error) {
	defer func() {
		// The extractor is foreign code on hostile bytes: what it trips over
		// must not end the scan of other layers.
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
		}
	}()
	found, err := l.extractor.Extract(ctx, &filesystem.ScanInput{
		Path:   path,
		Reader: c,
		Info:   fileInfo{path, size},
	})
	var packages []Package
	for _, p := range found.Packages {
		if q, ok := l.convert(p); ok {
			packages = append(packages, q)
		}
	}
	return packages, err
}

// errPanic is the cause when an extractor broke down.
var errPanic = errors.New("the extractor broke down")

// convert returns a package in the terms of advisories, or false if it has no
// name or version that could be compared.
func (l *language) convert(p *extractor.Package) (Package, bool) {
	q := Package{Name: clean(p.Name), Version: clean(p.Version)}
	if l == golang {
		if q.Version == "(devel)" || q.Version == "devel" {
			return Package{}, false // Built from a working copy.
		}
		if q.Name == "go" {
			q.Name = "stdlib"
		}
	}
	return q, isName(q.Name) && isName(q.Version)
}

// fileInfo is the little that extractors ask of a file.
type fileInfo struct {
	path string
	size int64
}

func (f fileInfo) Name() string     { return f.path[strings.LastIndexByte(f.path, '/')+1:] }
func (f fileInfo) Size() int64      { return f.size }
func (fileInfo) Mode() fs.FileMode  { return 0o644 }
func (fileInfo) ModTime() time.Time { return time.Time{} }
func (fileInfo) IsDir() bool        { return false }
func (fileInfo) Sys() any           { return nil }
