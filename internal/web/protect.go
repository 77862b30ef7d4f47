package web

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"
)

// protection are the headers of every answer. The policy allows what the pages
// need and nothing else: no script runs, nothing is loaded from elsewhere, and
// no other site can frame a page.
var protection = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	// An inventory must not stay in caches; assets say otherwise.
	"Cache-Control": "no-store",
}

// Protect guards the pages and the API: it sets the headers that keep other
// sites out, refuses requests that come through them, turns a panic into an
// answer, and logs requests at the debug level.
func Protect(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		out := &response{ResponseWriter: w}
		for name, value := range protection {
			w.Header().Set(name, value)
		}
		defer func() {
			recovered := recover()
			if recovered != nil && recovered != http.ErrAbortHandler {
				slog.ErrorContext(r.Context(), "web panic", "path", r.URL.Path, "panic", recovered, "stack", string(debug.Stack()))
				if out.status == 0 {
					http.Error(out, "The server could not answer; its log tells why.", http.StatusInternalServerError)
					recovered = nil
				}
			}
			slog.DebugContext(r.Context(), "web request", "method", r.Method, "path", r.URL.Path, "status", out.status,
				"duration", time.Since(start))
			if recovered != nil {
				// Part of the answer left already: only a cut connection tells
				// the client that it is not whole.
				panic(http.ErrAbortHandler)
			}
		}()
		if !hostAllowed(r) {
			http.Error(out, "Stowage listens on this machine only and answers to the host localhost or 127.0.0.1. "+
				"A proxy before it must send one of these as Host.", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(out, r)
	})
}

// hostAllowed reports whether the request names the host as a person on this
// machine does. On a loopback address there is no login, and any site can point
// its own name there (DNS rebinding) to read the pages with the visitor's
// browser. Other addresses have names that only their owner knows.
func hostAllowed(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

// A response remembers the status of an answer.
type response struct {
	http.ResponseWriter
	// status is 0 until something was sent.
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *response) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] find what the server offers.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }
