package registry

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A Fault is what goes wrong with one request. The zero value is none.
type Fault struct {
	// Status answers with an error instead: 401, 404, 429, 500, 503.
	Status int
	// RetryAfter is sent with the error, in whole seconds.
	RetryAfter time.Duration
	// Delay is waited before the answer.
	Delay time.Duration
	// Pause is waited before each piece of the body.
	Pause time.Duration
	// Truncate ends the connection in the middle of the body.
	Truncate bool
	// Corrupt changes a byte of the body.
	Corrupt bool
}

// Once returns a hook that applies a fault to the first request that matches.
func Once(f Fault, matches func(*http.Request) bool) func(*http.Request) Fault {
	var done atomic.Bool
	return func(r *http.Request) Fault {
		if matches(r) && done.CompareAndSwap(false, true) {
			return f
		}
		return Fault{}
	}
}

// ends waits and reports whether there is nothing more to say: the client got
// an error, or is gone.
func (f Fault) ends(ctx context.Context, w http.ResponseWriter) bool {
	if !wait(ctx, f.Delay) {
		return true
	}
	if f.Status != 0 {
		f.fail(w)
	}
	return f.Status != 0
}

func wait(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// fail answers with the fault's status.
func (f Fault) fail(w http.ResponseWriter) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	switch f.Status {
	case http.StatusUnauthorized:
		fail(w, f.Status, "UNAUTHORIZED", "authentication required")
	case http.StatusForbidden:
		fail(w, f.Status, "DENIED", "requested access to the resource is denied")
	case http.StatusNotFound:
		fail(w, f.Status, "MANIFEST_UNKNOWN", "manifest unknown")
	case http.StatusTooManyRequests:
		fail(w, f.Status, "TOOMANYREQUESTS", "You have reached your pull rate limit. "+
			"You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit")
	default:
		http.Error(w, http.StatusText(f.Status), f.Status)
	}
}

// fail answers in the error format of the distribution specification.
func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, map[string]any{"errors": []any{map[string]any{"code": code, "message": message, "detail": nil}}})
}

// unknownRepository says that a repository does not exist, in the words of
// the registry.
func unknownRepository(w http.ResponseWriter, host, name string) {
	message := "repository name not known to registry"
	if isECR(host) {
		message = fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%.12s'", name, host)
	}
	fail(w, http.StatusNotFound, "NAME_UNKNOWN", message)
}

// writer returns a writer that spoils the body as the fault says.
func (f Fault) writer(ctx context.Context, w http.ResponseWriter) http.ResponseWriter {
	if f == (Fault{Delay: f.Delay}) {
		return w
	}
	return &faultyWriter{ResponseWriter: w, ctx: ctx, fault: f}
}

// A faultyWriter spoils the body of one answer.
type faultyWriter struct {
	http.ResponseWriter
	ctx     context.Context //nolint:containedctx // lives as long as its request
	fault   Fault
	spoiled bool
}

// pieceSize is how much of a slow body is sent at once.
const pieceSize = 16 << 10

// Write implements [io.Writer].
func (w *faultyWriter) Write(p []byte) (int, error) {
	if w.fault.Truncate {
		_, _ = w.ResponseWriter.Write(p[:len(p)/2])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler) // the server closes the connection
	}
	if w.fault.Corrupt && !w.spoiled && len(p) > 0 {
		w.spoiled = true
		p = append([]byte(nil), p...)
		p[len(p)/2] ^= 0xff
	}
	written := 0
	for written < len(p) {
		n := len(p) - written
		if w.fault.Pause > 0 {
			n = min(n, pieceSize)
			if !wait(w.ctx, w.fault.Pause) {
				return written, w.ctx.Err()
			}
		}
		n, err := w.ResponseWriter.Write(p[written : written+n])
		written += n
		if err != nil {
			return written, err
		}
		if w.fault.Pause > 0 {
			_ = http.NewResponseController(w.ResponseWriter).Flush()
		}
	}
	return written, nil
}
