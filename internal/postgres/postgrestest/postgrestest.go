// Package postgrestest gives tests a real PostgreSQL database of their own.
//
// The databases are on the server that TEST_DATABASE_URL names, or else on a
// private one that all test processes of this user share: the first one starts
// it, and it ends when the last one does. That server trades durability for
// speed and is for tests only.
//
// A database is a copy of a template to which the schema was applied once, so
// it costs some ten milliseconds rather than a migration.
package postgrestest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	templatePrefix = "stowage_template_"
	clonePrefix    = "stowage_test_"

	// abandonedAfter is the age at which the database of a test can only be
	// one that a killed process left behind.
	abandonedAfter = 2 * time.Hour
	// templatesKept is how many schema versions stay ready for use.
	templatesKept = 8
)

// A Migrate function applies a schema to the database that dsn names.
type Migrate func(ctx context.Context, dsn string) error

// New returns the URL of a new database, dropped when the test ends. Its
// content is what migrate makes of an empty database. Version names that
// content, such as a hash of the migrations: migrate is called only for a
// version that the server has not seen. A nil migrate gives an empty database.
func New(t testing.TB, migrate Migrate, version string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s, err := theServer()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	admin := s.url()
	name, err := create(ctx, admin, migrate, version)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(admin, name); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	dsn, err := withDatabase(admin, name)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	return dsn
}

// create creates a database from the template of the version.
func create(ctx context.Context, admin string, migrate Migrate, version string) (string, error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	template := "template1"
	if migrate != nil {
		template = templateName(version)
		if err := ensureTemplate(ctx, conn, admin, template, migrate); err != nil {
			return "", err
		}
	}
	name := fmt.Sprintf("%s%d_%s", clonePrefix, time.Now().Unix(), strings.ToLower(rand.Text()))
	// Copying the files takes a quarter of the time of logging each page.
	if err := execute(ctx, conn, "CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, template); err != nil {
		return "", fmt.Errorf("create a database from %s: %w", template, err)
	}
	return name, nil
}

func templateName(version string) string {
	sum := sha256.Sum256([]byte(version))
	return fmt.Sprintf("%s%x", templatePrefix, sum[:12])
}

// ensureTemplate creates the template database unless it exists. A template
// gets its name when it is complete; one process at a time makes one.
func ensureTemplate(ctx context.Context, conn *pgx.Conn, admin, name string, migrate Migrate) error {
	if ok, err := exists(ctx, conn, name); ok || err != nil {
		return err
	}
	const lock = `SELECT pg_advisory_lock(hashtext('stowage postgrestest'))`
	if _, err := conn.Exec(ctx, lock); err != nil {
		return fmt.Errorf("lock the templates: %w", err)
	}
	// Closing the connection releases the lock.
	if ok, err := exists(ctx, conn, name); ok || err != nil {
		return err
	}
	draft := name + "_new"
	dsn, err := withDatabase(admin, draft)
	if err != nil {
		return err
	}
	if err := execute(ctx, conn, "DROP DATABASE IF EXISTS %s WITH (FORCE)", draft); err != nil {
		return err
	}
	if err := execute(ctx, conn, "CREATE DATABASE %s", draft); err != nil {
		return err
	}
	if err := migrate(ctx, dsn); err != nil {
		return fmt.Errorf("migrate the template database: %w", err)
	}
	// A database with sessions can neither be renamed nor copied.
	if err := execute(ctx, conn, "ALTER DATABASE %s ALLOW_CONNECTIONS false", draft); err != nil {
		return err
	}
	const disconnect = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1`
	if _, err := conn.Exec(ctx, disconnect, draft); err != nil {
		return fmt.Errorf("end the sessions of the template database: %w", err)
	}
	if err := execute(ctx, conn, "ALTER DATABASE %s RENAME TO %s", draft, name); err != nil {
		return err
	}
	return dropOldTemplates(ctx, conn)
}

func exists(ctx context.Context, conn *pgx.Conn, name string) (ok bool, err error) {
	const query = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := conn.QueryRow(ctx, query, name).Scan(&ok); err != nil {
		return false, fmt.Errorf("look for the database %s: %w", name, err)
	}
	return ok, nil
}

// dropOldTemplates drops the templates of schema versions that have been
// superseded.
func dropOldTemplates(ctx context.Context, conn *pgx.Conn) error {
	const query = `
		SELECT datname FROM pg_database
		WHERE starts_with(datname, $1) ORDER BY oid DESC OFFSET $2`
	rows, err := conn.Query(ctx, query, templatePrefix, templatesKept)
	if err != nil {
		return fmt.Errorf("list old templates: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list old templates: %w", err)
	}
	return dropAll(ctx, conn, names)
}

// dropAbandoned drops the databases of test processes that were killed.
func dropAbandoned(ctx context.Context, admin string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	const query = `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`
	rows, err := conn.Query(ctx, query, clonePrefix)
	if err != nil {
		return fmt.Errorf("list abandoned databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list abandoned databases: %w", err)
	}
	var abandoned []string
	for _, name := range names {
		created, _, _ := strings.Cut(strings.TrimPrefix(name, clonePrefix), "_")
		if unix, err := strconv.ParseInt(created, 10, 64); err == nil && time.Since(time.Unix(unix, 0)) > abandonedAfter {
			abandoned = append(abandoned, name)
		}
	}
	return dropAll(ctx, conn, abandoned)
}

func dropAll(ctx context.Context, conn *pgx.Conn, names []string) error {
	for _, name := range names {
		err := execute(ctx, conn, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name)
		// Another test process may be at the same work.
		const inUse = "55006"
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); err != nil && (!ok || pgErr.Code != inUse) {
			return err
		}
	}
	return nil
}

// drop drops the database of a test that has ended; its context has, too.
func drop(admin, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	return execute(ctx, conn, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name)
}

// execute executes a statement whose parameters are names.
func execute(ctx context.Context, conn *pgx.Conn, format string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	statement := fmt.Sprintf(format, quoted...)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// withDatabase returns a connection string for another database of the same
// server.
func withDatabase(dsn, name string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + name, nil // the last keyword counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		// The error of url.Parse shows the URL, which may hold a password.
		return "", errors.New("TEST_DATABASE_URL is not a valid URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}
