package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

// A Local is an image in a file or directory. The caller closes it.
type Local struct {
	Source
	files files
}

// Close releases the file or directory.
func (l *Local) Close() error { return l.files.Close() }

// files are the files of a layout or archive, by slash-separated path.
type files interface {
	// open returns the content and size of a file, or an error that is
	// [fs.ErrNotExist].
	open(name string) (io.ReadCloser, int64, error)
	Close() error
}

// OpenLayout opens a directory in the OCI image layout. name is what the
// layout calls the image (org.opencontainers.image.ref.name, or containerd's
// io.containerd.image.name); empty means the only one.
// See https://github.com/opencontainers/image-spec/blob/main/image-layout.md.
func OpenLayout(path, name string) (*Local, error) {
	dir, err := openDirectory(path)
	if err != nil {
		return nil, &Error{Kind: kindOf(err), Repository: path, Err: err}
	}
	return newLocal(dir, path, func() (Source, error) { return newLayout(dir, path, name) })
}

// OpenArchive opens a tar file that holds an OCI image layout, or what
// "docker save" writes. name is the name or tag of the image in the archive;
// empty means the only one.
func OpenArchive(path, name string) (*Local, error) {
	a, err := openTar(path)
	if err != nil {
		return nil, locate(err, "", path, "")
	}
	return openArchive(a, path, name)
}

// OpenArchiveFile is [OpenArchive] for an open file, which path only names.
// Closing the image closes the file.
func OpenArchiveFile(f *os.File, path, name string) (*Local, error) {
	a, err := tarOf(f)
	if err != nil {
		return nil, locate(err, "", path, "")
	}
	return openArchive(a, path, name)
}

func openArchive(a *tarFile, path, name string) (*Local, error) {
	return newLocal(a, path, func() (Source, error) {
		if f, _, err := a.open("oci-layout"); err == nil {
			f.Close()
			return newLayout(a, path, name)
		}
		return newDockerArchive(a, path, name)
	})
}

func newLocal(f files, path string, open func() (Source, error)) (*Local, error) {
	s, err := open()
	if err != nil {
		f.Close()
		return nil, locate(err, "", path, "")
	}
	return &Local{Source: s, files: f}, nil
}

// kindOf classifies an error of the file system.
func kindOf(err error) Kind {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrPermission):
		return Denied
	default:
		return Unreachable
	}
}

// readFile returns a file that has at most limit bytes.
func readFile(f files, name string, limit int64) ([]byte, error) {
	r, size, err := f.open(name)
	if err != nil {
		return nil, &Error{Kind: kindOf(err), Err: err}
	}
	defer r.Close()
	if size > limit {
		return nil, fault(TooLarge, "%s has %d bytes, more than %d", name, size, limit)
	}
	b, err := readCapped(r, limit)
	if err != nil {
		return nil, fault(Unreachable, "%s: %w", name, err)
	}
	return b, nil
}

// A layout is the [Source] of an OCI image layout.
type layout struct {
	files files
	path  string
	root  *Index
}

func newLayout(f files, path, name string) (*layout, error) {
	raw, err := readFile(f, "oci-layout", maxManifest)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == NotFound {
		return nil, fault(Unsupported, "a directory is read as an OCI layout, and this one has no file oci-layout")
	}
	if err != nil {
		return nil, err
	}
	var version struct {
		ImageLayoutVersion string `json:"imageLayoutVersion"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return nil, fault(Malformed, "oci-layout: %w", err)
	}
	if version.ImageLayoutVersion != "1.0.0" {
		return nil, fault(Unsupported, "OCI layout version %q, not 1.0.0", version.ImageLayoutVersion)
	}
	raw, err = readFile(f, "index.json", maxManifest)
	if err != nil {
		return nil, err
	}
	doc, err := parseDocument(raw, "", string(types.OCIImageIndex))
	if err != nil {
		return nil, err
	}
	if doc.Index == nil {
		return nil, fault(Malformed, "index.json is not an index")
	}
	l := &layout{files: f, path: path, root: doc.Index}
	if err := l.selectName(name); err != nil {
		return nil, err
	}
	return l, nil
}

// selectName drops the entries of the root that are not called name.
func (l *layout) selectName(name string) error {
	if name == "" {
		return nil
	}
	var names []string
	other := func(c Child) bool {
		names = append(names, cmp.Or(c.Reference, c.Name, "one without a name"))
		return c.Name != name && !sameName(c.Reference, name)
	}
	l.root.Images = slices.DeleteFunc(l.root.Images, other)
	l.root.Indexes = slices.DeleteFunc(l.root.Indexes, other)
	if len(l.root.Images)+len(l.root.Indexes) == 0 {
		return fault(NotFound, "no image is called %q; there are: %s", name, strings.Join(names, ", "))
	}
	return nil
}

// Image implements [Source].
func (l *layout) Image(ctx context.Context, platform image.Platform) (image.Manifest, []byte, error) {
	m, config, err := readImage(ctx, l, &Document{Index: l.root}, platform)
	return m, config, locate(err, "", l.path, "")
}

// Blob implements [Source].
func (l *layout) Blob(_ context.Context, digest string, size int64) (io.ReadCloser, error) {
	if err := checkBlob(digest, size); err != nil {
		return nil, l.fail(Malformed, digest, err)
	}
	return openVerified(l.files, blobPath(digest), digest, size, func(k Kind, err error) error {
		return l.fail(k, digest, err)
	})
}

// document implements [fetcher]. Of the images of an index it returns those
// that are there: tools save indexes whole but only the wanted images.
func (l *layout) document(_ context.Context, digest string) (*Document, error) {
	raw, err := readFile(l.files, blobPath(digest), maxManifest)
	if err != nil {
		return nil, locate(err, "", l.path, digest)
	}
	doc, err := verifyDocument(raw, digest, http.Header{})
	if err != nil {
		return nil, locate(err, "", l.path, digest)
	}
	if doc.Index != nil {
		absent := func(c Child) bool {
			f, _, err := l.files.open(blobPath(c.Digest))
			if err == nil {
				f.Close()
			}
			return errors.Is(err, fs.ErrNotExist)
		}
		doc.Index.Images = slices.DeleteFunc(doc.Index.Images, absent)
		doc.Index.Indexes = slices.DeleteFunc(doc.Index.Indexes, absent)
	}
	return doc, nil
}

func (l *layout) fail(kind Kind, digest string, err error) error {
	return &Error{Kind: kind, Repository: l.path, Object: digest, Err: err}
}

// blobPath returns the path of a blob in a layout. The digest is known to be
// valid.
func blobPath(digest string) string {
	return "blobs/" + strings.Replace(digest, ":", "/", 1)
}

// openVerified opens a file as a blob.
func openVerified(f files, name, digest string, size int64, fail func(Kind, error) error) (io.ReadCloser, error) {
	r, got, err := f.open(name)
	if err != nil {
		return nil, fail(kindOf(err), err)
	}
	if got != size {
		r.Close()
		return nil, fail(DigestMismatch, fmt.Errorf("%s has %d bytes, not %d", name, got, size))
	}
	return verify(r, digest, size, fail), nil
}

var gzipMagic = []byte{0x1f, 0x8b}

// isGzip reports whether content starts like a gzip stream.
func isGzip(head []byte) bool { return bytes.HasPrefix(head, gzipMagic) }
