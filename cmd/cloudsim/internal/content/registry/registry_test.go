package registry_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content/registry"
)

const (
	ecr = "210000000000.dkr.ecr.eu-west-1.amazonaws.com"
	hub = "docker.io"
)

// catalogRepository serves every content from its own repository.
func catalogRepository(_, repository string) map[string]string {
	var tags map[string]string
	for _, i := range content.Catalog().Images() {
		if i.Repository == repository {
			if tags == nil {
				tags = map[string]string{}
			}
			tags[i.Tag] = i.Name
		}
	}
	return tags
}

// A server is a running registry and a client that asks it for one host.
type server struct {
	*httptest.Server
	host string
}

func start(t *testing.T, host string, o registry.Options) server {
	t.Helper()
	if o.Repository == nil {
		o.Repository = catalogRepository
	}
	s := httptest.NewServer(registry.New(o))
	t.Cleanup(s.Close)
	return server{s, host}
}

// RoundTrip adds the host to each request, as containerd does for a mirror.
func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Set("ns", s.host)
	r.URL.RawQuery = q.Encode()
	return http.DefaultTransport.RoundTrip(r)
}

func (s server) options(auth authn.Authenticator) []remote.Option {
	return []remote.Option{
		remote.WithTransport(s), remote.WithAuth(auth),
		remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 2}),
	}
}

func (s server) reference(t *testing.T, rest string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(s.URL, "http://")+"/"+rest, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

var ecrAccess = func(string) registry.Access { return registry.Access{User: "AWS", Password: "right"} }

func basic(password string) authn.Authenticator {
	return &authn.Basic{Username: "AWS", Password: password}
}

// Every content must survive a pull by a client that checks all of it.
func TestPullEveryContent(t *testing.T) {
	t.Parallel()
	s := start(t, hub, registry.Options{})
	for _, c := range content.Catalog().Images() {
		ref := s.reference(t, c.Repository+":"+c.Tag)
		d, err := remote.Get(ref, s.options(authn.Anonymous)...)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if d.Digest.String() != c.Top.Digest {
			t.Errorf("%s: digest %s, want %s", c.Name, d.Digest, c.Top.Digest)
		}
		for _, m := range c.Manifests {
			i, err := remote.Image(ref, append(s.options(authn.Anonymous), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: m.Architecture}))...)
			if err != nil {
				t.Errorf("%s/%s: %v", c.Name, m.Architecture, err)
				continue
			}
			if got, err := i.ConfigName(); err != nil || got.String() != m.Config.Digest {
				t.Errorf("%s/%s: configuration %v, %v, want %s", c.Name, m.Architecture, got, err, m.Config.Digest)
			}
			if err := validate.Image(i, layerCheck(m)...); err != nil {
				t.Errorf("%s/%s: %v", c.Name, m.Architecture, err)
			}
		}
	}
}

// layerCheck leaves out the bytes of layers that the client cannot unpack.
func layerCheck(m content.Manifest) []validate.Option {
	for _, l := range m.Layers {
		if types.MediaType(l.MediaType) == types.OCILayerZStd {
			return []validate.Option{validate.Fast}
		}
	}
	return nil
}

func TestECRAsksForItsPassword(t *testing.T) {
	t.Parallel()
	s := start(t, ecr, registry.Options{Access: ecrAccess})
	ref := s.reference(t, "shop/cart:2.4.0")
	for _, tt := range []struct {
		name string
		auth authn.Authenticator
		want int
	}{
		{"right_password", basic("right"), http.StatusOK},
		{"wrong_password", basic("wrong"), http.StatusUnauthorized},
		{"anonymous", authn.Anonymous, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := remote.Get(ref, s.options(tt.auth)...)
			if got := statusOf(t, err); got != tt.want {
				t.Errorf("Get(%s) = %v, want status %d", ref, err, tt.want)
			}
		})
	}
}

