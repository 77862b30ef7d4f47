package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/image"
)

// A shelf is a [Source] and counts what is taken from it.
type shelf struct {
	mu    sync.Mutex
	blobs map[string][]byte
	taken map[string]int
	// wrap changes what a blob reads, if set.
	wrap func(ctx context.Context, r io.Reader) io.Reader
}

func (s *shelf) Blob(ctx context.Context, digest string, _ int64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blob, ok := s.blobs[digest]
	if !ok {
		return nil, errors.New("no such blob")
	}
	if s.taken == nil {
		s.taken = make(map[string]int)
	}
	s.taken[digest]++
	var r io.Reader = bytes.NewReader(blob)
	if s.wrap != nil {
		r = s.wrap(ctx, r)
	}
	return io.NopCloser(r), nil
}

// memory is a [LayerCache].
type memory struct {
	mu    sync.Mutex
	known map[string]*LayerResult
}

func (c *memory) Get(_ context.Context, digests []string) (map[string]*LayerResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]*LayerResult)
	for _, d := range digests {
		if r, ok := c.known[d]; ok {
			out[d] = r
		}
	}
	return out, nil
}

func (c *memory) Put(_ context.Context, digest string, r *LayerResult) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[string]*LayerResult)
	}
	c.known[digest] = r
	return nil
}

// build makes an image of plain layers.
func build(layers ...[]byte) (image.Manifest, *shelf) {
	m := image.Manifest{Digest: digestOf([]byte("manifest"))}
	s := &shelf{blobs: make(map[string][]byte)}
	for _, l := range layers {
		d := digestOf(l)
		s.blobs[d] = l
		m.Layers = append(m.Layers, image.Layer{Digest: d, DiffID: d, Size: int64(len(l)), MediaType: "application/vnd.oci.image.layer.v1.tar"})
	}
	return m, s
}

var emptyConfig = []byte(`{"config":{}}`)

func TestImage(t *testing.T) {
	t.Parallel()
	base := makeTar(t, member{name: "etc/os-release", body: bookworm}, member{name: "var/lib/dpkg/status", body: status("bash 5")})
	empty := makeTar(t)
	first, s := build(base, empty, makeTar(t, member{name: "a/package.json", body: `{"name":"a","version":"1"}`}), empty)
	cache := &memory{}
	var last Progress
	got, err := Image(t.Context(), s, first, []byte(`{"config":{"Env":["DB_PASSWORD=hunter2hunter2"]}}`), cache, Options{
		Now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Progress: func(p Progress) { last = p },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"npm a 1 @2", "Debian:12 bash 5 @0"}, names(got.Inventory)); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if got.Ecosystem != "Debian:12" || got.LayersRead != 3 || got.Inventory.Partial != "" {
		t.Errorf("Image = %s, %d layers read, partial %q, want Debian:12, 3, none", got.Ecosystem, got.LayersRead, got.Inventory.Partial)
	}
	if last.LayersDone != 4 || last.Layers != 4 || last.BytesDone != last.Bytes {
		t.Errorf("progress ends at %+v", last)
	}
	var checks []string
	for _, f := range got.Checks {
		checks = append(checks, f.Check)
		if strings.Contains(f.Detail, "hunter2") {
			t.Errorf("finding %q has the secret", f.Detail)
		}
	}
	if diff := cmp.Diff([]string{"image/user-root", "image/env-secret", "image/label-missing", "image/history-missing"}, checks); diff != "" {
		t.Errorf("checks mismatch (-want +got):\n%s", diff)
	}

	// Another image on the same base reads only its own layer.
	second, more := build(base, makeTar(t, member{name: "b/package.json", body: `{"name":"b","version":"2"}`}))
	got, err = Image(t.Context(), more, second, emptyConfig, cache, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"npm b 2 @1", "Debian:12 bash 5 @0"}, names(got.Inventory)); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if got.LayersRead != 1 || more.taken[first.Layers[0].Digest] != 0 {
		t.Errorf("%d layers read, the base %d times, want only the new one", got.LayersRead, more.taken[first.Layers[0].Digest])
	}
}

