package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
)

// extracted returns the read function of a reader whose packages an extractor
// finds. Extractors are only given the one file: none of those in use look at
// others. change makes of each package what advisories call it, or returns
// false for one that is none; nil changes nothing.
func extracted(t *packageType, e filesystem.Extractor, change func(*Package) bool) func(context.Context, *file) error {
	return func(ctx context.Context, f *file) error {
		found, err := extract(ctx, e, f.path, f.content, f.size, change)
		f.found(t, found)
		return err
	}
}

// extract returns the packages of one file without what is nested in it.
func extract(ctx context.Context, e filesystem.Extractor, path string, c content, size int64, change func(*Package) bool) (_ []Package, err error) {
	defer recovered(&err)
	found, err := e.Extract(ctx, &filesystem.ScanInput{
		Path:   path,
		Reader: c,
		Info:   fileInfo{path, size},
	})
	var packages []Package
	for _, p := range found.Packages {
		if q, ok := convert(p, change); ok {
			packages = append(packages, q)
		}
	}
	return packages, err
}

// recovered turns a panic of foreign code on hostile bytes into an error: what
// it trips over must not end the scan of other layers. It is to be deferred.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: %v", errPanic, v)
	}
}

// errPanic is the cause when an extractor broke down.
var errPanic = errors.New("the extractor broke down")

// convert returns a package in the terms of advisories, or false if it has no
// name or version that could be compared.
func convert(p *extractor.Package, change func(*Package) bool) (Package, bool) {
	q := Package{Name: clean(p.Name), Version: clean(p.Version)}
	if change != nil && !change(&q) {
		return Package{}, false
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
