package content

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A layer is one build step that changes the file system.
type layer struct {
	// by is the history entry.
	by string
	// zstd compresses with zstd instead of gzip; OCI images only.
	zstd bool
	// parts are what the step puts in place.
	parts []part
}

// A part is something that a build step installs.
type part interface {
	// files returns the files for an architecture.
	files(arch string) []file
	// packages returns what a scanner must find in the files.
	packages() []Package
}

// A file is one entry of a layer.
type file struct {
	path string // without a leading slash
	mode int64  // permissions; 0 means 0644
	uid  int
	data []byte
	// link makes it a symbolic link.
	link string
	// dir makes it a directory.
	dir bool
	// program makes it an executable for the image's architecture.
	program bool
}

// The markers of OCI layers for what a layer takes away.
// See https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts.
const (
	whiteoutPrefix = ".wh."
	opaqueMarker   = ".wh..wh..opq"
)

// plain is a part made of files without packages.
type plain []file

func (p plain) files(arch string) []file {
	files := slices.Clone(p)
	for i := range files {
		if files[i].program {
			files[i].data = program(arch)
		}
	}
	return files
}

func (plain) packages() []Package { return nil }

// text returns a file with the given content.
func text(name, data string) file { return file{path: name, data: []byte(data)} }

// remove returns the part that deletes the paths of lower layers.
func remove(paths ...string) plain {
	var p plain
	for _, name := range paths {
		dir, base := path.Split(name)
		p = append(p, file{path: dir + whiteoutPrefix + base})
	}
	return p
}

// replace returns the part that hides what lower layers have in a directory.
func replace(dir string) plain { return plain{{path: dir + "/" + opaqueMarker}} }

// archive returns the layer's tar stream for an architecture. Entries are
// sorted, as those of a real layer are, and parent directories come first.
func (l *layer) archive(arch string) ([]byte, error) {
	entries := map[string]file{}
	for _, p := range l.parts {
		for _, f := range p.files(arch) {
			entries[f.path] = f
		}
	}
	for name := range entries {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := entries[dir]; !ok {
				entries[dir] = file{path: dir, dir: true}
			}
		}
	}
	sorted := make([]file, 0, len(entries))
	for _, f := range entries {
		sorted = append(sorted, f)
	}
	slices.SortFunc(sorted, func(a, b file) int { return cmp.Compare(a.path, b.path) })

	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range sorted {
		if err := w.WriteHeader(f.header()); err != nil {
			return nil, fmt.Errorf("tar %s: %w", f.path, err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("tar %s: %w", f.path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("tar: %w", err)
	}
	return buf.Bytes(), nil
}

func (f file) header() *tar.Header {
	h := &tar.Header{
		Name:     f.path,
		Mode:     cmp.Or(f.mode, 0o644),
		Uid:      f.uid,
		Gid:      f.uid,
		Size:     int64(len(f.data)),
		Typeflag: tar.TypeReg,
		ModTime:  fileTime,
		Format:   tar.FormatPAX,
	}
	switch {
	case f.dir:
		h.Name += "/"
		h.Mode = cmp.Or(f.mode, 0o755)
		h.Typeflag = tar.TypeDir
	case f.link != "":
		h.Linkname = f.link
		h.Mode = 0o777
		h.Typeflag = tar.TypeSymlink
	}
	return h
}

// fileTime is the modification time of every file.
var fileTime = time.Date(2023, 6, 10, 12, 0, 0, 0, time.UTC)

// compress returns data as the layer's algorithm packs it.
func (l *layer) compress(data []byte) ([]byte, error) {
	if l.zstd {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return enc.EncodeAll(data, nil), nil
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return buf.Bytes(), nil
}

// overlay returns the packages that remain of all layers, as a scanner that
// honours whiteouts must find them.
func overlay(layers []*layer) []Package {
	found := map[string][]Package{} // by path
	for _, l := range layers {
		for _, p := range l.parts {
			for _, f := range p.files("amd64") {
				dir, base := path.Split(f.path)
				switch {
				case base == opaqueMarker:
					drop(found, dir)
				case strings.HasPrefix(base, whiteoutPrefix):
					drop(found, dir+strings.TrimPrefix(base, whiteoutPrefix))
				default:
					delete(found, f.path)
				}
			}
		}
		for _, p := range l.parts {
			for _, pkg := range p.packages() {
				found[pkg.Path] = append(found[pkg.Path], pkg)
			}
		}
	}
	var all []Package
	for _, p := range found {
		all = append(all, p...)
	}
	slices.SortFunc(all, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Version, b.Version), cmp.Compare(a.Path, b.Path))
	})
	return all
}

// drop deletes a path and everything below it.
func drop(found map[string][]Package, name string) {
	name = strings.TrimSuffix(name, "/")
	for p := range found {
		if p == name || strings.HasPrefix(p, name+"/") {
			delete(found, p)
		}
	}
}
