//go:build e2e

package e2e

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/e2e/rig/iamsimulate"
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// So many cases of which a condition remains are compared, each with its
// unknown keys known in so many ways.
const (
	residualCases = 2_500
	residualWays  = 16
)

// TestIAMOracleResiduals compares what remains to be asked when context keys
// are unknown with what remains for another evaluator. Both are asked under
// full knowledge, in many ways, and so is our engine itself.
func TestIAMOracleResiduals(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	need(t, "node")
	o := newOracle(t)
	seed, wanted := number(t, "STOWAGE_E2E_ORACLE_SEED", oracleSeed)+1, int(number(t, "STOWAGE_E2E_ORACLE_RESIDUALS", residualCases))
	r := rand.New(rand.NewPCG(seed, 0))
	cases, conditional, ways, deviated := 0, 0, 0, make(map[string]int)
	for start := uint64(0); conditional < wanted && !t.Failed(); start += oracleBatch {
		var batch []awsiamtest.Case
		for n := start; n < start+oracleBatch; n++ {
			if c := awsiamtest.Generate(seed, n, awsiamtest.Options{Unknown: true, Plain: true}); len(c.Unknown) > 0 {
				batch = append(batch, c)
			}
		}
		answers, err := o.s.Ask(t.Context(), batch...)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range batch {
			cases++
			d, err := c.Evaluate()
			if err != nil {
				t.Fatalf("%v\n%s", err, c)
			}
			if d.Verdict() == access.Conditional {
				conditional++
			}
			for range residualWays {
				ways++
				known := c.Know(awsiamtest.Assign(r, c))
				ours := decide(t, known) == allowed
				predicted, err := awsiamtest.Holds(d.Formula, known)
				if err != nil || predicted != ours {
					t.Errorf("what remains is %s, which is %v, but the decision is %s (%v):\n%s\nwith %v", d.Formula, predicted, decide(t, known), err, c, known.Context)
					break
				}
				if remains(t, answers[i], known, nil) == ours {
					continue
				}
				id := explainResidual(t, answers[i], known, ours)
				if id == "" {
					o.reportResidual(c, known)
					break
				}
				deviated[id]++
			}
		}
	}
	t.Logf("%d cases with unknown keys, %d of them conditional, in %d ways", cases, conditional, ways)
	total := 0
	for _, d := range residualDeviations {
		total += deviated[d.id]
		t.Logf("%4d times %s: %s (%s)", deviated[d.id], d.id, d.what, d.docs)
		if deviated[d.id] == 0 && !t.Failed() {
			t.Errorf("deviation %s was never seen: take it off the list", d.id)
		}
	}
	t.Logf("%d differences are known deviations", total)
}

// A residualDeviation is where the conditions that remain for the other
// evaluator are known not to be those that its own decisions follow.
type residualDeviation struct {
	id, what, docs string
	// holds returns what a condition of its tree should say; ok is false for
	// conditions that are right.
	holds func(t *testing.T, c iamsimulate.Condition, known awsiamtest.Case) (holds, ok bool)
}

var residualDeviations = []residualDeviation{
	{
		"C1", "a condition that denies is inverted without that the key may be absent",
		userGuide + "reference_policies_elements_condition_operators.html", invertAbsent,
	},
	{
		"C2", "a condition that denies for one of several values is inverted for one of them, not for all",
		userGuide + "reference_policies_condition-logic-multiple-context-keys-or-values.html", invertValues,
	},
}

// isOrdered reports whether the inversion of an operator is not a negated one,
// which would also hold for a key that is absent.
func isOrdered(operator string) bool {
	_, base, found := strings.Cut(operator, ":")
	if !found {
		base = operator
	}
	return base == "Bool" || strings.Contains(base, "Less") || strings.Contains(base, "Greater")
}

func invertAbsent(_ *testing.T, c iamsimulate.Condition, known awsiamtest.Case) (bool, bool) {
	return true, c.Inverted && isOrdered(c.Operator) && !has(known, c.Key)
}

func invertValues(t *testing.T, c iamsimulate.Condition, known awsiamtest.Case) (bool, bool) {
	if !c.Inverted || !isOrdered(c.Operator) || len(c.Values) < 2 {
		return false, false
	}
	for _, v := range c.Values {
		if !conditionHolds(t, known, iamsimulate.Condition{Operator: c.Operator, Key: c.Key, Values: []string{v}}) {
			return false, true
		}
	}
	return true, true
}

// has reports whether the request has a key.
func has(c awsiamtest.Case, key string) bool {
	for name := range c.Context {
		if strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

// explainResidual returns the known deviation that makes up a difference.
func explainResidual(t *testing.T, a iamsimulate.Answer, known awsiamtest.Case, ours bool) string {
	for _, d := range residualDeviations {
		if remains(t, a, known, []residualDeviation{d}) == ours {
			return d.id
		}
	}
	if remains(t, a, known, residualDeviations) == ours {
		return residualDeviations[0].id
	}
	return ""
}

// remains reports whether access is allowed by the answer when all keys are
// known, with some of its deviations put right.
func remains(t *testing.T, a iamsimulate.Answer, known awsiamtest.Case, right []residualDeviation) bool {
	if a.Result != "Allowed" {
		return false
	}
	return a.Conditions == nil || treeHolds(t, *a.Conditions, known, right)
}

func treeHolds(t *testing.T, c iamsimulate.Condition, known awsiamtest.Case, right []residualDeviation) bool {
	switch {
	case c.Kind == "group" && c.Join == "and":
		return !slices.ContainsFunc(c.Parts, func(p iamsimulate.Condition) bool { return !treeHolds(t, p, known, right) })
	case c.Kind == "group" && c.Join == "or":
		return slices.ContainsFunc(c.Parts, func(p iamsimulate.Condition) bool { return treeHolds(t, p, known, right) })
	case c.Kind != "condition":
		t.Fatalf("the simulator answers with a %q, which is not understood", c.Kind)
	}
	for _, d := range right {
		if holds, ok := d.holds(t, c, known); ok {
			return holds
		}
	}
	return conditionHolds(t, known, c)
}

func conditionHolds(t *testing.T, known awsiamtest.Case, c iamsimulate.Condition) bool {
	holds, err := awsiamtest.ConditionHolds(known, c.Operator, c.Key, c.Values)
	if err != nil {
		t.Fatal(err)
	}
	return holds
}

// reportResidual fails the test with the smallest case that shows a difference
// for what is known.
func (o oracle) reportResidual(c, known awsiamtest.Case) {
	values := make(map[string]awsiamtest.Strings)
	for _, key := range c.Unknown {
		values[key] = known.Context[key]
	}
	small := awsiamtest.Shrink(c, func(c awsiamtest.Case) bool {
		answers, err := o.s.Ask(o.t.Context(), c)
		if err != nil || len(c.Unknown) == 0 {
			return false
		}
		known := c.Know(values)
		ours := decide(o.t, known) == allowed
		return remains(o.t, answers[0], known, nil) != ours && explainResidual(o.t, answers[0], known, ours) == ""
	})
	answers, err := o.s.Ask(o.t.Context(), small)
	if err != nil {
		o.t.Fatal(err)
	}
	d, err := small.Evaluate()
	o.t.Errorf("for us %s remains (%v), theirs is %s with %+v; it is %s for %v:\n%s", d.Formula, err, answers[0].Result, answers[0].Conditions, decide(o.t, small.Know(values)), values, small)
}
