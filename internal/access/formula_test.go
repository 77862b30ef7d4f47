package access

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A sketch is a formula before anything is folded: an operator over parts, or
// the index of a variable.
type sketch struct {
	op       string // "and", "or", "not", "var", "missing", "true", "false"
	variable int
	parts    []sketch
}

const variables = 4

func randomSketch(r *rand.Rand, depth int) sketch {
	if depth == 0 || r.IntN(4) == 0 {
		switch n := r.IntN(10); {
		case n == 0:
			return sketch{op: "true"}
		case n == 1:
			return sketch{op: "false"}
		default:
			return sketch{op: "var", variable: r.IntN(variables)}
		}
	}
	if r.IntN(4) == 0 {
		return sketch{op: "not", parts: []sketch{randomSketch(r, depth-1)}}
	}
	s := sketch{op: []string{"and", "or"}[r.IntN(2)]}
	for range r.IntN(4) {
		s.parts = append(s.parts, randomSketch(r, depth-1))
	}
	return s
}

func (s sketch) formula() Formula {
	parts := make([]Formula, len(s.parts))
	for i, p := range s.parts {
		parts[i] = p.formula()
	}
	switch s.op {
	case "true", "false":
		return Of(s.op == "true")
	case "not":
		return Not(parts[0])
	case "and":
		return And(parts...)
	case "or":
		return Or(parts...)
	}
	return If(variable(s.variable))
}

func (s sketch) holds(values [variables]bool) bool {
	switch s.op {
	case "true", "false":
		return s.op == "true"
	case "not":
		return !s.parts[0].holds(values)
	case "and":
		return !slices.ContainsFunc(s.parts, func(p sketch) bool { return !p.holds(values) })
	case "or":
		return slices.ContainsFunc(s.parts, func(p sketch) bool { return p.holds(values) })
	}
	return values[s.variable]
}

func variable(i int) Term {
	return Term{Key: fmt.Sprint("v", i), Operator: "Bool", Values: []string{"true"}}
}

// TestFormulaMeansWhatWasWritten compares formulas with what they were made
// of, for every assignment of the variables, and after a trip through JSON.
func TestFormulaMeansWhatWasWritten(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		s := randomSketch(r, 4)
		f := s.formula()
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var back Formula
		if err := json.Unmarshal(data, &back); err != nil || !back.Equal(f) {
			t.Fatalf("%s through JSON is %v, %v, want %v", data, back, err, f)
		}
		for bits := range 1 << variables {
			var values [variables]bool
			for i := range values {
				values[i] = bits>>i&1 == 1
			}
			got := f.Map(func(term Term) Formula {
				for i, v := range values {
					if term.Key == variable(i).Key {
						return Of(v)
					}
				}
				t.Fatalf("%v has the term %v", f, term)
				return False()
			})
			if value, known := got.Value(); !known || value != s.holds(values) {
				t.Fatalf("%v with %v is %v, want %v", f, values, got, s.holds(values))
			}
		}
	}
}

func TestFormulaFolds(t *testing.T) {
	t.Parallel()
	a, b, m := If(variable(0)), If(variable(1)), Missing("policies of 111122223333")
	for _, test := range []struct {
		name string
		got  Formula
		want string
	}{
		{"zero", Formula{}, "never"},
		{"and_of_none", And(), "always"},
		{"or_of_none", Or(), "never"},
		{"term_and_its_negation", And(a, b, Not(a)), "never"},
		{"term_or_its_negation", Or(Not(a), b, a), "always"},
		{"repetition", And(a, b, And(b, a)), `v0 Bool "true" and v1 Bool "true"`},
		{"double_negation", Not(Not(Or(a, b))), `v0 Bool "true" or v1 Bool "true"`},
		{"nested", And(a, Or(b, Not(a))), `v0 Bool "true" and (v1 Bool "true" or not (v0 Bool "true"))`},
		{"missing_is_not_negated", Not(m), "unknown: policies of 111122223333"},
		{"missing_does_not_cancel_out", Or(m, Not(m)), "unknown: policies of 111122223333"},
		{"missing_is_decided_by_the_rest", And(m, a, Not(a)), "never"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.got.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	a, m := If(variable(0)), Missing("groups of the principal")
	for want, f := range map[Verdict]Formula{
		Allowed: Or(a, m, True()), Denied: And(a, m, False()), Conditional: Or(a, Not(If(variable(1)))), Unknown: Or(a, m),
	} {
		if got := f.Verdict(); got != want {
			t.Errorf("%v is %v, want %v", f, got, want)
		}
	}
	if got := And(a, m, Missing("b"), m).MissingInputs(); !slices.Equal(got, []string{"b", "groups of the principal"}) {
		t.Errorf("MissingInputs = %q", got)
	}
}

// TestEqualIgnoresOrder checks that formulas of the same parts are the same.
func TestEqualIgnoresOrder(t *testing.T) {
	t.Parallel()
	a, b, c := If(variable(0)), If(variable(1)), If(variable(2))
	if !And(a, Or(b, c)).Equal(And(Or(c, b), a)) {
		t.Error("the same parts in another order make another formula")
	}
	if And(a, b).Equal(Or(a, b)) || a.Equal(Not(a)) || And(a, b).Equal(And(a, c)) {
		t.Error("different formulas are the same")
	}
}
