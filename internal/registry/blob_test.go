package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/image"
)

// A flaky blob server sends parts of its content and drops the connection.
type flaky struct {
	content []byte
	// send is how many bytes each connection carries.
	send int
	// ignoreRange makes it start over each time.
	ignoreRange bool
	// contentRange replaces the header of partial answers if set.
	contentRange string
	connections  atomic.Int32
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.connections.Add(1)
	start, end := 0, len(f.content)
	if h := r.Header.Get("Range"); h != "" && !f.ignoreRange {
		var last int
		if _, err := fmt.Sscanf(h, "bytes=%d-%d", &start, &last); err != nil || last != len(f.content)-1 {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		got := fmt.Sprintf("bytes %d-%d/%d", start, last, len(f.content))
		if f.contentRange != "" {
			got = f.contentRange
		}
		w.Header().Set("Content-Range", got)
		w.Header().Set("Content-Length", strconv.Itoa(end-start))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(end))
	}
	send := f.send
	if f.ignoreRange {
		send *= int(f.connections.Load())
	}
	w.Write(f.content[start:min(start+send, end)])
	if start+send < end {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestBlobResumes(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	tests := []struct {
		name string
		f    *flaky
		want int32
	}{
		{"no_break", &flaky{send: size}, 1},
		{"one_break", &flaky{send: size/2 + 1}, 2},
		{"many_breaks_with_progress", &flaky{send: enoughProgress}, 8},
		{"few_breaks_without_progress", &flaky{send: size - 3}, 2},
		{"range_ignored", &flaky{send: size/3 + 1, ignoreRange: true}, 3},
		{"total_unknown", &flaky{send: size/2 + 1, contentRange: fmt.Sprintf("bytes %d-%d/*", size/2+1, size-1)}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.f.content = content(size)
			r := newRig(t, serveBlob(tt.f.ServeHTTP))
			c := newClient(t, Options{})
			got, err := readBlob(t.Context(), c.Source(r.ref("a:1")), digestOf(tt.f.content), size)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, tt.f.content) {
				t.Error("content differs")
			}
			if n := tt.f.connections.Load(); n != tt.want {
				t.Errorf("%d connections, want %d", n, tt.want)
			}
			if n := len(c.host(hostOf(r.front)).slots); n != 0 {
				t.Errorf("%d slots are held, want none", n)
			}
		})
	}
}

