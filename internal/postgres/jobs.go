package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
)

// A Presence shows that a client of the job queue is alive. It is a lock of a
// session: PostgreSQL gives it up when the client's process ends, however that
// ends.
type Presence struct{ conn *pgx.Conn }

// Attend shows that the client with the name is alive, from now on until the
// presence is closed or lost.
func (db *DB) Attend(ctx context.Context, client string) (_ *Presence, err error) {
	defer derrors.Wrap(&err, "postgres.Attend(%s)", client)

	cfg := db.pool.Config().ConnConfig
	// A machine that vanishes says no goodbye: the server notices it in half a
	// minute rather than two hours.
	for name, value := range map[string]string{
		"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
	} {
		cfg.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	// Shared, so that a session that was lost and not noticed by the server
	// does not stand in the way.
	if _, err := conn.Exec(ctx, `select pg_advisory_lock_shared(hashtextextended($1, 0))`, client); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return &Presence{conn}, nil
}

// Lost waits until the presence is lost, and returns why, or until ctx ends.
func (p *Presence) Lost(ctx context.Context) error {
	// Nothing is listened to: this reads the connection until it breaks.
	_, err := p.conn.WaitForNotification(ctx)
	return err
}

// Close ends the presence.
func (p *Presence) Close() { _ = p.conn.Close(context.Background()) }

const lastClient = `attempted_by[array_upper(attempted_by, 1)]`

// AbsentClients returns the clients that work jobs by what the queue says, but
// of which no sign of life is there.
func (db *DB) AbsentClients(ctx context.Context) (absent []string, err error) {
	defer derrors.Wrap(&err, "postgres.AbsentClients")

	rows, err := db.pool.Query(ctx, `
		with working as materialized (
			select distinct `+lastClient+` as client from `+QueueSchema+`.river_job where state = 'running')
		select client from working
		where client is not null and pg_try_advisory_xact_lock(hashtextextended(client, 0))`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ReleaseJobs gives back the jobs that clients were working when they ended,
// and returns how many. That counts as a try: a job that takes its process
// down with it does so a limited number of times.
func (db *DB) ReleaseJobs(ctx context.Context, clients []string) (_ int, err error) {
	defer derrors.Wrap(&err, "postgres.ReleaseJobs(%d)", len(clients))

	tag, err := db.pool.Exec(ctx, `
		update `+QueueSchema+`.river_job set
			state = case when attempt < max_attempts then 'available' else 'discarded' end::`+QueueSchema+`.river_job_state,
			finalized_at = case when attempt < max_attempts then null else now() end,
			scheduled_at = now(),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'trace', '',
				'error', 'the process that worked it ended'))
		where state = 'running' and `+lastClient+` = any($1)`, clients)
	if err != nil {
		return 0, fmt.Errorf("give back jobs: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
