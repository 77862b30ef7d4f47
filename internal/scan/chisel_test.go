package scan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

const wall = `{"jsonwall":"1.0","schema":"1.0","count":5}
{"kind":"content","slice":"openssl_bins","path":"/usr/bin/openssl"}
{"kind":"package","name":"libssl3t64","version":"3.0.13-0ubuntu3.5","sha256":"31df","arch":"amd64"}
{"kind":"package","name":"openssl","version":"3.0.13-0ubuntu3.5","sha256":"00f9","arch":"amd64"}
{"kind":"path","path":"/usr/bin/openssl","mode":"0755","slices":["openssl_bins"],"sha256":"fca8","size":1}
{"kind":"slice","name":"openssl_bins"}
`

func TestChisel(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(wall)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	const path = "var/lib/chisel/manifest.wall"
	got := read(
		t, member{name: path, body: b.String()}, member{name: "usr/bin/openssl", body: "x", mode: 0o4755},
		member{name: "etc/os-release", body: "ID=ubuntu\nVERSION_ID=\"24.04\"\n"},
	)
	inv := Overlay([]*LayerResult{got})
	want := []string{"Ubuntu:24.04 libssl3t64 3.0.13-0ubuntu3.5 @0", "Ubuntu:24.04 openssl 3.0.13-0ubuntu3.5 @0"}
	if diff := cmp.Diff(want, names(inv)); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	if inv.Files[0].OwnedBy != "openssl" || !strings.Contains(inv.Partial, "sources") {
		t.Errorf("usr/bin/openssl owned by %q, partial %q, want openssl and a note about sources", inv.Files[0].OwnedBy, inv.Partial)
	}
	for name, body := range map[string]string{"cut": b.String()[:b.Len()/2], "text": "no manifest"} {
		if got := read(t, member{name: path, body: body}); len(got.Skipped) != 1 {
			t.Errorf("%s: skipped = %v, want the manifest", name, got.Skipped)
		}
	}
}

func FuzzChisel(f *testing.F) {
	f.Add(wall)
	f.Add("{\"kind\":\"path\",\"path\":\"/\",\"slices\":[\"_\"]}\n{\"kind\":\"package\",\"name\":\"\\u0000\",\"version\":\"1\"}\n[")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseChisel(newLineBuffer(), strings.NewReader(text), func(p, name string) {
			if p == "" || name == "" || len(p) > maxPath {
				t.Errorf("%q owns %q", name, p)
			}
		})
		checkPackages(t, found, err)
	})
}
