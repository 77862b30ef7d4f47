package registry

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestClientImage(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	layers := [][]byte{content(100_000), []byte("second")}
	img := newTestImage(t, layers...)
	digest := r.push("shop/cart:1.0", img)
	c := newClient(t, Options{})

	m, raw, err := c.Image(t.Context(), r.ref("shop/cart:1.0"), image.Platform{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	want := image.Manifest{
		Digest:       digest,
		MediaType:    string(types.DockerManifestSchema2),
		ConfigDigest: digestOf(raw),
		Platform:     image.Platform{OS: "linux", Architecture: "amd64"},
		Layers: []image.Layer{
			{Digest: digestOf(layers[0]), DiffID: digestOf(layers[0]), MediaType: string(types.DockerUncompressedLayer), Size: 100_000, CreatedBy: "RUN step 0"},
			{Digest: digestOf(layers[1]), DiffID: digestOf(layers[1]), MediaType: string(types.DockerUncompressedLayer), Size: 6, CreatedBy: "RUN step 1"},
		},
		Config: image.Config{
			Created:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			User:         "app",
			EnvNames:     []string{"PATH", "DB_PASSWORD"},
			ExposedPorts: []string{"22/tcp", "8080/tcp"},
			Healthcheck:  []string{"CMD", "true"},
			DockerFormat: true,
			History: []image.History{
				{CreatedBy: "RUN step 0"},
				{CreatedBy: "RUN step 1"},
				{CreatedBy: "ENV PATH=/bin", Empty: true},
			},
		},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("Image mismatch (-want +got):\n%s", diff)
	}
	if !bytes.Contains(raw, []byte("hunter2")) {
		t.Error("the raw configuration lacks the value that checks look at")
	}
	kept, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(kept, []byte("hunter2")) {
		t.Errorf("the manifest holds the value of an environment variable: %s", kept)
	}
	for i, l := range m.Layers {
		got, err := readBlob(t.Context(), c.Source(r.ref("shop/cart@"+digest)), l.Digest, int(l.Size))
		if err != nil || !bytes.Equal(got, layers[i]) {
			t.Errorf("Blob(layer %d) = %d bytes, %v; want its content", i, len(got), err)
		}
	}
}

func TestClientImageOfIndex(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	idx := newTestIndex(t, "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6")
	r.push("multi:1", idx)
	r.push("nested:1", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: idx}))
	c := newClient(t, Options{})

	doc, err := c.Manifest(t.Context(), r.ref("multi:1"))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Index == nil || len(doc.Index.Images) != 4 || len(doc.Index.Attestations) != 4 {
		t.Fatalf("Manifest = %+v, want 4 images and 4 attestations", doc)
	}
	for i, a := range doc.Index.Attestations {
		if want := doc.Index.Images[i].Digest; a.Of != want {
			t.Errorf("attestation %d is of %s, want %s", i, a.Of, want)
		}
	}
	for _, repository := range []string{"multi", "nested"} {
		for platform, want := range map[string]int{"linux/arm64/v8": 1, "linux/arm": 2, "linux/arm/v6": 3} {
			m, _, err := c.Image(t.Context(), r.ref(repository+":1"), image.ParsePlatform(platform))
			if err != nil {
				t.Fatal(err)
			}
			if got := doc.Index.Images[want].Digest; m.Digest != got {
				t.Errorf("Image(%s, %s) = %s, want %s", repository, platform, m.Digest, got)
			}
		}
		_, _, err = c.Image(t.Context(), r.ref(repository+":1"), image.ParsePlatform("windows/amd64"))
		e := wantKind(t, err, NoPlatform)
		if !strings.Contains(e.Error(), "linux/arm/v6, linux/arm/v7") || !strings.Contains(e.Error(), "/"+repository+"@sha256:") {
			t.Errorf("error %q does not name the image and what is available", e)
		}
	}
}

func TestSinglePlatformIgnoresPlatform(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("one:1", newTestImage(t, []byte("x")))
	m, _, err := newClient(t, Options{}).Image(t.Context(), r.ref("one:1"), image.ParsePlatform("linux/s390x"))
	if err != nil || m.Platform.Architecture != "amd64" {
		t.Errorf("Image = %v, %v; want what the registry has", m.Platform, err)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, available, want, got string
	}{
		{"exact", "linux/amd64 linux/arm64", "linux/arm64", "linux/arm64"},
		{"default_variant", "linux/amd64 linux/arm64/v8", "linux/arm64", "linux/arm64/v8"},
		{"default_variant_unnamed", "linux/amd64 linux/arm64", "linux/arm64/v8", "linux/arm64"},
		{"other_names", "linux/amd64 linux/arm64", "linux/aarch64", "linux/arm64"},
		{"exact_variant_first", "linux/arm/v5 linux/arm/v6 linux/arm/v7", "linux/arm/v6", "linux/arm/v6"},
		{"older_variant", "linux/arm/v5 linux/arm/v6", "linux/arm/v7", "linux/arm/v6"},
		{"newer_variant_does_not_run", "linux/arm/v7 linux/arm64", "linux/arm/v6", ""},
		{"best_microarchitecture", "linux/amd64 linux/amd64/v2 linux/amd64/v3", "linux/amd64/v2", "linux/amd64/v2"},
		{"base_microarchitecture", "linux/amd64 linux/amd64/v3", "linux/amd64", "linux/amd64"},
		{"32_bit_on_64", "linux/386 linux/arm64", "linux/amd64", "linux/386"},
		{"arm_on_arm64", "linux/amd64 linux/arm/v7", "linux/arm64", "linux/arm/v7"},
		{"only_variant", "linux/amd64/v3 linux/arm64", "linux/amd64", "linux/amd64/v3"},
		{"none", "linux/amd64", "linux/s390x", ""},
		{"other_system", "windows/amd64", "linux/amd64", ""},
		{"system_unknown", "linux/amd64 windows/amd64", "/amd64", "linux/amd64"},
		{"ambiguous", "windows/amd64 windows/amd64", "windows/amd64", ""},
		{"unknown_of_one", "linux/arm64", "", "linux/arm64"},
		{"unknown_of_two", "linux/arm64 linux/amd64", "", ""},
		{"child_does_not_say", "-", "linux/amd64", "-"},
		{"children_do_not_say", "- -", "linux/amd64", ""},
		{"empty", "", "linux/amd64", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var children []Child
			for i, s := range strings.Fields(tt.available) {
				c := Child{Descriptor: Descriptor{Digest: digestOf([]byte{byte(i)})}}
				if s != "-" {
					c.Platform = image.ParsePlatform(s)
				}
				children = append(children, c)
			}
			got, err := choose(children, image.ParsePlatform(tt.want))
			if tt.got == "" {
				wantKind(t, err, NoPlatform)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := image.Platform{}
			if tt.got != "-" {
				want = image.ParsePlatform(tt.got)
			}
			if got.Platform != want {
				t.Errorf("choose(%s, %s) = %s, want %s", tt.available, tt.want, got.Platform, want)
			}
		})
	}
}

func TestChooseSameImageTwice(t *testing.T) {
	t.Parallel()
	c := Child{Descriptor: Descriptor{Digest: digestOf(nil)}, Platform: image.ParsePlatform("linux/amd64")}
	if got, err := choose([]Child{c, c}, c.Platform); err != nil || got != c {
		t.Errorf("choose of one image listed twice = %v, %v; want the image", got, err)
	}
}
