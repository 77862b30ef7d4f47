package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"

	"github.com/google/osv-scalibr/extractor/filesystem"
)

const (
	// maxZipDirectory bounds the list of an archive's entries, which is held
	// in memory.
	maxZipDirectory = 16 << 20
	// maxZipEntry bounds an entry that tells of a package, maxZipEntries all
	// of them in one archive.
	maxZipEntry   = 1 << 20
	maxZipEntries = 32 << 20
	// maxArchivePackages bounds the packages of one file.
	maxArchivePackages = 50_000
)

// archives searches archives and the archives in them. An archive may claim
// anything, so that nothing is unpacked before it is known to be small, and
// nested archives go through spools.
type archives struct {
	limits Limits
	// spools has one for each level of nesting.
	spools []*spool
	// opened counts the bytes of nested archives of the current file.
	opened int64
}

// An archiveKind is a kind of zip of which only some entries matter.
type archiveKind struct {
	packages  *packageType
	extractor filesystem.Extractor
	// tells reports whether an entry may tell of a package.
	tells func(entry string) bool
	// nests reports whether an entry may be an archive of the same kind; nil
	// if none can.
	nests func(entry string) bool
	// complete changes what an archive itself tells; nil changes nothing.
	complete func(c content, size int64, entries []*zip.File, found []Package) ([]Package, error)
}

func (k *archiveKind) read(ctx context.Context, f *file) error {
	found, err := f.walker.archives.search(ctx, k, f.path, f.content, f.size)
	f.found(k.packages, found)
	return err
}

// search returns the packages in an archive. With an error it returns what it
// found until then.
func (a *archives) search(ctx context.Context, k *archiveKind, outer string, c content, size int64) ([]Package, error) {
	a.opened = 0
	return a.level(ctx, k, outer, "", c, size, 0)
}

// level searches one archive at the path inner of the outermost one. Of errors
// it returns those that mean that packages may be missing.
func (a *archives) level(ctx context.Context, k *archiveKind, outer, inner string, c content, size int64, depth int) ([]Package, error) {
	entries, err := zipEntries(c, size)
	if err != nil {
		return nil, err
	}
	small, err := selectEntries(entries, k)
	if err != nil {
		return nil, err
	}
	found, incomplete := extract(ctx, k.extractor, path.Join(outer, inner), small, small.Size(), nil)
	if !isIncomplete(incomplete) {
		incomplete = nil
	}
	if k.complete != nil {
		if found, err = k.complete(c, size, entries, found); err != nil {
			return nil, err
		}
	}
	for i := range found {
		found[i].Inner = inner
	}
	if k.nests == nil {
		return found, incomplete
	}
	for _, f := range entries {
		if !k.nests(f.Name) || f.Mode().IsDir() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
		more, err := a.nested(ctx, k, outer, path.Join(inner, cleanPath(f.Name)), f, depth)
		found = append(found, more...)
		if incomplete == nil && isIncomplete(err) {
			incomplete = err
		}
		if len(found) > maxArchivePackages {
			return found[:maxArchivePackages], &LimitError{fmt.Sprintf("it has more than %d packages", maxArchivePackages)}
		}
		if a.opened > a.limits.FileBytes {
			break
		}
	}
	return found, incomplete
}

// isIncomplete reports whether an error of searching a file means that it may
// have packages which were not found. Others mean that the file is not what
// its name says: test data and empty files are everywhere.
func isIncomplete(err error) bool {
	return errors.As(err, new(*LimitError)) || errors.Is(err, errPanic) || errors.Is(err, errSpool) || errors.Is(err, errDatabase)
}

// nested searches an archive in an archive. What is no archive though it is
// called one is no error.
func (a *archives) nested(ctx context.Context, k *archiveKind, outer, inner string, f *zip.File, depth int) ([]Package, error) {
	if depth == a.limits.Nesting {
		return nil, &LimitError{fmt.Sprintf("archives nest deeper than %d", depth)}
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if len(a.spools) == depth {
		a.spools = append(a.spools, &spool{memory: a.limits.MemoryBytes})
	}
	c, n, err := a.spools[depth].load(r, max(a.limits.FileBytes-a.opened, 0))
	a.opened += n
	if errors.Is(err, errTooLarge) {
		return nil, &LimitError{fmt.Sprintf("the archives in it unpack to more than %d bytes", a.limits.FileBytes)}
	}
	if err != nil {
		return nil, err
	}
	return a.level(ctx, k, outer, inner, c, n, depth+1)
}

// Close frees the spools.
func (a *archives) Close() {
	for _, s := range a.spools {
		s.Close()
	}
}

// zipEntries returns the entries of an archive.
func zipEntries(r io.ReaderAt, size int64) ([]*zip.File, error) {
	m := &meteredReader{ReaderAt: r, left: maxZipDirectory}
	z, err := zip.NewReader(m, size)
	if errors.Is(err, errTooLarge) {
		return nil, &LimitError{fmt.Sprintf("the list of entries has more than %d bytes", maxZipDirectory)}
	}
	if err != nil {
		return nil, err
	}
	m.left = math.MaxInt64
	return z.File, nil
}

// A meteredReader reads no more than left bytes.
type meteredReader struct {
	io.ReaderAt
	left int64
}

func (m *meteredReader) ReadAt(p []byte, off int64) (int, error) {
	if int64(len(p)) > m.left {
		return 0, errTooLarge
	}
	m.left -= int64(len(p))
	return m.ReaderAt.ReadAt(p, off)
}

// selectEntries returns an archive of only the entries that tell of a package
// themselves. Entries that say they are large are left out, and one that lies
// is an error to whoever reads it.
func selectEntries(entries []*zip.File, k *archiveKind) (*bytes.Reader, error) {
	var (
		out   bytes.Buffer
		total uint64
	)
	w := zip.NewWriter(&out)
	for _, f := range entries {
		if !k.tells(f.Name) || f.UncompressedSize64 > maxZipEntry || f.CompressedSize64 > maxZipEntry {
			continue
		}
		if total += f.CompressedSize64 + f.UncompressedSize64; total > maxZipEntries {
			return nil, &LimitError{fmt.Sprintf("it has more than %d bytes of package descriptions", maxZipEntries)}
		}
		if err := w.Copy(f); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return bytes.NewReader(out.Bytes()), nil
}
