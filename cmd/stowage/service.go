package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/collect/aws"
	"github.com/stowage-dev/stowage/internal/collect/kubernetes"
	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/job"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/embedded"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// A database is a store with the private server under it, if there is one.
type database struct {
	*postgres.DB
	server *embedded.Server // nil with a database URL
	watch  sync.WaitGroup
	failed bool // the server ended by itself, which was told
}

// openDatabase opens the configured database, or starts the private one, and
// brings its schema up to date. say is told what a person may wait for.
func openDatabase(ctx context.Context, c config.Config, log *slog.Logger, say func(string)) (_ *database, err error) {
	dsn := c.DatabaseURL.Reveal()
	db := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.close())
		}
	}()
	if dsn == "" {
		db.server, err = embedded.Start(ctx, embedded.Options{DataDir: c.DataDir, Logger: log, Progress: say})
		if err != nil {
			return db, fmt.Errorf("private PostgreSQL: %w", err)
		}
		dsn = db.server.ConnString()
	}
	if _, err := postgres.Migrate(ctx, dsn); err != nil {
		return db, err
	}
	db.DB, err = postgres.Open(ctx, dsn, connections(c))
	return db, err
}

// maxCollecting is the most connections that are kept for collections. They
// hold one only while they read or write the inventory, not while they wait for
// a provider.
const maxCollecting = 16

// connections returns how many connections to the database a process has at
// most: the queue, the pages and the API need a few more than the workers.
func connections(c config.Config) int {
	return min(c.Collect.Concurrency, maxCollecting) + c.Scan.Concurrency + 20
}

// onFailure calls fail when the private server ends before ctx does.
func (d *database) onFailure(ctx context.Context, fail func(error)) {
	if d.server == nil {
		return
	}
	d.watch.Go(func() {
		select {
		case <-ctx.Done():
		case <-d.server.Done():
			d.failed = true
			fail(fmt.Errorf("the private PostgreSQL ended: %w", cmp.Or(d.server.Err(), errors.New("somebody stopped it"))))
		}
	})
}

// stopTimeout is how long an orderly end may take.
const stopTimeout = 30 * time.Second

// close closes the store and stops the private server. The context of
// onFailure must have ended.
func (d *database) close() error {
	d.watch.Wait()
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := d.server.Stop(ctx); !d.failed {
		return err
	}
	return nil
}

// sources are the configured accounts and what reads them.
type sources struct {
	aws        *aws.Cloud // nil when AWS is switched off or its configuration cannot be read
	kubernetes *kubernetes.Client
	runner     *collect.Runner
	clusters   bool // contexts of the kubeconfig are to be collected

	mu       sync.Mutex
	awsErr   error     // why AWS could not be asked for its roots when it last was
	awsAsked time.Time // when that was
	awsUsed  bool      // it could be asked once
}

// openSources prepares the collectors. It makes no call to a cloud.
func openSources(ctx context.Context, c config.Config, log *slog.Logger) (*sources, error) {
	limiter := &collect.Limiter{}
	s := &sources{clusters: len(c.Kubernetes.Contexts) > 0}
	tokens := map[string]kubernetes.TokenFunc{}
	if c.AWS.Enabled != "false" {
		cloud, err := openAWS(ctx, c.AWS, limiter, log)
		switch {
		case err == nil:
			s.aws = cloud
			tokens["eks"] = cloud.EKSToken
		case c.AWS.Enabled == "true":
			return nil, err
		default:
			s.awsErr = err
		}
	}
	contexts := make([]string, 0, len(c.Kubernetes.Contexts))
	for _, name := range c.Kubernetes.Contexts {
		if name == "current" {
			name = "" // The collector's word for it.
		}
		contexts = append(contexts, name)
	}
	s.kubernetes = kubernetes.New(kubernetes.Options{
		Kubeconfig: c.Kubernetes.Kubeconfig, Contexts: contexts, Tokens: tokens, Limiter: limiter,
		UserAgent: "stowage/" + version(), Logger: log,
	})
	collectors := []collect.Collector{s.kubernetes.Collector()}
	if s.aws != nil {
		collectors = append(collectors, s.aws.Collectors()...)
	}
	var err error
	if s.runner, err = collect.NewRunner(collectors...); err != nil {
		return nil, err
	}
	return s, nil
}

func openAWS(ctx context.Context, c config.AWS, limiter *collect.Limiter, log *slog.Logger) (*aws.Cloud, error) {
	roles := make([]aws.Role, len(c.Roles))
	for i, r := range c.Roles {
		roles[i] = aws.Role(r)
	}
	cloud, err := aws.Open(ctx, aws.Options{
		Profile: c.Profile, Roles: roles, SkipAmbient: len(roles) > 0, Regions: c.Regions, Limiter: limiter, Logger: log,
		Organization: aws.Organization{
			Enabled: c.Organization.Enabled, RoleName: c.Organization.RoleName, ExternalID: c.Organization.ExternalID,
			ManagementRole: aws.Role{ARN: c.Organization.ManagementRole},
		},
	})
	if err != nil {
		return nil, err
	}
	return cloud, nil
}

const (
	// awsProbe bounds the question whose the ambient credentials are: off AWS,
	// asking the instance metadata service takes this long to fail.
	awsProbe = 20 * time.Second
	// awsAgain is how long a failure of that question is believed.
	awsAgain = 5 * time.Minute
)

