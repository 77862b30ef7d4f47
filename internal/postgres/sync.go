package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/risk"
)

// ErrSuperseded is returned by [DB.Apply] when another run of the scope was
// applied since this one began: this one's snapshot may be the older.
var ErrSuperseded = errors.New("another run of the scope was applied meanwhile")

// copyThreshold is the number of rows from which the first load of a scope
// goes by COPY.
const copyThreshold = 100

// A Run is one collection of a scope, ready to be applied.
type Run struct {
	Tenant int
	// Pass is the pass over the account that the run is a part of; nil for a
	// run on its own.
	Pass *Pass
	// Token is [ScopeState.Run] as it was when the collection began.
	Token    int64
	Snapshot *Snapshot
	Result   inventory.ScopeResult
	Duration time.Duration
	// Check evaluates the workload checks on what is new or changed.
	Check func(inventory.Workload) []WorkloadFinding
}

// A WorkloadFinding is a failed check on a workload or one of its containers.
type WorkloadFinding struct {
	Check     string           `json:"check"`
	Container string           `json:"container,omitempty"`
	Severity  finding.Severity `json:"severity"`
	Detail    string           `json:"detail"`
}

// Changes is what [DB.Apply] wrote.
type Changes struct {
	Scope inventory.ScopeKey
	// Added, Changed and Gone count records.
	Added, Changed, Gone int
	// Children are the scopes that are new or came back.
	Children []inventory.ChildScope
	// Types are the record types of which anything changed.
	Types map[inventory.RecordType]bool
	// Workloads are the keys of the workloads that were added or changed.
	Workloads []inventory.ID
}

// Any reports whether anything changed.
func (c Changes) Any() bool { return c.Added+c.Changed+c.Gone+len(c.Children) > 0 }

// Apply makes the store show what a run saw, in one transaction:
//
//  1. A snapshot whose digest is the stored one is left to the end of the pass.
//  2. Else the (id, hash) pairs of the scope are read and compared in memory.
//  3. Only differences are written; what they replace becomes history.
//
// Only a complete run writes records and closes what it did not see; any other
// outcome is recorded on the scope and leaves its records as they were. The
// function then, if not nil, is called inside the transaction when something
// changed, to enqueue what the changes make necessary.
func (db *DB) Apply(ctx context.Context, run Run, then func(context.Context, pgx.Tx, Changes) error) (_ Changes, err error) {
	key := run.Snapshot.Key
	defer derrors.Wrap(&err, "postgres.Apply(%s)", key)

	at := now()
	changes := Changes{Scope: key, Types: map[inventory.RecordType]bool{}}
	if run.Result.Outcome != inventory.Complete {
		return changes, db.recordOutcome(ctx, run, at)
	}
	seen := touch{scope: scopeID(key), run: run.Token, digest: run.Snapshot.Digest(), at: at, duration: run.Duration}
	if run.Pass != nil && run.Pass.unchanged(seen) {
		return changes, nil
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		changes = Changes{Scope: key, Types: map[inventory.RecordType]bool{}}
		if err := run.Pass.hold(ctx, tx); err != nil {
			return err
		}
		n, err := touchScopes(ctx, tx, run.Tenant, []touch{seen})
		if n > 0 || err != nil {
			return err
		}
		s := &syncer{tx: tx, run: run, key: key, scope: scopeID(key), at: at, changes: changes}
		if err := s.sync(ctx); err != nil {
			return err
		}
		changes = s.changes
		if then == nil || !changes.Any() {
			return nil
		}
		return then(ctx, tx, changes)
	})
	return changes, err
}

// recordOutcome records a run that was not complete.
func (db *DB) recordOutcome(ctx context.Context, run Run, at time.Time) error {
	const query = `
		update scope
		set run = run + 1, outcome = $4, reason = $5, permission = $6, remedy = $7, tried_at = $8, duration_ms = $9,
			since = case when (outcome, reason) is distinct from ($4, $5) then $8 else since end
		where tenant_id = $1 and id = $2 and run = $3`
	result := run.Result
	result.Reason, result.Remedy = clean(result.Reason), clean(result.Remedy)
	id := scopeID(run.Snapshot.Key)
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if err := run.Pass.hold(ctx, tx); err != nil {
			return err
		}
		if err := closeResult(ctx, tx, run.Tenant, id, result, at); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, query, run.Tenant, int64(id), run.Token,
			string(result.Outcome), result.Reason, result.Permission, result.Remedy, at, int32(run.Duration.Milliseconds()))
		if err == nil && tag.RowsAffected() == 0 {
			return ErrSuperseded
		}
		return err
	})
}

// scopeResultType is the type of history rows that hold how collections of a
// scope ended.
const scopeResultType = "scope_result"

