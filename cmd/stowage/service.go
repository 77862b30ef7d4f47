package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/collect/aws"
	"github.com/stowage-dev/stowage/internal/collect/kubernetes"
	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/job"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/embedded"
	"github.com/stowage-dev/stowage/internal/registry"
)

// A database is a store with the private server under it, if there is one.
type database struct {
	*postgres.DB
	server *embedded.Server // nil with a database URL
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
	// Each worker holds a connection only while it writes; the queue, the
	// pages and the API need a few more.
	db.DB, err = postgres.Open(ctx, dsn, c.Collect.Concurrency*2+c.Scan.Concurrency+20)
	return db, err
}

// stopTimeout is how long an orderly end may take.
const stopTimeout = 30 * time.Second

// close closes the store and stops the private server.
func (d *database) close() error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return d.server.Stop(ctx)
}

// sources are the configured accounts and what reads them.
type sources struct {
	aws        *aws.Cloud // nil when AWS is not collected
	kubernetes *kubernetes.Client
	runner     *collect.Runner
}

// openSources prepares the collectors. With AWS set to "auto" and no usable
// credentials, AWS is left out and say is told why.
func openSources(ctx context.Context, c config.Config, log *slog.Logger, say func(string)) (*sources, error) {
	limiter := &collect.Limiter{}
	s := &sources{}
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
			say(fmt.Sprintf("AWS is not collected: %v", err))
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

// awsProbe bounds the look for ambient credentials: off AWS, asking the
// instance metadata service takes this long to fail.
const awsProbe = 20 * time.Second

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
	ctx, cancel := context.WithTimeout(ctx, awsProbe)
	defer cancel()
	_, err = cloud.Roots(ctx)
	return cloud, err
}

// roots returns the scopes that the configuration names.
func (s *sources) roots(ctx context.Context) ([]inventory.ChildScope, error) {
	roots, err := s.kubernetes.Roots()
	if err != nil || s.aws == nil {
		return roots, err
	}
	fromAWS, err := s.aws.Roots(ctx)
	return append(roots, fromAWS...), err
}

// newRegistry returns the client of all registries.
func newRegistry(c config.Registry, cloud *aws.Cloud, log *slog.Logger) (*registry.Client, error) {
	mirrors := make([]registry.Mirror, len(c.Mirrors))
	for i, m := range c.Mirrors {
		mirrors[i] = registry.Mirror(m)
	}
	var credentials []registry.CredentialFunc
	if cloud != nil {
		credentials = append(credentials, cloud.RegistryCredential)
	}
	return registry.New(registry.Options{
		Mirrors: mirrors, Credentials: credentials, DockerConfig: c.DockerConfig, PlainHTTP: c.PlainHTTP,
		CABundle: c.CABundle, PerHost: c.PerHost, UserAgent: "stowage/" + version(), Logger: log,
	})
}

// newJobs returns the client that works all jobs.
func newJobs(c config.Config, db *postgres.DB, s *sources, log *slog.Logger) (*job.Client, error) {
	reg, err := newRegistry(c.Registry, s.aws, log)
	if err != nil {
		return nil, err
	}
	return job.New(job.Options{
		DB: db, Tenant: postgres.DefaultTenant, Logger: log,
		Runner: s.runner, Roots: s.roots, Registry: reg,
		Feeds:        job.Feeds{Locations: c.Advisories.Locations, Ecosystems: c.Advisories.Ecosystems, KEV: c.Advisories.KEV},
		CollectEvery: c.Collect.Every, ImportEvery: c.Advisories.Every,
		Concurrency: c.Collect.Concurrency, Scans: c.Scan.Concurrency,
	})
}

// nothingToCollect is the error of a run that would show an empty page for no
// visible reason.
var nothingToCollect = errors.New("nothing to collect: there are no AWS credentials and no kubeconfig context; " +
	"set AWS_PROFILE or KUBECONFIG, configure accounts (docs/configuration.md), or try `stowage up --demo`")

// checkSources fails when there is nothing to collect.
func (s *sources) checkSources(ctx context.Context) error {
	roots, err := s.roots(ctx)
	if err == nil && len(roots) == 0 {
		err = nothingToCollect
	}
	return err
}

// saying returns a function that prints lines for people.
func saying(w io.Writer) func(string) {
	return func(line string) { fmt.Fprintln(w, line) }
}