func TestPrivateBearerRegistry(t *testing.T) {
	t.Parallel()
	s := start(t, "registry.example.com", registry.Options{Access: ecrAccess})
	ref := s.reference(t, "shop/cart:2.4.0")
	if _, err := remote.Get(ref, s.options(basic("right"))...); err != nil {
		t.Errorf("right password: %v", err)
	}
	if _, err := remote.Get(ref, s.options(basic("wrong"))...); statusOf(t, err) != http.StatusUnauthorized {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := remote.Get(ref, s.options(authn.Anonymous)...); statusOf(t, err) != http.StatusUnauthorized {
		t.Errorf("anonymous: %v", err)
	}
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return http.StatusOK
	}
	e, ok := err.(*transport.Error)
	if !ok {
		t.Fatalf("error is %T, not a transport.Error: %v", err, err)
	}
	return e.StatusCode
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	s := start(t, ecr, registry.Options{Access: ecrAccess})
	for _, tt := range []struct{ ref, want string }{
		{"shop/cart:9.9.9", "MANIFEST_UNKNOWN: Requested image not found"},
		{"shop/none:1", "NAME_UNKNOWN: The repository with name 'shop/none' does not exist in the registry with id '210000000000'"},
		{"shop/cart@sha256:" + strings.Repeat("0", 64), "MANIFEST_UNKNOWN"},
	} {
		_, err := remote.Get(s.reference(t, tt.ref), s.options(basic("right"))...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Get(%s) = %v, want %q", tt.ref, err, tt.want)
		}
	}
}

// TestSignatures has one of each tool: cosign's under a tag, Notation's as a
// referrer.
func TestSignatures(t *testing.T) {
	t.Parallel()
	s := start(t, hub, registry.Options{})
	cart, _ := content.Catalog().Image("cart-2.4.0")
	tag := strings.Replace(cart.Top.Digest, ":", "-", 1) + ".sig"
	signature, err := remote.Image(s.reference(t, "shop/cart:"+tag), s.options(authn.Anonymous)...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := signature.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Layers) != 1 || m.Layers[0].MediaType != "application/vnd.dev.cosign.simplesigning.v1+json" {
		t.Errorf("layers of the signature are %+v, want one of cosign", m.Layers)
	}
	storefront, _ := content.Catalog().Image("storefront-4.3.0")
	digest, ok := s.reference(t, "shop/storefront@"+storefront.Top.Digest).(name.Digest)
	if !ok {
		t.Fatal("not a digest reference")
	}
	index, err := remote.Referrers(digest, s.options(authn.Anonymous)...)
	if err != nil {
		t.Fatal(err)
	}
	referrers, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(referrers.Manifests) != 1 || referrers.Manifests[0].ArtifactType != "application/vnd.cncf.notary.signature" {
		t.Errorf("referrers are %+v, want one signature", referrers.Manifests)
	}
}

func TestReferrersAndTags(t *testing.T) {
	t.Parallel()
	s := start(t, hub, registry.Options{})
	c, _ := content.Catalog().Image("storefront-4.3.0")
	digest, ok := s.reference(t, "shop/storefront@"+c.Manifests[0].Digest).(name.Digest)
	if !ok {
		t.Fatal("not a digest reference")
	}
	index, err := remote.Referrers(digest, s.options(authn.Anonymous)...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 1 || m.Manifests[0].ArtifactType != "application/spdx+json" {
		t.Errorf("referrers of %s are %+v, want one SPDX document", digest, m.Manifests)
	}
	tags, err := remote.List(digest.Repository, append(s.options(authn.Anonymous), remote.WithPageSize(1))...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"4.2.0", "4.3.0"}, tags); diff != "" {
		t.Errorf("tags mismatch (-want +got):\n%s", diff)
	}
}

// send asks once, with a password.
func (s server) send(t *testing.T, path string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path+"?ns="+url.QueryEscape(s.host), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.SetBasicAuth("AWS", "right")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil && resp.StatusCode < 300 {
		body = nil
	}
	return resp, body
}

func TestAcceptNegotiation(t *testing.T) {
	t.Parallel()
	s := start(t, ecr, registry.Options{Access: ecrAccess})
	for _, tt := range []struct {
		path, accept string
		status       int
		mediaType    types.MediaType
	}{
		{"/v2/library/nginx/manifests/1.25.3", string(types.DockerManifestList), 200, types.DockerManifestList},
		{"/v2/library/nginx/manifests/1.25.3", string(types.DockerManifestSchema2), 200, types.DockerManifestSchema2},
		{"/v2/shop/cart/manifests/2.4.0", string(types.OCIImageIndex) + ", " + string(types.OCIManifestSchema1), 200, types.OCIImageIndex},
		{"/v2/shop/cart/manifests/2.4.0", string(types.DockerManifestSchema2), 404, "application/json"},
		{"/v2/shop/cart/manifests/2.4.0", "", 200, types.OCIImageIndex},
	} {
		header := http.Header{}
		if tt.accept != "" {
			header.Set("Accept", tt.accept)
		}
		resp, _ := s.send(t, tt.path, header)
		if resp.StatusCode != tt.status || resp.Header.Get("Content-Type") != string(tt.mediaType) {
			t.Errorf("GET %s with %q = %d %s, want %d %s", tt.path, tt.accept, resp.StatusCode, resp.Header.Get("Content-Type"), tt.status, tt.mediaType)
		}
	}
}

