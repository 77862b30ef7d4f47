package scan

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/stowage-dev/stowage/internal/image"
)

// A member is one entry of a tar that a test makes.
type member struct {
	name string
	// body is the content of a regular file; links have their target there.
	body string
	// kind is a tar type flag; 0 is a regular file, or a directory if the name
	// ends with a slash.
	kind byte
	mode int64
}

// makeTar returns a tar of the members.
func makeTar(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: m.mode, Typeflag: m.kind, Size: int64(len(m.body)), Format: tar.FormatPAX}
		switch {
		case h.Typeflag == 0 && strings.HasSuffix(m.name, "/"):
			h.Typeflag, h.Mode = tar.TypeDir, max(m.mode, 0o755)
		case h.Typeflag == 0:
			h.Typeflag, h.Mode = tar.TypeReg, cmp.Or(m.mode, 0o644)
		case h.Typeflag == tar.TypeLink, h.Typeflag == tar.TypeSymlink:
			h.Linkname, h.Size = m.body, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(m.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// makeZip returns a zip of files: name, content, name, content.
func makeZip(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// read reads a layer of the members.
func read(t testing.TB, members ...member) *LayerResult {
	t.Helper()
	r, err := ReadLayer(context.Background(), bytes.NewReader(makeTar(t, members...)), LayerOptions{})
	if err != nil {
		t.Fatalf("ReadLayer: %v", err)
	}
	return r
}

// names returns "name version" of packages, with what else is set.
func names(inv image.Inventory) []string {
	out := []string{}
	for _, p := range inv.Packages {
		s := fmt.Sprintf("%s %s %s @%d", p.Ecosystem, p.Name, p.Version, p.Layer)
		if p.OwnedBy != "" {
			s += " owned by " + p.OwnedBy
		}
		out = append(out, s)
	}
	return out
}

const (
	bookworm = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"
	alpine   = "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME=\"Alpine Linux v3.19\"\n"
)

// status returns a dpkg database of "name version" packages.
func status(packages ...string) string {
	var b strings.Builder
	for _, p := range packages {
		name, version, _ := strings.Cut(p, " ")
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\nDescription: x\n long: text\n .\n\n", name, version)
	}
	return b.String()
}
