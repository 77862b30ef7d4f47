package gcpiam

import (
	"math/rand/v2"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// newCondition writes a condition of random logic. Some of its parts ask for
// what a request for an object does not have.
func newCondition(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(5) == 0 {
		return pick(r,
			`resource.name.startsWith("projects/_/buckets/records/objects/a")`, `resource.type == "storage.googleapis.com/Object"`, `resource.name.endsWith(".jpg")`,
			`request.time < timestamp("2026-01-01T00:00:00Z")`, `resource.matchTag("9/env", "prod")`, `destination.port == 22`, `request.path != "/admin"`,
			`"x" in request.auth.access_levels`, `resource.name.extract("objects/{n}") in ["a", "b"]`, `true`, `false`,
			`api.getAttribute("storage.googleapis.com/objectListPrefix", "none") == "none"`,
		)
	}
	switch r.IntN(4) {
	case 0:
		return "!(" + newCondition(r, depth-1) + ")"
	case 1:
		return "(" + newCondition(r, depth-1) + " ? " + newCondition(r, depth-1) + " : " + newCondition(r, depth-1) + ")"
	case 2:
		return "(" + newCondition(r, depth-1) + " || " + newCondition(r, depth-1) + ")"
	}
	return "(" + newCondition(r, depth-1) + " && " + newCondition(r, depth-1) + ")"
}

// A condition is the same by its parts as for the language's own evaluation,
// and what is decided of it without knowing something is so whatever that is.
func TestConditionsByParts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	verdicts := make(map[access.Verdict]int)
	for n := range 1000 {
		expression := newCondition(r, 4)
		c := &Condition{Expression: expression}
		in := newWorld(r).input()
		in.Request.Context = access.NewContext(access.UnknownState).With("request.time", pick(r, "2025-06-01T07:00:00Z", "2027-01-01T10:00:00Z"))
		known := newFacts(&in)
		whole := granted(t, expression, known)
		if got := known.condition(c, failureFalse); !got.Equal(access.Of(whole)) {
			t.Fatalf("case %d: %s is %s by its parts, as a whole %t", n, expression, got, whole)
		}
		hidden := in
		if r.IntN(2) == 0 {
			hidden.Request.Context = hidden.Request.Context.WithUnknown("request.time")
		}
		if r.IntN(2) == 0 {
			hidden.Request.Resource = access.Resource{ID: objectsOf, Below: true}
		}
		if r.IntN(4) == 0 {
			hidden.Tags = nil
		}
		got := newFacts(&hidden).condition(c, failureFalse)
		verdicts[got.Verdict()]++
		if value, plain := got.Value(); plain && value != whole {
			t.Fatalf("case %d: %s is %t without knowing all, and %t", n, expression, value, whole)
		}
	}
	for _, v := range []access.Verdict{access.Denied, access.Unknown, access.Conditional, access.Allowed} {
		if verdicts[v] < 20 {
			t.Errorf("only %d of the cases are %s", verdicts[v], v)
		}
	}
}
