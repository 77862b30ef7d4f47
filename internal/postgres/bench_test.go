package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/embedded"
)

// The shape of the benchmark's estate, and how many accounts are collected at
// a time.
const (
	benchScopeSize     = 200
	benchAccountScopes = 4
	benchAtOnce        = 4
)

// benchAccounts is the size of the estate; STOWAGE_BENCH_WORKLOADS sets it.
func benchAccounts(b *testing.B) int {
	workloads := 20_000
	if s := os.Getenv("STOWAGE_BENCH_WORKLOADS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("STOWAGE_BENCH_WORKLOADS: %v", err)
		}
		workloads = n
	}
	const perAccount = benchScopeSize * benchAccountScopes
	return (workloads + perAccount - 1) / perAccount
}

func benchScope(account, n int) inventory.ScopeKey {
	return inventory.ScopeKey{
		Provider: inventory.AWS, Account: fmt.Sprintf("%012d", account), Region: fmt.Sprintf("eu-west-%d", n+1), Collector: "ecs",
	}
}

// benchEstate returns the workloads of the estate, by account and scope.
func benchEstate(accounts int) [][][]inventory.Workload {
	estate := make([][][]inventory.Workload, accounts)
	for account := range estate {
		estate[account] = make([][]inventory.Workload, benchAccountScopes)
		for scope := range estate[account] {
			for n := range benchScopeSize {
				estate[account][scope] = append(estate[account][scope], benchWorkload(benchScope(account, scope), n))
			}
		}
	}
	return estate
}

func benchWorkload(key inventory.ScopeKey, n int) inventory.Workload {
	w := workload(n % 997)
	w.UID = fmt.Sprintf("arn:aws:ecs:%s:%s:service/shop/service-%d", key.Region, key.Account, n)
	w.Name = fmt.Sprintf("service-%d", n)
	w.Labels = map[string]string{"team": "checkout", "cost-center": "4711", "repository": "https://git.example/shop/" + w.Name}
	w.Network = inventory.Network{
		SecurityGroups: []string{"sg-0a1b2c3d4e5f60718"}, Subnets: []string{"subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"},
	}
	return w
}

