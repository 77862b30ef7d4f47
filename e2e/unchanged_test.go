//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/e2e/rig/process"
	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres/embedded"
	"github.com/stowage-dev/stowage/internal/view"
)

const (
	// defaultWorkloads is the size of the estate of TestUnchangedEstate;
	// STOWAGE_E2E_WORKLOADS=100000 is that of the promise.
	defaultWorkloads = 10_000
	// maxUnchangedWAL is how much write-ahead log the second collection of an
	// estate of up to 100,000 workloads may write.
	maxUnchangedWAL = 1 << 20
	// sizeTimeout is how long one pass may take.
	sizeTimeout = 30 * time.Minute
)

// TestUnchangedEstate collects a large estate twice. The second collection,
// which finds nothing new, must write almost nothing. It runs alone, as time and
// memory are told.
func TestUnchangedEstate(t *testing.T) {
	workloads := workloadsWanted(t)
	s := simulate(t, everythingReadable, "--workloads", strconv.Itoa(workloads))
	dsn := privateServer(t)
	i := s.install(t, dsn)
	i.serve(t, "serve")

	first := i.pass(t, dsn)
	t.Logf("first:  %s", first)
	status := i.status(t)
	if status.Workloads < workloads*9/10 { // Stand-alone tasks that are alike are one workload.
		t.Errorf("%d workloads are shown, want about %d", status.Workloads, workloads)
	}
	second := i.pass(t, dsn)
	t.Logf("second: %s", second)
	// Both collections ask the clouds the same, at the rates that those allow.
	t.Logf("second/first: %.3f of the time of collection, %.3f of all time, %.4f of the log, %.4f of the rows",
		second.collected.Seconds()/first.collected.Seconds(), second.done.Seconds()/first.done.Seconds(),
		float64(second.wal)/float64(first.wal), float64(second.rows)/float64(first.rows))
	if second.wal > maxUnchangedWAL {
		t.Errorf("the second collection wrote %d bytes of log, want at most %d", second.wal, maxUnchangedWAL)
	}
	if second.rows*20 > first.rows {
		t.Errorf("the second collection wrote %d rows, want at most a twentieth of the first one's %d", second.rows, first.rows)
	}
	if again := i.status(t); again.Workloads != status.Workloads || !again.Covered {
		t.Errorf("after the second collection there are %d workloads, covered %t, want %d, true", again.Workloads, again.Covered, status.Workloads)
	}
}

// workloadsWanted returns the size of the estate of tests that measure.
func workloadsWanted(t testing.TB) int {
	t.Helper()
	s := os.Getenv("STOWAGE_E2E_WORKLOADS")
	if s == "" {
		return defaultWorkloads
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A measure is what one pass of a worker took.
type measure struct {
	// collected is the time until all was collected, done until all else was
	// done as well.
	collected, done time.Duration
	usage
	// memory is the worker's peak in bytes.
	memory int64
}

// usage is what the database counts: bytes of its write-ahead log, rows written,
// and the time that its sessions were busy.
type usage struct {
	wal, rows int64
	busy      time.Duration
}

// String implements [fmt.Stringer].
func (m measure) String() string {
	return fmt.Sprintf("collected after %s, all done after %s; %.2f MB of log, %d rows written, database busy for %s; worker's peak memory %d MB",
		m.collected.Round(10*time.Millisecond), m.done.Round(10*time.Millisecond), float64(m.wal)/1e6, m.rows, m.busy.Round(time.Millisecond), m.memory>>20)
}

// pass runs a worker until all is collected and done, and measures it.
func (i *installation) pass(t *testing.T, dsn string) measure {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	// The first change of a page after a checkpoint logs the whole page: the
	// worst case.
	if _, err := conn.Exec(t.Context(), `CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	before := usageOf(t, conn)
	var m measure
	began := time.Now()
	p := i.start(t, "work")
	c, err := client.New(i.url)
	if err != nil {
		t.Fatal(err)
	}
	process.Until(t, sizeTimeout, "all is collected and done", func(ctx context.Context) error {
		if p.Ended() {
			t.Fatal("the worker ended")
		}
		status, err := client.Get[view.Status](ctx, c, "/status", nil)
		if err != nil {
			return err
		}
		if m.collected == 0 {
			if err := collectedSince(ctx, c, status, began); err != nil {
				return err
			}
			m.collected = time.Since(began)
		}
		if !status.FirstPass {
			return fmt.Errorf("work is left: %+v", status.Queue)
		}
		m.done = time.Since(began)
		return nil
	})
	p.Stop(t)
	m.memory = p.PeakMemory()
	after := usageOf(t, conn)
	m.usage = usage{after.wal - before.wal, after.rows - before.rows, after.busy - before.busy}
	return m
}

// collectedSince returns an error unless all accounts were collected since a
// time, and those that this brought, too.
func collectedSince(ctx context.Context, c *client.Client, status view.Status, since time.Time) error {
	if n := status.Scopes[inventory.Pending]; n > 0 {
		return fmt.Errorf("%d scopes wait", n)
	}
	accounts := 0
	for a, err := range client.List[view.Account](ctx, c, "/accounts", nil) {
		if err != nil {
			return err
		}
		if a.CompletedAt.Before(since) {
			return fmt.Errorf("account %s was last complete at %s", a.ID, a.CompletedAt)
		}
		accounts++
	}
	if accounts < 2 {
		return fmt.Errorf("%d accounts", accounts)
	}
	return nil
}

// status returns the status.
func (i *installation) status(t *testing.T) view.Status {
	t.Helper()
	return ask[view.Status](t, i, "status")
}

// usageOf returns what the database has counted by now. The statistics of a
// session come in when it ends or is idle for a second.
func usageOf(t testing.TB, conn *pgx.Conn) (u usage) {
	t.Helper()
	const query = `
		SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, tup_inserted + tup_updated + tup_deleted, active_time
		FROM pg_stat_database WHERE datname = current_database()`
	var busy float64 // in milliseconds
	if err := conn.QueryRow(t.Context(), query).Scan(&u.wal, &u.rows, &busy); err != nil {
		t.Fatal(err)
	}
	u.busy = time.Duration(busy * float64(time.Millisecond))
	return u
}

// privateServer starts a PostgreSQL for one test, as others would write the
// same log. It is as durable as one in production; only what comes at its own
// time is off.
func privateServer(t testing.TB) string {
	t.Helper()
	// The server of root runs as another user, who must be able to enter.
	dir, err := os.MkdirTemp("", "stowage-e2e-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(t.Context(), embedded.Options{
		DataDir: filepath.Join(dir, "data"),
		Settings: map[string]string{
			"autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "16GB", "wal_level": "replica", "max_connections": "200",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server.ConnString()
}
