package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/stowage-dev/stowage/internal/image"
)

// password is in no log and no error.
const password = "correct-horse"

// login returns a source of one user's credentials, valid for an hour.
func login(user, password string) CredentialFunc {
	return func(context.Context, string) (string, string, time.Time, bool, error) {
		return user, password, time.Now().Add(time.Hour), true, nil
	}
}

// requireBasic asks for the user "app" with the password.
func requireBasic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pass, ok := r.BasicAuth(); !ok || user != "app" || pass != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A tokenServer asks for tokens that it gives to the user "app", and to
// nobody if anonymous is set.
type tokenServer struct {
	anonymous bool
	// expiresIn is in seconds; 0 leaves it out.
	expiresIn int
	// answer replaces the token server's answer if set.
	answer http.HandlerFunc

	mu     sync.Mutex
	valid  map[string]string
	issued int
}

func (s *tokenServer) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			s.issue(w, r)
			return
		}
		_, rest, _ := strings.Cut(r.URL.Path, "/v2/")
		repository, _, _ := strings.Cut(rest, "/manifests/")
		repository, _, _ = strings.Cut(repository, "/blobs/")
		scope := "repository:" + repository + ":pull"
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		s.mu.Lock()
		ok := token != "" && s.valid[token] == scope
		s.mu.Unlock()
		if !ok {
			w.Header().Add("WWW-Authenticate", "Negotiate")
			w.Header().Add("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="reg",scope=%q`, r.Host, scope))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *tokenServer) issue(w http.ResponseWriter, r *http.Request) {
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	user, pass, ok := r.BasicAuth()
	if r.FormValue("grant_type") == "refresh_token" && r.PostFormValue("refresh_token") == "identity-"+password {
		user, pass, ok = "app", password, true
	}
	if ok && (user != "app" || pass != password) || !ok && !s.anonymous {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	token := fmt.Sprintf("secret-token-%d", s.issued)
	if s.valid == nil {
		s.valid = map[string]string{}
	}
	s.valid[token] = r.FormValue("scope")
	out := map[string]any{"token": token}
	if s.expiresIn > 0 {
		out["expires_in"] = s.expiresIn
	}
	json.NewEncoder(w).Encode(out)
}

// revoke makes all tokens invalid.
func (s *tokenServer) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.valid)
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		between     func(http.Handler) http.Handler
		credentials []CredentialFunc
		want        Kind
	}{
		{"basic", requireBasic, []CredentialFunc{login("app", password)}, ""},
		{"basic_wrong_password", requireBasic, []CredentialFunc{login("app", "wrong"+password)}, Denied},
		{"basic_without_credentials", requireBasic, nil, Denied},
		{"bearer", (&tokenServer{}).between, []CredentialFunc{login("app", password)}, ""},
		{"bearer_wrong_password", (&tokenServer{}).between, []CredentialFunc{login("app", "wrong"+password)}, Denied},
		{"bearer_anonymous", (&tokenServer{anonymous: true}).between, nil, ""},
		{"bearer_without_credentials", (&tokenServer{}).between, nil, Denied},
		{"not_this_source", requireBasic, []CredentialFunc{
			func(context.Context, string) (string, string, time.Time, bool, error) {
				return "", "", time.Time{}, false, nil
			},
			login("app", password),
		}, ""},
		{"source_fails", requireBasic, []CredentialFunc{
			func(context.Context, string) (string, string, time.Time, bool, error) {
				return "", "", time.Time{}, false, errors.New("ecr:GetAuthorizationToken denied")
			},
		}, NoCredentials},
		{"unknown_scheme", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "Negotiate")
				w.WriteHeader(http.StatusUnauthorized)
			})
		}, []CredentialFunc{login("app", password)}, Denied},
		{"forbidden", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
			})
		}, nil, Denied},
		{"token_server_without_token", (&tokenServer{answer: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"refresh_token":%q}`, password)
		}}).between, []CredentialFunc{login("app", password)}, Malformed},
		{"token_server_garbage", (&tokenServer{answer: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>"+password)
		}}).between, []CredentialFunc{login("app", password)}, Malformed},
		{"token_server_fails", (&tokenServer{answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, password)
		}}).between, []CredentialFunc{login("app", password)}, Unreachable},
		{"realm_is_metadata_service", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://169.254.169.254/latest"`)
				w.WriteHeader(http.StatusUnauthorized)
			})
		}, []CredentialFunc{login("app", password)}, Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.between)
			r.push("shop/cart:1", newTestImage(t, []byte("x")))
			var logs bytes.Buffer
			c := newClient(t, Options{
				Credentials: tt.credentials,
				Logger:      slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			_, _, err := c.Image(t.Context(), r.ref("shop/cart:1"), image.Platform{})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := wantKind(t, err, tt.want)
			if e.Host != hostOf(r.front) || e.Repository != "shop/cart" {
				t.Errorf("error names %q %q", e.Host, e.Repository)
			}
			for _, text := range []string{err.Error(), logs.String()} {
				if strings.Contains(text, password) || strings.Contains(text, "secret-token") {
					t.Errorf("a secret is in %q", text)
				}
			}
		})
	}
}

