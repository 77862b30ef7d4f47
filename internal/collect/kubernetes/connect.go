package kubernetes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // kubeconfigs with auth-provider: oidc
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A cluster is a connection to one API server for one collection.
type cluster struct {
	*Client
	// id begins the UID of all that the cluster holds.
	id string
	// name is the cluster's name for people.
	name string
	// on names the cluster in errors.
	on     string
	base   *url.URL
	http   *http.Client
	bucket collect.Bucket
	// private is whether the API server has no public address.
	private bool
	// tokens is nil if the kubeconfig says how to authenticate.
	tokens *tokenSource

	// Lists are read one after the other and share these.
	page     pageReader
	interned interner
	// gaps are the optional calls that were denied.
	gaps []string
}

// connect prepares the connection to the cluster of a scope. It sends nothing
// to the cluster.
func (c *Client) connect(s collect.Scope) (*cluster, error) {
	k := &cluster{Client: c, interned: interner{}}
	var config *rest.Config
	var err error
	if name, ok := s.Params[ParamContext]; ok {
		k.id, k.name, k.on = "kubernetes:"+name, name, "context "+name
		config, err = c.contextConfig(name)
	} else {
		k.id, k.name = s.Params[ParamClusterARN], s.Params[ParamClusterName]
		k.on = fmt.Sprintf("cluster %s of %s/%s", k.name, s.Account, s.Region)
		config, err = k.cloudConfig(s)
	}
	if err != nil {
		return nil, &collect.Error{Outcome: inventory.Failed, Action: "connect", On: k.on, Err: err}
	}
	config.UserAgent = c.options.UserAgent
	if k.base, _, err = rest.DefaultServerURL(config.Host, "", schema.GroupVersion{}, true); err == nil {
		k.http, err = rest.HTTPClientFor(config)
	}
	if err != nil {
		return nil, &collect.Error{
			Outcome: inventory.Failed, Action: "connect", On: k.on, Err: err,
			Remedy: "correct the cluster's endpoint, certificates and user in the kubeconfig",
		}
	}
	// A redirect would carry the credentials to a host that nobody named.
	k.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	k.bucket = collect.Bucket{Account: k.id, Region: s.Region, Class: listClass}
	return k, nil
}

// contextConfig returns the configuration of a kubeconfig context, exec
// plugins such as "aws eks get-token" included.
func (c *Client) contextConfig(name string) (*rest.Config, error) {
	kubeconfig, err := c.kubeconfig()
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*kubeconfig, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	if config.ExecProvider != nil {
		config.ExecProvider.StdinUnavailable = true
		config.ExecProvider.StdinUnavailableMessage = "stowage collects without a terminal"
	}
	return config, nil
}

// cloudConfig returns the configuration of a cluster that a cloud's collector
// found.
func (k *cluster) cloudConfig(s collect.Scope) (*rest.Config, error) {
	endpoint := s.Params[ParamEndpoint]
	if k.id == "" || k.name == "" {
		return nil, errors.New("the scope names no cluster")
	}
	if !strings.HasPrefix(endpoint, "https://") {
		return nil, fmt.Errorf("the endpoint %q is not an https URL", endpoint)
	}
	mint, ok := k.options.Tokens[s.Params[ParamAuth]]
	if !ok {
		return nil, fmt.Errorf("no way to authenticate by %q is configured", s.Params[ParamAuth])
	}
	ca, err := base64.StdEncoding.DecodeString(s.Params[ParamCA])
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	k.private = s.Params[ParamPublic] == "false"
	k.tokens = &tokenSource{mint: func(ctx context.Context) (string, time.Time, error) {
		return mint(ctx, s.Account, s.Region, k.name)
	}}
	config := &rest.Config{Host: endpoint, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &tokenTransport{tokens: k.tokens, next: next}
	})
	return config, nil
}

// A tokenSource keeps a minted token until shortly before it expires.
type tokenSource struct {
	mint func(context.Context) (string, time.Time, error)

	mu      sync.Mutex
	value   string
	expires time.Time
}

// tokenMargin is how long a token must still be valid to be used.
const tokenMargin = time.Minute

func (t *tokenSource) token(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != "" && time.Until(t.expires) > tokenMargin {
		return t.value, nil
	}
	value, expires, err := t.mint(ctx)
	if err != nil {
		return "", &tokenError{err}
	}
	t.value, t.expires = value, expires
	return value, nil
}

// forget makes the next request mint a new token.
func (t *tokenSource) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = ""
}

// A tokenError tells a token that could not be minted from a cluster that
// could not be reached.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "mint a token: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// A tokenTransport authenticates requests by a bearer token.
type tokenTransport struct {
	tokens *tokenSource
	next   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.tokens.token(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return t.next.RoundTrip(r)
}

// WrappedRoundTripper lets the connections of the wrapped transport be closed.
func (t *tokenTransport) WrappedRoundTripper() http.RoundTripper { return t.next }
