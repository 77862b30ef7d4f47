package scan

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// estargz returns a tar in the form for lazy pulling: a gzip stream for each
// entry, the last of them with the table of contents, and a footer that tells
// where that is. It returns the tar too.
// See https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md.
func estargz(t testing.TB, members ...member) (layer, tar []byte) {
	t.Helper()
	members = append(
		[]member{{name: ".prefetch.landmark", body: "\x0f"}},
		append(members, member{name: "stargz.index.json", body: `{"version":1,"entries":[{"name":"etc/","type":"dir"}]}`})...,
	)
	var toc int
	for i, m := range members {
		one := makeTar(t, m)
		if i < len(members)-1 {
			one = one[:len(one)-1024] // The end of a tar comes once.
		} else {
			toc = len(layer)
		}
		tar = append(tar, one...)
		layer = append(layer, gzipped(t, one)...)
	}
	var footer bytes.Buffer
	w, err := gzip.NewWriterLevel(&footer, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Extra = append([]byte{'S', 'G', 22, 0}, fmt.Sprintf("%016xSTARGZ", toc)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(layer, footer.Bytes()...), tar
}

// TestLazyLayer reads a layer in the form for lazy pulling like any other: what
// that form adds is no content.
func TestLazyLayer(t *testing.T) {
	t.Parallel()
	content := []member{
		{name: "etc/os-release", body: bookworm},
		{name: "usr/bin/su", body: "x", mode: 0o4755},
		{name: "var/lib/dpkg/status", body: status("bash 5.2-1")},
	}
	layer, tar := estargz(t, content...)
	got, err := ReadLayer(context.Background(), bytes.NewReader(layer), LayerOptions{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip"})
	if err != nil {
		t.Fatal(err)
	}
	if got.DiffID != digestOf(tar) {
		t.Errorf("diff_id = %s, want that of all streams, %s", got.DiffID, digestOf(tar))
	}
	want := read(t, content...)
	for _, r := range []*LayerResult{got, want} {
		r.DiffID, r.Size, r.Entries, r.NonDirectories, r.Directories = "", 0, 0, nil, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result differs from that of a plain layer (-plain +lazy):\n%s", diff)
	}
}
