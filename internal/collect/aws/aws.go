// Package aws reads AWS accounts: one file for each service, with the calls
// that it makes and the records that it emits. It only reads.
//
// Clients are made for each use and never passed as an interface: the linker
// then drops the operations that are not used, which are most of the SDK.
package aws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// Options tell which accounts to read and how. The zero value reads the
// account of the ambient credentials, in all its enabled regions.
type Options struct {
	// Profile is a profile of the SDK's shared configuration; empty for the
	// SDK's own choice (AWS_PROFILE, environment, container, instance).
	Profile string
	// SkipAmbient leaves out the account of the ambient credentials, when
	// they serve only to assume roles.
	SkipAmbient bool
	// Roles are assumed with the ambient credentials, one for each account.
	Roles []Role
	// Organization, if enabled, finds the accounts of the organization.
	Organization Organization
	// Regions are the regions to read; empty for those that the account has
	// enabled.
	Regions []string
	// HTTPClient makes all requests; nil for the SDK's configuration
	// (AWS_CA_BUNDLE, proxies).
	HTTPClient *http.Client
	// Limiter is shared with the other users of the process; nil for an own one.
	Limiter *collect.Limiter
	// Logger is nil for the default one.
	Logger *slog.Logger
}

// A Role is an IAM role to assume.
type Role struct {
	ARN string
	// ExternalID is what the role's trust policy asks for; may be empty.
	ExternalID string
}

// An Organization is an AWS organization whose accounts are read.
type Organization struct {
	Enabled bool
	// RoleName is the name, with its path, of the role that is assumed in
	// each member account.
	RoleName string
	// ExternalID is what the trust policy of that role asks for; may be empty.
	ExternalID string
	// ManagementRole is assumed to list the accounts; the ambient credentials
	// are used if its ARN is empty. It may also be in a delegated
	// administrator's account.
	ManagementRole Role
}

// A Cloud reads AWS accounts. It is safe for concurrent use.
type Cloud struct {
	options Options
	log     *slog.Logger
	limiter *collect.Limiter
	base    aws.Config // region, endpoints and HTTP client for everything
	roles   map[string]Role
	// backoff bounds the wait between attempts.
	backoff time.Duration

	credentials *lru[Role, aws.CredentialsProvider]
	indexes     *lru[string, []inventory.PlatformManifest]
	policies    *lru[string, managedPolicy]
	tokens      *lru[registry, registryToken]
	// spool has what is read once of task definitions and functions, in JSON:
	// never an answer, whose strings share their memory with values of the
	// environment.
	spool *spool

	mu       sync.Mutex
	identity callerIdentity // of the ambient credentials, once known
}

// The sizes of the caches, in entries. They bound the memory of a process that
// reads any number of accounts.
const (
	maxCredentials = 4096
	maxIndexes     = 16384
	maxPolicies    = 2048
	maxTokens      = 1024
)

// defaultRegion serves the calls that no region is given for.
const defaultRegion = "us-east-1"

// Open reads the SDK's configuration. It makes no call to AWS.
func Open(ctx context.Context, o Options) (*Cloud, error) {
	roles, err := rolesByAccount(o)
	if err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	base, err := loadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &Cloud{
		options: o, log: o.Logger, limiter: o.Limiter, base: base, roles: roles, backoff: 20 * time.Second,
		credentials: newLRU[Role, aws.CredentialsProvider](maxCredentials),
		indexes:     newLRU[string, []inventory.PlatformManifest](maxIndexes),
		policies:    newLRU[string, managedPolicy](maxPolicies),
		tokens:      newLRU[registry, registryToken](maxTokens),
	}
	c.spool = newSpool(maxSpool, c.log)
	if c.limiter == nil {
		c.limiter = new(collect.Limiter)
	}
	return c, nil
}