func TestBlobRange(t *testing.T) {
	t.Parallel()
	s := start(t, ecr, registry.Options{Access: ecrAccess})
	c, _ := content.Catalog().Image("cart-2.4.0")
	layer := c.Manifests[0].Layers[0]
	resp, body := s.send(t, "/v2/shop/cart/blobs/"+layer.Digest, http.Header{"Range": {"bytes=10-19"}})
	if resp.StatusCode != http.StatusPartialContent || string(body) != string(layer.Data[10:20]) {
		t.Errorf("range = %d, %d bytes", resp.StatusCode, len(body))
	}
	// A blob is found only in the repositories that have it.
	resp, _ = s.send(t, "/v2/library/nginx/blobs/"+layer.Digest, nil)
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("blob of another repository: status %d, want 404", resp.StatusCode)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c, _ := content.Catalog().Image("cart-2.4.0")
	layer := c.Manifests[0].Layers[0]
	isBlob := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/blobs/") }
	for _, tt := range []struct {
		name   string
		fault  registry.Fault
		status int
		whole  bool
	}{
		{"truncated", registry.Fault{Truncate: true}, 200, false},
		{"corrupt", registry.Fault{Corrupt: true}, 200, false},
		{"slow", registry.Fault{Pause: time.Microsecond, Delay: time.Microsecond}, 200, true},
		{"throttled", registry.Fault{Status: 429, RetryAfter: time.Second}, 429, false},
		{"broken", registry.Fault{Status: 500}, 500, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, ecr, registry.Options{Access: ecrAccess, Fault: registry.Once(tt.fault, isBlob)})
			path := "/v2/shop/cart/blobs/" + layer.Digest
			resp, body := s.send(t, path, nil)
			if whole := string(body) == string(layer.Data); resp.StatusCode != tt.status || whole != tt.whole {
				t.Errorf("first answer: %d, whole %t, want %d, %t", resp.StatusCode, whole, tt.status, tt.whole)
			}
			if tt.status == http.StatusTooManyRequests {
				var e struct{ Errors []struct{ Code string } }
				if err := json.Unmarshal(body, &e); err != nil || len(e.Errors) != 1 || e.Errors[0].Code != "TOOMANYREQUESTS" {
					t.Errorf("429 body = %s", body)
				}
				if got := resp.Header.Get("Retry-After"); got != "1" {
					t.Errorf("Retry-After = %q, want 1", got)
				}
			}
			if resp, body = s.send(t, path, nil); resp.StatusCode != 200 || string(body) != string(layer.Data) {
				t.Errorf("second answer: %d, %d bytes, want the whole blob", resp.StatusCode, len(body))
			}
		})
	}
}

// A token lasts five minutes and opens only the repositories in its scope.
func TestTokens(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	s := start(t, hub, registry.Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	token := func() string {
		resp, err := http.Get(s.URL + "/token?service=docker.io&scope=repository:library/nginx:pull")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct{ Token string }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.Token
	}
	head := func(token, repository string) int {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodHead, s.URL+"/v2/"+repository+"?ns=docker.io", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	good := token()
	if got := head(good, "library/nginx/manifests/1.25.3"); got != 200 {
		t.Errorf("repository in scope: %d, want 200", got)
	}
	if got := head(good, "library/redis/manifests/7.2.3"); got != 401 {
		t.Errorf("repository out of scope: %d, want 401", got)
	}
	if got := head(good+"x", "library/nginx/manifests/1.25.3"); got != 401 {
		t.Errorf("forged token: %d, want 401", got)
	}
	now.Add(301)
	if got := head(good, "library/nginx/manifests/1.25.3"); got != 401 {
		t.Errorf("expired token: %d, want 401", got)
	}
}
