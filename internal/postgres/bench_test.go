package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
)

// The shape of the benchmark's estate: as many scopes as workloads need at
// this size.
const benchScopeSize = 400

// benchWorkloads is the size of the estate; STOWAGE_BENCH_WORKLOADS sets it.
func benchWorkloads(b *testing.B) int {
	if s := os.Getenv("STOWAGE_BENCH_WORKLOADS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("STOWAGE_BENCH_WORKLOADS: %v", err)
		}
		return n
	}
	return 20_000
}

func benchScope(n int) inventory.ScopeKey {
	return inventory.ScopeKey{
		Provider: inventory.AWS, Account: fmt.Sprintf("%012d", n), Region: "eu-west-1", Collector: "ecs",
	}
}

func benchWorkload(scope, n int, replicas int) inventory.Workload {
	w := workload(n % 997)
	w.UID = fmt.Sprintf("arn:aws:ecs:eu-west-1:%012d:service/shop/service-%d", scope, n)
	w.Name, w.Replicas = fmt.Sprintf("service-%d", n), replicas
	w.Labels = map[string]string{"team": "checkout", "cost-center": "4711", "repository": "https://git.example/shop/" + w.Name}
	w.Network = inventory.Network{
		SecurityGroups: []string{"sg-0a1b2c3d4e5f60718"}, Subnets: []string{"subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"},
	}
	return w
}

// BenchmarkStore prints the rates of the first load and of re-syncs as ratios
// to the rate of COPY of the same rows in the same run, and the bytes of WAL
// that each wrote.
func BenchmarkStore(b *testing.B) {
	for range b.N {
		db := storetest.Open(b)
		ctx := b.Context()
		total := benchWorkloads(b)
		scopes := (total + benchScopeSize - 1) / benchScopeSize
		var roots []inventory.ChildScope
		for n := range scopes {
			roots = append(roots, inventory.ChildScope{ScopeKey: benchScope(n)})
		}
		if err := db.PutRoots(ctx, tenant, roots); err != nil {
			b.Fatal(err)
		}
		limit := benchCopy(b, db, scopes)
		report := func(name string, elapsed time.Duration, wal int64) {
			rate := float64(scopes*benchScopeSize) / elapsed.Seconds()
			b.Logf("%-28s %9.0f rows/s  %6.2f x COPY  %8.2f MB WAL", name, rate, rate/limit, float64(wal)/1e6)
			b.ReportMetric(rate/limit, name+"/COPY")
		}
		step := func(name string, replicas func(scope, n int) int) {
			before := walPosition(b, db)
			start := time.Now()
			g, gctx := errgroup.WithContext(ctx)
			g.SetLimit(4)
			for scope := range scopes {
				g.Go(func() error { return benchSync(gctx, db, scope, replicas) })
			}
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			report(name, time.Since(start), walSince(b, db, before))
		}
		step("first-load", func(int, int) int { return 2 })
		step("unchanged", func(int, int) int { return 2 })
		step("one-percent-changed", func(_, n int) int {
			if n%100 == 0 {
				return 3
			}
			return 2
		})
	}
}

func benchSync(ctx context.Context, db *postgres.DB, scope int, replicas func(scope, n int) int) error {
	key := benchScope(scope)
	state, err := db.Scope(ctx, tenant, key)
	if err != nil {
		return err
	}
	snapshot := postgres.NewSnapshot(key)
	defer snapshot.Close()
	for n := range benchScopeSize {
		if err := snapshot.Emit(benchWorkload(scope, n, replicas(scope, n))); err != nil {
			return err
		}
	}
	_, err = db.Apply(ctx, postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: complete}, nil)
	return err
}

// benchCopy returns the rows a second of COPY into a table without index: the
// limit of what any store could do with these rows.
func benchCopy(b *testing.B, db *postgres.DB, scopes int) float64 {
	b.Helper()
	ctx := b.Context()
	if _, err := db.Pool().Exec(ctx, `create table copy_limit (tenant_id int, id bigint, uid text, name text, attrs text)`); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	rows := 0
	for scope := range scopes {
		n := -1
		copied, err := db.Pool().CopyFrom(ctx, pgx.Identifier{"copy_limit"}, []string{"tenant_id", "id", "uid", "name", "attrs"},
			pgx.CopyFromFunc(func() ([]any, error) {
				if n++; n == benchScopeSize {
					return nil, nil
				}
				w := benchWorkload(scope, n, 2)
				return []any{int32(tenant), int64(inventory.IDOf(w.UID)), w.UID, w.Name, fmt.Sprint(w)}, nil
			}))
		if err != nil {
			b.Fatal(err)
		}
		rows += int(copied)
	}
	rate := float64(rows) / time.Since(start).Seconds()
	b.Logf("%-28s %9.0f rows/s  %6.2f x COPY", "copy", rate, 1.0)
	return rate
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
