package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/image"
)

// Options configure a [Client]. The zero value pulls anonymously over HTTPS.
type Options struct {
	// Mirrors replace registry hosts; the first that matches is used. There
	// is no way back to the host itself when the mirror fails: in a closed
	// network that would only hide the reason.
	Mirrors []Mirror
	// Credentials are asked in order until one knows the host.
	Credentials []CredentialFunc
	// DockerConfig is whether the Docker (or Podman) configuration of the
	// user that runs the process, with its credential helpers, is asked
	// after Credentials.
	DockerConfig bool
	// PlainHTTP are patterns in the syntax of [path.Match] of the hosts, with
	// port, that are asked without TLS.
	PlainHTTP []string
	// CABundle is the path of a PEM file with authorities that are trusted in
	// addition to the system's. It needs Transport to be nil.
	CABundle string
	// BaseHosts are patterns in the syntax of [path.Match] of the hosts that
	// are asked for the base images which images name; none means only that
	// of the image itself.
	BaseHosts []string
	// PerHost is the number of requests and open downloads at a time for
	// each host; 0 means 4.
	PerHost int
	// Transport makes the requests; nil means a transport with timeouts, the
	// proxies of the environment, and no way to link-local addresses.
	Transport http.RoundTripper
	// UserAgent is sent with each request; empty means "stowage".
	UserAgent string
	// Logger is told of retries; nil means [slog.Default].
	Logger *slog.Logger
}

// A Mirror is a registry that answers for other hosts. Requests go to the
// path of Endpoint followed by the usual /v2/…, with the original host in the
// query parameter ns, as containerd sends them. The mirror is sent the
// credentials of the original host.
type Mirror struct {
	// Host is a pattern of original hosts in the syntax of [path.Match]:
	// "docker.io", "*.dkr.ecr.*.amazonaws.com".
	Host string
	// Endpoint is an http or https URL.
	Endpoint string
}

// A CredentialFunc returns the credentials for a registry host, and when they
// expire (zero when unknown). ok is false for hosts it has none for. It may be
// called at any time and by several goroutines.
type CredentialFunc func(ctx context.Context, host string) (user, password string, expires time.Time, ok bool, err error)

// A Source is one image, or one index of images for several platforms,
// wherever it is stored.
type Source interface {
	// Image returns the image for the platform, and its configuration as
	// published. The configuration may hold secrets, such as the values of
	// environment variables, that [image.Manifest] does not: it must not be
	// stored or logged.
	Image(ctx context.Context, platform image.Platform) (image.Manifest, []byte, error)
	// Blob opens content by the digest and size of its descriptor. Only a
	// Read that returns [io.EOF] proves that what was read is the content;
	// wrong content is an error in place of it. The caller closes it.
	Blob(ctx context.Context, digest string, size int64) (io.ReadCloser, error)
}

// A Client reads images from registries. It is safe for concurrent use.
type Client struct {
	opts Options
	http *http.Client
	auth *authorizer
	log  *slog.Logger
	// wait sleeps, or returns early with the context's error. Tests replace
	// it.
	wait func(context.Context, time.Duration) error
	// stall is stallTimeout, except in tests.
	stall time.Duration

	mu    sync.Mutex
	hosts map[string]*host
}

// New returns a client. It fails when the options contradict each other or
// the CA bundle cannot be read.
func New(o Options) (*Client, error) {
	for i, m := range o.Mirrors {
		if _, err := path.Match(m.Host, ""); err != nil {
			return nil, fmt.Errorf("registry mirror %d: host pattern %q: %w", i, m.Host, err)
		}
		u, err := url.Parse(m.Endpoint)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("registry mirror of %q: endpoint %q is not an http or https URL of a host and a path", m.Host, m.Endpoint)
		}
	}
	for _, p := range o.BaseHosts {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("registry of base images %q: %w", p, err)
		}
	}
	for _, p := range o.PlainHTTP {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("plain HTTP registry %q: %w", p, err)
		}
	}
	if o.Transport != nil && o.CABundle != "" {
		return nil, errors.New("registry: a CA bundle has no effect on a transport that was given")
	}
	o.PerHost = cmp.Or(max(o.PerHost, 0), 4)
	if o.Transport == nil {
		t, err := newTransport(o.CABundle, o.PerHost)
		if err != nil {
			return nil, err
		}
		o.Transport = t
	}
	o.Transport = userAgent{name: cmp.Or(o.UserAgent, "stowage"), next: o.Transport}
	return &Client{
		opts:  o,
		http:  &http.Client{Transport: o.Transport, CheckRedirect: checkRedirect},
		auth:  newAuthorizer(o),
		log:   cmp.Or(o.Logger, slog.Default()),
		wait:  wait,
		stall: stallTimeout,
		hosts: map[string]*host{},
	}, nil
}

// Source returns the image at ref. A tag may mean another image at each call.
func (c *Client) Source(ref image.Reference) Source { return remoteSource{c, ref} }

// Image returns the image for the platform at ref, and its configuration as
// published; see [Source.Image].
func (c *Client) Image(ctx context.Context, ref image.Reference, platform image.Platform) (image.Manifest, []byte, error) {
	return c.Source(ref).Image(ctx, platform)
}

// remoteSource is the [Source] of one reference.
type remoteSource struct {
	client *Client
	ref    image.Reference
}

func (s remoteSource) Image(ctx context.Context, platform image.Platform) (image.Manifest, []byte, error) {
	doc, err := s.client.Manifest(ctx, s.ref)
	if err != nil {
		return image.Manifest{}, nil, err
	}
	m, config, err := readImage(ctx, s, doc, platform)
	if err != nil {
		return image.Manifest{}, nil, locate(err, s.ref.Host, s.ref.Repository, doc.Digest)
	}
	return m, config, nil
}

func (s remoteSource) Blob(ctx context.Context, digest string, size int64) (io.ReadCloser, error) {
	return s.client.Blob(ctx, s.ref, digest, size)
}

func (s remoteSource) document(ctx context.Context, digest string) (*Document, error) {
	return s.client.Manifest(ctx, s.ref.At(digest))
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