// awsRoots returns the scopes that the collection of AWS begins with.
func (s *sources) awsRoots(ctx context.Context) ([]inventory.ChildScope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aws == nil || (s.awsErr != nil && time.Since(s.awsAsked) < awsAgain) {
		return nil, s.awsErr
	}
	probe, cancel := context.WithTimeout(ctx, awsProbe)
	defer cancel()
	roots, err := s.aws.Roots(probe)
	if ctx.Err() == nil {
		s.awsErr, s.awsAsked = err, time.Now()
		s.awsUsed = s.awsUsed || err == nil
	}
	return roots, err
}

// errNoContext is why clusters that were collected before are not given up
// when the kubeconfig vanishes.
var errNoContext = errors.New("there is no kubeconfig, or it has no current context")

// roots returns the scopes that the configuration names. A provider without
// credentials is unknown, not empty: those may have expired.
func (s *sources) roots(ctx context.Context) job.Roots {
	roots := job.Roots{Unknown: map[inventory.Provider]error{}}
	add := func(p inventory.Provider, scopes []inventory.ChildScope, err error) {
		roots.Scopes = append(roots.Scopes, scopes...)
		if err != nil {
			roots.Unknown[p] = err
		}
	}
	scopes, err := s.kubernetes.Roots()
	if err == nil && len(scopes) == 0 && s.clusters {
		err = errNoContext
	}
	add(inventory.Kubernetes, scopes, err)
	scopes, err = s.awsRoots(ctx)
	add(inventory.AWS, scopes, err)
	return roots
}

// registryCredential returns the credential of a registry of AWS.
func (s *sources) registryCredential(ctx context.Context, host string) (user, password string, expires time.Time, ok bool, err error) {
	s.mu.Lock()
	used := s.awsUsed
	s.mu.Unlock()
	if !used {
		return "", "", time.Time{}, false, nil
	}
	return s.aws.RegistryCredential(ctx, host)
}

// newRegistry returns the client of all registries.
func newRegistry(c config.Registry, log *slog.Logger, credentials ...registry.CredentialFunc) (*registry.Client, error) {
	mirrors := make([]registry.Mirror, len(c.Mirrors))
	for i, m := range c.Mirrors {
		mirrors[i] = registry.Mirror(m)
	}
	return registry.New(registry.Options{
		Mirrors: mirrors, Credentials: credentials, DockerConfig: c.DockerConfig, PlainHTTP: c.PlainHTTP,
		CABundle: c.CABundle, PerHost: c.PerHost, BaseHosts: c.BaseHosts, UserAgent: "stowage/" + version(), Logger: log,
	})
}

// newJobs returns the client that works all jobs.
func newJobs(c config.Config, db *postgres.DB, s *sources, log *slog.Logger) (*job.Client, error) {
	reg, err := newRegistry(c.Registry, log, s.registryCredential)
	if err != nil {
		return nil, err
	}
	var trusted []image.TrustedBase
	for _, b := range c.Scan.TrustedBases {
		trusted = append(trusted, image.TrustedBase(b))
	}
	index, err := openJavaIndex(c.Scan.JavaIndex)
	if err != nil {
		return nil, err
	}
	secrets, err := openSecrets(c.Scan)
	if err != nil {
		return nil, err
	}
	return job.New(job.Options{
		DB: db, Tenant: postgres.DefaultTenant, Logger: log,
		Runner: s.runner, Roots: s.roots, Registry: reg, TrustedBases: trusted,
		Feeds:        job.Feeds{Locations: c.Advisories.Locations, Ecosystems: c.Advisories.Ecosystems, KEV: c.Advisories.KEV},
		CollectEvery: c.Collect.Every, ImportEvery: c.Advisories.Every,
		Concurrency: c.Collect.Concurrency, Scans: c.Scan.Concurrency, JavaIndex: index, Secrets: secrets,
		Heavy: limitMemory(),
	})
}

// openJavaIndex opens the index of Java archives for as long as the process
// runs; without a name there is none.
func openJavaIndex(name string) (*scan.JavaIndex, error) {
	if name == "" {
		return nil, nil
	}
	return scan.OpenJavaIndex(name)
}

// openSecrets reads what the configuration says of secrets in images.
func openSecrets(c config.Scan) (job.Secrets, error) {
	allow, err := secret.OpenAllowList(c.SecretAllow)
	if err != nil {
		return job.Secrets{}, fmt.Errorf("scan.secret_allow: %w", err)
	}
	s := job.Secrets{Off: !c.Secrets, Allow: allow}
	if key := c.SecretKey.Reveal(); key != "" {
		if s.Key, err = secret.ParseKey(key); err != nil {
			return job.Secrets{}, fmt.Errorf("scan.secret_key: %w", err)
		}
	}
	return s, nil
}

// errNothing is the error of a run that would show an empty page for no
// visible reason.
var errNothing = errors.New("nothing to collect: there are no AWS credentials and no kubeconfig context; " +
	"set AWS_PROFILE or KUBECONFIG, configure accounts (docs/configuration.md), or try `stowage up --demo`")

// check fails when there is nothing to collect, or when what the configuration
// names explicitly cannot be. say is told what else is left out, and why.
func (s *sources) check(ctx context.Context, c config.Config, say func(string)) error {
	roots := s.roots(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := roots.Unknown[inventory.Kubernetes]; err != nil && err != errNoContext {
		return err
	}
	if err := roots.Unknown[inventory.AWS]; err != nil {
		if c.AWS.Enabled == "true" {
			return err
		}
		say(fmt.Sprintf("AWS is not collected: %v", err))
	}
	if len(roots.Scopes) == 0 {
		return errNothing
	}
	return nil
}

// saying returns a function that prints lines for people.
func saying(w io.Writer) func(string) {
	return func(line string) { fmt.Fprintln(w, line) }
}
