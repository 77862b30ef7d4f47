package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxAttempts bounds the attempts at a request that fails in a way that
	// may pass.
	maxAttempts = 4
	// maxPause is the longest time that a request waits because the registry
	// asked for it; for longer ones the caller is told instead.
	maxPause = 10 * time.Second
	// maxRetryAfter bounds what a registry may ask for.
	maxRetryAfter = time.Hour
)

// retry calls f, which reads something of the target, until it succeeds or
// fails in a way that does not pass. It keeps to the pauses that the registry
// asks for. The caller holds a slot of the host.
func (c *Client) retry(ctx context.Context, t target, f func() error) error {
	for attempt := 1; ; attempt++ {
		if d := t.paused(); d > maxPause {
			return throttled(t, d, fmt.Errorf("%s asked for no requests for now", t.name))
		} else if d > 0 {
			if err := c.wait(ctx, d); err != nil {
				return t.interrupted(ctx)
			}
		}
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return t.interrupted(ctx)
		}
		pause := t.paused()
		if attempt == maxAttempts || pause > maxPause || !transient(err) {
			return err
		}
		c.log.DebugContext(ctx, "registry retry", "registry", t.name, "repository", t.repository, "attempt", attempt, "error", err)
		if pause > 0 {
			continue
		}
		if err := c.wait(ctx, backoff(attempt)); err != nil {
			return t.interrupted(ctx)
		}
	}
}

// interrupted returns the error of an ended context. It is no [*Error]: the
// registry did nothing wrong.
func (t target) interrupted(ctx context.Context) error {
	return fmt.Errorf("registry %s: read %s of %s: %w", t.name, t.object, t.repository, context.Cause(ctx))
}

// try makes one request for an object of a class, see [target.url], twice when
// it needs new credentials. It returns successful responses only.
func (c *Client) try(ctx context.Context, t target, method, class string, header http.Header) (*http.Response, error) {
	authorization := c.auth.cached(t)
	resp, err := c.send(ctx, t, method, class, header, authorization)
	if err != nil {
		return nil, t.unanswered(err)
	}
	if resp.StatusCode == http.StatusUnauthorized && resp.Request.URL.Host == t.base.Host {
		challenges := parseChallenges(resp.Header.Values("WWW-Authenticate"))
		refusal := newStatusError(resp)
		resp.Body.Close()
		authorization, err = c.auth.renew(ctx, t, challenges, authorization, refusal)
		if err != nil {
			return nil, err
		}
		resp, err = c.send(ctx, t, method, class, header, authorization)
		if err != nil {
			return nil, t.unanswered(err)
		}
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	err = newStatusError(resp)
	if from := resp.Request.URL.Host; from != t.base.Host {
		err = fmt.Errorf("%s, where the registry redirected to, answered %w", from, err)
	}
	kind := statusKind(resp.StatusCode)
	after, asked := retryAfter(resp.Header)
	if kind == Throttled || (asked && kind == Unreachable) {
		t.pause(after)
		return nil, throttled(t, after, err)
	}
	return nil, t.fail(kind, err)
}

func (c *Client) send(ctx context.Context, t target, method, class string, header http.Header, authorization string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, t.url(class), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return c.http.Do(req)
}

// transient reports whether a moment may cure err.
func transient(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Kind == Unreachable || e.Kind == Throttled) &&
		!errors.Is(err, errPlainHTTP) && !isCertificateError(err)
}

func throttled(t target, after time.Duration, err error) error {
	return &Error{Kind: Throttled, Host: t.name, Repository: t.repository, Object: t.object, RetryAfter: after, Err: err}
}

// backoff returns how long to wait after a number of failures: 0.25 s, 0.5 s,
// 1 s, …, up to 8 s, half of it random.
func backoff(failures int) time.Duration {
	d := 250 * time.Millisecond << min(failures-1, 5)
	return d/2 + rand.N(d/2+1)
}

// retryAfter reads the Retry-After header, and whether there is one.
func retryAfter(h http.Header) (time.Duration, bool) {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 32); err == nil {
		return min(time.Duration(s)*time.Second, maxRetryAfter), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(t), 0), maxRetryAfter), true
	}
	return 0, false
}

// readCapped reads all of r, but not more than limit bytes.
func readCapped(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fault(TooLarge, "it exceeds %d bytes", limit)
	}
	return b, nil
}
