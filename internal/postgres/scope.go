package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// scopeID returns the key of a scope's row.
func scopeID(key inventory.ScopeKey) inventory.ID { return inventory.IDOf(key.String()) }

// A ScopeState is what a collection of a scope needs to begin.
type ScopeState struct {
	inventory.ScopeKey
	Params map[string]string
	// Run is the fencing token that [Run.Token] gives back.
	Run int64
	// TriedAt is when the scope was last tried; zero for never.
	TriedAt time.Time
	Outcome inventory.Outcome
	// Digest is [Snapshot.Digest] of the last run that was complete.
	Digest []byte
}

// PutRoots makes the given scopes the roots of their accounts: scopes that
// configuration names. Roots that are no longer among them end, with
// everything that was found through them; but not those of the unknown
// providers, which could not be asked for theirs.
func (db *DB) PutRoots(ctx context.Context, tenant int, roots []inventory.ChildScope, unknown ...inventory.Provider) (err error) {
	defer derrors.Wrap(&err, "postgres.PutRoots(%d)", len(roots))

	return db.InTx(ctx, func(tx pgx.Tx) error {
		s := &syncer{tx: tx, run: Run{Tenant: tenant}, at: now(), changes: Changes{Types: map[inventory.RecordType]bool{}}}
		ended, err := s.mergeChildren(ctx, nil, roots, unknown...)
		if err != nil {
			return err
		}
		if err := s.claim(ctx, differences{ended: ended}); err != nil {
			return err
		}
		if err := s.closeEnded(ctx, ended); err != nil {
			return err
		}
		return rollupWorkloads(ctx, tx, tenant, s.exposed)
	})
}

// Scopes returns the scopes of an account that still exist: parents first, then
// those that took longest when they last changed, so that nothing waits for them.
func (db *DB) Scopes(ctx context.Context, tenant int, provider inventory.Provider, account string) ([]ScopeState, error) {
	return ScopesOf(ctx, db.pool, tenant, provider, account)
}

// A Querier is a transaction or a pool of connections.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ScopesOf is [DB.Scopes] as q sees it.
func ScopesOf(ctx context.Context, q Querier, tenant int, provider inventory.Provider, account string) (_ []ScopeState, err error) {
	defer derrors.Wrap(&err, "postgres.Scopes(%s/%s)", provider, account)

	const query = `
		select provider, account, region, collector, target, params, run, tried_at, outcome, digest
		from scope_seen
		where tenant_id = $1 and provider = $2 and account = $3 and gone_at is null
		order by parent_id is not null, duration_ms desc, region, collector, target`
	rows, err := q.Query(ctx, query, tenant, string(provider), account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanScopeState)
}

// Scope returns one scope's state, or [pgx.ErrNoRows] when it does not exist
// or is gone.
func (db *DB) Scope(ctx context.Context, tenant int, key inventory.ScopeKey) (_ ScopeState, err error) {
	defer derrors.Wrap(&err, "postgres.Scope(%s)", key)

	const query = `
		select provider, account, region, collector, target, params, run, tried_at, outcome, digest
		from scope_seen where tenant_id = $1 and id = $2 and gone_at is null`
	rows, err := db.pool.Query(ctx, query, tenant, int64(scopeID(key)))
	if err != nil {
		return ScopeState{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanScopeState)
}

func scanScopeState(row pgx.CollectableRow) (s ScopeState, err error) {
	var params []byte
	var tried *time.Time
	if err := row.Scan(&s.Provider, &s.Account, &s.Region, &s.Collector, &s.Target, &params, &s.Run, &tried, &s.Outcome, &s.Digest); err != nil {
		return s, err
	}
	if tried != nil {
		s.TriedAt = *tried
	}
	return s, json.Unmarshal(params, &s.Params)
}

// An AccountKey names an account that has scopes to collect.
type AccountKey struct {
	Provider inventory.Provider
	Account  string
}

// AccountsToCollect returns the accounts that have scopes, those tried longest
// ago first.
func (db *DB) AccountsToCollect(ctx context.Context, tenant int) (_ []AccountKey, err error) {
	defer derrors.Wrap(&err, "postgres.AccountsToCollect")

	const query = `
		select provider, account from scope_seen
		where tenant_id = $1 and gone_at is null
		group by provider, account
		order by min(coalesce(tried_at, '-infinity')), provider, account`
	rows, err := db.pool.Query(ctx, query, tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AccountKey])
}

// writeAccounts merges the accounts that the scope tells of. Two scopes tell
// of a member account (its organization and itself), so that a field that one
// of them leaves empty is kept.
func (s *syncer) writeAccounts(ctx context.Context, ids []inventory.ID) error {
	const query = `
		insert into account as a (tenant_id, id, provider, account, name, organization, status, first_seen)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (tenant_id, id) do update set
			name = coalesce(nullif(excluded.name, ''), a.name),
			organization = coalesce(nullif(excluded.organization, ''), a.organization),
			status = coalesce(nullif(excluded.status, ''), a.status)
		where (coalesce(nullif(excluded.name, ''), a.name),
			coalesce(nullif(excluded.organization, ''), a.organization),
			coalesce(nullif(excluded.status, ''), a.status)) is distinct from (a.name, a.organization, a.status)`
	batch := &pgx.Batch{}
	for _, id := range ids {
		a, err := record[inventory.Account](s.run.Snapshot, inventory.AccountRecord, id)
		if err != nil {
			return err
		}
		batch.Queue(query, s.run.Tenant, int64(id), string(a.Provider), a.ID, a.Name, a.Organization, a.Status, s.at)
	}
	return s.tx.SendBatch(ctx, batch).Close()
}

