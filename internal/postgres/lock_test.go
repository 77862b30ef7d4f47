package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
)

// TestApplyTakesImagesFirst lets a run wait for an image: meanwhile it must
// not hold a workload, which whoever has the image may be about to ask for.
func TestApplyTakesImagesFirst(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		records []inventory.Record
	}{
		{"changed", []inventory.Record{changedWorkload(1), workload(2)}},
		{"changed_beside_new_image", []inventory.Record{withImage(changedWorkload(1), 3), workload(2), withImage(workload(3), 2)}},
		{"gone_beside_new", []inventory.Record{workload(2), withImage(workload(3), 1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := openWithScope(t)
			collect(t, db, complete, workload(1), workload(2))

			tx, err := db.Pool().Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context())
			if _, err := tx.Exec(t.Context(), `select from image for no key update`); err != nil {
				t.Fatal(err)
			}
			applied := make(chan error, 1)
			go func() {
				_, err := tryCollect(t.Context(), db, complete, test.records...)
				applied <- err
			}()
			awaitWaiting(t, db, applied)
			if _, err := tx.Exec(t.Context(), `select from workload for no key update nowait`); err != nil {
				t.Errorf("lock the workloads while a run waits for their images: %v", err)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-applied; err != nil {
				t.Error(err)
			}
		})
	}
}

func changedWorkload(n int) inventory.Workload {
	w := workload(n)
	w.Replicas++
	return w
}

// withImage gives a workload the image of another.
func withImage(w inventory.Workload, n int) inventory.Workload {
	w.Containers = workload(n).Containers
	return w
}

// awaitWaiting returns when a transaction waits for another's lock.
func awaitWaiting(t *testing.T, db *postgres.DB, done <-chan error) {
	t.Helper()
	const query = `select count(*) from pg_locks l join pg_database d on d.oid = l.database or l.database is null
		join pg_stat_activity a on a.pid = l.pid and a.datname = current_database()
		where not l.granted and d.datname = current_database()`
	for waiting := 0; waiting == 0; {
		select {
		case err := <-done:
			t.Fatalf("nothing waited; the end was: %v", err)
		default:
		}
		if err := db.Pool().QueryRow(t.Context(), query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoDeadlocks does all at once, many times, what writes the same images and
// workloads: collect, resolve, scan, match and import. Nothing may wait in a
// circle, not even where a second try would help.
func TestNoDeadlocks(t *testing.T) {
	t.Parallel()
	const images, workloads, rounds = 6, 40, 25
	dsn := storetest.DSN(t)
	db, err := postgres.Open(t.Context(), dsn, 12)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.PutRoots(t.Context(), tenant, []inventory.ChildScope{{ScopeKey: ecsScope}}); err != nil {
		t.Fatal(err)
	}
	estate := func(round int) (records []inventory.Record) {
		for n := range workloads {
			w := workload(n)
			w.Replicas = 1 + (n+round)%3
			w.Containers = nil
			for i := range 3 {
				image := (n*7 + i*5 + round) % images
				w.Containers = append(w.Containers, inventory.Container{
					Name: fmt.Sprint(i), Type: inventory.MainContainer, Image: fmt.Sprintf("registry.example/shop/app-%d:1.0", image),
					Digest: digest(image), Architecture: "amd64", Replicas: 1,
				})
			}
			if n%5 != round%5 { // Some come and go.
				records = append(records, w)
				records = append(records, inventory.Exposure{Workload: w.UID, Via: "test", Address: fmt.Sprint(round % 2)})
			}
		}
		return records
	}
	resolution := func(i int) postgres.Resolution {
		return postgres.Resolution{Tenant: tenant, Manifest: manifest(i, "amd64"), Reference: postgres.Reference{
			Host: "registry.example", Repository: fmt.Sprintf("shop/app-%d", i), Digest: digest(i), Architecture: "amd64",
		}}
	}
	collect(t, db, complete, estate(0)...)
	for i := range images {
		if err := db.SaveResolution(t.Context(), resolution(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	work := map[string]func(ctx context.Context, round int) error{
		"collect": func(ctx context.Context, round int) error {
			_, err := tryCollect(ctx, db, complete, estate(round)...)
			return err
		},
		"import": func(ctx context.Context, round int) error {
			var changed []int64
			store := db.Advisories(func(_ context.Context, _ pgx.Tx, ids []int64) error {
				changed = ids
				return nil
			})
			fixed := ""
			if round%2 == 1 {
				fixed = "4.0.0"
			}
			if err := store.ApplyAdvisories(ctx, "osv/test", []advisory.Advisory{lodash(fixed)}, nil); err != nil {
				return err
			}
			return db.MatchAdvisories(ctx, changed)
		},
		"kev": func(ctx context.Context, round int) error {
			kev := &advisory.KEV{Exploited: map[string]advisory.Exploited{}}
			if round%2 == 0 {
				kev.Exploited["CVE-2021-1"] = advisory.Exploited{Name: "one"}
			}
			return db.SaveKEV(ctx, "kev/test", kev, advisory.State{})
		},
	}
	for i := range images {
		id := inventory.IDOf(digest(i))
		work[fmt.Sprintf("scan_%d", i)] = func(ctx context.Context, round int) error {
			packages := []image.Package{
				{Ecosystem: "npm", Name: "lodash", Version: "4.17.15"},
				{Ecosystem: "npm", Name: "lodash", Version: fmt.Sprintf("4.1.%d", round)},
				{Ecosystem: "npm", Name: "lodash", Version: fmt.Sprintf("4.2.%d", round)},
			}
			if err := db.SaveScan(ctx, postgres.ScanResult{Image: id, Version: 1, Inventory: image.Inventory{Packages: packages}}, nil); err != nil {
				return err
			}
			return db.MatchImage(ctx, id)
		}
		work[fmt.Sprintf("resolve_%d", i)] = func(ctx context.Context, _ int) error {
			return db.SaveResolution(ctx, resolution(i), nil)
		}
	}
	g, ctx := errgroup.WithContext(t.Context())
	for name, do := range work {
		g.Go(func() error {
			for round := range rounds {
				if err := do(ctx, round+1); err != nil {
					return fmt.Errorf("%s, round %d: %w", name, round, err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	db.Close() // A session tells its statistics at its end.
	if n := deadlocks(t, dsn); n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}

// deadlocks returns how often PostgreSQL ended a transaction of the database
// for a deadlock.
func deadlocks(t *testing.T, dsn string) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