func TestImageErrors(t *testing.T) {
	t.Parallel()
	good := makeTar(t, member{name: "a/package.json", body: `{"name":"a","version":"1"}`})
	broken := errors.New("the connection broke")
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		m, s := build(good, good[:520])
		_, err := Image(t.Context(), s, m, emptyConfig, nil, Options{})
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "layer 1 ("+m.Layers[1].Digest) {
			t.Errorf("Image: %v, want a malformed layer 1", err)
		}
	})
	t.Run("diff_id", func(t *testing.T) {
		t.Parallel()
		m, s := build(good)
		m.Layers[0].DiffID = digestOf(nil)
		cache := &memory{}
		if _, err := Image(t.Context(), s, m, emptyConfig, cache, Options{}); !errors.Is(err, ErrMalformed) || len(cache.known) > 0 {
			t.Errorf("Image: %v, %d results kept, want %v and none", err, len(cache.known), ErrMalformed)
		}
	})
	t.Run("fetch", func(t *testing.T) {
		t.Parallel()
		m, s := build(good)
		s.wrap = func(_ context.Context, r io.Reader) io.Reader {
			return io.MultiReader(io.LimitReader(r, 600), readerFunc(func([]byte) (int, error) { return 0, broken }))
		}
		if _, err := Image(t.Context(), s, m, emptyConfig, nil, Options{}); !errors.Is(err, broken) {
			t.Errorf("Image: %v, want %v", err, broken)
		}
	})
	t.Run("config", func(t *testing.T) {
		t.Parallel()
		m, s := build(good)
		_, err := Image(t.Context(), s, m, []byte(`{"config":{"Env":["A=hunter2",2]}}`), nil, Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Image: %v, want an error without values", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		m, s := build(good)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Image(ctx, s, m, emptyConfig, nil, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Image: %v, want %v", err, context.Canceled)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Layers that cannot be read leave a partial inventory that tells why, and no
// result in the cache.
func TestImagePartial(t *testing.T) {
	t.Parallel()
	good := makeTar(t, member{name: "a/package.json", body: `{"name":"a","version":"1"}`})
	large := makeTar(t, member{name: "b/package.json", body: `{"name":"b","version":"1"}`}, member{name: "large", body: strings.Repeat("x", 1<<20)})
	m, s := build(good, large, good[:1024], good[:512])
	m.Layers[2].MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	m.Layers[3].MediaType = "application/vnd.oci.image.layer.v1.tar+encrypted"
	cache := &memory{}
	got, err := Image(t.Context(), s, m, emptyConfig, cache, Options{Limits: Limits{Bytes: 300_000}, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"npm a 1 @0", "npm b 1 @1"}, names(got.Inventory)); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	for _, want := range []string{"layer 1 (" + m.Layers[1].Digest + "): the image unpacks to more than 300000 bytes", "layer 2 (", "licence", "layer 3 (", "encrypted"} {
		if !strings.Contains(got.Inventory.Partial, want) {
			t.Errorf("partial = %q, want it to have %q", got.Inventory.Partial, want)
		}
	}
	if len(cache.known) != 1 {
		t.Errorf("%d results kept, want that of the whole layer", len(cache.known))
	}
}

// What is remembered of all layers together is bounded.
func TestImageResults(t *testing.T) {
	t.Parallel()
	var layers [][]byte
	for _, name := range []string{"a", "b", "c"} {
		layers = append(layers, makeTar(t, member{name: name + "/package.json", body: `{"name":"` + name + `","version":"1"}`},
			member{name: name + strings.Repeat("x", 2000), mode: 0o4755, body: "x"}))
	}
	m, s := build(layers...)
	got, err := Image(t.Context(), s, m, emptyConfig, nil, Options{Limits: Limits{Results: 5000}, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := "layer 2 (" + m.Layers[2].Digest + "): what is known of the image has more than 5000 bytes"; !strings.HasPrefix(got.Inventory.Partial, want) {
		t.Errorf("partial = %q, want %q", got.Inventory.Partial, want)
	}
	if diff := cmp.Diff([]string{"npm a 1 @0", "npm b 1 @1", "npm c 1 @2"}, names(got.Inventory)); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// A layer that never comes ends with the time of the image.
func TestImageWall(t *testing.T) {
	t.Parallel()
	m, s := build(makeTar(t, member{name: "a", body: "b"}))
	s.wrap = func(ctx context.Context, r io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(r, 600), readerFunc(func([]byte) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}))
	}
	synctest.Test(t, func(t *testing.T) {
		got, err := Image(t.Context(), s, m, emptyConfig, nil, Options{Limits: Limits{Wall: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Inventory.Partial, "takes too long: more than 1h0m0s") {
			t.Errorf("partial = %q, want it to tell of the time", got.Inventory.Partial)
		}
	})
}
