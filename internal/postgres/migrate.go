package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/migrations"
)

// QueueSchema is the PostgreSQL schema that holds the job queue's tables, so
// that the queue can move to a server of its own.
const QueueSchema = "queue"

// A MigrationStatus is what [Migrate] did or would do.
type MigrationStatus struct {
	// Version is the schema version after the call.
	Version int64
	// Applied are the versions that the call applied.
	Applied []int64
}

// Migrate brings the schema at dsn to the newest version, the job queue's
// tables included. Any number of processes may call it at once: an advisory
// lock makes them take turns.
func Migrate(ctx context.Context, dsn string) (_ MigrationStatus, err error) {
	defer derrors.Wrap(&err, "postgres.Migrate(%s)", redact(dsn))

	provider, db, err := gooseProvider(dsn)
	if err != nil {
		return MigrationStatus{}, err
	}
	defer db.Close()
	results, err := provider.Up(ctx)
	if err != nil {
		return MigrationStatus{}, err
	}
	var status MigrationStatus
	for _, r := range results {
		status.Applied = append(status.Applied, r.Source.Version)
	}
	if status.Version, err = provider.GetDBVersion(ctx); err != nil {
		return MigrationStatus{}, err
	}
	return status, migrateQueue(ctx, dsn)
}

// migrateQueue brings River's tables to its newest version. River's own
// migrations cannot all run in one transaction, so they are not copied here.
func migrateQueue(ctx context.Context, dsn string) (err error) {
	defer derrors.Wrap(&err, "migrate queue")

	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	// River has no lock of its own.
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	const lockID = 0x73746f77 // "stow"
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, lockID); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, lockID)
		err = errors.Join(err, unlockErr)
	}()
	if _, err := conn.Exec(ctx, `create schema if not exists `+pgx.Identifier{QueueSchema}.Sanitize()); err != nil {
		return err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: QueueSchema})
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func gooseProvider(dsn string) (*goose.Provider, *sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, nil, errors.New("not a PostgreSQL connection string")
	}
	db := stdlib.OpenDB(*cfg)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return provider, db, nil
}