// closeResult moves the result of a scope to history if another one replaces
// it.
func closeResult(ctx context.Context, tx pgx.Tx, tenant int, scope inventory.ID, next inventory.ScopeResult, at time.Time) error {
	const query = `
		insert into history (tenant_id, type, id, uid, scope_id, valid_from, valid_to, gone, first_seen, attrs)
		select tenant_id, $3, id, '', id, since, $4, false, first_seen, jsonb_build_object(
			'outcome', outcome, 'reason', reason, 'permission', permission, 'remedy', remedy, 'records', records)
		from scope
		where tenant_id = $1 and id = $2 and outcome <> 'pending' and (outcome, reason) is distinct from ($5, $6)`
	_, err := tx.Exec(ctx, query, tenant, int64(scope), scopeResultType, at, string(next.Outcome), next.Reason)
	return err
}

// A syncer writes the differences of one scope.
type syncer struct {
	tx      pgx.Tx
	run     Run
	key     inventory.ScopeKey
	scope   inventory.ID
	at      time.Time
	changes Changes
	// exposed are the workloads of which an exposure began, changed or ended.
	exposed []int64
}

func (s *syncer) sync(ctx context.Context) error {
	if err := s.lockScope(ctx); err != nil {
		return err
	}
	stored, err := s.stored(ctx)
	if err != nil {
		return err
	}
	d := s.compare(stored)
	// Scopes come before what is in them.
	if err := s.writeAccounts(ctx, d.added[inventory.AccountRecord]); err != nil {
		return err
	}
	if d.ended, err = s.writeChildren(ctx, d.added[inventory.ScopeRecord]); err != nil {
		return err
	}
	if err := s.claim(ctx, d); err != nil {
		return err
	}
	for _, t := range recordTables {
		if err := s.writeTable(ctx, t, d.added[t.typ], d.changed[t.typ], d.gone[t.typ], len(stored) == 0); err != nil {
			return err
		}
	}
	if err := s.closeEnded(ctx, d.ended); err != nil {
		return err
	}
	if err := rollupWorkloads(ctx, s.tx, s.run.Tenant, s.exposed); err != nil {
		return err
	}
	return s.finish(ctx)
}

// compare returns the differences between the run and what the store holds.
func (s *syncer) compare(stored map[recordKey]int64) differences {
	d := differences{
		added:   map[inventory.RecordType][]inventory.ID{},
		changed: map[inventory.RecordType][]inventory.ID{},
		gone:    map[inventory.RecordType][]inventory.ID{},
	}
	for k, e := range s.run.Snapshot.index {
		hash, ok := stored[k]
		switch {
		case !ok:
			d.added[k.typ] = append(d.added[k.typ], k.id)
		case hash != e.hash:
			d.changed[k.typ] = append(d.changed[k.typ], k.id)
		}
	}
	for k := range stored {
		if _, ok := s.run.Snapshot.index[k]; !ok {
			d.gone[k.typ] = append(d.gone[k.typ], k.id)
		}
	}
	for _, part := range []map[inventory.RecordType][]inventory.ID{d.added, d.changed, d.gone} {
		for _, ids := range part {
			slices.Sort(ids)
		}
	}
	return d
}

// lockScope takes the scope's row and checks that no other run was applied
// since this one began.
func (s *syncer) lockScope(ctx context.Context) error {
	var token int64
	err := s.tx.QueryRow(ctx, `select run from scope where tenant_id = $1 and id = $2 and gone_at is null for update`,
		s.run.Tenant, int64(s.scope)).Scan(&token)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && token != s.run.Token) {
		return ErrSuperseded
	}
	return err
}