func TestTokensAreKept(t *testing.T) {
	t.Parallel()
	s := &tokenServer{expiresIn: 300}
	r := newRig(t, s.between)
	img := newTestImage(t, []byte("x"))
	r.push("a:1", img)
	r.push("b:1", img)
	c := newClient(t, Options{Credentials: []CredentialFunc{login("app", password)}})
	now := time.Now()
	c.auth.now = func() time.Time { return now }
	resolve := func(repository string) {
		t.Helper()
		if _, err := c.Resolve(t.Context(), r.ref(repository+":1")); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		name string
		do   func()
		want int
	}{
		{"first", func() { resolve("a") }, 1},
		{"again", func() { resolve("a") }, 1},
		{"other repository", func() { resolve("b") }, 2},
		{"before expiry", func() { now = now.Add(4 * time.Minute); resolve("a") }, 2},
		{"after expiry", func() { now = now.Add(time.Minute); resolve("a") }, 3},
		{"revoked", func() { s.revoke(); resolve("a") }, 4},
	}
	for _, step := range steps {
		step.do()
		if s.issued != step.want {
			t.Fatalf("%s: %d tokens were asked for, want %d", step.name, s.issued, step.want)
		}
	}
}

func TestConcurrentPullsShareOneToken(t *testing.T) {
	t.Parallel()
	s := &tokenServer{}
	r := newRig(t, s.between)
	r.push("a:1", newTestImage(t, []byte("x")))
	var asked atomic.Int32
	c := newClient(t, Options{PerHost: 16, Credentials: []CredentialFunc{
		func(ctx context.Context, host string) (string, string, time.Time, bool, error) {
			asked.Add(1)
			return login("app", password)(ctx, host)
		},
	}})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := c.Resolve(t.Context(), r.ref("a:1")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.issued != 1 || asked.Load() != 1 {
		t.Errorf("%d tokens and %d credentials were asked for, want 1 of each", s.issued, asked.Load())
	}
}

func TestCredentialsAreRenewed(t *testing.T) {
	t.Parallel()
	var want atomic.Value
	want.Store("first")
	r := newRig(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, pass, _ := r.BasicAuth(); pass != want.Load() {
				w.Header().Set("WWW-Authenticate", `Basic realm="ecr"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	r.push("a:1", newTestImage(t, []byte("x")))
	now, asked := time.Now(), 0
	c := newClient(t, Options{Credentials: []CredentialFunc{
		func(context.Context, string) (string, string, time.Time, bool, error) {
			asked++
			return "AWS", want.Load().(string), now.Add(12 * time.Hour), true, nil
		},
	}})
	c.auth.now = func() time.Time { return now }
	c.auth.credentials.now = c.auth.now
	steps := []struct {
		name   string
		change func()
		want   int
	}{
		{"first", func() {}, 1},
		{"again", func() {}, 1},
		{"rotated", func() { want.Store("second") }, 2},
		{"expired", func() { now = now.Add(12 * time.Hour) }, 3},
	}
	for _, step := range steps {
		step.change()
		if _, err := c.Resolve(t.Context(), r.ref("a:1")); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if asked != step.want {
			t.Fatalf("%s: credentials were asked for %d times, want %d", step.name, asked, step.want)
		}
	}
}

// TestDockerConfig is not parallel because it sets the environment.
func TestDockerConfig(t *testing.T) {
	r := newRig(t, requireBasic)
	r.push("shop/cart:1", newTestImage(t, []byte("x")))
	dir := t.TempDir()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir)
	ref := r.ref("shop/cart:1")

	_, err := newClient(t, Options{DockerConfig: true}).Resolve(t.Context(), ref)
	wantKind(t, err, Denied)

	auth := base64.StdEncoding.EncodeToString([]byte("app:" + password))
	helper := fmt.Sprintf("#!/bin/sh\necho '{\"Username\":\"app\",\"Secret\":%q}'\n", password)
	for file, content := range map[string]string{
		"config.json":                fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, hostOf(r.front), auth),
		"helper/config.json":         fmt.Sprintf(`{"credHelpers":{%q:"test"}}`, hostOf(r.front)),
		"docker-credential-test":     helper,
		"broken-config/config.json":  `{"auths":`,
		"no-such-helper/config.json": fmt.Sprintf(`{"credHelpers":{%q:"absent"}}`, hostOf(r.front)),
	} {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for sub, want := range map[string]Kind{"": "", "helper": "", "broken-config": NoCredentials, "no-such-helper": NoCredentials} {
		t.Setenv("DOCKER_CONFIG", filepath.Join(dir, sub))
		_, err := newClient(t, Options{DockerConfig: true}).Resolve(t.Context(), ref)
		if want == "" && err != nil {
			t.Errorf("%q: %v", sub, err)
		}
		if want != "" {
			wantKind(t, err, want)
		}
	}
}

// TestIdentityToken is not parallel because it sets the environment.
func TestIdentityToken(t *testing.T) {
	r := newRig(t, (&tokenServer{}).between)
	r.push("shop/cart:1", newTestImage(t, []byte("x")))
	dir := t.TempDir()
	config := fmt.Sprintf(`{"auths":{%q:{"identitytoken":%q}}}`, hostOf(r.front), "identity-"+password)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", dir)
	if _, err := newClient(t, Options{DockerConfig: true}).Resolve(t.Context(), r.ref("shop/cart:1")); err != nil {
		t.Error(err)
	}
}

func TestDockerHubNames(t *testing.T) {
	t.Parallel()
	c := newClient(t, Options{})
	tgt, err := c.target(mustRef(t, "nginx"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tgt.url("manifests"), "https://registry-1.docker.io/v2/library/nginx/manifests/latest"; got != want {
		t.Errorf("url = %s, want %s", got, want)
	}
	if got := (dockerResource{tgt}).RegistryStr(); got != "index.docker.io" {
		t.Errorf("name in the Docker configuration = %s, want index.docker.io", got)
	}
}

func TestGrantsAreBounded(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(Options{})
	for i := range 2*maxGrants + 1 {
		a.grant(grantKey{"h", fmt.Sprint(i)}).expires = time.Now().Add(time.Hour)
	}
	if len(a.grants) > maxGrants {
		t.Errorf("%d grants are kept, want at most %d", len(a.grants), maxGrants)
	}
}

func TestParseChallenges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		headers []string
		want    []transport.Challenge
	}{
		{"none", nil, nil},
		{"basic", []string{`Basic realm="Registry Realm"`}, []transport.Challenge{
			{Scheme: "basic", Parameters: map[string]string{"realm": "Registry Realm"}},
		}},
		{"bearer", []string{`Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push",error="invalid_token"`}, []transport.Challenge{
			{Scheme: "bearer", Parameters: map[string]string{
				"realm": "https://auth.docker.io/token", "service": "registry.docker.io",
				"scope": "repository:library/nginx:pull,push", "error": "invalid_token",
			}},
		}},
		{"several", []string{"Negotiate", "BEARER Realm=https://x/t , service = y", "Basic"}, []transport.Challenge{
			{Scheme: "bearer", Parameters: map[string]string{"realm": "https://x/t", "service": "y"}},
			{Scheme: "basic", Parameters: map[string]string{}},
		}},
		{"quotes", []string{`Basic realm="a \"b\" \\ c"`}, []transport.Challenge{
			{Scheme: "basic", Parameters: map[string]string{"realm": `a "b" \ c`}},
		}},
		{"empty_value", []string{`Bearer realm="",service=x`}, []transport.Challenge{
			{Scheme: "bearer", Parameters: map[string]string{"realm": "", "service": "x"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseChallenges(tt.headers)); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseChallenges(f *testing.F) {
	f.Add(`Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`)
	f.Add(`Basic realm="a \"b"`)
	f.Fuzz(func(t *testing.T, header string) {
		for _, c := range parseChallenges([]string{header}) {
			if c.Scheme != "basic" && c.Scheme != "bearer" {
				t.Errorf("scheme %q", c.Scheme)
			}
		}
	})
}
