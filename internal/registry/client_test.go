package registry

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	img := newTestImage(t, []byte("x"))
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	// without returns the registry with a header taken out of its answers.
	without := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				rec.Header().Del(name)
				for k, v := range rec.Header() {
					w.Header()[k] = v
				}
				w.WriteHeader(rec.Code)
				w.Write(rec.Body.Bytes())
			})
		}
	}
	onHead := func(f http.HandlerFunc) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					f(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	tests := []struct {
		name    string
		between func(http.Handler) http.Handler
		want    []string
	}{
		{"head", nil, []string{"HEAD"}},
		{"no_digest", without("Docker-Content-Digest"), []string{"HEAD", "GET"}},
		{"no_type", without("Content-Type"), []string{"HEAD", "GET"}},
		{"head_not_allowed", onHead(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}), []string{"HEAD", "GET"}},
		{"head_is_a_web_page", onHead(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}), []string{"HEAD", "GET"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.between)
			digest := r.push("a/b:1", img)
			want := Descriptor{Digest: digest, MediaType: string(types.DockerManifestSchema2), Size: int64(len(raw))}
			got, err := newClient(t, Options{}).Resolve(t.Context(), r.ref("a/b:1"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Resolve mismatch (-want +got):\n%s", diff)
			}
			var methods []string
			for _, req := range r.requests {
				methods = append(methods, req.Method)
				for _, mt := range []types.MediaType{types.OCIImageIndex, types.DockerManifestList, types.OCIManifestSchema1, types.DockerManifestSchema2} {
					if !strings.Contains(req.Header.Get("Accept"), string(mt)) {
						t.Errorf("%s does not accept %s", req.Method, mt)
					}
				}
			}
			if !slices.Equal(methods, tt.want) {
				t.Errorf("requests = %v, want %v", methods, tt.want)
			}
		})
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	digest := r.push("a:1", newTestImage(t, []byte("x")))
	c := newClient(t, Options{})
	_, err := c.Resolve(t.Context(), r.ref("a:2"))
	e := wantKind(t, err, NotFound)
	if !e.Permanent() || !strings.Contains(err.Error(), "/a:2: not found") {
		t.Errorf("error = %v, permanent %t", err, e.Permanent())
	}
	_, err = c.Resolve(t.Context(), r.ref("b:1"))
	wantKind(t, err, NotFound)

	other := newRig(t, serveManifest(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", digestOf(nil))
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		w.Header().Set("Content-Length", "10")
	}))
	_, err = c.Resolve(t.Context(), other.ref("a@"+digest))
	wantKind(t, err, DigestMismatch)
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	var left atomic.Int32
	after := "7"
	r := newRig(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if left.Add(-1) >= 0 {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(http.StatusTooManyRequests)
				fmt.Fprint(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	r.push("a:1", newTestImage(t, []byte("x")))
	newThrottled := func() (*Client, *[]time.Duration) {
		c := newClient(t, Options{})
		waited := &[]time.Duration{}
		c.wait = func(_ context.Context, d time.Duration) error {
			*waited = append(*waited, d)
			c.host(hostOf(r.front)).notBefore = time.Time{}
			return nil
		}
		return c, waited
	}

	c, waited := newThrottled()
	left.Store(2)
	if _, err := c.Resolve(t.Context(), r.ref("a:1")); err != nil {
		t.Fatalf("Resolve = %v, want it to wait and succeed", err)
	}
	if len(*waited) != 2 || (*waited)[0] < 6*time.Second || (*waited)[0] > 7*time.Second {
		t.Errorf("waited %v, want twice the 7 s that the registry asked for", *waited)
	}

	c, waited = newThrottled()
	left.Store(1000)
	after = "300"
	_, err := c.Resolve(t.Context(), r.ref("a:1"))
	e := wantKind(t, err, Throttled)
	if e.Permanent() || e.RetryAfter != 5*time.Minute {
		t.Errorf("permanent %t, retry after %s; want false, 5m: %v", e.Permanent(), e.RetryAfter, err)
	}
	requests := len(r.seen())
	_, err = c.Manifest(t.Context(), r.ref("b:1"))
	if e := wantKind(t, err, Throttled); e.RetryAfter < 4*time.Minute {
		t.Errorf("retry after %s, want the rest of 5m", e.RetryAfter)
	}
	if len(r.seen()) != requests || len(*waited) != 0 {
		t.Errorf("%d more requests and waits %v while the registry asked for none", len(r.seen())-requests, *waited)
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for header, want := range map[string]time.Duration{
			"":                   0,
			"0":                  0,
			"soon":               0,
			"-5":                 0,
			"90":                 90 * time.Second,
			"999999999999999999": 0,
			"86400":              maxRetryAfter,
			time.Now().Add(time.Minute).UTC().Format(http.TimeFormat):    time.Minute,
			time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat):   0,
			time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat): maxRetryAfter,
		} {
			if got, _ := retryAfter(http.Header{"Retry-After": {header}}); got != want {
				t.Errorf("retryAfter(%q) = %s, want %s", header, got, want)
			}
		}
	})
}

