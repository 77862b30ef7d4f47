package scan

import (
	"context"
	"path"
	"strings"
)

// readers is everything that is read of an image by the path of a file, in the
// order of the documentation. Of the readers that want a path the first in the
// order of [reader] has it.
var readers = []*reader{
	dpkgDatabase, dpkgStatusFiles, dpkgLists, dpkgSums, chiselManifest,
	apkDatabase,
	rpmDatabase, rpmLog, rpmManifest,
	pacmanPackage, pacmanFiles,
	opkgDatabase, opkgLists,
	osRelease, releaseFiles, passwdFile, shadowFile, groupFile,
	npmPackage,
	pythonMetadata, pythonInfo, pythonEgg, pythonArchive,
	javaArchive,
	gemSpecification,
	nugetDependencies, dotnetAssembly,
	composerInstalled, composerLock,
	erlangApplication, erlangRelease,
	rDescription, renvLock,
	pubCache, pubspecLock,
	swiftResolved,
	condaRecord, luaRock, cpanRecord,
	programLibrary, runtimeFile,
}

// executables read programs: ELF, PE or Mach-O, wherever they are. All of them
// are given each program, and each tells what it finds.
var executables = []*reader{goBinary, rustBinary, programBinary}

// A reader reads the files of one kind that tell something of an image. Which
// those are is asked of millions of paths, so that a reader is found by a part
// of the path: one of paths, names, folders and suffixes, looked up in this
// order.
type reader struct {
	// name is what the reader is called in tests.
	name string
	// packages is the type of the packages that the files tell of; nil if they
	// tell of none.
	packages *packageType
	// from says what is read, in the Markdown of docs/ecosystems.md; empty if
	// another reader of the same packages says it.
	from string

	// paths are whole paths.
	paths []string
	// names are the names of files in whatever folder.
	names []string
	// folders are folders of which all files are meant, but not what is in
	// folders below.
	folders []string
	// suffixes are the ends of file names, each from a dot on, in lower case;
	// files may have them in any case.
	suffixes []string
	// wants says whether a path that was found that way is meant; nil means
	// that it is. It is asked often, and must not allocate.
	wants func(p string) bool

	// lock is whether the files say what was to be installed, so that they only
	// count where nothing tells of what is.
	lock bool
	// limit is the size of the largest file that is read; 0 means
	// [Limits.FileBytes].
	limit int64
	// read takes a file. Of errors only those are told that mean that
	// something may be missing: see isIncomplete.
	read func(ctx context.Context, f *file) error
}

// Limits of files that are text.
const (
	maxDatabase = 64 << 20
	maxMetadata = 8 << 20
)

// A file is what a reader reads.
type file struct {
	content
	path   string
	size   int64
	walker *walker
}

// found tells of the packages in the file, which may be none.
func (f *file) found(t *packageType, packages []Package) {
	for i := range packages {
		packages[i].Type = t.purl
	}
	f.walker.found(f.path, packages)
}

// readersByPath finds the readers of paths. A walker has it as a field, as
// readers cannot refer to themselves.
var readersByPath = newReaderIndex(readers)

// A readerIndex has readers by what they want.
type readerIndex struct {
	paths, names, folders, suffixes map[string][]*reader
}

func newReaderIndex(readers []*reader) *readerIndex {
	x := &readerIndex{map[string][]*reader{}, map[string][]*reader{}, map[string][]*reader{}, map[string][]*reader{}}
	add := func(m map[string][]*reader, key string, r *reader) { m[key] = append(m[key], r) }
	for _, r := range readers {
		for _, p := range r.paths {
			add(x.paths, p, r)
		}
		for _, name := range r.names {
			add(x.names, name, r)
		}
		for _, folder := range r.folders {
			add(x.folders, folder, r)
		}
		for _, suffix := range r.suffixes {
			add(x.suffixes, path.Ext(suffix), r)
		}
	}
	return x
}

// find returns the reader of a path, or nil.
func (x *readerIndex) find(p string) *reader {
	if r := first(x.paths[p], p); r != nil {
		return r
	}
	folder, base := "", p
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		folder, base = p[:i], p[i+1:]
	}
	if r := first(x.names[base], p); r != nil {
		return r
	}
	if r := first(x.folders[folder], p); r != nil {
		return r
	}
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 || len(base)-dot > maxExtension {
		return nil
	}
	var lower [maxExtension]byte
	extension := lower[:copy(lower[:], base[dot:])]
	for i, c := range extension {
		if 'A' <= c && c <= 'Z' {
			extension[i] = c + 'a' - 'A'
		}
	}
	for _, r := range x.suffixes[string(extension)] {
		if r.hasSuffix(base) && (r.wants == nil || r.wants(p)) {
			return r
		}
	}
	return nil
}

// maxExtension is longer than every extension that a reader wants.
const maxExtension = 16

// first returns the first of the readers that wants a path, or nil.
func first(readers []*reader, p string) *reader {
	for _, r := range readers {
		if r.wants == nil || r.wants(p) {
			return r
		}
	}
	return nil
}

// hasSuffix reports whether a file name has one of the reader's suffixes.
func (r *reader) hasSuffix(base string) bool {
	for _, suffix := range r.suffixes {
		if len(base) >= len(suffix) && strings.EqualFold(base[len(base)-len(suffix):], suffix) {
			return true
		}
	}
	return false
}

// isOfLanguage reports whether the reader's files tell of packages that a
// distribution's package may own.
func (r *reader) isOfLanguage() bool { return r.packages != nil && !r.packages.distribution }
