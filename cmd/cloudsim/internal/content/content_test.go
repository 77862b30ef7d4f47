package content

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// Two builds must agree in every digest; nothing may depend on map order or
// on the time.
func TestBuildIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, r := range recipes {
		again := builder{}.image(r)
		first, ok := Catalog().Image(r.name)
		if !ok {
			t.Fatalf("Image(%q) not found", r.name)
		}
		if again.Top.Digest != first.Top.Digest {
			t.Errorf("%s: built twice, got %s and %s", r.name, first.Top.Digest, again.Top.Digest)
		}
	}
}

func TestCatalogHasWhatTheEstateRuns(t *testing.T) {
	t.Parallel()
	for _, c := range estate.Contents() {
		index, manifests, config := Catalog().Digests(c.Name)
		if len(manifests) != len(c.Platforms) {
			t.Errorf("Digests(%q) has manifests %v, want those of %v", c.Name, manifests, c.Platforms)
		}
		if (index != "") != c.MultiPlatform() {
			t.Errorf("Digests(%q) has index %q, platforms %v", c.Name, index, c.Platforms)
		}
		if config == "" {
			t.Errorf("Digests(%q) has no configuration", c.Name)
		}
	}
}

// Every image must be whole: blobs under their digests, layers that unpack to
// the configuration's diff IDs, history that fits.
func TestImagesAreWhole(t *testing.T) {
	t.Parallel()
	for _, i := range Catalog().Images() {
		for _, b := range i.Blobs() {
			if got := newBlob(b.MediaType, b.Data).Digest; got != b.Digest {
				t.Errorf("%s: blob %s has digest %s", i.Name, b.Digest, got)
			}
			if _, ok := Catalog().Blob(b.Digest); !ok {
				t.Errorf("%s: Blob(%s) not found", i.Name, b.Digest)
			}
		}
		for _, m := range i.Manifests {
			checkManifest(t, i.Name+"/"+m.Architecture, m)
		}
	}
}

func checkManifest(t *testing.T, name string, m Manifest) {
	t.Helper()
	var config v1.ConfigFile
	if err := json.Unmarshal(m.Config.Data, &config); err != nil {
		t.Fatalf("%s: configuration: %v", name, err)
	}
	if config.Architecture != m.Architecture {
		t.Errorf("%s: configuration says %s", name, config.Architecture)
	}
	var diffIDs []string
	for _, l := range m.Layers {
		diffIDs = append(diffIDs, newBlob("", unpack(t, l)).Digest)
	}
	var want []string
	for _, d := range config.RootFS.DiffIDs {
		want = append(want, d.String())
	}
	if diff := cmp.Diff(want, diffIDs); diff != "" {
		t.Errorf("%s: diff IDs mismatch (-config +layers):\n%s", name, diff)
	}
	filled := 0
	for _, h := range config.History {
		if !h.EmptyLayer {
			filled++
		}
	}
	if filled != len(m.Layers) {
		t.Errorf("%s: history has %d steps with a layer, want %d", name, filled, len(m.Layers))
	}
}

// unpack returns the tar stream of a layer.
func unpack(t *testing.T, b Blob) []byte {
	t.Helper()
	var r io.Reader
	switch types.MediaType(b.MediaType) {
	case types.OCILayerZStd:
		d, err := zstd.NewReader(bytes.NewReader(b.Data))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		r = d
	default:
		z, err := gzip.NewReader(bytes.NewReader(b.Data))
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPackagesAfterDeletion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		image, kind, name string
		want              bool
	}{
		{"gateway-2.8.0", "deb", "curl", true},
		{"gateway-2.8.0", "deb", "git", false},                                     // purged by a later layer
		{"webhooks-0.3.0", "npm", "ws", true},                                      // in the replaced directory
		{"webhooks-0.3.0", "npm", "json5", false},                                  // hidden by the opaque directory
		{"cart-2.4.0", "npm", "cross-spawn", false},                                // whiteout
		{"storefront-4.2.0", "maven", "org.apache.logging.log4j:log4j-core", true}, // in the fat jar
	} {
		i, ok := Catalog().Image(tt.image)
		if !ok {
			t.Fatalf("Image(%q) not found", tt.image)
		}
		got := false
		for _, p := range i.Packages {
			got = got || p.Type == tt.kind && p.Name == tt.name
		}
		if got != tt.want {
			t.Errorf("%s has %s %s: %t, want %t", tt.image, tt.kind, tt.name, got, tt.want)
		}
	}
}

// The Go standard library must be able to read the build information.
func TestGoBinary(t *testing.T) {
	t.Parallel()
	g := goBinary{"app", "go1.20.4", "example.com/app", []string{"golang.org/x/net@v0.7.0"}}
	for _, arch := range []string{"amd64", "arm64"} {
		info, err := buildinfo.Read(bytes.NewReader(g.files(arch)[0].data))
		if err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		if info.GoVersion != "go1.20.4" || info.Main.Path != "example.com/app" || len(info.Deps) != 1 ||
			info.Deps[0].Path != "golang.org/x/net" || info.Deps[0].Version != "v0.7.0" {
			t.Errorf("%s: build information is %v", arch, info)
		}
	}
	if _, err := buildinfo.Read(bytes.NewReader(program("amd64"))); err == nil {
		t.Error("a plain program has build information")
	}
}

func TestLayerMarkers(t *testing.T) {
	t.Parallel()
	l := run("test", remove("usr/bin/git"), replace("etc/conf.d"), plain{exe("bin/su", 0o4755)})
	data, err := l.archive("arm64")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimPrefix(h.FileInfo().Mode().String(), "-")+" "+h.Name)
	}
	want := []string{
		"drwxr-xr-x bin/", "urwxr-xr-x bin/su", "drwxr-xr-x etc/", "drwxr-xr-x etc/conf.d/", "rw-r--r-- etc/conf.d/.wh..wh..opq",
		"drwxr-xr-x usr/", "drwxr-xr-x usr/bin/", "rw-r--r-- usr/bin/.wh.git",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries mismatch (-want +got):\n%s", diff)
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		fresh := builder{}
		for _, r := range recipes {
			fresh.image(r)
		}
	}
}
