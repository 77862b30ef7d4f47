package postgres

import (
	"context"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// The most scopes that one statement compares, and how long the first of them
// waits for others: commits cost more than rows.
const (
	touchBatch = 1000
	touchDelay = 25 * time.Millisecond
)

// A toucher compares scope digests with the stored ones, many scopes to a
// statement. Equal digests are the whole sync of a scope.
type toucher struct {
	db       *DB
	requests chan touchRequest
}

type touchRequest struct {
	ctx      context.Context
	tenant   int
	scope    inventory.ID
	run      int64
	digest   []byte
	at       time.Time
	duration time.Duration
	done     chan<- touchReply
}

type touchReply struct {
	equal bool
	err   error
}

func newToucher(db *DB) *toucher {
	return &toucher{db: db, requests: make(chan touchRequest, touchBatch)}
}

// touch reports whether the scope's stored digest equals digest; if so it
// records a complete run. The caller whose request opens a batch serves it, so
// there is no goroutine to own.
func (t *toucher) touch(r touchRequest) (bool, error) {
	done := make(chan touchReply, 1)
	r.done = done
	t.requests <- r
	timer := time.NewTimer(touchDelay)
	defer timer.Stop()
	for {
		select {
		case reply := <-done:
			return reply.equal, reply.err
		case <-timer.C:
			t.flush(r.ctx)
			timer.Reset(touchDelay)
		}
	}
}

// flush serves the requests that wait, at most touchBatch of them.
func (t *toucher) flush(ctx context.Context) {
	var batch []touchRequest
	for len(batch) < touchBatch {
		select {
		case r := <-t.requests:
			batch = append(batch, r)
			continue
		default:
		}
		break
	}
	if len(batch) == 0 {
		return
	}
	equal, err := t.db.touchScopes(ctx, batch)
	for _, r := range batch {
		reply := touchReply{equal: equal[r.scope], err: err}
		if err != nil && ctx.Err() != nil && r.ctx.Err() == nil {
			// The server of this batch was cancelled, its other members were not.
			t.requests <- r
			continue
		}
		r.done <- reply
	}
}

// touchScopes records a complete run of the scopes that were complete before
// with the same digest and run, and returns which those are.
func (db *DB) touchScopes(ctx context.Context, batch []touchRequest) (map[inventory.ID]bool, error) {
	const query = `
		update scope s
		set run = s.run + 1, tried_at = u.at, completed_at = u.at, duration_ms = u.duration_ms
		from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::integer[])
			as u(tenant_id, id, run, digest, at, duration_ms)
		where s.tenant_id = u.tenant_id and s.id = u.id and s.run = u.run and s.digest = u.digest
			and s.outcome = 'complete' and s.gone_at is null
		returning s.id`
	var (
		n         = len(batch)
		tenants   = make([]int32, 0, n)
		ids       = make([]int64, 0, n)
		runs      = make([]int64, 0, n)
		digests   = make([][]byte, 0, n)
		ats       = make([]time.Time, 0, n)
		durations = make([]int32, 0, n)
	)
	for _, r := range batch {
		tenants = append(tenants, int32(r.tenant))
		ids = append(ids, int64(r.scope))
		runs = append(runs, r.run)
		digests = append(digests, r.digest)
		ats = append(ats, r.at)
		durations = append(durations, int32(r.duration.Milliseconds()))
	}
	rows, err := db.pool.Query(ctx, query, tenants, ids, runs, digests, ats, durations)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	equal := make(map[inventory.ID]bool, n)
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		equal[inventory.ID(id)] = true
	}
	return equal, rows.Err()
}
