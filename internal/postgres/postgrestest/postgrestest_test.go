package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestNew(t *testing.T) {
	t.Parallel()
	var migrations atomic.Int32
	migrate := func(ctx context.Context, dsn string) error {
		migrations.Add(1)
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, `CREATE EXTENSION pg_trgm; CREATE TABLE cargo (name text PRIMARY KEY)`)
		return err
	}
	version := rand.Text()
	t.Cleanup(func() {
		if n := migrations.Load(); n != 1 {
			t.Errorf("migrations of one version = %d, want 1", n)
		}
	})
	for i := range 4 {
		t.Run(fmt.Sprintf("clone_%d", i), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, New(t, migrate, version))
			// Were it not its own database, the name would be taken.
			if _, err := conn.Exec(t.Context(), `INSERT INTO cargo VALUES ('grain')`); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNewWithoutSchema(t *testing.T) {
	t.Parallel()
	conn := connect(t, New(t, nil, ""))
	var tables int
	const query = `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`
	if err := conn.QueryRow(t.Context(), query).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("tables = %d, %v, want 0", tables, err)
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("user", func(t *testing.T) {
		dsn = New(t, nil, "")
		connect(t, dsn) // a session that is still open must not matter
	})
	if _, err := pgx.Connect(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("connect after the test: %v, want that the database does not exist", err)
	}
}

func TestFailedMigrationLeavesNoTemplate(t *testing.T) {
	t.Parallel()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	version, broken := rand.Text(), errors.New("broken")
	_, err = create(t.Context(), s.url(), func(context.Context, string) error { return broken }, version)
	if !errors.Is(err, broken) {
		t.Errorf("create with a broken migration: %v, want %v", err, broken)
	}
	// The next run, with the migration repaired.
	New(t, func(context.Context, string) error { return nil }, version)
}

func TestDropAbandoned(t *testing.T) {
	t.Parallel()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s.url())
	old := fmt.Sprintf("%s%d_%s", clonePrefix, time.Now().Add(-2*abandonedAfter).Unix(), strings.ToLower(rand.Text()))
	if err := execute(t.Context(), conn, "CREATE DATABASE %s", old); err != nil {
		t.Fatal(err)
	}
	fresh := connect(t, New(t, nil, ""))
	if err := dropAbandoned(t.Context(), s.url()); err != nil {
		t.Fatal(err)
	}
	if ok, err := exists(t.Context(), conn, old); ok || err != nil {
		t.Errorf("exists(%s) = %v, %v, want that it is gone", old, ok, err)
	}
	if err := fresh.Ping(t.Context()); err != nil {
		t.Errorf("a database in use was dropped: %v", err)
	}
}

// Data that no server here can read, or that may be damaged, is replaced.
func TestJoinOrStartDiscardsBadData(t *testing.T) {
	t.Parallel()
	for name, boot := range map[string]string{"unreadable": bootID(), "from_before_a_reboot": "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := os.MkdirTemp("", "stowage-test-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(root) })
			dir := filepath.Join(root, "pg")
			if err := errors.Join(
				os.Chmod(root, 0o711), // the server may run as another user
				os.MkdirAll(filepath.Join(dir, "data"), 0o755),
				os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o644),
				os.WriteFile(dir+".boot", []byte(boot), 0o644),
			); err != nil {
				t.Fatal(err)
			}
			s, err := joinOrStart(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			connect(t, s.ConnString())
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			<-s.Done()
		})
	}
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"postgres://u:p@h:1/a?sslmode=disable": "postgres://u:p@h:1/b?sslmode=disable",
		"postgres://u@/a?host=%2Frun":          "postgres://u@/b?host=%2Frun",
		"host=h dbname=a":                      "host=h dbname=a dbname=b",
	} {
		if got, err := withDatabase(dsn, "b"); got != want || err != nil {
			t.Errorf("withDatabase(%q) = %q, %v, want %q", dsn, got, err, want)
		}
	}
	if _, err := withDatabase("postgres://u:secret@%zz/", "b"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("withDatabase of a bad URL: %v, want an error without the password", err)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
