package postgres_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// TestSessionsEndMidWrite ends all sessions, as a restart of the server does,
// while a run is being written: nothing of it is there, and the next try
// writes it all.
func TestSessionsEndMidWrite(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1), workload(2))
	before := names(t, db, view.WorkloadQuery{})

	state, err := db.Scope(t.Context(), tenant, ecsScope)
	if err != nil {
		t.Fatal(err)
	}
	apply := func(then func(context.Context, pgx.Tx, postgres.Changes) error) error {
		snapshot := postgres.NewSnapshot(ecsScope)
		defer snapshot.Close()
		for _, w := range []inventory.Workload{changedWorkload(2), workload(3)} {
			if err := snapshot.Emit(w); err != nil {
				t.Fatal(err)
			}
		}
		_, err := db.Apply(t.Context(), postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: complete}, then)
		return err
	}
	err = apply(func(ctx context.Context, tx pgx.Tx, c postgres.Changes) error {
		if !c.Any() {
			t.Error("nothing was written before the sessions ended")
		}
		if _, err := db.Pool().Exec(ctx, `
			select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `select`)
		return err
	})
	if err == nil {
		t.Fatal("Apply succeeded although its session ended")
	}
	if diff := cmp.Diff(before, names(t, db, view.WorkloadQuery{})); diff != "" {
		t.Errorf("workloads after the sessions ended (-want +got):\n%s", diff)
	}
	if got, err := db.Scope(t.Context(), tenant, ecsScope); err != nil || got.Run != state.Run {
		t.Errorf("scope = %+v, %v, want run %d still", got, err, state.Run)
	}
	if err := apply(nil); err != nil {
		t.Fatalf("the next try: %v", err)
	}
	got := map[string]bool{}
	for _, name := range names(t, db, view.WorkloadQuery{}) {
		got[name] = true
	}
	if diff := cmp.Diff(map[string]bool{"service-2": true, "service-3": true}, got); diff != "" {
		t.Errorf("workloads after the next try (-want +got):\n%s", diff)
	}
}
