//go:build e2e

// Package layers makes container images of file systems: the difference of two
// is a layer.
package layers

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Difference returns the layer that turns the file system of one tar into that
// of another: what is new or changed, and whiteouts for what is gone. An empty
// name stands for the empty file system. The layer is written to a file.
func Difference(before, after, to string) (v1.Layer, error) {
	known := map[string]string{}
	if before != "" {
		err := Entries(before, func(h *tar.Header, content io.Reader) error {
			var err error
			known[Path(h)], err = fingerprint(h, content)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	changed := map[string]bool{}
	present := map[string]bool{}
	err := Entries(after, func(h *tar.Header, content io.Reader) error {
		sum, err := fingerprint(h, content)
		present[Path(h)] = true
		if known[Path(h)] != sum {
			changed[Path(h)] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	f, err := os.Create(to)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(writeLayer(f, after, changed, gone(known, present)), f.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromFile(to, tarball.WithMediaType(types.OCILayer))
}

// Entries calls f with each entry of a tar.
func Entries(path string, f func(*tar.Header, io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := f(h, r); err != nil {
			return err
		}
	}
}

// Path returns the path of an entry in the form of layers.
func Path(h *tar.Header) string { return strings.TrimPrefix(path.Clean("/"+h.Name), "/") }

// fingerprint tells whether two entries are the same. Times of folders differ
// without a reason.
func fingerprint(h *tar.Header, content io.Reader) (string, error) {
	sum := sha256.New()
	modified := h.ModTime
	if h.Typeflag == tar.TypeDir {
		modified = time.Time{}
	}
	fmt.Fprintln(sum, h.Typeflag, h.Mode, h.Uid, h.Gid, h.Linkname, h.Size, modified.UnixNano())
	_, err := io.Copy(sum, content)
	return string(sum.Sum(nil)), err
}

// gone returns the paths that are in the first set only, without those below
// another such path.
func gone(known map[string]string, present map[string]bool) []string {
	var all []string
	for _, p := range slices.Sorted(maps.Keys(known)) {
		if parent := path.Dir(p); !present[p] && (parent == "." || present[parent]) {
			all = append(all, p)
		}
	}
	return all
}

// writeLayer writes a layer with the entries of a tar that changed, and with
// whiteouts.
func writeLayer(w io.Writer, after string, changed map[string]bool, gone []string) error {
	out := tar.NewWriter(w)
	for _, p := range gone {
		whiteout := path.Join(path.Dir(p), ".wh."+path.Base(p))
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: whiteout, Mode: 0o600}); err != nil {
			return err
		}
	}
	err := Entries(after, func(h *tar.Header, content io.Reader) error {
		if !changed[Path(h)] || Path(h) == "" {
			return nil
		}
		// A hard link names its target from the root of the layer, which must
		// then hold that.
		copied := *h
		copied.Name = Path(h)
		if h.Typeflag == tar.TypeLink {
			copied.Linkname = strings.TrimPrefix(path.Clean("/"+h.Linkname), "/")
		}
		if h.Typeflag == tar.TypeDir {
			copied.Name += "/"
		}
		if err := out.WriteHeader(&copied); err != nil {
			return err
		}
		_, err := io.Copy(out, content)
		return err
	})
	return errors.Join(err, out.Close())
}
