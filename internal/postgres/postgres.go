// Package postgres is the store: all SQL of Stowage, one file per noun.
//
// Tenant data (accounts, scopes, workloads, identities, …) is keyed by
// tenant_id first; content (images, layers, packages, advisories) is global.
// A scope is synchronised in three levels, cheapest first: digest of the
// snapshot, (id, hash) pairs, changed rows; see [DB.Apply].
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stowage-dev/stowage/internal/derrors"
)

// DefaultTenant is the tenant of a single-tenant installation.
const DefaultTenant = 1

// A DB is the store. It is safe for concurrent use.
type DB struct {
	pool *pgxpool.Pool
}

// Open connects to the PostgreSQL server at dsn (a URL or key=value string)
// with at most maxConns connections, 0 meaning pgx's default, and checks that
// it answers and is PostgreSQL 15 or newer.
func Open(ctx context.Context, dsn string, maxConns int) (_ *DB, err error) {
	defer derrors.Wrap(&err, "postgres.Open(%s)", redact(dsn))

	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx's message repeats the string, with the password.
		return nil, errors.New("not a PostgreSQL connection string")
	}
	if maxConns > 0 {
		cfg.MaxConns = int32(maxConns)
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "stowage"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// Prepared statements with array arguments get one plan for all sizes
	// otherwise, which is wrong for both small and large batches.
	cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var version int
	if err := pool.QueryRow(ctx, `select current_setting('server_version_num')::int`).Scan(&version); err != nil {
		pool.Close()
		return nil, err
	}
	if version < 150000 {
		pool.Close()
		return nil, fmt.Errorf("the server is PostgreSQL %d; Stowage needs 15 or newer", version/10000)
	}
	return &DB{pool: pool}, nil
}

// Pool returns the connections, for the job queue alone.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close waits for connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// InTx runs f in one transaction and runs it again, a few times, when
// PostgreSQL ends it for a serialization failure or a deadlock.
func (db *DB) InTx(ctx context.Context, f func(pgx.Tx) error) error {
	const tries = 6
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, db.pool, f)
		pgErr, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || (pgErr.Code != "40001" && pgErr.Code != "40P01") || try == tries {
			return err
		}
		// At once, those that were in each other's way would be so again.
		timer := time.NewTimer(rand.N(20 * time.Millisecond << try))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// now is the clock of every observation: PostgreSQL keeps microseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// redact returns dsn without password and query, for messages.
func redact(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	var kept []string
	for field := range strings.FieldsSeq(dsn) {
		if k, _, _ := strings.Cut(field, "="); k == "host" || k == "port" || k == "dbname" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, " ")
}

// Ping checks that the server answers.
func (db *DB) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }
