package advisory

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// fetcher returns a Fetcher that tries again at once, and its folder for
// downloads.
func fetcher(t *testing.T) (*Fetcher, string) {
	t.Helper()
	dir := t.TempDir()
	return &Fetcher{TempDir: dir, wait: &backoff.ZeroBackOff{}}, dir
}

// checkNoFiles fails when a download was left behind.
func checkNoFiles(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v left behind, %v", left, err)
	}
}

// TestImportHTTP polls a server: it answers 304 where it can, and the archive
// where it cannot.
func TestImportHTTP(t *testing.T) {
	t.Parallel()
	content := zipOf(t, samples["Go"])
	for _, validator := range []string{"ETag", "Last-Modified", ""} {
		t.Run(validator, func(t *testing.T) {
			t.Parallel()
			var sent, unchanged atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.EscapedPath() != "/osv/Rocky%20Linux/all.zip" {
					http.NotFound(w, r)
					return
				}
				const value = "Wed, 21 Oct 2015 07:28:00 GMT"
				if validator != "" {
					w.Header().Set(validator, value)
				}
				if r.Header.Get("If-None-Match") == value || r.Header.Get("If-Modified-Since") == value {
					unchanged.Add(1)
					w.WriteHeader(http.StatusNotModified)
					return
				}
				sent.Add(1)
				_, _ = w.Write(content)
			}))
			t.Cleanup(server.Close)
			feeds, err := Open(server.URL+"/osv", "Rocky Linux")
			if err != nil {
				t.Fatal(err)
			}
			feeds[0].Ecosystem = "Go"
			f, dir := fetcher(t)
			m := Importer{Store: newMemoryStore(), Fetcher: *f}
			for i := range 3 {
				stats, err := m.Import(t.Context(), feeds[0])
				if err != nil || stats.Skipped != (i > 0) {
					t.Errorf("import %d: %+v, %v", i, stats, err)
				}
			}
			want := int32(1)
			if validator == "" {
				want = 3
			}
			if sent.Load() != want || sent.Load()+unchanged.Load() != 3 {
				t.Errorf("the archive was sent %d times, unchanged %d times", sent.Load(), unchanged.Load())
			}
			checkNoFiles(t, dir)
		})
	}
}

func TestFetchRetries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault func(http.ResponseWriter)
		tries int32
		want  string
	}{
		"busy": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, 3, ""},
		"throttled": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 3, ""},
		"cut_short":   {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "1000"); _, _ = io.WriteString(w, "{") }, 3, ""},
		"dropped":     {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 3, ""},
		"not_found":   {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, 1, "404 Not Found"},
		"not_allowed": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, 1, "403 Forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tries.Add(1) < 3 {
					tt.fault(w)
					return
				}
				_, _ = io.WriteString(w, kevSample)
			}))
			t.Cleanup(server.Close)
			f, dir := fetcher(t)
			kev, state, err := f.LoadKEV(t.Context(), server.URL+"/kev.json?sig=secret", State{})
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
			switch {
			case tt.want == "" && (err != nil || len(kev.Exploited) != 2 || state.SHA256 == ""):
				t.Errorf("LoadKEV = %v, %v, %v", kev, state, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret")):
				t.Errorf("LoadKEV: %v, want an error with %q", err, tt.want)
			}
			checkNoFiles(t, dir)
		})
	}
}

func TestFetchUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	f, dir := fetcher(t)
	_, _, err := f.LoadKEV(t.Context(), strings.Replace(server.URL, "http://", "http://user:secret@", 1)+"/kev.json?sig=secret", State{})
	if err == nil || !strings.Contains(err.Error(), server.URL+"/kev.json: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("LoadKEV: %v", err)
	}
	checkNoFiles(t, dir)
}

func TestFetchCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	f, dir := fetcher(t)
	if _, _, err := f.LoadKEV(ctx, server.URL, State{}); !errors.Is(err, context.Canceled) {
		t.Errorf("LoadKEV: %v, want %v", err, context.Canceled)
	}
	checkNoFiles(t, dir)
}

// TestFetchStalled has a server that says nothing more: each try is given up.
func TestFetchStalled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	f, dir := fetcher(t)
	f.stall = 50 * time.Millisecond
	// On a busy machine a try may be over before the server sees it: tries are
	// counted where they begin.
	var tries atomic.Int32
	client := *defaultClient
	client.Transport = counted{http.DefaultTransport, &tries}
	f.Client = &client
	if _, _, err := f.LoadKEV(t.Context(), server.URL, State{}); err == nil || !strings.Contains(err.Error(), "sent nothing for 50ms") {
		t.Errorf("LoadKEV: %v", err)
	}
	if tries.Load() != maxTries {
		t.Errorf("%d tries, want %d", tries.Load(), maxTries)
	}
	checkNoFiles(t, dir)
}

// counted counts the requests that it passes on.
type counted struct {
	http.RoundTripper
	n *atomic.Int32
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

func TestFetchNoDowngrade(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, kevSample) }))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(secure.Close)
	f, _ := fetcher(t)
	client := *defaultClient
	client.Transport = secure.Client().Transport
	f.Client = &client
	if _, _, err := f.LoadKEV(t.Context(), secure.URL, State{}); err == nil || !strings.Contains(err.Error(), "from HTTPS to HTTP") {
		t.Errorf("LoadKEV: %v, want a refusal", err)
	}
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/epss.csv.gz"
	if err := os.WriteFile(path, []byte(gzipped(t, epssSample)), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &Fetcher{}
	epss, state, err := f.LoadEPSS(t.Context(), path, State{})
	if err != nil || len(epss.Scores) != 2 {
		t.Fatalf("LoadEPSS = %v, %v", epss, err)
	}
	if _, again, err := f.LoadEPSS(t.Context(), path, state); !errors.Is(err, ErrUnchanged) || again != state {
		t.Errorf("LoadEPSS again: %v, %v", again, err)
	}
	// Another format of what is stored makes it worth reading.
	older := state
	older.Format--
	if _, _, err := f.LoadEPSS(t.Context(), path, older); err != nil {
		t.Errorf("LoadEPSS with an older format: %v", err)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, again, err := f.LoadEPSS(t.Context(), path, state); err == nil || !strings.Contains(err.Error(), path) || again != state {
		t.Errorf("LoadEPSS of a broken file: %v, %v", again, err)
	}
	if _, _, err := f.LoadKEV(t.Context(), path+".missing", State{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadKEV of a missing file: %v", err)
	}
}
