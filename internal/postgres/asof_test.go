package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

func scopeAt(t *testing.T, db *postgres.DB, at time.Time) []view.Scope {
	t.Helper()
	page, err := db.Reader(tenant).Scopes(t.Context(), view.ScopeQuery{AsOf: at})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func TestCoverageAsOf(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Minute)
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	whenComplete := time.Now()
	denied := inventory.ScopeResult{Outcome: inventory.Denied, Reason: "ecs:ListTasks denied", Permission: "ecs:ListTasks"}
	collect(t, db, denied)
	collect(t, db, denied) // Nothing new: no second version.
	whenDenied := time.Now()
	collect(t, db, complete, workload(1))

	if got := scopeAt(t, db, before); len(got) != 0 {
		t.Errorf("before the scope was found: %+v, want none", got)
	}
	if got := scopeAt(t, db, whenComplete); len(got) != 1 || got[0].Outcome != inventory.Complete || got[0].Records != 1 {
		t.Errorf("when it was complete: %+v", got)
	}
	if got := scopeAt(t, db, whenDenied); len(got) != 1 || got[0].Outcome != inventory.Denied || got[0].Permission != "ecs:ListTasks" {
		t.Errorf("when it was denied: %+v", got)
	}
	if got := scopeAt(t, db, time.Now()); len(got) != 1 || got[0].Outcome != inventory.Complete {
		t.Errorf("now: %+v", got)
	}
}

func TestImagesAsOf(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1), workload(2))
	then := time.Now()
	collect(t, db, complete, workload(2))

	digests := func(at time.Time) map[string]int {
		page, err := db.Reader(tenant).Images(t.Context(), view.ImageQuery{AsOf: at})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, i := range page.Items {
			found[i.Digest] = i.Workloads
			if len(i.References) != 1 {
				t.Errorf("references of %s = %v, want one", i.Digest, i.References)
			}
		}
		return found
	}
	if got := digests(then); len(got) != 2 || got[digest(1)] != 1 || got[digest(2)] != 1 {
		t.Errorf("images then = %v, want both", got)
	}
	if got := digests(time.Now()); len(got) != 1 || got[digest(2)] != 1 {
		t.Errorf("images now = %v, want the second", got)
	}
}

func TestAsOfRefusesTodaysFindings(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	_, err := db.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{AsOf: time.Now(), Severity: finding.High})
	if !errors.Is(err, view.ErrBadQuery) {
		t.Errorf("error %v, want a bad query", err)
	}
}

func TestAccountsAsOf(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Minute)
	db := openWithScope(t)
	collect(t, db, complete, workload(1), workload(2), inventory.Account{Provider: inventory.AWS, ID: "111122223333", Name: "shop"})
	then := time.Now()
	collect(t, db, inventory.ScopeResult{Outcome: inventory.Denied, Reason: "denied"})

	accounts := func(q view.AccountQuery) []view.Account {
		found, err := db.Reader(tenant).Accounts(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := accounts(view.AccountQuery{AsOf: before}); len(got) != 0 {
		t.Errorf("before = %+v, want none", got)
	}
	if got := accounts(view.AccountQuery{AsOf: then}); len(got) != 1 || got[0].Workloads != 2 || got[0].Scopes[inventory.Complete] != 1 {
		t.Errorf("then = %+v, want two workloads and a complete scope", got)
	}
	if got := accounts(view.AccountQuery{Name: "SHO", Provider: inventory.AWS}); len(got) != 1 || got[0].Scopes[inventory.Denied] != 1 {
		t.Errorf("now = %+v, want a denied scope", got)
	}
	if got := accounts(view.AccountQuery{Name: "nope"}); len(got) != 0 {
		t.Errorf("other name = %+v, want none", got)
	}
}
