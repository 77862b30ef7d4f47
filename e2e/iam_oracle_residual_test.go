//go:build e2e

package e2e

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/e2e/rig/iamsimulate"
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
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
	cases, conditional, open, ways, deviated := 0, 0, 0, 0, make(map[string]int)
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
			switch d.Verdict() {
			case access.Conditional:
				conditional++
			case access.Unknown:
				open++
				continue
			}
			in, err := c.Input()
			if err != nil {
				t.Fatal(err)
			}
			for range residualWays {
				ways++
				known := c.Know(awsiamtest.Assign(r, c))
				in.Request.Context = known.RequestContext()
				ours, plain := awsiam.Evaluate(in).Formula.Value()
				if !plain {
					t.Fatalf("undecided with %v:\n%s", known.Context, c)
				}
				predicted, err := awsiamtest.Resolve(d.Formula, known)
				if err != nil || predicted.Verdict() != access.Of(ours).Verdict() {
					t.Errorf("what remains is %s, which is %s, but the decision is %s (%v):\n%s\nwith %v", d.Formula, predicted, decide(t, known), err, c, known.Context)
					break
				}
				if remains(t, answers[i], known, nil) == ours {
					continue
				}
				id := o.explainResidual(c, known)
				if id == "" {
					o.reportResidual(c, known)
					break
				}
				deviated[id]++
			}
		}
	}
	t.Logf("%d cases with unknown keys in %d ways, %d of them conditional, %d left open by the documentation", cases, ways, conditional, open)
	if open*100 > cases {
		t.Errorf("%d of %d cases are left open, want 1 %% at most", open, cases)
	}
	total, by := 0, make(map[string]int)
	for ids, n := range deviated {
		total += n
		for _, id := range strings.Split(ids, "+") {
			by[id] += n
		}
	}
	for _, d := range residualDeviations {
		t.Logf("%4d times %s: %s (%s)", by[d.id], d.id, d.what, d.docs)
		if by[d.id] == 0 && wanted >= residualCases && !t.Failed() {
			t.Errorf("deviation %s was never seen: take it off the list", d.id)
		}
	}
	t.Logf("%d differences are known deviations: %v", total, deviated)
}

// A residualDeviation is where the conditions that remain for the other
// evaluator are known not to be those that its own decisions follow.
type residualDeviation struct {
	id, what, docs string
	// holds returns what a condition of its tree should say; ok is false for
	// conditions that are right.
	holds func(t *testing.T, c iamsimulate.Condition, known awsiamtest.Case) (holds, ok bool)
	// write, of a deviation without holds, returns the case as it is also
	// written and in which the deviation does not show.
	write func(c, known awsiamtest.Case) (awsiamtest.Case, bool)
}

var residualDeviations = []residualDeviation{
	{
		id: "C1", what: "a condition that denies is inverted without that the key may be absent",
		docs: userGuide + "reference_policies_elements_condition_operators.html", holds: invertAbsent,
	},
	{
		id: "C2", what: "a condition that denies for one of several values is inverted for one of them, not for all",
		docs: userGuide + "reference_policies_condition-logic-multiple-context-keys-or-values.html", holds: invertValues,
	},
	{
		id: "C3", what: "a condition that allows for an absent key, Null or ForAllValues, does not remain",
		docs: userGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html", write: writeAbsent,
	},
	{
		id: "C4", what: "a variable in a resource whose key is unknown is taken for one without a value",
		docs: userGuide + "reference_policies_variables.html", write: writeUnknown,
	},
	{
		id: "C5", what: "conditions of a permissions boundary do not remain for what a resource policy grants to a role",
		docs: userGuide + "access_policies_boundaries.html", write: writeBoundary,
	},
	{
		id: "C6", what: "a condition that denies by ForAnyValue with IfExists is inverted as if it held for an absent key",
		docs: "https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w/foranyvalue-stringequalsifexists-behaving-unexpectedly", write: writeAny,
	},
	{
		id: "C7", what: "what no policy can allow, by O19 and O20, remains as the policies have it",
		docs: "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html", write: writeForbidden,
	},
}

// writeForbidden takes all policies away from what none can allow.
func writeForbidden(c, _ awsiamtest.Case) (awsiamtest.Case, bool) {
	if written, ok := writeFederatedSTS(c); ok {
		return written, true
	}
	return writeUnsigned(c)
}

// writeAbsent writes conditions that hold for an absent key in a way that the
// other evaluator heeds.
func writeAbsent(c, _ awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewriteConditions(c, func(effect, operator, value string) (string, string) {
		switch {
		case effect == "Allow" && operator == "Null" && value == "true":
			return "StringNotLike", "*"
		case effect == "Allow" && strings.HasPrefix(operator, "ForAllValues:") && !strings.HasSuffix(operator, "IfExists"):
			return operator + "IfExists", value
		}
		return operator, value
	})
}

// writeAny writes ForAnyValue without IfExists, which it does not heed.
func writeAny(c, _ awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewriteConditions(c, func(_, operator, value string) (string, string) {
		if strings.HasPrefix(operator, "ForAnyValue:") {
			operator = strings.TrimSuffix(operator, "IfExists")
		}
		return operator, value
	})
}

