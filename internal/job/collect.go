package job

import (
	"context"
	"errors"
	"fmt"
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

// scopesAtOnce is how many scopes of one account are collected at a time.
const scopesAtOnce = 6

// collectWorker collects the scopes of an account, level by level: each level
// is what the one before it found.
type collectWorker struct {
	river.WorkerDefaults[CollectArgs]
	client *Client
}

// abandonTimeout is how long a pass that was cut short may take to record what
// it has seen.
const abandonTimeout = 5 * time.Second

// Timeout implements [river.Worker].
func (*collectWorker) Timeout(*river.Job[CollectArgs]) time.Duration { return longTimeout }

// Work implements [river.Worker]. A try that was cut short goes on where it
// ended: a scope that was tried since the job was enqueued is not tried again.
func (w *collectWorker) Work(ctx context.Context, job *river.Job[CollectArgs]) error {
	a := job.Args
	pass, err := w.client.opts.DB.BeginPass(ctx, a.Tenant, postgres.AccountKey{Provider: a.Provider, Account: a.Account})
	if err != nil {
		return err
	}
	done := map[inventory.ScopeKey]bool{}
	for more := true; more && err == nil; {
		if err = w.levels(ctx, pass, done, a.Tenant, job.CreatedAt); err == nil {
			err = pass.End(ctx)
		}
		if err != nil {
			break
		}
		// The collection of another account may have added a scope since.
		more, err = finish(ctx, w.client, job, func(ctx context.Context, tx pgx.Tx) (bool, error) {
			scopes, err := postgres.ScopesOf(ctx, tx, a.Tenant, a.Provider, a.Account)
			return len(w.due(scopes, done, job.CreatedAt)) > 0, err
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
	return err
}

// levels collects level after level, but no scope that is done or was tried
// since.
func (w *collectWorker) levels(ctx context.Context, pass *postgres.Pass, done map[inventory.ScopeKey]bool, tenant int, since time.Time) error {
	for {
		scopes, err := pass.Scopes(ctx)
		if err != nil {
			return err
		}
		due := w.due(scopes, done, since)
		if len(due) == 0 {
			return nil
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(scopesAtOnce)
		for _, s := range due {
			done[s.ScopeKey] = true
			g.Go(func() error { return w.collect(gctx, pass, tenant, s) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}

// due returns the scopes of the next level. Collectors that read the
// inventory wait until nothing else is due.
func (w *collectWorker) due(scopes []postgres.ScopeState, done map[inventory.ScopeKey]bool, since time.Time) []postgres.ScopeState {
	var first, last []postgres.ScopeState
	for _, s := range scopes {
		if done[s.ScopeKey] || (!s.TriedAt.IsZero() && s.TriedAt.After(since)) {
			continue
		}
		if w.client.opts.Runner.ReadsInventory(s.ScopeKey) {
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
func (w *collectWorker) collect(ctx context.Context, pass *postgres.Pass, tenant int, s postgres.ScopeState) (err error) {
	db := w.client.opts.DB
	snapshot := postgres.NewSnapshot(s.ScopeKey)
	defer func() { err = errors.Join(err, snapshot.Close()) }()

	start := time.Now()
	result, err := w.client.opts.Runner.Run(ctx, collect.Scope{
		ScopeKey: s.ScopeKey, Params: s.Params, Known: db.Known(tenant), Facts: db.Facts(tenant, s.ScopeKey),
	}, snapshot)
	if errors.Is(err, collect.ErrNoCollector) {
		// Another process found the scope with another configuration.
		result = inventory.ScopeResult{
			Outcome: inventory.Failed, Reason: err.Error(), Remedy: "give all processes the same configuration",
		}
	} else if err != nil {
		return err
	}
	_, err = db.Apply(ctx, postgres.Run{
		Tenant: tenant, Pass: pass, Token: s.Run, Snapshot: snapshot, Result: result, Duration: time.Since(start), Check: checkWorkload,
	}, func(ctx context.Context, tx pgx.Tx, changes postgres.Changes) error {
		return w.follow(ctx, tx, tenant, changes)
	})
	if errors.Is(err, postgres.ErrSuperseded) {
		w.client.opts.Logger.InfoContext(ctx, "collect superseded", "scope", s.String())
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
