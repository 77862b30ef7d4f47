package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const (
	jsonType     = "application/json"
	protobufType = "application/vnd.kubernetes.protobuf"
)

const (
	// maxAttempts is how often a request is sent before its failure counts.
	maxAttempts = 5
	// maxPause bounds what a server may ask for with Retry-After.
	maxPause = 30 * time.Second
	// maxStatus bounds the body of a refusal, in bytes.
	maxStatus = 64 << 10
)

// limit is the rate of requests to one API server, kubectl's own. Requests are
// made one after the other, so that mostly the server's answers set the pace;
// beyond that its priority and fairness does.
var limit = collect.Limit{Rate: 50, Burst: 100}

// A statusError is an answer other than 200.
type statusError struct {
	code    int
	message string
}

func (e *statusError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("%d %s", e.code, http.StatusText(e.code))
	}
	return fmt.Sprintf("%d %s: %s", e.code, http.StatusText(e.code), e.message)
}

// hasStatus reports whether err is an answer with the given code.
func hasStatus(err error, code int) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && e.code == code
}

// get requests path and returns the answer if it is 200. The caller closes its
// body. It tries again after throttling, server errors and lost connections;
// every error but one of ctx is a [collect.Error] about action.
func (k *cluster) get(ctx context.Context, action, path string, query url.Values, accept string) (*http.Response, error) {
	fresh := false // whether the credentials were renewed for this request
	for attempt := 1; ; attempt++ {
		if err := k.options.Limiter.Wait(ctx, k.bucket, limit); err != nil {
			return nil, err
		}
		resp, err := k.send(ctx, path, query, accept)
		if ctx.Err() != nil {
			if err == nil {
				resp.Body.Close()
			}
			return nil, context.Cause(ctx)
		}
		wait := backoff(attempt)
		if err != nil {
			if permanent(err) || attempt == maxAttempts {
				return nil, k.transportError(action, err)
			}
		} else {
			if resp.StatusCode == http.StatusOK {
				return resp, nil
			}
			err = readStatus(resp)
			switch {
			case resp.StatusCode == http.StatusUnauthorized && !fresh:
				// An exec plugin's credentials are renewed by client-go.
				fresh = true
				if k.tokens != nil {
					k.tokens.forget()
				}
				continue
			case resp.StatusCode == http.StatusTooManyRequests:
				k.options.Limiter.Throttled(k.bucket)
			case resp.StatusCode < http.StatusInternalServerError:
				return nil, k.refusal(action, resp.StatusCode, err)
			}
			if attempt == maxAttempts {
				return nil, k.refusal(action, resp.StatusCode, err)
			}
			if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s >= 0 {
				wait = min(time.Duration(s)*time.Second, maxPause)
			}
		}
		if err := k.pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// send makes one request. Its time limit holds until the body is closed.
func (k *cluster) send(ctx context.Context, path string, query url.Values, accept string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, k.options.Timeout)
	u := k.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := k.http.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &body{ReadCloser: resp.Body, cancel: cancel}
	return resp, nil
}

// A body remembers whether reading failed, which tells a lost connection from
// an answer that is malformed as a whole.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
	err    error
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// Close implements [io.Closer].
func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// backoff returns a pause that doubles with each attempt, with jitter.
func backoff(attempt int) time.Duration {
	d := min(500*time.Millisecond<<attempt, maxPause)
	return d/2 + rand.N(d/2)
}

// permanent reports whether the same request would fail in the same way: there
// is no route, no trust or no credential, or the server let the time pass.
func permanent(err error) bool {
	if _, ok := errors.AsType[*tokenError](err); ok || credentialsFailed(err) {
		return true
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && (e.Op == "dial" || e.Op == "proxyconnect") {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// credentialsFailed reports whether a kubeconfig's exec plugin failed, which
// client-go tells by text only.
func credentialsFailed(err error) bool { return strings.Contains(err.Error(), "getting credentials: ") }

// transportError classifies a request without an answer.
func (k *cluster) transportError(action string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // The action says what the URL says, and shorter.
	}
	e := &collect.Error{Outcome: inventory.Unreachable, Action: action, On: k.on, Err: err}
	if k.private {
		e.Remedy = "the API server has a private endpoint only: run a worker in a network that reaches it"
	}
	if token, ok := errors.AsType[*tokenError](err); ok {
		if own, ok := errors.AsType[*collect.Error](token.err); ok {
			return own
		}
		e.Outcome, e.Action, e.Err = inventory.Failed, "authenticate", token
		e.Remedy = "check the credentials that mint the cluster's tokens"
	} else if credentialsFailed(err) {
		e.Outcome, e.Action = inventory.Failed, "authenticate"
		e.Remedy = "run the exec plugin of the kubeconfig's user by hand, as the user that runs Stowage"
	}
	return e
}

// refusal classifies an answer other than 200.
func (k *cluster) refusal(action string, code int, err error) error {
	e := &collect.Error{Outcome: inventory.Failed, Action: action, On: k.on, Err: err}
	switch code {
	case http.StatusUnauthorized:
		e.Outcome, e.Action = inventory.Denied, "authenticate"
		e.Cause = "because the API server does not accept the credentials"
		e.Remedy = "let the cluster know the identity that Stowage uses (on EKS: an access entry in the group that stowage-read is bound to), or renew the kubeconfig's credentials"
	case http.StatusForbidden:
		e.Outcome = inventory.Denied
		e.Remedy = "bind the ClusterRole stowage-read to the user or group that Stowage has in the cluster"
	case http.StatusTooManyRequests:
		e.Outcome = inventory.Throttled
	}
	return e
}

// readStatus turns an answer other than 200 into an error and closes it.
func readStatus(resp *http.Response) error {
	defer resp.Body.Close()
	e := &statusError{code: resp.StatusCode}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxStatus))
	if err != nil {
		return e // The code says enough.
	}
	switch mediaType(resp) {
	case protobufType:
		e.message, _ = scanStatusMessage(b)
	case jsonType:
		var status struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(b, &status) == nil {
			e.message = status.Message
		}
	}
	return e
}

// scanStatusMessage returns the message of an encoded meta/v1.Status.
func scanStatusMessage(b []byte) (string, error) {
	b, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return "", errNotKubernetes
	}
	status, err := submessage(b, 2)
	if err != nil {
		return "", err
	}
	message, err := submessage(status, 3)
	return string(message), err
}

// mediaType returns the answer's media type without parameters.
func mediaType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
