package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProtectHeaders(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/nowhere", "/api/v1/status", "/static/nothing.css", "/search?q=x"} {
		h := get(t, newHandler(estate()), path).Header
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("GET %s: policy %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s: policy %q allows what is unsafe", path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestProtectHost(t *testing.T) {
	t.Parallel()
	loopback, public := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 8080}
	tests := []struct {
		local net.Addr
		host  string
		want  int
	}{
		{loopback, "127.0.0.1:8080", 200},
		{loopback, "localhost:8080", 200},
		{loopback, "LOCALHOST", 200},
		{loopback, "[::1]:8080", 200},
		{loopback, "[::1]", 200},
		{loopback, "stowage.localhost:8080", 200},
		{&net.TCPAddr{IP: net.IPv6loopback}, "[::1]:8080", 200},
		{loopback, "evil.example", 421},
		{loopback, "evil.example:8080", 421},
		{loopback, "localhost.evil.example", 421},
		{loopback, "127.0.0.1.evil.example", 421},
		{loopback, "notlocalhost", 421},
		{loopback, "10.0.0.5", 421},
		{loopback, "", 421},
		{&net.TCPAddr{IP: net.IPv6loopback}, "evil.example", 421},
		{public, "stowage.example", 200},
	}
	for _, test := range tests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = test.host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, test.local))
		w := httptest.NewRecorder()
		newHandler(estate()).ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("host %q at %s = %d, want %d", test.host, test.local, w.Code, test.want)
		}
		if test.want == 421 && strings.Contains(w.Body.String(), "checkout") {
			t.Errorf("host %q at %s sees the inventory", test.host, test.local)
		}
	}
}

// TestProtectServer asks a real server, which must know its local address.
func TestProtectServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler(estate()))
	t.Cleanup(server.Close)
	for host, want := range map[string]int{"": 200, "rebound.example": 421} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("host %q = %d, want %d", host, resp.StatusCode, want)
		}
	}
}

func TestProtectCrossOrigin(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	newHandler(estate()).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("POST of another site = %d, want %d", w.Code, http.StatusForbidden)
	}
}

func TestProtectPanic(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handler http.HandlerFunc
		// aborted is whether the server must cut the connection.
		aborted bool
	}{
		{"before_an_answer", func(http.ResponseWriter, *http.Request) { panic("secret detail") }, false},
		{"within_an_answer", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "half"); panic("secret detail") }, true},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			defer func() {
				if got := recover(); (got == http.ErrAbortHandler) != test.aborted {
					t.Errorf("panic = %v, want an abort: %t", got, test.aborted)
				}
				if !test.aborted && w.Code != http.StatusInternalServerError {
					t.Errorf("status = %d, want 500", w.Code)
				}
				if strings.Contains(w.Body.String(), "secret") {
					t.Errorf("answer %q shows the panic", w.Body)
				}
			}()
			Protect(test.handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		})
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := newHandler(&fakeStore{})
	for file, mediaType := range map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		address, err := assetURL(file)
		if err != nil {
			t.Fatal(err)
		}
		resp := get(t, h, address)
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != mediaType {
			t.Errorf("GET %s = %s, %s, want %s", address, resp.Status, got, mediaType)
		}
		if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("GET %s: Cache-Control = %q, want it immutable", address, got)
		}
	}
	for _, path := range []string{"/static/style.css", "/static/", "/static/..%2fweb.go"} {
		if resp := get(t, h, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %s, want 404", path, resp.Status)
		}
	}
	if _, err := assetURL("nothing.css"); err == nil {
		t.Error("assetURL of a file that is none: no error")
	}
}
