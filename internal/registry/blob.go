package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stowage-dev/stowage/internal/image"
)

const (
	// maxBreaks bounds how often a download breaks off without enoughProgress
	// in between before it is given up.
	maxBreaks      = 5
	enoughProgress = 1 << 20
	// stallTimeout is how long a download waits for the next byte.
	stallTimeout = time.Minute
)

// errStalled is the cause when a registry neither sends nor closes.
var errStalled = errors.New("the registry stopped sending")

// Blob opens content of the repository of ref by its digest and size, for one
// sequential read; see [Source.Blob]. When the connection breaks, the read
// goes on where it stopped. Only the registry is asked, never the other places
// that a manifest may name for foreign layers.
//
// The blob holds one of the host's [Options.PerHost] slots until it is read to
// the end or closed, so a goroutine must not wait for one blob while it holds
// another.
func (c *Client) Blob(ctx context.Context, ref image.Reference, digest string, size int64) (io.ReadCloser, error) {
	t, err := c.target(ref)
	if err != nil {
		return nil, err
	}
	t.object = digest
	if err := checkBlob(digest, size); err != nil {
		return nil, t.fail(Malformed, err)
	}
	if err := t.acquire(ctx); err != nil {
		return nil, t.interrupted(ctx)
	}
	d := &download{client: c, target: t, ctx: ctx, size: size}
	if err := d.connect(); err != nil {
		d.Close()
		return nil, err
	}
	return verify(d, digest, size, t.fail), nil
}

// A download is the body of a blob over as many connections as it takes.
type download struct {
	client *Client
	target target
	// ctx is of the call that opened the blob: reading goes on under it.
	ctx    context.Context
	size   int64
	offset int64
	// body is nil between connections.
	body io.ReadCloser
	// breaks counts the connections that broke off since mark, the offset
	// of the last one that came after enough progress.
	breaks int
	mark   int64
	closed bool
}

func (d *download) Read(p []byte) (int, error) {
	if d.closed {
		return 0, errors.New("registry: read of a closed blob")
	}
	for d.offset < d.size {
		if d.body == nil {
			if err := d.connect(); err != nil {
				return 0, err
			}
		}
		n, err := d.body.Read(p[:min(int64(len(p)), d.size-d.offset)])
		d.offset += int64(n)
		if err != nil && d.offset < d.size {
			if err := d.broke(err); err != nil {
				return n, err
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}

// Close ends the download and returns its slot.
func (d *download) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	if d.body != nil {
		d.body.Close()
	}
	d.target.release()
	return nil
}

// broke drops the connection because of err, and waits until there may be
// another one. It returns an error when there were too many.
func (d *download) broke(err error) error {
	d.body.Close()
	d.body = nil
	if d.ctx.Err() != nil {
		return d.target.interrupted(d.ctx)
	}
	if d.offset-d.mark >= enoughProgress {
		d.breaks, d.mark = 0, d.offset
	}
	d.breaks++
	if d.breaks >= maxBreaks {
		return d.target.fail(Unreachable, fmt.Errorf("the download broke off %d times, last at byte %d of %d: %w", d.breaks, d.offset, d.size, networkError(err)))
	}
	d.client.log.DebugContext(d.ctx, "registry resume", "registry", d.target.name, "repository", d.target.repository,
		"digest", d.target.object, "offset", d.offset, "error", err)
	if err := d.client.wait(d.ctx, backoff(d.breaks)); err != nil {
		return d.target.interrupted(d.ctx)
	}
	return nil
}

// connect asks for the blob from the offset on.
func (d *download) connect() error {
	return d.client.retry(d.ctx, d.target, func() error {
		header := http.Header{}
		if d.offset > 0 {
			header.Set("Range", fmt.Sprintf("bytes=%d-%d", d.offset, d.size-1))
		}
		w := newWatchdog(d.ctx, d.client.stall)
		resp, err := d.client.try(w.ctx, d.target, http.MethodGet, "blobs", header)
		if err != nil {
			return w.stop(err)
		}
		w.timer.Stop()
		w.body = resp.Body
		if err := d.check(resp); err != nil {
			w.Close()
			return err
		}
		if d.offset > 0 && resp.StatusCode == http.StatusOK {
			if _, err := io.CopyN(io.Discard, w, d.offset); err != nil {
				w.Close()
				return d.target.unanswered(err)
			}
		}
		d.body = w
		return nil
	})
}

// check compares what a response says of its content with what was asked for.
func (d *download) check(resp *http.Response) error {
	length := resp.ContentLength
	switch {
	case resp.StatusCode == http.StatusOK && length > d.size:
		return d.target.fail(TooLarge, fmt.Errorf("the registry sends %d bytes, the manifest says %d", length, d.size))
	case resp.StatusCode == http.StatusOK && length >= 0 && length < d.size:
		return d.target.fail(DigestMismatch, fmt.Errorf("the registry sends %d bytes, the manifest says %d", length, d.size))
	case resp.StatusCode == http.StatusOK:
		return nil // From the start, even if asked for a part.
	case resp.StatusCode != http.StatusPartialContent || d.offset == 0:
		return d.target.fail(Malformed, fmt.Errorf("HTTP %d in answer to a download", resp.StatusCode))
	}
	var first, last int64
	var total string
	got := resp.Header.Get("Content-Range")
	if _, err := fmt.Sscanf(got, "bytes %d-%d/%s", &first, &last, &total); err != nil || first != d.offset ||
		(total != "*" && total != fmt.Sprint(d.size)) {
		return d.target.fail(Malformed, fmt.Errorf("the registry sends the range %q, asked for %d-%d of %d", got, d.offset, d.size-1, d.size))
	}
	return nil
}

// A watchdog is the body of a response that ends with errStalled when nothing
// comes for too long. Time that the reader spends elsewhere does not count.
type watchdog struct {
	timeout time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	body    io.ReadCloser
}

// newWatchdog starts waiting for a response under the watchdog's context.
func newWatchdog(ctx context.Context, timeout time.Duration) *watchdog {
	ctx, cancel := context.WithCancelCause(ctx)
	return &watchdog{
		timeout: timeout,
		ctx:     ctx,
		cancel:  cancel,
		timer:   time.AfterFunc(timeout, func() { cancel(errStalled) }),
	}
}

func (w *watchdog) Read(p []byte) (int, error) {
	w.timer.Reset(w.timeout)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if err != nil && context.Cause(w.ctx) == errStalled {
		err = errStalled
	}
	return n, err
}

func (w *watchdog) Close() error {
	w.timer.Stop()
	err := w.body.Close()
	w.cancel(nil)
	return err
}

// stop ends a watchdog that has no response, because of err.
func (w *watchdog) stop(err error) error {
	w.timer.Stop()
	var e *Error
	if context.Cause(w.ctx) == errStalled && errors.As(err, &e) {
		e.Err = errStalled
	}
	w.cancel(nil)
	return err
}
