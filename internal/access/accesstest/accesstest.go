// Package accesstest holds what tests of the estates of several clouds share.
package accesstest

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// EqualsRequests compares the grants of an estate of single requests with what
// its engine says of each pair of a principal and a store when it is asked,
// with evidence and without. It returns how many grants there are. Place names
// the case in errors.
func EqualsRequests(t *testing.T, place string, e *access.RequestEngine, estate *access.Estate, principals, stores []string) (some int) {
	t.Helper()
	got := map[[2]string][]access.Grant{}
	for g := range estate.Grants() {
		key := [2]string{g.Principal, g.Store}
		got[key] = append(got[key], g.Grant)
	}
	for _, principal := range principals {
		for _, store := range stores {
			key := [2]string{principal, store}
			want := e.Explain(principal, store, nil)
			explained := e.Explain(principal, store, func(r access.Request, d access.Decision) {
				if len(d.Evidence.Layers) == 0 {
					t.Errorf("%s: %v: %s has no evidence", place, key, r.Action)
				}
			})
			if !access.EqualGrants(want, explained) {
				t.Errorf("%s: %v: grants with evidence are %v, want %v", place, key, explained, want)
			}
			if !access.EqualGrants(want, got[key]) {
				t.Errorf("%s: %v: grants are %v, want %v", place, key, got[key], want)
			}
			some += len(want)
			delete(got, key)
		}
	}
	if len(got) > 0 {
		t.Errorf("%s: unexpected grants %v", place, got)
	}
	return some
}
