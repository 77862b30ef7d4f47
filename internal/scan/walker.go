package scan

import (
	"archive/tar"
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// The bits of Unix's st_mode.
const (
	modeDirectory = 0o040000
	modeRegular   = 0o100000
	modeLink      = 0o120000
	modeSetID     = 0o6000
	modeSticky    = 0o1000
	modeOthers    = 0o002 // Others may write.
	modeExecute   = 0o111
)

// A walker collects a [LayerResult] from the entries of a tar. Later entries
// replace earlier ones of the same path, as when unpacking.
type walker struct {
	budget   *budget
	result   LayerResult
	packages map[string]PackageFile
	files    map[string]File
	releases map[string]Release
	skipped  map[string]string
	// owners are the packages of all paths that are listed as owned. Which of
	// them matter is known only when all files were seen.
	owners map[pathKey]string
	// remembered counts roughly the bytes of what is remembered.
	remembered int64

	facts       facts
	readers     *readerIndex
	executables []*reader
	spool       *spool
	archives    *archives
	lines       *bufio.Reader
	secrets     *secretSearch
}

func newWalker(b *budget) *walker {
	return &walker{
		budget:      b,
		packages:    make(map[string]PackageFile),
		files:       make(map[string]File),
		releases:    make(map[string]Release),
		skipped:     make(map[string]string),
		owners:      make(map[pathKey]string),
		result:      LayerResult{Owned: make(map[string]string)},
		readers:     readersByPath,
		executables: executables,
		spool:       &spool{memory: b.limits.MemoryBytes},
		archives:    &archives{limits: b.limits},
		secrets:     newSecretSearch(b.secrets),
		lines:       newLineBuffer(),
	}
}

// Close frees the memory and files that the walker searched in.
func (w *walker) Close() {
	w.spool.Close()
	w.archives.Close()
}

// cleanPath returns the path that an entry has below the root, wherever it
// tries to lead; empty for the root itself.
func cleanPath(name string) string { return clean(path.Clean("/" + name)[1:]) }

// entry takes one entry, whose content is r.
func (w *walker) entry(ctx context.Context, h *tar.Header, r io.Reader) error {
	w.result.Entries++
	if err := w.budget.addEntry(); err != nil {
		return err
	}
	p := cleanPath(h.Name)
	if p == "" || len(p) > maxPath || h.Typeflag == tar.TypeXGlobalHeader {
		return nil // Linux could not unpack a longer path either.
	}
	if err := w.take(ctx, p, h, r); err != nil {
		return err
	}
	return w.overLimit()
}

// overLimit returns an error when too much is remembered.
func (w *walker) overLimit() error {
	if limit := w.budget.limits.Result; w.remembered > limit {
		return &LimitError{fmt.Sprintf("what is known of the layer has more than %d bytes", limit)}
	}
	if limit := w.budget.limits.Results; w.remembered+w.budget.remembered.Load() > limit {
		return &LimitError{fmt.Sprintf("what is known of the image has more than %d bytes", limit)}
	}
	return nil
}

func (w *walker) take(ctx context.Context, p string, h *tar.Header, r io.Reader) error {
	dir, base := path.Split(p)
	if strings.HasPrefix(base, whiteoutPrefix) {
		w.whiteout(strings.TrimSuffix(dir, "/"), base)
		return nil
	}
	w.forget(p)
	w.remembered += 8
	if h.Typeflag == tar.TypeDir {
		w.result.Directories = append(w.result.Directories, keyOf(p))
		if h.Mode&modeOthers != 0 && h.Mode&modeSticky == 0 || isProgramDirectory(p, h) {
			w.file(p, modeDirectory, h)
		}
		return nil
	}
	w.result.NonDirectories = append(w.result.NonDirectories, keyOf(p))
	notable := w.note(p, h)
	if notable && h.Typeflag == tar.TypeSymlink {
		w.file(p, modeLink, h)
	}
	if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse && h.Typeflag != tar.TypeLink {
		return nil
	}
	if notable || h.Mode&(modeSetID|modeOthers) != 0 {
		w.file(p, modeRegular, h)
	}
	if h.Typeflag == tar.TypeLink {
		w.link(p, cleanPath(h.Linkname))
		return nil
	}
	return w.content(ctx, p, h, w.peek(p, h, r))
}

// The names of whiteouts.
// See https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts.
const (
	whiteoutPrefix = ".wh."
	whiteoutMeta   = ".wh..wh."
	whiteoutOpaque = ".wh..wh..opq"
)

func (w *walker) whiteout(dir, base string) {
	w.remembered += int64(len(dir) + len(base))
	switch {
	case base == whiteoutOpaque:
		w.result.Opaque = append(w.result.Opaque, dir)
	case strings.HasPrefix(base, whiteoutMeta):
		// What else AUFS leaves behind.
	default:
		if name := strings.TrimPrefix(base, whiteoutPrefix); name != "" && name != "." && name != ".." {
			w.result.Whiteouts = append(w.result.Whiteouts, path.Join(dir, name))
		}
	}
}

// file remembers a file that checks look at.
func (w *walker) file(p string, kind uint32, h *tar.Header) {
	mode := kind
	if kind != modeLink { // The mode of a link means nothing.
		mode |= uint32(h.Mode & 0o7777)
	}
	w.files[p] = File{
		Path: p, Mode: mode, UID: h.Uid, GID: h.Gid, Size: h.Size, Kind: w.facts.kinds[p], Capabilities: capabilities(h),
	}
	w.remembered += int64(len(p)) + 32
}

// owns remembers that a package owns a file.
func (w *walker) owns(file, owner string) {
	file = canonical(clean(file))
	if r := w.readers.find(file); r != nil && r.isOfLanguage() {
		w.result.Owned[file] = owner
		w.remembered += int64(len(file))
		return
	}
	w.owners[keyOf(file)] = owner
	w.remembered += 32
}

// canonical returns the path that a file has where /bin, /lib and the like are
// links into /usr: packages still list their files at the old places.
func canonical(p string) string {
	top, _, ok := strings.Cut(p, "/")
	if ok && (top == "bin" || top == "sbin" || top == "lib" || top == "lib64" || top == "lib32" || top == "libx32") {
		return "usr/" + p
	}
	return p
}

// link takes a hard link: another name for a file of this layer or of one
// below.
func (w *walker) link(p, target string) {
	if f, ok := w.packages[target]; ok {
		w.found(p, f.Packages)
		return
	}
	if w.readers.find(p) == nil {
		return
	}
	if w.readers.find(target) == nil {
		w.skip(p, "it is a hard link to "+target+", which was not read under that name")
		return
	}
	w.result.Links = append(w.result.Links, Link{p, target})
	w.remembered += int64(len(p) + len(target))
}

// found remembers packages of a file.
func (w *walker) found(p string, packages []Package) {
	if len(packages) == 0 {
		return
	}
	for i := range packages {
		packages[i].bound()
	}
	w.packages[p] = PackageFile{Path: p, Packages: append(w.packages[p].Packages, packages...)}
	for _, q := range packages {
		w.remembered += int64(len(q.Name) + len(q.Version) + len(q.Source) + len(q.SourceVersion) + len(q.Inner) + len(q.Module) + len(q.Vendor) + 64)
	}
}

// bound drops what cannot be what it stands for: no index of a database could
// hold it, and the image would not be stored at all.
func (p *Package) bound() {
	if p.Source != "" && !isName(p.Source) || len(p.SourceVersion) > maxName {
		p.Source, p.SourceVersion = "", ""
	}
	for _, text := range []*string{&p.Architecture, &p.Module, &p.Vendor} {
		if len(*text) > maxName {
			*text = ""
		}
	}
}

// skip remembers that a file was not read.
func (w *walker) skip(p, reason string) {
	w.skipped[p] = reason
	w.remembered += int64(len(p) + len(reason))
}

// forget drops what an earlier entry of the same path told.
func (w *walker) forget(p string) {
	delete(w.packages, p)
	delete(w.files, p)
	delete(w.releases, p)
	delete(w.skipped, p)
	w.facts.forget(p)
	w.secrets.forget(p)
	if p == passwdPath {
		w.result.Passwd = nil
	}
}

// finish returns what was found.
func (w *walker) finish() *LayerResult {
	r := &w.result
	w.budget.remembered.Add(w.remembered)
	w.secrets.finish(w)
	for p := range w.packages {
		w.resolveOwner(p)
	}
	for p := range w.files {
		w.resolveOwner(p)
	}
	r.Facts = w.facts.finish()
	r.Packages = sorted(w.packages)
	r.Files = sorted(w.files)
	r.Releases = sorted(w.releases)
	for _, p := range slices.Sorted(maps.Keys(w.skipped)) {
		r.Skipped = append(r.Skipped, Skip{p, w.skipped[p]})
	}
	slices.Sort(r.Whiteouts)
	slices.Sort(r.Opaque)
	r.NonDirectories.normalize()
	r.Directories.normalize()
	return r
}

// resolveOwner remembers which package owns a path, if any does.
func (w *walker) resolveOwner(p string) {
	p = canonical(p)
	if owner, ok := w.owners[keyOf(p)]; ok {
		w.result.Owned[p] = owner
	}
}

// sorted returns the values of m by their keys.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	var s []V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s = append(s, m[k])
	}
	return s
}