func TestBlobFaults(t *testing.T) {
	t.Parallel()
	good := content(100_000)
	digest := digestOf(good)
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  Kind
		text  string
	}{
		{"gives_up", (&flaky{content: good, send: 10}).ServeHTTP, Unreachable, "broke off 5 times, last at byte 50 of 100000"},
		{"wrong_range", (&flaky{content: good, send: 99_000, contentRange: "bytes 98999-99999/100000"}).ServeHTTP, Malformed, "range"},
		{"wrong_total", (&flaky{content: good, send: 99_000, contentRange: "bytes 99000-99999/100001"}).ServeHTTP, Malformed, "range"},
		{"wrong_digest", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(append([]byte("x"), good[1:]...))
		}, DigestMismatch, "came has digest sha256:"},
		{"truncated", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999")
			w.Write(good[:99_999])
		}, DigestMismatch, "99999 bytes"},
		{"oversized", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100001")
			w.Write(append(good, 'x'))
		}, TooLarge, "100001 bytes"},
		{"truncated_without_length", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			w.(http.Flusher).Flush()
			w.Write(good[:99_999])
		}, Malformed, "416"},
		{"not_found", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}`)
		}, NotFound, "BLOB_UNKNOWN"},
		{"partial_unasked", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
		}, Malformed, "206"},
		{"server_fails", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}, Unreachable, "500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, serveBlob(tt.serve))
			c := newClient(t, Options{})
			_, err := readBlob(t.Context(), c.Source(r.ref("shop/cart:1")), digest, len(good))
			e := wantKind(t, err, tt.want)
			if !strings.Contains(e.Error(), tt.text) || !strings.Contains(e.Error(), "/shop/cart@"+digest) {
				t.Errorf("error %q does not name %q and the blob", e, tt.text)
			}
			if n := len(c.host(hostOf(r.front)).slots); n != 0 {
				t.Errorf("%d slots are held, want none", n)
			}
		})
	}
}

// TestBlobEndsAtItsSize checks that a server that goes on sending is not
// read further than the content that was asked for.
func TestBlobEndsAtItsSize(t *testing.T) {
	t.Parallel()
	good := content(1000)
	r := newRig(t, serveBlob(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		for w.Write(good); ; {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	got, err := readBlob(t.Context(), newClient(t, Options{}).Source(r.ref("a:1")), digestOf(good), len(good))
	if err != nil || !bytes.Equal(got, good) {
		t.Errorf("Blob = %d bytes, %v; want the first 1000", len(got), err)
	}
}

func TestBlobArguments(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := newClient(t, Options{})
	for _, digest := range []string{"", "sha256:abc", "../../../etc/passwd"} {
		_, err := c.Blob(t.Context(), r.ref("a:1"), digest, 1)
		wantKind(t, err, Malformed)
	}
	_, err := c.Blob(t.Context(), r.ref("a:1"), digestOf(nil), -1)
	wantKind(t, err, Malformed)
	ref := r.ref("a:1")
	ref.Repository = "a/../../b"
	_, err = c.Blob(t.Context(), ref, digestOf(nil), 0)
	wantKind(t, err, Malformed)
	if n := len(r.seen()); n != 0 {
		t.Errorf("%d requests were made, want none", n)
	}
}

func TestBlobStalls(t *testing.T) {
	t.Parallel()
	good := content(1000)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	var n atomic.Int32
	r := newRig(t, serveBlob(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000")
			w.Write(good[:500])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-stop:
			}
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(good))
	}))
	c := newClient(t, Options{})
	c.stall = 200 * time.Millisecond
	got, err := readBlob(t.Context(), c.Source(r.ref("a:1")), digestOf(good), len(good))
	if err != nil || !bytes.Equal(got, good) {
		t.Errorf("Blob = %d bytes, %v; want all of them after a stall", len(got), err)
	}
}

func TestBlobCancelled(t *testing.T) {
	t.Parallel()
	good := content(1000)
	r := newRig(t, serveBlob(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(good[:500])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	c := newClient(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	b, err := c.Blob(ctx, r.ref("a:1"), digestOf(good), 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := io.ReadFull(b, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.ReadAll(b)
	var e *Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &e) {
		t.Errorf("Read after cancel = %v, want context.Canceled and not an *Error", err)
	}
}

// TestRedirects checks that blob storage gets no credentials of the registry.
func TestRedirects(t *testing.T) {
	t.Parallel()
	good := content(5000)
	var headers []http.Header
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header)
		if len(headers) == 1 {
			w.Header().Set("Content-Length", "5000")
			w.Write(good[:2000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(good))
	}))
	t.Cleanup(storage.Close)
	r := newRig(t, func(next http.Handler) http.Handler {
		return requireBasic(serveBlob(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, storage.URL+"/bucket?X-Amz-Signature=s3cret", http.StatusTemporaryRedirect)
		})(next))
	})
	c := newClient(t, Options{Credentials: []CredentialFunc{login("app", password)}})
	got, err := readBlob(t.Context(), c.Source(r.ref("a:1")), digestOf(good), len(good))
	if err != nil || !bytes.Equal(got, good) {
		t.Fatalf("Blob = %d bytes, %v; want its content", len(got), err)
	}
	if len(headers) != 2 || headers[1].Get("Range") != "bytes=2000-4999" {
		t.Errorf("storage saw %v, want two requests, the second for the rest", headers)
	}
	for _, h := range headers {
		if a := h.Get("Authorization"); a != "" {
			t.Errorf("storage was sent the credentials %q", a)
		}
	}
}

func TestRedirectErrors(t *testing.T) {
	t.Parallel()
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(storage.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, tt := range map[string]struct {
		location string
		want     Kind
	}{
		"refused":     {storage.URL, Denied},
		"unreachable": {gone.URL, Unreachable},
		"metadata":    {"http://169.254.169.254", Malformed},
		"loop":        {"", Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, serveBlob(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, tt.location+r.URL.Path+"?sig=s3cret", http.StatusFound)
			}))
			_, err := newClient(t, Options{}).Blob(t.Context(), r.ref("a:1"), digestOf(nil), 0)
			wantKind(t, err, tt.want)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error holds the signature of a URL: %v", err)
			}
		})
	}
}

// BenchmarkBlob compares a verified, resumable download with the least that
// anyone can do: read the same bytes from the same server and hash them. Both
// are read in pieces of the size that decompressors and io.Copy ask for.
func BenchmarkBlob(b *testing.B) {
	const size = 32 << 20
	blob := content(size)
	digest := digestOf(blob)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
	}))
	b.Cleanup(s.Close)
	c := newClient(b, Options{})
	ref := image.Reference{Host: hostOf(s), Repository: "a", Tag: "1"}
	verified := func(buf []byte) error {
		r, err := c.Blob(b.Context(), ref, digest, size)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.CopyBuffer(onlyWriter{io.Discard}, r, buf)
		return err
	}
	plain := func(buf []byte) error {
		resp, err := c.http.Get(s.URL)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		h := sha256.New()
		if _, err := io.CopyBuffer(onlyWriter{h}, resp.Body, buf); err != nil {
			return err
		}
		if got := fmt.Sprintf("sha256:%x", h.Sum(nil)); got != digest {
			return errors.New(got)
		}
		return nil
	}
	for _, piece := range []int{4 << 10, 32 << 10} {
		b.Run(fmt.Sprintf("read_%dKiB", piece>>10), func(b *testing.B) {
			b.SetBytes(size)
			buf := make([]byte, piece)
			var ours, least time.Duration
			for b.Loop() {
				start := time.Now()
				if err := verified(buf); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
				b.StopTimer()
				start = time.Now()
				if err := plain(buf); err != nil {
					b.Fatal(err)
				}
				least += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(least), "×plain")
		})
	}
}

// onlyWriter hides the shortcuts of a writer from io.Copy.
type onlyWriter struct{ io.Writer }
