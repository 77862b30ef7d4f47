package registry

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

const (
	// maxTarFiles bounds the files of an archive; an image has a few for
	// each layer.
	maxTarFiles = 100_000
	// maxTarLinks bounds the links from one to another file.
	maxTarLinks = 8
)

// A tarFile is [files] in a tar file, found by one pass over its headers.
type tarFile struct {
	at      io.ReaderAt
	closer  io.Closer
	members map[string]tarMember
}

// A tarMember is a file or link in a tar file.
type tarMember struct {
	offset, size int64
	// link is the file that has the content, or empty.
	link string
}

func openTar(name string) (*tarFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{Kind: kindOf(err), Err: err}
	}
	return tarOf(f)
}

// tarOf reads the headers of an open tar file, and closes it if it is none.
func tarOf(f *os.File) (*tarFile, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("it is not a regular file but %s", info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, fault(Unsupported, "%w", err)
	}
	t, err := newTar(f, info.Size(), f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// newTar reads the headers of a tar file.
func newTar(at io.ReaderAt, size int64, closer io.Closer) (*tarFile, error) {
	head := make([]byte, len(gzipMagic))
	if _, err := at.ReadAt(head, 0); err == nil && isGzip(head) {
		return nil, fault(Unsupported, "the archive is compressed, so its files cannot be read in any order; decompress it with gunzip first")
	}
	t := &tarFile{at: at, closer: closer, members: map[string]tarMember{}}
	// The tar reader skips content by seeking, and is at the content of a
	// file when it returns the file's header.
	all := io.NewSectionReader(at, 0, size)
	for tr := tar.NewReader(all); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, fault(Malformed, "tar: %w", err)
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "/"))
		switch h.Typeflag {
		case tar.TypeReg:
			offset, err := all.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, fault(Malformed, "tar: %w", err)
			}
			t.members[name] = tarMember{offset: offset, size: h.Size}
		case tar.TypeSymlink:
			t.members[name] = tarMember{link: path.Join(path.Dir(name), h.Linkname)}
		case tar.TypeLink:
			t.members[name] = tarMember{link: path.Clean(h.Linkname)}
		}
		if len(t.members) > maxTarFiles {
			return nil, fault(TooLarge, "tar: more than %d files", maxTarFiles)
		}
	}
}

func (t *tarFile) open(name string) (io.ReadCloser, int64, error) {
	target := name
	for range maxTarLinks {
		m, ok := t.members[target]
		if !ok {
			break
		}
		if m.link == "" {
			return io.NopCloser(io.NewSectionReader(t.at, m.offset, m.size)), m.size, nil
		}
		target = m.link
	}
	return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (t *tarFile) Close() error { return t.closer.Close() }
