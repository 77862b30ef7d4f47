// Package client speaks to the HTTP API of a Stowage server.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/view"
)

// DefaultURL is where a server listens unless told otherwise.
const DefaultURL = "http://127.0.0.1:8080"

// prefix begins the paths of the API.
const prefix = "/api/v1"

// A Client speaks to one server. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the server at base, an http or https URL.
func New(base string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server URL %q is not an http or https URL, such as %s", base, DefaultURL)
	}
	return &Client{
		base: strings.TrimSuffix(base, "/"),
		// Exports stream for as long as they need: the wait for an answer is
		// bounded, its length is not.
		http: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 2 * time.Minute, ForceAttemptHTTP2: true,
		}},
	}, nil
}

// An Error is an answer that says no: RFC 9457 problem details.
type Error struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Errors are the parts of the problem or, of a name that several things
	// have, those things.
	Errors []ErrorDetail `json:"errors"`
}

// An ErrorDetail is a part of a problem.
type ErrorDetail struct {
	Message  string `json:"message"`
	Location string `json:"location"`
	// Value is what is wrong or, of a name that several things have, the key
	// by which to ask for this one.
	Value any `json:"value"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Status == http.StatusConflict && len(e.Errors) > 0 {
		lines := []string{e.Detail + ":"}
		for _, d := range e.Errors {
			lines = append(lines, fmt.Sprintf("  %v  %s", d.Value, d.Message))
		}
		return strings.Join(lines, "\n")
	}
	parts := []string{e.Detail}
	for _, d := range e.Errors {
		parts = append(parts, strings.TrimSpace(d.Location+" "+d.Message))
	}
	if message := strings.Trim(strings.Join(parts, "; "), "; "); message != "" {
		return message
	}
	return fmt.Sprintf("the server answered %d %s", e.Status, e.Title)
}

// maxProblem bounds what is read of an answer that says no, in bytes.
const maxProblem = 64 << 10

// Open requests a path below the API's prefix and returns the body of a
// successful answer.
func (c *Client) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	target := c.base + prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", path, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("no answer from %s: %w; start a server with `stowage up`, or name it with --url or STOWAGE_URL", c.base, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	problem := &Error{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && json.Unmarshal(data, problem) != nil {
		problem.Detail = fmt.Sprintf("%s answered %s and no problem details: is it a Stowage server?", c.base, resp.Status)
	}
	return nil, problem
}

// Get requests a path and decodes the answer.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var v T
	body, err := c.Open(ctx, path, query)
	if err != nil {
		return v, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&v); err != nil {
		return v, fmt.Errorf("answer of %s%s%s: %w", c.base, prefix, path, err)
	}
	return v, nil
}

// List requests the pages of a list one by one, for as long as the items are
// wanted.
func List[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		for {
			page, err := Get[view.Page[T]](ctx, c, path, q)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("cursor", page.Next)
		}
	}
}
