package job

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
)

// Roots are the scopes that the configuration names.
type Roots struct {
	Scopes []inventory.ChildScope
	// Unknown are the providers that could not be asked for theirs, and why.
	// What the inventory has of them stays and is collected.
	Unknown map[inventory.Provider]error
}

// PlanArgs ask for the collection of everything that the configuration names.
type PlanArgs struct {
	Tenant int `json:"tenant" river:"unique"`
}

// Kind implements [river.JobArgs].
func (PlanArgs) Kind() string { return "plan" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (PlanArgs) InsertOpts() river.InsertOpts { return *options(collectQueue, urgent) }

// planWorker makes the configured roots the roots of the inventory and
// enqueues one collection per account.
type planWorker struct {
	river.WorkerDefaults[PlanArgs]
	client *Client
}

// Work implements [river.Worker].
func (w *planWorker) Work(ctx context.Context, job *river.Job[PlanArgs]) error {
	db, tenant := w.client.opts.DB, job.Args.Tenant
	roots := w.client.opts.Roots(ctx)
	for provider, err := range roots.Unknown {
		w.client.opts.Logger.InfoContext(ctx, "plan incomplete", "provider", provider, "error", err)
	}
	if err := db.PutRoots(ctx, tenant, roots.Scopes, slices.Collect(maps.Keys(roots.Unknown))...); err != nil {
		return err
	}
	accounts, err := db.AccountsToCollect(ctx, tenant)
	if err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, 0, len(accounts))
	for _, a := range accounts {
		jobs = append(jobs, river.InsertManyParams{Args: CollectArgs{Tenant: tenant, Provider: a.Provider, Account: a.Account}})
	}
	return w.client.insert(ctx, jobs)
}

// Plan enqueues the collection of everything.
func (c *Client) Plan(ctx context.Context) error {
	_, err := c.river.Insert(ctx, PlanArgs{Tenant: c.opts.Tenant}, nil)
	if err != nil {
		return fmt.Errorf("enqueue plan: %w", err)
	}
	return nil
}

// collectAccounts enqueues the collection of accounts inside a transaction.
func (c *Client) collectAccounts(ctx context.Context, tx pgx.Tx, accounts map[postgres.AccountKey]bool) error {
	jobs := make([]river.InsertManyParams, 0, len(accounts))
	// In order: two transactions that enqueue the same jobs take turns then.
	for _, a := range slices.SortedFunc(maps.Keys(accounts), func(a, b postgres.AccountKey) int {
		return cmp.Or(strings.Compare(string(a.Provider), string(b.Provider)), strings.Compare(a.Account, b.Account))
	}) {
		jobs = append(jobs, river.InsertManyParams{Args: CollectArgs{Tenant: c.opts.Tenant, Provider: a.Provider, Account: a.Account}})
	}
	return c.insertTx(ctx, tx, jobs)
}
