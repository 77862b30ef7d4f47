package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

var ecsAccount = postgres.AccountKey{Provider: ecsScope.Provider, Account: ecsScope.Account}

// beginPass begins a pass and returns it with the scopes that it is to try.
func beginPass(t *testing.T, db *postgres.DB) (*postgres.Pass, map[inventory.ScopeKey]postgres.ScopeState) {
	t.Helper()
	pass, err := db.BeginPass(t.Context(), tenant, ecsAccount)
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := pass.Scopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[inventory.ScopeKey]postgres.ScopeState{}
	for _, s := range scopes {
		byKey[s.ScopeKey] = s
	}
	return pass, byKey
}

// applyIn applies one run of a scope in a pass.
func applyIn(t *testing.T, db *postgres.DB, pass *postgres.Pass, s postgres.ScopeState, result inventory.ScopeResult, records ...inventory.Record) (postgres.Changes, error) {
	t.Helper()
	snapshot := postgres.NewSnapshot(s.ScopeKey)
	defer snapshot.Close()
	for _, r := range records {
		if err := snapshot.Emit(r); err != nil {
			t.Fatal(err)
		}
	}
	return db.Apply(t.Context(), postgres.Run{
		Tenant: tenant, Pass: pass, Token: s.Run, Snapshot: snapshot, Result: result,
	}, nil)
}

// scopeOf returns what coverage shows of the scope.
func scopeOf(t *testing.T, db *postgres.DB, key inventory.ScopeKey) view.Scope {
	t.Helper()
	page, err := db.Reader(tenant).Scopes(t.Context(), view.ScopeQuery{Region: key.Region, Collector: key.Collector})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 {
		t.Fatalf("%d scopes like %s, want 1", len(page.Items), key)
	}
	return page.Items[0]
}

// written returns the version of the scope's own row.
func written(t *testing.T, db *postgres.DB, key inventory.ScopeKey) (version string) {
	t.Helper()
	if err := db.Pool().QueryRow(t.Context(), `select xmin::text from scope where tenant_id = $1 and id = $2`,
		tenant, int64(inventory.IDOf(key.String()))).Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

func TestUnchangedPassWritesNoScope(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	before, version := scopeOf(t, db, ecsScope), written(t, db, ecsScope)

	pass, scopes := beginPass(t, db)
	if changes, err := applyIn(t, db, pass, scopes[ecsScope], complete, workload(1)); err != nil || changes.Any() {
		t.Fatalf("unchanged run: %+v, %v", changes, err)
	}
	if got := scopeOf(t, db, ecsScope); !got.CompletedAt.Equal(before.CompletedAt) {
		t.Errorf("before the pass ended the scope is complete as of %s, want %s", got.CompletedAt, before.CompletedAt)
	}
	if err := pass.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := scopeOf(t, db, ecsScope)
	if !got.CompletedAt.After(before.CompletedAt) || !got.TriedAt.Equal(got.CompletedAt) || got.Stale {
		t.Errorf("after the pass: %+v, want it complete after %s", got, before.CompletedAt)
	}
	if now := written(t, db, ecsScope); now != version {
		t.Error("the row of the unchanged scope was written")
	}
	detail, err := db.Reader(tenant).Workload(t.Context(), workload(1).UID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !detail.LastSeen.Equal(got.CompletedAt) {
		t.Errorf("the workload was last seen at %s, want %s", detail.LastSeen, got.CompletedAt)
	}
}

// TestPassShowsOnlyWhatItSaw ends a pass in which one scope could not be read.
func TestPassShowsOnlyWhatItSaw(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	denied := ecsScope
	denied.Collector = "lambda"
	if err := db.PutRoots(t.Context(), tenant, []inventory.ChildScope{{ScopeKey: ecsScope}, {ScopeKey: denied}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		pass, scopes := beginPass(t, db)
		for _, s := range scopes {
			if _, err := applyIn(t, db, pass, s, complete); err != nil {
				t.Fatal(err)
			}
		}
		if err := pass.End(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := scopeOf(t, db, denied)

	pass, scopes := beginPass(t, db)
	if _, err := applyIn(t, db, pass, scopes[ecsScope], complete); err != nil {
		t.Fatal(err)
	}
	result := inventory.ScopeResult{Outcome: inventory.Denied, Reason: "lambda:ListFunctions denied"}
	if _, err := applyIn(t, db, pass, scopes[denied], result); err != nil {
		t.Fatal(err)
	}
	if err := pass.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := scopeOf(t, db, denied)
	if got.Outcome != inventory.Denied || !got.Stale || got.CompletedAt.After(before.CompletedAt) {
		t.Errorf("the denied scope is %+v, want it stale since %s", got, before.CompletedAt)
	}

	// The same snapshot as before the denial makes it complete again.
	pass, scopes = beginPass(t, db)
	if _, err := applyIn(t, db, pass, scopes[denied], complete); err != nil {
		t.Fatal(err)
	}
	if got := scopeOf(t, db, denied); got.Outcome != inventory.Complete || got.Stale {
		t.Errorf("after the denial ended the scope is %+v, want complete", got)
	}
}

func TestPassIsALease(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	old, oldScopes := beginPass(t, db)
	pass, scopes := beginPass(t, db)
	if _, err := applyIn(t, db, pass, scopes[ecsScope], complete, workload(1)); err != nil {
		t.Fatal(err)
	}
	// The newer pass found nothing new, so the scope's own token is the same.
	for _, result := range []inventory.ScopeResult{complete, {Outcome: inventory.Failed}} {
		if _, err := applyIn(t, db, old, oldScopes[ecsScope], result); !errors.Is(err, postgres.ErrSuperseded) {
			t.Errorf("apply a %s run of a replaced pass: error %v, want ErrSuperseded", result.Outcome, err)
		}
	}
	for name, end := range map[string]func() error{
		"end":     func() error { return old.End(t.Context()) },
		"abandon": func() error { return old.Abandon(t.Context()) },
	} {
		if err := end(); !errors.Is(err, postgres.ErrSuperseded) {
			t.Errorf("%s of a replaced pass: error %v, want ErrSuperseded", name, err)
		}
	}
	if err := pass.End(t.Context()); err != nil {
		t.Error(err)
	}
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 1 {
		t.Errorf("workloads = %v, want service-1", got)
	}
}

func TestAbandonedPassIsGoneOnWith(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	since := time.Now()
	pass, scopes := beginPass(t, db)
	if _, err := applyIn(t, db, pass, scopes[ecsScope], complete, workload(1)); err != nil {
		t.Fatal(err)
	}
	if err := pass.Abandon(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, scopes = beginPass(t, db)
	if got := scopes[ecsScope].TriedAt; !got.After(since.Truncate(time.Microsecond)) {
		t.Errorf("tried at %s, want after %s", got, since)
	}
}
