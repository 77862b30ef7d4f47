package awsiam_test

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/datastore"
)

// storeTypes returns the types of stores of AWS.
func storeTypes(t testing.TB) []access.StoreType {
	t.Helper()
	table, err := datastore.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return table.Types()
}

// principalIDs returns the principals of a random estate: the roles and users,
// and one of every other kind.
func (r *randomEstate) principalIDs() []string {
	return append([]string{
		"arn:aws:iam::111111111111:root", "arn:aws:sts::111111111111:assumed-role/r1/session", "arn:aws:sts::222222222222:assumed-role/r1/session",
		"arn:aws:sts::111111111111:federated-user/f", "ecs-tasks.amazonaws.com", "anonymous", "martian",
	}, r.roles...)
}

// fill puts everything random into an estate.
func (r *randomEstate) fill(t testing.TB, e *awsiam.Estate) (pool, named []*awsiam.Document) {
	t.Helper()
	for range 8 {
		pool = append(pool, r.document(false))
		named = append(named, r.document(true))
	}
	for _, id := range r.accounts {
		e.SetAccount(r.account(id, pool, named))
	}
	for _, id := range r.principalIDs() {
		e.SetPrincipal(r.principal(id, pool))
	}
	for _, id := range r.stores {
		if err := e.SetStore(r.store(id, named)); err != nil {
			t.Fatal(err)
		}
	}
	return pool, named
}

func randomBase(r *randomEstate) access.Context {
	base := access.NewContext(access.UnknownState).With("aws:SecureTransport", "true")
	if r.chance(2) {
		base = base.WithAbsent("aws:SourceIp")
	}
	return base
}

// TestEstateEqualsEvaluate compares the grants of random estates with what the
// evaluation of single requests says of every principal and store.
func TestEstateEqualsEvaluate(t *testing.T) {
	t.Parallel()
	types := storeTypes(t)
	for seed := range uint64(15) {
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			t.Parallel()
			compareEstate(t, types, seed)
		})
	}
}

// compareEstate makes an estate and compares it. It returns how many pairs have
// grants.
func compareEstate(t *testing.T, types []access.StoreType, seed uint64) {
	t.Helper()
	r := newRandomEstate(seed)
	e := awsiam.NewEstate(types, randomBase(r))
	r.fill(t, e)
	estate := access.NewEstate(e)
	if _, err := estate.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := equalsEvaluate(t, r, e, estate); n == 0 {
		t.Errorf("no principal has grants on any store")
	}
}

// TestEstateUpdates changes random estates, and compares what an update makes
// of them with single requests, and what it says that it changed with what
// changed.
func TestEstateUpdates(t *testing.T) {
	t.Parallel()
	types := storeTypes(t)
	for seed := range uint64(16) {
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			t.Parallel()
			r := newRandomEstate(1000 + seed)
			e := awsiam.NewEstate(types, randomBase(r))
			pool, named := r.fill(t, e)
			estate := access.NewEstate(e)
			if _, err := estate.Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 6 {
				before := keptGrants(estate)
				for range 1 + r.IntN(3) {
					r.change(t, e, pool, named)
				}
				changes, err := estate.Update(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				equalsEvaluate(t, r, e, estate)
				equalsChanges(t, before, keptGrants(estate), changes)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// change changes something.
func (r *randomEstate) change(t *testing.T, e *awsiam.Estate, pool, named []*awsiam.Document) {
	principals := r.principalIDs()
	if r.chance(2) {
		pool[r.IntN(len(pool))], named[r.IntN(len(named))] = r.document(false), r.document(true)
	}
	switch r.IntN(9) {
	case 0, 1:
		e.SetPrincipal(r.principal(r.one(principals...), pool))
	case 6, 7, 8:
		for range 1 + r.IntN(3) {
			e.SetPrincipal(r.revised(r.one(principals...), pool))
		}
	case 2:
		e.RemovePrincipal(r.one(principals...))
	case 3:
		if err := e.SetStore(r.store(r.one(r.stores...), named)); err != nil {
			t.Fatal(err)
		}
	case 4:
		e.RemoveStore(r.one(r.stores...))
	case 5:
		e.SetAccount(r.account(r.one(r.accounts...), pool, named))
	}
}

// keptGrants returns the grants that an estate keeps.
func keptGrants(estate *access.Estate) map[[2]string][]access.Grant {
	kept := map[[2]string][]access.Grant{}
	for g := range estate.Kept() {
		key := [2]string{g.Principal, g.Store}
		kept[key] = append(kept[key], g.Grant)
	}
	return kept
}

func equalsChanges(t *testing.T, before, after map[[2]string][]access.Grant, changes *access.Changes) {
	t.Helper()
	seen := map[[2]string]bool{}
	for c := range changes.All() {
		key := [2]string{c.Principal, c.Store}
		if seen[key] {
			t.Errorf("%v: changed twice", key)
		}
		seen[key] = true
		if !access.EqualGrants(c.Before, before[key]) || !access.EqualGrants(c.After, after[key]) {
			t.Errorf("%v: changed from\n%sto\n%swant from\n%sto\n%s", key, grantsText(c.Before), grantsText(c.After), grantsText(before[key]), grantsText(after[key]))
		}
	}
	for key := range before {
		if !seen[key] && !access.EqualGrants(before[key], after[key]) {
			t.Errorf("%v: a change is not told, from\n%sto\n%s", key, grantsText(before[key]), grantsText(after[key]))
		}
	}
	for key := range after {
		if !seen[key] && before[key] == nil {
			t.Errorf("%v: new grants are not told:\n%s", key, grantsText(after[key]))
		}
	}
}

func equalsEvaluate(t *testing.T, r *randomEstate, e *awsiam.Estate, estate *access.Estate) (some int) {
	t.Helper()
	got := map[[2]string][]access.Grant{}
	for g := range estate.Grants() {
		key := [2]string{g.Principal, g.Store}
		got[key] = append(got[key], g.Grant)
	}
	for _, principal := range r.principalIDs() {
		for _, store := range r.stores {
			want := e.Explain(principal, store, nil)
			key := [2]string{principal, store}
			if len(want) > 0 {
				some++
			}
			if !access.EqualGrants(want, got[key]) {
				t.Errorf("%s on %s: grants are\n%s\nwant\n%s", principal, store, grantsText(got[key]), grantsText(want))
			}
			delete(got, key)
		}
	}
	for _, principal := range r.principalIDs()[:9] {
		of := map[string][]access.Grant{}
		for g := range estate.GrantsOf(principal) {
			of[g.Store] = append(of[g.Store], g.Grant)
		}
		for _, store := range r.stores {
			if want := e.Explain(principal, store, nil); !access.EqualGrants(want, of[store]) {
				t.Errorf("grants of %s on %s are\n%s\nwant\n%s", principal, store, grantsText(of[store]), grantsText(want))
			}
		}
	}
	for key, grants := range got {
		t.Errorf("%s has unexpected grants on %s: %s", key[0], key[1], grantsText(grants))
	}
	return some
}

func grantsText(grants []access.Grant) string {
	text := ""
	for _, g := range grants {
		text += fmt.Sprintf("  %v by %v: %v %v\n", g.Level, g.Channel, g.Verdict(), g.Formula)
	}
	return text
}
