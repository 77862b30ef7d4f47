package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

// A rig is a real registry on loopback, behind a handler that a test puts
// between it and the client.
type rig struct {
	t *testing.T
	// origin is the registry as it is, to push to.
	origin *httptest.Server
	// front is what clients see.
	front *httptest.Server

	mu       sync.Mutex
	requests []*http.Request
}

// newRig starts a registry. between may be nil.
func newRig(t *testing.T, between func(http.Handler) http.Handler) *rig {
	t.Helper()
	r := &rig{t: t}
	h := registry.New(registry.Logger(discard()))
	r.origin = httptest.NewServer(h)
	t.Cleanup(r.origin.Close)
	if between != nil {
		h = between(h)
	}
	r.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.requests = append(r.requests, req.Clone(context.Background()))
		r.mu.Unlock()
		h.ServeHTTP(w, req)
	}))
	t.Cleanup(r.front.Close)
	return r
}

// seen returns "METHOD path" of the requests that came to the front.
func (r *rig) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, req := range r.requests {
		out = append(out, req.Method+" "+req.URL.Path)
	}
	return out
}

// ref returns a reference to the front.
func (r *rig) ref(s string) image.Reference {
	return mustRef(r.t, hostOf(r.front)+"/"+s)
}

func (r *rig) push(s string, content interface {
	Digest() (v1.Hash, error)
},
) string {
	r.t.Helper()
	ref, err := name.ParseReference(hostOf(r.origin) + "/" + s)
	if err != nil {
		r.t.Fatal(err)
	}
	switch c := content.(type) {
	case v1.Image:
		err = remote.Write(ref, c)
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, c)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := content.Digest()
	if err != nil {
		r.t.Fatal(err)
	}
	return d.String()
}

func hostOf(s *httptest.Server) string {
	_, h, _ := strings.Cut(s.URL, "://")
	return h
}

func mustRef(t *testing.T, s string) image.Reference {
	t.Helper()
	ref, err := image.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// newClient returns a client that does not sleep and speaks HTTP to loopback.
func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	o.PlainHTTP = append(o.PlainHTTP, "127.0.0.1:*")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.wait = func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	return c
}

// newTestImage returns an image with the given layers, steps and a secret.
func newTestImage(t testing.TB, layers ...[]byte) v1.Image {
	t.Helper()
	img := empty.Image
	for i, content := range layers {
		var err error
		img, err = mutate.Append(img, mutate.Addendum{
			Layer:   static.NewLayer(content, types.DockerUncompressedLayer),
			History: v1.History{CreatedBy: fmt.Sprintf("RUN step %d", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cf, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cf = cf.DeepCopy()
	cf.OS, cf.Architecture = "linux", "amd64"
	cf.Created = v1.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	cf.History = append(cf.History, v1.History{CreatedBy: "ENV PATH=/bin", EmptyLayer: true})
	cf.Config.Env = []string{"PATH=/bin", "DB_PASSWORD=hunter2"}
	cf.Config.User = "app"
	cf.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}, "22/tcp": {}}
	cf.Config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD", "true"}}
	img, err = mutate.ConfigFile(img, cf)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// newTestIndex returns an index of images for the platforms, with an
// attestation for each.
func newTestIndex(t testing.TB, platforms ...string) v1.ImageIndex {
	t.Helper()
	idx := v1.ImageIndex(empty.Index)
	for _, s := range platforms {
		p, err := v1.ParsePlatform(s)
		if err != nil {
			t.Fatal(err)
		}
		img := newTestImage(t, []byte("layer of "+s))
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		idx = mutate.AppendManifests(
			idx,
			mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: p}},
			mutate.IndexAddendum{Add: newTestImage(t, []byte("attestation of "+s)), Descriptor: v1.Descriptor{
				Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{
					annotationReferenceType:   "attestation-manifest",
					annotationReferenceDigest: d.String(),
				},
			}},
		)
	}
	return idx
}

// content returns n bytes that do not repeat soon.
func content(n int) []byte {
	b := make([]byte, 0, n+sha256.Size)
	sum := sha256.Sum256(nil)
	for len(b) < n {
		sum = sha256.Sum256(sum[:])
		b = append(b, sum[:]...)
	}
	return b[:n]
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// serveBlob answers every blob request by f.
func serveBlob(f http.HandlerFunc) func(http.Handler) http.Handler {
	return serve("/blobs/", f)
}

// serveManifest answers every manifest request by f.
func serveManifest(f http.HandlerFunc) func(http.Handler) http.Handler {
	return serve("/manifests/", f)
}

func serve(part string, f http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, part) {
				f(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// wantKind fails unless err is an [*Error] of the kind. It returns the error.
func wantKind(t *testing.T, err error, want Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want an *Error of kind %q", err, want)
	}
	if e.Kind != want {
		t.Fatalf("error kind = %q, want %q: %v", e.Kind, want, err)
	}
	return e
}

// readBlob reads a blob to its end.
func readBlob(ctx context.Context, s Source, digest string, size int) ([]byte, error) {
	b, err := s.Blob(ctx, digest, int64(size))
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(b)
}

// discard is a log that nobody reads.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// sorted returns the strings in order.
func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