// rewriteConditions returns a case with operators and values replaced, as long
// as that does not make two conditions one, and whether any was.
func rewriteConditions(c awsiamtest.Case, replace func(effect, operator, value string) (string, string)) (awsiamtest.Case, bool) {
	c = c.Clone()
	changed := false
	for _, p := range c.All() {
		for i, s := range p.Statement {
			written := make(map[string]map[string]awsiamtest.Strings)
			for operator, keys := range s.Condition {
				for key, values := range keys {
					to, value := replace(s.Effect, operator, values[0])
					if to == operator || s.Condition[to][key] != nil {
						to = operator
					} else {
						values[0], changed = value, true
					}
					if written[to] == nil {
						written[to] = make(map[string]awsiamtest.Strings)
					}
					written[to][key] = values
				}
			}
			p.Statement[i].Condition = written
		}
	}
	return c, changed
}

// writeUnknown writes variables in resources as the values that they have once
// they are known.
func writeUnknown(c, known awsiamtest.Case) (awsiamtest.Case, bool) {
	c = c.Clone()
	changed := false
	for _, p := range c.All() {
		for _, s := range p.Statement {
			for _, texts := range []awsiamtest.Strings{s.Resource, s.NotResource} {
				for i, text := range texts {
					if to := replaced(text, c, known); p.Version == "2012-10-17" && to != text {
						texts[i], changed = to, true
					}
				}
			}
		}
	}
	return c, changed
}

// writeBoundary writes the permissions boundary without its conditions: those
// that hold once all is known are left out, and statements with others.
func writeBoundary(c, known awsiamtest.Case) (awsiamtest.Case, bool) {
	if len(c.Boundary) == 0 || len(c.ResourcePolicy) == 0 {
		return c, false
	}
	c = c.Clone()
	for i, p := range c.Boundary {
		var kept []awsiamtest.Statement
		for _, s := range p.Statement {
			applies := true
			for operator, keys := range s.Condition {
				for key, values := range keys {
					holds, err := awsiamtest.ConditionHolds(known, operator, key, values)
					applies = applies && holds && err == nil
				}
			}
			if s.Condition = nil; applies {
				kept = append(kept, s)
			}
		}
		if kept == nil {
			kept = []awsiamtest.Statement{{Effect: "Allow", Action: awsiamtest.Strings{"s3:None"}, Resource: awsiamtest.Strings{"*"}}}
		}
		c.Boundary[i].Statement = kept
	}
	return c, true
}

// replaced returns a text with the variables replaced that are unknown in c.
func replaced(text string, c, known awsiamtest.Case) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		m := variable.FindStringSubmatch(v)
		if !slices.ContainsFunc(c.Unknown, func(key string) bool { return strings.EqualFold(key, m[1]) }) {
			return v
		}
		value := m[2]
		for key, values := range known.Context {
			if strings.EqualFold(key, m[1]) {
				value = values[0]
			}
		}
		if value == "" {
			return v
		}
		return strings.ReplaceAll(value, "*", "${*}")
	})
}

// variable matches a policy variable, with or without a default value.
var variable = regexp.MustCompile(`\$\{([^},*?$]+)(?:, *'([^']*)')?\}`)

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
	return c.Operator != "ForAllValues:Bool", c.Inverted && isOrdered(c.Operator) && !known.Has(c.Key)
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

// explainResidual returns the known deviations that make up a difference, as
// "C1+C3", or nothing.
func (o oracle) explainResidual(c, known awsiamtest.Case) string {
	ours := decide(o.t, known) == allowed
	// It may be one that shows when all is known, too.
	if theirs := o.ask(known)[0]; (theirs == allowed) != ours {
		return o.explain(known, decide(o.t, known))
	}
	for set := 1; set < 1<<len(residualDeviations); set++ {
		var right []residualDeviation
		var ids []string
		written, possible := c, true
		for i, d := range residualDeviations {
			if set&(1<<i) == 0 {
				continue
			}
			ids = append(ids, d.id)
			if d.write == nil {
				right = append(right, d)
			} else if written, possible = d.write(written, known); !possible {
				break
			}
		}
		if !possible {
			continue
		}
		answers, err := o.s.Ask(o.t.Context(), written)
		if err != nil {
			o.t.Fatal(err)
		}
		if remains(o.t, answers[0], known, right) == ours {
			return strings.Join(ids, "+")
		}
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

// conditionHolds reports whether a condition of the tree holds. The tree has an
// operator that AWS does not have.
func conditionHolds(t *testing.T, known awsiamtest.Case, c iamsimulate.Condition) bool {
	if rest, ok := strings.CutSuffix(c.Operator, "BinaryNotEquals"); ok {
		other := map[string]string{"": "", "ForAnyValue:": "ForAllValues:", "ForAllValues:": "ForAnyValue:"}[rest]
		c.Operator = other + "BinaryEquals"
		return !conditionHolds(t, known, c)
	}
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
		ours := decide(o.t, known)
		return remains(o.t, answers[0], known, nil) != (ours == allowed) && agree(ours, o.ask(known)[0]) && o.explainResidual(c, known) == ""
	})
	answers, err := o.s.Ask(o.t.Context(), small)
	if err != nil {
		o.t.Fatal(err)
	}
	d, err := small.Evaluate()
	o.t.Errorf("for us %s remains (%v), theirs is %s with %+v; it is %s for %v:\n%s", d.Formula, err, answers[0].Result, answers[0].Conditions, decide(o.t, small.Know(values)), values, small)
}
