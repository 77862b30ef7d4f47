package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// Facts returns what a tenant's inventory holds of the scope's account and
// region.
func (db *DB) Facts(tenant int, key inventory.ScopeKey) collect.Facts {
	return facts{db, tenant, key}
}

type facts struct {
	db     *DB
	tenant int
	key    inventory.ScopeKey
}

// Workloads implements [collect.Facts].
func (r facts) Workloads(ctx context.Context) iter.Seq2[inventory.Workload, error] {
	return records[inventory.Workload](ctx, r, `
		select w.attrs from scope s join workload w on w.tenant_id = s.tenant_id and w.scope_id = s.id
		where s.tenant_id = $1 and s.provider = $2 and s.account = $3 and s.region = $4 order by w.id`)
}

// Resources implements [collect.Facts].
func (r facts) Resources(ctx context.Context, kinds ...inventory.Kind) iter.Seq2[inventory.Resource, error] {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return records[inventory.Resource](ctx, r, `
		select attrs from resource
		where tenant_id = $1 and provider = $2 and account = $3 and region = $4 and kind = any($5) order by id`, names)
}

// Result implements [collect.Facts].
func (r facts) Result(ctx context.Context, collector string) (result inventory.ScopeResult, err error) {
	defer derrors.Wrap(&err, "postgres.Result(%s, %s)", r.key, collector)

	err = r.db.pool.QueryRow(ctx, `
		select outcome, reason, permission, remedy from scope
		where tenant_id = $1 and provider = $2 and account = $3 and region = $4 and collector = $5 and gone_at is null
		order by outcome = 'complete' limit 1`,
		r.tenant, string(r.key.Provider), r.key.Account, r.key.Region, collector).
		Scan(&result.Outcome, &result.Reason, &result.Permission, &result.Remedy)
	if errors.Is(err, pgx.ErrNoRows) {
		return inventory.ScopeResult{Outcome: inventory.Pending}, nil
	}
	return result, err
}

// records streams the records that a query over the region selects by their
// attrs.
func records[T any](ctx context.Context, r facts, query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		all := append([]any{r.tenant, string(r.key.Provider), r.key.Account, r.key.Region}, args...)
		rows, err := r.db.pool.Query(ctx, query, all...)
		if err != nil {
			yield(zero, fmt.Errorf("inventory of %s/%s: %w", r.key.Account, r.key.Region, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scanJSON[T](rows)
			if err != nil {
				yield(zero, fmt.Errorf("inventory of %s/%s: %w", r.key.Account, r.key.Region, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, fmt.Errorf("inventory of %s/%s: %w", r.key.Account, r.key.Region, err))
		}
	}
}
