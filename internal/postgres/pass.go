package postgres

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Pass is one collection of all scopes of an account. It holds the account's
// lease: a run of a pass that another one replaced is superseded.
//
// A pass writes two rows, whatever the number of scopes: a scope that is as it
// was before is not written. The view scope_seen shows it as seen by the last
// pass that ended.
type Pass struct {
	db      *DB
	tenant  int
	account AccountKey
	token   int64
	began   time.Time

	mu     sync.Mutex
	stored map[inventory.ID]ScopeState // as last read by Scopes
	equal  []touch
}

// BeginPass takes the account's lease and begins a pass.
func (db *DB) BeginPass(ctx context.Context, tenant int, account AccountKey) (_ *Pass, err error) {
	defer derrors.Wrap(&err, "postgres.BeginPass(%s/%s)", account.Provider, account.Account)

	const query = `
		insert into pass as p (tenant_id, provider, account, token) values ($1, $2, $3, 1)
		on conflict (tenant_id, provider, account) do update set token = p.token + 1
		returning token`
	p := &Pass{db: db, tenant: tenant, account: account, began: now(), stored: map[inventory.ID]ScopeState{}}
	return p, db.pool.QueryRow(ctx, query, tenant, string(account.Provider), account.Account).Scan(&p.token)
}

// Scopes returns the account's scopes as [DB.Scopes] does.
func (p *Pass) Scopes(ctx context.Context) ([]ScopeState, error) {
	scopes, err := p.db.Scopes(ctx, p.tenant, p.account.Provider, p.account.Account)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range scopes {
		p.stored[scopeID(s.ScopeKey)] = s
	}
	return scopes, nil
}

// unchanged reports whether a complete run saw what the store holds of a scope
// that was complete before; if so it is remembered for the end of the pass.
func (p *Pass) unchanged(t touch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.stored[t.scope]
	if !ok || s.Outcome != inventory.Complete || s.Run != t.run || !bytes.Equal(s.Digest, t.digest) {
		return false
	}
	p.equal = append(p.equal, t)
	return true
}

// hold keeps the account's lease until the transaction ends, or returns
// [ErrSuperseded] when another pass has it.
func (p *Pass) hold(ctx context.Context, tx pgx.Tx) error {
	if p == nil {
		return nil
	}
	var token int64
	err := tx.QueryRow(ctx, `
		select token from pass where tenant_id = $1 and provider = $2 and account = $3 for share`,
		p.tenant, string(p.account.Provider), p.account.Account).Scan(&token)
	if err == nil && token != p.token {
		return ErrSuperseded
	}
	return err
}

// End records that all scopes of the account were tried: those whose run found
// nothing new were seen in this pass.
func (p *Pass) End(ctx context.Context) (err error) {
	defer derrors.Wrap(&err, "postgres.Pass.End(%s/%s)", p.account.Provider, p.account.Account)

	const query = `update pass set seen_at = $5 where tenant_id = $1 and provider = $2 and account = $3 and token = $4`
	tag, err := p.db.pool.Exec(ctx, query, p.tenant, string(p.account.Provider), p.account.Account, p.token, p.began)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrSuperseded
	}
	return err
}

// Abandon records what a pass that cannot end has seen, so that the next one
// can go on from there.
func (p *Pass) Abandon(ctx context.Context) (err error) {
	defer derrors.Wrap(&err, "postgres.Pass.Abandon(%s/%s)", p.account.Provider, p.account.Account)

	p.mu.Lock()
	defer p.mu.Unlock()
	return p.db.InTx(ctx, func(tx pgx.Tx) error {
		if err := p.hold(ctx, tx); err != nil {
			return err
		}
		_, err := touchScopes(ctx, tx, p.tenant, p.equal)
		return err
	})
}

// A touch is a complete run that saw a scope with the given digest.
type touch struct {
	scope    inventory.ID
	run      int64
	digest   []byte
	at       time.Time
	duration time.Duration
}

// touchScopes records complete runs of scopes that were complete before with
// the same run and digest. It returns how many those are. A scope that another
// transaction holds is about to change and is passed over.
func touchScopes(ctx context.Context, tx pgx.Tx, tenant int, batch []touch) (int, error) {
	const query = `
		update scope s
		set run = s.run + 1, tried_at = u.at, completed_at = u.at, duration_ms = u.duration_ms
		from unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::integer[])
			as u(id, run, digest, at, duration_ms)
		where s.tenant_id = $1 and s.id = u.id and s.run = u.run and s.digest = u.digest
			and s.outcome = 'complete' and s.gone_at is null
			and s.id in (select id from scope where tenant_id = $1 and id = any($2) for no key update skip locked)`
	var (
		n         = len(batch)
		ids       = make([]int64, 0, n)
		runs      = make([]int64, 0, n)
		digests   = make([][]byte, 0, n)
		ats       = make([]time.Time, 0, n)
		durations = make([]int32, 0, n)
	)
	for _, t := range batch {
		ids = append(ids, int64(t.scope))
		runs = append(runs, t.run)
		digests = append(digests, t.digest)
		ats = append(ats, t.at)
		durations = append(durations, int32(t.duration.Milliseconds()))
	}
	tag, err := tx.Exec(ctx, query, tenant, ids, runs, digests, ats, durations)
	return int(tag.RowsAffected()), err
}
