package job

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
)

// CollectArgs ask for the collection of all scopes of one account. A job per
// account, not per scope, keeps the queue's own writes small against an estate
// that did not change.
type CollectArgs struct {
	Tenant   int                `json:"tenant" river:"unique"`
	Provider inventory.Provider `json:"provider" river:"unique"`
	Account  string             `json:"account" river:"unique"`
}

// Kind implements [river.JobArgs].
func (CollectArgs) Kind() string { return "collect" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (CollectArgs) InsertOpts() river.InsertOpts { return *options(collectQueue, normal) }

// How many scopes are collected at a time: of one account, and of all that a
// process collects. The second one bounds the memory of a collection, however
// many accounts there are: each scope holds answers, records and the stacks of
// its calls, even while it waits for the provider's rate limit.
const (
	scopesAtOnce    = 6
	allScopesAtOnce = 64
)

// appliesAtOnce is how many scopes of all accounts are written at a time. Reading
// mostly waits for the providers, so there are many readers; what they found is
// written by few, which bounds the database's load and the memory for its rows.
const appliesAtOnce = 4

// collectWorker collects the scopes of an account, level by level: each level
// is what the one before it found.
type collectWorker struct {
	river.WorkerDefaults[CollectArgs]
	client *Client
	// scopes has allScopesAtOnce places and applies appliesAtOnce.
	scopes, applies chan struct{}
}

// enter takes one of places and returns how to give it back.
func enter(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// abandonTimeout is how long a pass that was cut short may take to record what
// it has seen.
const abandonTimeout = 5 * time.Second

// Timeout implements [river.Worker].
func (*collectWorker) Timeout(*river.Job[CollectArgs]) time.Duration { return longTimeout }

// Work implements [river.Worker]. A try that was cut short goes on where it
// ended: a scope that was tried since the job was enqueued is not tried again.
func (w *collectWorker) Work(ctx context.Context, job *river.Job[CollectArgs]) error {
	a, start := job.Args, time.Now()
	pass, err := w.client.opts.DB.BeginPass(ctx, a.Tenant, postgres.AccountKey{Provider: a.Provider, Account: a.Account})
	if err != nil {
		return err
	}
	c := &collection{worker: w, pass: pass, tenant: a.Tenant, since: job.CreatedAt, done: map[inventory.ScopeKey]bool{}}
	for more := true; more && err == nil; {
		if err = c.levels(ctx); err == nil {
			err = pass.End(ctx)
		}
		if err != nil {
			break
		}
		// The collection of another account may have added a scope since.
		more, err = finish(ctx, w.client, job, func(ctx context.Context, tx pgx.Tx) (bool, error) {
			scopes, err := postgres.ScopesOf(ctx, tx, a.Tenant, a.Provider, a.Account)
			return len(c.due(scopes)) > 0, err
		})
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
		defer cancel()
		err = errors.Join(err, pass.Abandon(ctx))
	}
	if errors.Is(err, postgres.ErrSuperseded) {
		w.client.opts.Logger.InfoContext(ctx, "collect superseded", "provider", a.Provider, "account", a.Account)
		return nil
	}
	if err == nil {
		w.client.opts.Logger.InfoContext(ctx, "collect account done", "provider", a.Provider, "account", a.Account,
			"scopes", len(c.done), "reading", time.Duration(c.reading.Load()), "applying", time.Duration(c.applying.Load()),
			"duration", time.Since(start))
	}
	return err
}

// A collection is the work of one job: the scopes of an account, level by
// level.
type collection struct {
	worker *collectWorker
	pass   *postgres.Pass
	tenant int
	// since is when the job was enqueued.
	since time.Time
	done  map[inventory.ScopeKey]bool
	// reading and applying are the time that all scopes together took, in
	// nanoseconds.
	reading, applying atomic.Int64
}

// levels collects level after level, but no scope that is done or was tried
// since.
func (c *collection) levels(ctx context.Context) error {
	for {
		scopes, err := c.pass.Scopes(ctx)
		if err != nil {
			return err
		}
		due := c.due(scopes)
		if len(due) == 0 {
			return nil
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(scopesAtOnce)
		for _, s := range due {
			c.done[s.ScopeKey] = true
			g.Go(func() error { return c.collect(gctx, s) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}

// due returns the scopes of the next level. Collectors that read the
// inventory wait until nothing else is due.
func (c *collection) due(scopes []postgres.ScopeState) []postgres.ScopeState {
	var first, last []postgres.ScopeState
	for _, s := range scopes {
		if c.done[s.ScopeKey] || (!s.TriedAt.IsZero() && s.TriedAt.After(c.since)) {
			continue
		}
		if c.worker.client.opts.Runner.ReadsInventory(s.ScopeKey) {
			last = append(last, s)
		} else {
			first = append(first, s)
		}
	}
	if len(first) > 0 {
		return first
	}
	return last
}

// collect runs one scope and applies what it saw.
func (c *collection) collect(ctx context.Context, s postgres.ScopeState) (err error) {
	leave, err := enter(ctx, c.worker.scopes)
	if err != nil {
		return err
	}
	defer leave()
	opts := c.worker.client.opts
	snapshot := postgres.NewSnapshot(s.ScopeKey)
	defer func() { err = errors.Join(err, snapshot.Close()) }()

	start := time.Now()
	result, err := opts.Runner.Run(ctx, collect.Scope{
		ScopeKey: s.ScopeKey, Params: s.Params, Known: opts.DB.Known(c.tenant), Facts: opts.DB.Facts(c.tenant, s.ScopeKey),
	}, snapshot)
	read := time.Since(start)
	c.reading.Add(int64(read))
	if errors.Is(err, collect.ErrNoCollector) {
		// Another process found the scope with another configuration.
		result = inventory.ScopeResult{
			Outcome: inventory.Failed, Reason: err.Error(), Remedy: "give all processes the same configuration",
		}
	} else if err != nil {
		return err
	}
	if leave, err = enter(ctx, c.worker.applies); err != nil {
		return err
	}
	defer leave()
	begun := time.Now()
	_, err = opts.DB.Apply(ctx, postgres.Run{
		Tenant: c.tenant, Pass: c.pass, Token: s.Run, Snapshot: snapshot, Result: result, Duration: read, Check: checkWorkload,
	}, func(ctx context.Context, tx pgx.Tx, changes postgres.Changes) error {
		return c.worker.follow(ctx, tx, c.tenant, changes)
	})
	c.applying.Add(int64(time.Since(begun)))
	if errors.Is(err, postgres.ErrSuperseded) {
		opts.Logger.InfoContext(ctx, "collect superseded", "scope", s.String())
		return nil
	}
	return err
}

// follow enqueues what the changes of a scope make necessary.
func (w *collectWorker) follow(ctx context.Context, tx pgx.Tx, tenant int, changes postgres.Changes) error {
	accounts := map[postgres.AccountKey]bool{}
	for _, child := range changes.Children {
		if child.Provider != changes.Scope.Provider || child.Account != changes.Scope.Account {
			accounts[postgres.AccountKey{Provider: child.Provider, Account: child.Account}] = true
		}
	}
	if err := w.client.collectAccounts(ctx, tx, accounts); err != nil {
		return err
	}
	refs, err := postgres.UnreadReferences(ctx, tx, tenant, changes.Workloads)
	if err != nil {
		return fmt.Errorf("references to read: %w", err)
	}
	return w.client.insertTx(ctx, tx, resolveJobs(tenant, refs))
}