// stored returns the hashes of what the store holds of the scope. Accounts
// and child scopes have no hash here: they are merged by their own code.
func (s *syncer) stored(ctx context.Context) (map[recordKey]int64, error) {
	stored := map[recordKey]int64{}
	for _, t := range recordTables {
		rows, err := s.tx.Query(ctx, `select id, hash from `+t.table+` where tenant_id = $1 and scope_id = $2`, s.run.Tenant, int64(s.scope))
		if err != nil {
			return nil, err
		}
		var id, hash int64
		if _, err := pgx.ForEachRow(rows, []any{&id, &hash}, func() error {
			stored[recordKey{t.typ, inventory.ID(id)}] = hash
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// writeChunk is how many rows go into one statement: enough that a round trip
// is spread thin, little enough that arguments stay small in memory.
const writeChunk = 1000

func (s *syncer) writeTable(ctx context.Context, t *recordTable, added, changed, gone []inventory.ID, first bool) error {
	if len(added)+len(changed)+len(gone) == 0 {
		return nil
	}
	s.changes.Types[t.typ] = true
	s.changes.Added += len(added)
	s.changes.Changed += len(changed)
	s.changes.Gone += len(gone)
	if err := closeRows(ctx, s.tx, t, s.run.Tenant, gone, s.at, true); err != nil {
		return err
	}
	if err := closeRows(ctx, s.tx, t, s.run.Tenant, changed, s.at, false); err != nil {
		return err
	}
	written := append(added, changed...)
	for len(written) > 0 {
		n := min(len(written), writeChunk)
		if err := s.writeRows(ctx, t, written[:n], first && len(added) >= copyThreshold); err != nil {
			return fmt.Errorf("write %d of %s: %w", n, t.table, err)
		}
		written = written[n:]
	}
	return nil
}

func (s *syncer) writeRows(ctx context.Context, t *recordTable, ids []inventory.ID, byCopy bool) error {
	names := t.names()
	rows := make([][]any, 0, len(ids))
	var workloads []checkedWorkload
	for _, id := range ids {
		e := s.run.Snapshot.index[recordKey{t.typ, id}]
		data, err := s.run.Snapshot.read(e)
		if err != nil {
			return err
		}
		row, record, err := t.row(s.run.Tenant, s.key, id, e.hash, data, s.at)
		if err != nil {
			return err
		}
		if r, ok := record.(inventory.Workload); ok {
			w := s.checked(r)
			workloads = append(workloads, w)
			n := w.failed()
			row = append(row, int16(n), int32(risk.Score(risk.Facts{FailedChecks: n})))
		}
		rows = append(rows, row)
	}
	fresh, err := s.insert(ctx, t, names, rows, byCopy)
	if err != nil {
		return err
	}
	if len(workloads) == 0 {
		return nil
	}
	s.changes.Workloads = append(s.changes.Workloads, ids...)
	return s.writeWorkloadParts(ctx, workloads, fresh)
}

// insert writes rows by COPY when the scope is loaded for the first time, else
// (or when a row of another scope is in the way) by upsert. It reports whether
// none of the rows can have existed.
func (s *syncer) insert(ctx context.Context, t *recordTable, names []string, rows [][]any, byCopy bool) (fresh bool, err error) {
	if byCopy {
		err := pgx.BeginFunc(ctx, s.tx, func(sub pgx.Tx) error {
			_, err := sub.CopyFrom(ctx, pgx.Identifier{t.table}, names, pgx.CopyFromRows(rows))
			return err
		})
		if err == nil || !isUniqueViolation(err) {
			return err == nil, err
		}
	}
	args := make([]any, 1, len(names))
	args[0] = s.run.Tenant
	for i, name := range names[1:] {
		if t.columnType(name) == "text[]" {
			literals := make([]string, len(rows))
			for j, row := range rows {
				literals[j] = arrayLiteral(row[i+1].([]string))
			}
			args = append(args, literals)
			continue
		}
		column := make([]any, len(rows))
		for j, row := range rows {
			column[j] = row[i+1]
		}
		args = append(args, column)
	}
	tag, err := s.tx.Exec(ctx, t.upsertSQL(), args...)
	if err == nil && tag.RowsAffected() != int64(len(rows)) {
		return false, fmt.Errorf("%d of %d rows share an id with another uid", int64(len(rows))-tag.RowsAffected(), len(rows))
	}
	return false, err
}

// finish records the complete run on the scope.
func (s *syncer) finish(ctx context.Context) error {
	if err := closeResult(ctx, s.tx, s.run.Tenant, s.scope, s.run.Result, s.at); err != nil {
		return err
	}
	const query = `
		update scope
		set run = run + 1, outcome = 'complete', reason = '', permission = '', remedy = '',
			digest = $3, records = $4, tried_at = $5, completed_at = $5, duration_ms = $6,
			since = case when (outcome, reason) is distinct from ('complete', '') then $5 else since end
		where tenant_id = $1 and id = $2`
	_, err := s.tx.Exec(ctx, query, s.run.Tenant, int64(s.scope), s.run.Snapshot.Digest(),
		int32(s.run.Snapshot.Len()), s.at, int32(s.run.Duration.Milliseconds()))
	return err
}

// closeRows moves the current version of rows to history; those that are gone
// leave the table with all that hangs on them.
func closeRows[T ~int64](ctx context.Context, tx pgx.Tx, t *recordTable, tenant int, ids []T, at time.Time, gone bool) error {
	if len(ids) == 0 {
		return nil
	}
	keys := int64s(ids)
	const columns = `tenant_id, type, id, uid, scope_id, valid_from, valid_to, gone, first_seen, attrs`
	if !gone {
		_, err := tx.Exec(ctx, `
			insert into history (`+columns+`)
			select tenant_id, $3, id, uid, scope_id, changed_at, $4, false, first_seen, attrs
			from `+t.table+` where tenant_id = $1 and id = any($2)`, tenant, keys, string(t.typ), at)
		return err
	}
	if _, err := tx.Exec(ctx, `
		with closed as (delete from `+t.table+` where tenant_id = $1 and id = any($2) returning *)
		insert into history (`+columns+`)
		select tenant_id, $3, id, uid, scope_id, changed_at, $4, true, first_seen, attrs from closed`,
		tenant, keys, string(t.typ), at); err != nil {
		return fmt.Errorf("close %d of %s: %w", len(ids), t.table, err)
	}
	if t.typ != inventory.WorkloadRecord {
		return nil
	}
	for _, table := range []string{"container", "workload_check"} {
		if _, err := tx.Exec(ctx, `delete from `+table+` where tenant_id = $1 and workload_id = any($2)`, tenant, keys); err != nil {
			return fmt.Errorf("close %d of %s: %w", len(ids), table, err)
		}
	}
	return nil
}

// record decodes one record of the snapshot.
func record[T inventory.Record](s *Snapshot, typ inventory.RecordType, id inventory.ID) (T, error) {
	var r T
	data, err := s.read(s.index[recordKey{typ, id}])
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}
