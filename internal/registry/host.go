package registry

import (
	"context"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/image"
)

// A host is the state of one registry host, shared by all its repositories.
type host struct {
	// name is the host as references have it.
	name string
	// base is the URL that /v2/… is appended to: of the host or its mirror.
	base url.URL
	// mirrored is whether base is a mirror's.
	mirrored bool
	// slots bounds the requests and open downloads.
	slots chan struct{}

	mu        sync.Mutex
	notBefore time.Time
}

// host returns the state of a registry host.
func (c *Client) host(name string) *host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[name]
	if !ok {
		h = c.newHost(name)
		c.hosts[name] = h
	}
	return h
}

func (c *Client) newHost(name string) *host {
	h := &host{name: name, slots: make(chan struct{}, c.opts.PerHost)}
	for _, m := range c.opts.Mirrors {
		if matches(m.Host, name) {
			u, _ := url.Parse(m.Endpoint) // New has checked it.
			h.base, h.mirrored = *u, true
			return h
		}
	}
	h.base = url.URL{Scheme: "https", Host: name}
	if name == "docker.io" {
		// Docker Hub's registry never was at the name that references use.
		h.base.Host = "registry-1.docker.io"
	}
	for _, p := range c.opts.PlainHTTP {
		if matches(p, name) {
			h.base.Scheme = "http"
		}
	}
	return h
}

func matches(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // New has checked the pattern.
	return ok
}

// acquire waits for a slot of the host. The caller returns it by release.
func (h *host) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *host) release() { <-h.slots }

// pause keeps requests from the host for d.
func (h *host) pause(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := time.Now().Add(d); t.After(h.notBefore) {
		h.notBefore = t
	}
}

// paused returns for how long the host wants no requests.
func (h *host) paused() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(time.Until(h.notBefore), 0)
}

// A target is something in a repository of a host.
type target struct {
	*host
	repository string
	// object is the tag or digest that errors name.
	object string
	// page is the query of a page of a list; empty for the first.
	page string
}

// target checks ref, which may have been built without
// [image.ParseReference], so that its parts can go into a URL path.
func (c *Client) target(ref image.Reference) (target, error) {
	checked, err := image.ParseReference(ref.String())
	if err != nil {
		return target{}, &Error{Kind: Malformed, Host: ref.Host, Repository: ref.Repository, Err: err}
	}
	object := checked.Digest
	if object == "" {
		object = checked.Tag
	}
	return target{host: c.host(checked.Host), repository: checked.Repository, object: object}, nil
}

// url returns the URL of an object of the repository; class is "manifests",
// "blobs" or "referrers".
func (t target) url(class string) string {
	u := t.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/v2/" + t.repository + "/" + class + "/" + t.object
	query, _ := url.ParseQuery(t.page) // Of a query that is none, the rest.
	if t.mirrored {
		query.Set("ns", t.name)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// fail returns err as a failure of the target, unless it is one already.
func (t target) fail(kind Kind, err error) error {
	return &Error{Kind: kind, Host: t.name, Repository: t.repository, Object: t.object, Err: err}
}