// rolesByAccount returns the explicit roles by the account that they are in.
func rolesByAccount(o Options) (map[string]Role, error) {
	var errs []error
	roles := map[string]Role{}
	add := func(r Role) {
		parsed, err := arn.Parse(r.ARN)
		if err != nil || parsed.Service != "iam" || parsed.AccountID == "" {
			errs = append(errs, fmt.Errorf("role %q is not the ARN of an IAM role, such as arn:aws:iam::111122223333:role/stowage-read", r.ARN))
			return
		}
		if was, ok := roles[parsed.AccountID]; ok && was != r {
			errs = append(errs, fmt.Errorf("roles %s and %s are in the same account: keep one", was.ARN, r.ARN))
		}
		roles[parsed.AccountID] = r
	}
	for _, r := range o.Roles {
		add(r)
	}
	if o.Organization.Enabled {
		if o.Organization.RoleName == "" {
			errs = append(errs, errors.New("organization: the name of the role to assume in its accounts is missing"))
		}
		if o.Organization.ManagementRole.ARN != "" {
			add(o.Organization.ManagementRole)
		}
	}
	return roles, errors.Join(errs...)
}

// loadConfig returns the configuration that all clients start from.
func loadConfig(ctx context.Context, o Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{config.WithLogger(sdkLog{ctx, o.Logger})}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.HTTPClient != nil {
		load = append(load, config.WithHTTPClient(o.HTTPClient))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	if cfg.Credentials != nil {
		cfg.Credentials = ambientCredentials{cfg.Credentials}
	}
	if cfg.HTTPClient == nil { // Nothing in the environment asks for another one.
		cfg.HTTPClient = awshttp.NewBuildableClient()
	}
	if buildable, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		// Each SDK client, which lives for one scope, would otherwise build a
		// transport of its own, whose connections outlive it.
		cfg.HTTPClient = sharedClient(buildable.GetTransport())
	}
	return cfg, nil
}

// sharedClient returns the HTTP client of all SDK clients. AWS endpoints
// belong to regions, not accounts, so connections serve all accounts.
func sharedClient(t *http.Transport) *http.Client {
	t.MaxIdleConns = 256
	t.MaxIdleConnsPerHost = 32
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{
		Transport:     t,
		Timeout:       2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Roots returns the scopes that the collection of AWS begins with: the
// accounts that are configured directly and the organization. It asks AWS who
// the ambient credentials are, if they are to be read.
func (c *Cloud) Roots(ctx context.Context) ([]inventory.ChildScope, error) {
	var roots []inventory.ChildScope
	add := func(account, collector string) {
		roots = append(roots, inventory.ChildScope{ScopeKey: inventory.ScopeKey{
			Provider: inventory.AWS, Account: account, Region: inventory.Global, Collector: collector,
		}})
	}
	accounts, err := c.rootAccounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		add(a, account.name)
	}
	if org := c.options.Organization; org.Enabled {
		management := ""
		if role := org.ManagementRole.ARN; role != "" {
			management = accountOf(role)
		} else {
			id, err := c.callerIdentity(ctx)
			if err != nil {
				return nil, err
			}
			management = id.account
		}
		add(management, organizations.name)
	}
	return roots, nil
}

// rootAccounts returns the accounts that are read without an organization.
func (c *Cloud) rootAccounts(ctx context.Context) ([]string, error) {
	var accounts []string
	seen := map[string]bool{}
	for _, r := range c.options.Roles {
		if a := accountOf(r.ARN); !seen[a] {
			seen[a] = true
			accounts = append(accounts, a)
		}
	}
	if c.options.SkipAmbient {
		return accounts, nil
	}
	id, err := c.callerIdentity(ctx)
	if err != nil {
		return nil, err
	}
	if !seen[id.account] {
		accounts = append([]string{id.account}, accounts...)
	}
	return accounts, nil
}

// accountOf returns the account in an ARN, or "".
func accountOf(s string) string {
	parsed, err := arn.Parse(s)
	if err != nil {
		return ""
	}
	return parsed.AccountID
}
