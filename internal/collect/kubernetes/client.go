package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// The parameters of a scope that the collector reads, see
// [inventory.ChildScope]: a stand-alone cluster has only [ParamContext], a
// cluster of a cloud all others.
const (
	// ParamContext is the name of a kubeconfig context.
	ParamContext = "context"
	// ParamEndpoint is the https URL of the API server.
	ParamEndpoint = "endpoint"
	// ParamCA is the base64 encoding of the PEM certificates that sign the
	// server's; empty means the system's.
	ParamCA = "ca"
	// ParamClusterARN begins the UID of all that the cluster holds.
	ParamClusterARN = "cluster_arn"
	// ParamClusterName is the name for people and for [TokenFunc].
	ParamClusterName = "cluster_name"
	// ParamPublic is "false" if the API server has no public address.
	ParamPublic = "endpoint_public_access"
	// ParamAuth names the [TokenFunc] that mints the bearer token.
	ParamAuth = "auth"
)

// A TokenFunc mints a bearer token for a cluster of a cloud. An [collect.Error]
// that it returns is the outcome of the scope.
type TokenFunc func(ctx context.Context, account, region, cluster string) (token string, expires time.Time, err error)

// Options configure a [Client]. The zero value reads no kubeconfig context and
// knows no cloud.
type Options struct {
	// Kubeconfig is the path of a kubeconfig file. Empty means the standard
	// rules: the files in KUBECONFIG, or ~/.kube/config.
	Kubeconfig string
	// Contexts are the contexts to collect as stand-alone clusters: names, ""
	// for the current context, "*" for all.
	Contexts []string
	// Tokens are the clouds' ways to authenticate, by the value of
	// [ParamAuth]: "eks".
	Tokens map[string]TokenFunc
	// Limiter is the process's rate limiter; nil means an own one.
	Limiter *collect.Limiter
	// Timeout bounds one request, its body included; 0 means one minute, as
	// long as API servers take by default.
	Timeout time.Duration
	// UserAgent is sent to API servers, whose audit logs show it; empty means
	// "stowage".
	UserAgent string
	// Logger is where gaps in optional lists go; nil means [slog.Default].
	Logger *slog.Logger
}

// A Client collects Kubernetes clusters. It is safe for concurrent use.
type Client struct {
	options Options
	// pause waits between attempts; tests replace it.
	pause func(ctx context.Context, d time.Duration) error
}

// New returns a client. It reads no file yet: kubeconfig files may change
// while the process runs.
func New(o Options) *Client {
	if o.Limiter == nil {
		o.Limiter = &collect.Limiter{}
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.UserAgent == "" {
		o.UserAgent = "stowage"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Client{options: o, pause: pause}
}

// Roots returns one scope for each chosen kubeconfig context, by name. A chosen
// context that does not exist is an error; no kubeconfig at all is one only if
// it was named.
func (c *Client) Roots() ([]inventory.ChildScope, error) {
	if len(c.options.Contexts) == 0 {
		return nil, nil
	}
	config, err := c.kubeconfig()
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	for _, name := range c.options.Contexts {
		switch {
		case name == "*":
			for known := range config.Contexts {
				chosen[known] = true
			}
			continue
		case name == "" && config.CurrentContext == "":
			continue
		case name == "":
			name = config.CurrentContext
		}
		if config.Contexts[name] == nil {
			return nil, fmt.Errorf("kubeconfig has no context %q; it has: %s", name,
				strings.Join(slices.Sorted(maps.Keys(config.Contexts)), ", "))
		}
		chosen[name] = true
	}
	roots := make([]inventory.ChildScope, 0, len(chosen))
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		roots = append(roots, inventory.ChildScope{
			ScopeKey: inventory.ScopeKey{
				Provider: inventory.Kubernetes, Account: name,
				Region: inventory.Global, Collector: collect.KubernetesCollector,
			},
			Params: map[string]string{ParamContext: name},
		})
	}
	return roots, nil
}

// kubeconfig reads the kubeconfig files.
func (c *Client) kubeconfig() (*clientcmdapi.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.options.Kubeconfig
	rules.WarnIfAllMissing = false
	config, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	return config, nil
}

// Collector returns the collector of all Kubernetes clusters: those of the
// scopes of [Client.Roots] and those that a cloud's collectors found.
func (c *Client) Collector() collect.Collector {
	return collect.Collector{
		Name:     collect.KubernetesCollector,
		Provider: inventory.Kubernetes,
		Kinds:    kinds(),
		Calls:    calls(),
		Collect:  c.collect,
	}
}

// pause waits for d or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