func TestServerErrors(t *testing.T) {
	t.Parallel()
	var left atomic.Int32
	r := newRig(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if left.Add(-1) >= 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	digest := r.push("a:1", newTestImage(t, []byte("x")))
	c := newClient(t, Options{})
	left.Store(maxAttempts - 1)
	if _, err := c.Manifest(t.Context(), r.ref("a@"+digest)); err != nil {
		t.Errorf("Manifest = %v, want success at the last attempt", err)
	}
	left.Store(1000)
	before := len(r.seen())
	_, err := c.Manifest(t.Context(), r.ref("a@"+digest))
	if e := wantKind(t, err, Unreachable); e.Permanent() {
		t.Error("a failing server is permanent")
	}
	if n := len(r.seen()) - before; n != maxAttempts {
		t.Errorf("%d attempts, want %d", n, maxAttempts)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	_, err := newClient(t, Options{}).Resolve(t.Context(), mustRef(t, hostOf(s)+"/a:1"))
	wantKind(t, err, Unreachable)
	if !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "firewall") {
		t.Errorf("error %q lacks the cause or the remedy", err)
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	})
	c := newClient(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	c.wait = func(ctx context.Context, d time.Duration) error {
		cancel()
		return wait(ctx, d)
	}
	if _, err := c.Resolve(ctx, r.ref("a:1")); !errors.Is(err, context.Canceled) {
		t.Errorf("Resolve = %v, want context.Canceled", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	digest := r.push("a:1", newTestImage(t, []byte("x")))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.Path, "/blobs/") {
			http.Redirect(w, req, r.front.URL+req.URL.Path, http.StatusFound)
			return
		}
		r.front.Config.Handler.ServeHTTP(w, req)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	ref := mustRef(t, hostOf(s)+"/a@"+digest)
	newTLSClient := func(bundle string) *Client {
		c, err := New(Options{CABundle: bundle})
		if err != nil {
			t.Fatal(err)
		}
		c.wait = func(context.Context, time.Duration) error {
			t.Error("waited for an error that does not pass")
			return nil
		}
		return c
	}
	c := newTLSClient(bundle)
	doc, err := c.Manifest(t.Context(), ref)
	if err != nil {
		t.Fatalf("with its CA: %v", err)
	}
	_, err = newTLSClient("").Manifest(t.Context(), ref)
	if wantKind(t, err, Unreachable); !strings.Contains(err.Error(), "CA bundle") {
		t.Errorf("without its CA: error %q does not say what to do", err)
	}
	_, err = newTLSClient("").Manifest(t.Context(), r.ref("a:1"))
	if wantKind(t, err, Unreachable); !strings.Contains(err.Error(), "plain HTTP") {
		t.Errorf("HTTPS to an HTTP server: error %q does not say what to do", err)
	}

	_, err = c.Blob(t.Context(), ref, doc.Image.Config.Digest, doc.Image.Config.Size)
	if wantKind(t, err, Malformed); !strings.Contains(err.Error(), "from HTTPS to http") {
		t.Errorf("redirect out of TLS: %v", err)
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(next http.Handler) http.Handler {
		return http.StripPrefix("/proxy", requireBasic(next))
	})
	digest := r.push("shop/cart:1", newTestImage(t, []byte("x")))
	var asked []string
	c := newClient(t, Options{
		Mirrors: []Mirror{
			{Host: "*.dkr.ecr.*.amazonaws.com", Endpoint: r.front.URL + "/proxy/"},
			{Host: "*", Endpoint: "http://127.0.0.1:1"},
		},
		Credentials: []CredentialFunc{func(ctx context.Context, host string) (string, string, time.Time, bool, error) {
			asked = append(asked, host)
			return login("app", password)(ctx, host)
		}},
	})
	const host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
	m, _, err := c.Image(t.Context(), mustRef(t, host+"/shop/cart:1"), image.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != digest {
		t.Errorf("Image = %s, want %s", m.Digest, digest)
	}
	for _, req := range r.requests {
		if ns := req.URL.Query().Get("ns"); ns != host || !strings.HasPrefix(req.URL.Path, "/proxy/v2/") {
			t.Errorf("request %s lacks the prefix or the original host", req.URL)
		}
	}
	if diff := cmp.Diff([]string{host}, asked); diff != "" {
		t.Errorf("credentials were asked for (-want +got):\n%s", diff)
	}
	_, err = c.Resolve(t.Context(), mustRef(t, host+"/shop/absent:1"))
	if e := wantKind(t, err, NotFound); e.Host != host {
		t.Errorf("error names host %s, want %s", e.Host, host)
	}
}

func TestPerHost(t *testing.T) {
	t.Parallel()
	const perHost = 3
	var now, most atomic.Int32
	release := make(chan struct{})
	r := newRig(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if n == perHost {
				close(release) // All slots are in use at a time.
			}
			<-release
			next.ServeHTTP(w, r)
		})
	})
	r.push("a:1", newTestImage(t, []byte("x")))
	c := newClient(t, Options{PerHost: perHost})
	var wg sync.WaitGroup
	for range perHost {
		wg.Go(func() {
			if _, err := c.Resolve(t.Context(), r.ref("a:1")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := most.Load(); got != perHost {
		t.Errorf("%d requests at a time, want %d", got, perHost)
	}

	// An open blob holds its slot, and closing it gives the slot back.
	one := newClient(t, Options{PerHost: 1})
	doc, err := c.Manifest(t.Context(), r.ref("a:1"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := one.Blob(t.Context(), r.ref("a:1"), doc.Image.Config.Digest, doc.Image.Config.Size)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := one.Resolve(ctx, r.ref("a:1")); !errors.Is(err, context.Canceled) {
		t.Errorf("Resolve beside an open blob = %v, want to wait until canceled", err)
	}
	b.Close()
	b.Close()
	if _, err := one.Resolve(t.Context(), r.ref("a:1")); err != nil {
		t.Errorf("Resolve after the blob was closed = %v", err)
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notPEM := filepath.Join(dir, "not.pem")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"mirror_pattern":  {Mirrors: []Mirror{{Host: "[", Endpoint: "http://x"}}},
		"mirror_scheme":   {Mirrors: []Mirror{{Host: "*", Endpoint: "x:5000"}}},
		"mirror_userinfo": {Mirrors: []Mirror{{Host: "*", Endpoint: "http://u:p@x"}}},
		"plain_http":      {PlainHTTP: []string{"["}},
		"ca_absent":       {CABundle: filepath.Join(dir, "absent")},
		"ca_not_pem":      {CABundle: notPEM},
		"ca_no_effect":    {CABundle: notPEM, Transport: http.DefaultTransport},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: New succeeds, want an error", name)
		}
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	newClient(t, Options{UserAgent: "stowage/1.2"}).Resolve(t.Context(), r.ref("a:1"))
	if len(r.requests) != 1 || r.requests[0].UserAgent() != "stowage/1.2" {
		t.Errorf("requests = %v, want one of stowage/1.2", r.requests)
	}
}