// benchOpen returns a store on a server of its own with the settings of the
// private server: one that the tests share does not sync and writes no
// full-page images.
func benchOpen(b *testing.B) *postgres.DB {
	b.Helper()
	dir, err := os.MkdirTemp("", "stowage-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	// The server of root runs as another user, who must be able to enter.
	if err := os.Chmod(dir, 0o711); err != nil {
		b.Fatal(err)
	}
	server, err := embedded.Start(b.Context(), embedded.Options{DataDir: filepath.Join(dir, "postgres")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	if _, err := postgres.Migrate(b.Context(), server.ConnString()); err != nil {
		b.Fatal(err)
	}
	db, err := postgres.Open(b.Context(), server.ConnString(), 2*benchAtOnce)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(db.Close)
	return db
}

// BenchmarkStore prints the rates of the first load and of re-syncs, encoding
// of the records included, as ratios to the rate of COPY of the rows of the
// workload table alone in the same run, and the bytes of WAL that each wrote.
func BenchmarkStore(b *testing.B) {
	for range b.N {
		db := benchOpen(b)
		accounts := benchAccounts(b)
		var roots []inventory.ChildScope
		for account := range accounts {
			for n := range benchAccountScopes {
				roots = append(roots, inventory.ChildScope{ScopeKey: benchScope(account, n)})
			}
		}
		if err := db.PutRoots(b.Context(), tenant, roots); err != nil {
			b.Fatal(err)
		}
		var limit float64
		measure := func(name string, do func()) time.Duration {
			// What maintenance would do at some moment is done now, and every
			// step begins with a checkpoint and so pays for full-page images.
			for _, sql := range []string{"vacuum analyze", "checkpoint"} {
				if _, err := db.Pool().Exec(b.Context(), sql); err != nil {
					b.Fatal(err)
				}
			}
			before, start := walPosition(b, db), time.Now()
			do()
			elapsed := time.Since(start)
			rate := float64(accounts*benchAccountScopes*benchScopeSize) / elapsed.Seconds()
			if limit == 0 {
				limit = rate
			}
			b.Logf("%-20s %9.0f workloads/s  %6.2f x COPY  %8.3f MB WAL", name, rate, rate/limit, float64(walSince(b, db, before))/1e6)
			b.ReportMetric(rate/limit, name+"/COPY")
			return elapsed
		}
		estate := benchEstate(accounts)
		rows := benchRows(b, estate)
		measure("copy", func() { benchCopy(b, db, rows) })
		first := measure("first-load", func() { benchPasses(b, db, estate) })
		again := measure("unchanged", func() { benchPasses(b, db, estate) })
		for account := range estate {
			for scope := range estate[account] {
				for n := 0; n < benchScopeSize; n += 100 {
					estate[account][scope][n].Replicas++
				}
			}
		}
		measure("one-percent-changed", func() { benchPasses(b, db, estate) })
		b.Logf("an unchanged estate takes 1/%.0f of the first load", first.Seconds()/again.Seconds())
	}
}

// benchPasses collects all accounts once.
func benchPasses(b *testing.B, db *postgres.DB, estate [][][]inventory.Workload) {
	b.Helper()
	g, ctx := errgroup.WithContext(b.Context())
	g.SetLimit(benchAtOnce)
	for account, workloads := range estate {
		g.Go(func() error { return benchPass(ctx, db, account, workloads) })
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

func benchPass(ctx context.Context, db *postgres.DB, account int, workloads [][]inventory.Workload) error {
	key := benchScope(account, 0)
	pass, err := db.BeginPass(ctx, tenant, postgres.AccountKey{Provider: key.Provider, Account: key.Account})
	if err != nil {
		return err
	}
	scopes, err := pass.Scopes(ctx)
	if err != nil {
		return err
	}
	// They are in the order of their regions.
	for i, s := range scopes {
		if err := benchRun(ctx, db, pass, s, workloads[i]); err != nil {
			return err
		}
	}
	return pass.End(ctx)
}

func benchRun(ctx context.Context, db *postgres.DB, pass *postgres.Pass, s postgres.ScopeState, workloads []inventory.Workload) error {
	snapshot := postgres.NewSnapshot(s.ScopeKey)
	defer snapshot.Close()
	for _, w := range workloads {
		if err := snapshot.Emit(w); err != nil {
			return err
		}
	}
	run := postgres.Run{Tenant: tenant, Pass: pass, Token: s.Run, Snapshot: snapshot, Result: complete}
	_, err := db.Apply(ctx, run, nil)
	return err
}

// benchRows returns the rows of the workload table, by account.
func benchRows(b *testing.B, estate [][][]inventory.Workload) [][][]any {
	b.Helper()
	all := make([][][]any, len(estate))
	at := time.Now()
	for account := range estate {
		for scope, workloads := range estate[account] {
			key := benchScope(account, scope)
			for n, w := range workloads {
				attrs, err := json.Marshal(w)
				if err != nil {
					b.Fatal(err)
				}
				all[account] = append(all[account], []any{
					int32(tenant), int64(inventory.IDOf(w.UID)), w.UID, int64(inventory.IDOf(key.String())), int64(n), at, at, string(attrs),
					string(key.Provider), key.Account, key.Region, string(w.Kind), w.Name, w.Cluster, int32(w.Replicas),
					int64(inventory.IDOf(w.Identity)),
				})
			}
		}
	}
	return all
}

// benchCopy copies rows into a table like workload, but without index: the
// limit of what any store could do with them.
func benchCopy(b *testing.B, db *postgres.DB, rows [][][]any) {
	b.Helper()
	if _, err := db.Pool().Exec(b.Context(), `create table copy_limit (like workload including defaults)`); err != nil {
		b.Fatal(err)
	}
	g, ctx := errgroup.WithContext(b.Context())
	g.SetLimit(benchAtOnce)
	for _, account := range rows {
		g.Go(func() error {
			_, err := db.Pool().CopyFrom(ctx, pgx.Identifier{"copy_limit"}, []string{
				"tenant_id", "id", "uid", "scope_id", "hash", "first_seen", "changed_at", "attrs",
				"provider", "account", "region", "kind", "name", "cluster", "replicas", "identity_id",
			}, pgx.CopyFromRows(account))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

func walPosition(b *testing.B, db *postgres.DB) string {
	b.Helper()
	var lsn string
	if err := db.Pool().QueryRow(b.Context(), `select pg_current_wal_lsn()::text`).Scan(&lsn); err != nil {
		b.Fatal(err)
	}
	return lsn
}

func walSince(b *testing.B, db *postgres.DB, lsn string) int64 {
	b.Helper()
	var n int64
	if err := db.Pool().QueryRow(b.Context(), `select pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::bigint`, lsn).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func BenchmarkEmit(b *testing.B) {
	key := benchScope(1, 0)
	records := make([]inventory.Record, 1000)
	for n := range records {
		records[n] = benchWorkload(key, n)
	}
	b.ReportAllocs()
	snapshot := postgres.NewSnapshot(key)
	n := 0
	for b.Loop() {
		if n == len(records) {
			n = 0
			if err := snapshot.Close(); err != nil {
				b.Fatal(err)
			}
			snapshot = postgres.NewSnapshot(key)
		}
		if err := snapshot.Emit(records[n]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if err := snapshot.Close(); err != nil {
		b.Fatal(err)
	}
}