// writeChildren merges the child scopes that the scope shows, and returns those
// that ended; see [syncer.mergeChildren].
func (s *syncer) writeChildren(ctx context.Context, ids []inventory.ID) ([]inventory.ID, error) {
	children := make([]inventory.ChildScope, 0, len(ids))
	for _, id := range ids {
		c, err := record[inventory.ChildScope](s.run.Snapshot, inventory.ScopeRecord, id)
		if err != nil {
			return nil, err
		}
		children = append(children, c)
	}
	return s.mergeChildren(ctx, &s.scope, children)
}

// mergeChildren makes children the child scopes of parent: new ones begin,
// those not named end unless their provider is among keep. It returns the
// scopes that ended, whose records are still to be closed.
func (s *syncer) mergeChildren(ctx context.Context, parent *inventory.ID, children []inventory.ChildScope, keep ...inventory.Provider) ([]inventory.ID, error) {
	kept := make([]string, len(keep))
	for i, p := range keep {
		kept[i] = string(p)
	}
	rows, err := s.tx.Query(ctx, `
		select id, params from scope
		where tenant_id = $1 and (parent_id = $2 or $2::bigint is null and parent_id is null) and gone_at is null and provider <> all($3)`,
		s.run.Tenant, (*int64)(parent), kept)
	if err != nil {
		return nil, err
	}
	stored := map[inventory.ID]map[string]string{}
	var id int64
	var params map[string]string
	if _, err := pgx.ForEachRow(rows, []any{&id, &params}, func() error {
		stored[inventory.ID(id)] = maps.Clone(params)
		params = nil
		return nil
	}); err != nil {
		return nil, err
	}
	children = slices.SortedFunc(slices.Values(children), func(a, b inventory.ChildScope) int {
		return cmp.Compare(scopeID(a.ScopeKey), scopeID(b.ScopeKey))
	})
	const upsert = `
		insert into scope as s (tenant_id, id, parent_id, provider, account, region, collector, target, params, first_seen)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (tenant_id, id) do update set
			parent_id = excluded.parent_id, params = excluded.params, gone_at = null,
			outcome = case when s.gone_at is null then s.outcome else 'pending' end`
	batch := &pgx.Batch{}
	for _, c := range children {
		id := scopeID(c.ScopeKey)
		have, ok := stored[id]
		delete(stored, id)
		if ok && maps.Equal(have, c.Params) {
			continue
		}
		if !ok {
			s.changes.Children = append(s.changes.Children, c)
		}
		params := c.Params
		if params == nil {
			params = map[string]string{}
		}
		batch.Queue(upsert, s.run.Tenant, int64(id), (*int64)(parent), string(c.Provider), c.Account, c.Region,
			c.Collector, c.Target, params, s.at)
	}
	if err := s.tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	ended := make([]inventory.ID, 0, len(stored))
	for id := range stored {
		ended = append(ended, id)
	}
	return s.endScopes(ctx, ended)
}

// endScopes marks scopes and all below them gone and returns them all.
func (s *syncer) endScopes(ctx context.Context, ids []inventory.ID) ([]inventory.ID, error) {
	var all []inventory.ID
	for len(ids) > 0 {
		all = append(all, ids...)
		below, err := s.ids(ctx, `
			with locked as (
				select id from scope where tenant_id = $1 and id = any($2) order by id for update),
			ended as (
				update scope s set gone_at = $3, digest = '', run = run + 1
				from locked l where s.tenant_id = $1 and s.id = l.id returning s.id)
			select c.id from scope c join ended e on c.parent_id = e.id
			where c.tenant_id = $1 and c.gone_at is null`, int64s(ids), s.at)
		if err != nil {
			return nil, err
		}
		ids = ids[:0:0]
		for _, id := range below {
			ids = append(ids, inventory.ID(id))
		}
	}
	return all, nil
}

// closeEnded closes the records of scopes that ended.
func (s *syncer) closeEnded(ctx context.Context, scopes []inventory.ID) error {
	if len(scopes) == 0 {
		return nil
	}
	for _, t := range recordTables {
		gone, err := s.ids(ctx, `select id from `+t.table+` where tenant_id = $1 and scope_id = any($2)`, int64s(scopes))
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			continue
		}
		s.changes.Gone += len(gone)
		s.changes.Types[t.typ] = true
		if err := closeRows(ctx, s.tx, t, s.run.Tenant, gone, s.at, true); err != nil {
			return err
		}
	}
	return nil
}
