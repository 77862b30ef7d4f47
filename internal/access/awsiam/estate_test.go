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
	for seed := range uint64(60) {
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
