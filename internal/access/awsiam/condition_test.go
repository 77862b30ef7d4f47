package awsiam

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// contextRequest returns a request of which only the context matters.
func contextRequest(c access.Context) *request {
	return &request{principal: access.Principal{Kind: User}, context: c}
}

// holdsTerm returns whether a term about a context key holds in a context. A
// term is a condition in the notation of version 2012-10-17.
func holdsTerm(t *testing.T, term access.Term, c access.Context) access.Formula {
	t.Helper()
	source := Condition{Operator: term.Operator, Key: term.Key, Values: term.Values}
	if set, operator, ok := strings.Cut(term.Operator, ":"); ok {
		source.Set, source.Operator = set, operator
	}
	compiled := newCondition(&source, true)
	return compiled.holds(contextRequest(c))
}

// checkUnknown compares what a condition is of keys that are not known with
// what it is of the keys when they are: the terms that remain have to have, of
// the same keys, the same value.
func checkUnknown(t *testing.T, source Condition, partly, wholly access.Context) {
	t.Helper()
	c := newCondition(&source, true)
	want := c.holds(contextRequest(wholly))
	residual := c.holds(contextRequest(partly))
	got := residual.Map(func(term access.Term) access.Formula {
		if term.Missing != "" {
			return access.Missing(term.Missing)
		}
		return holdsTerm(t, term, wholly)
	})
	wantValue, known := want.Value()
	gotValue, gotKnown := got.Value()
	if known && gotKnown && wantValue != gotValue || gotKnown && !known {
		t.Errorf("condition %+v is %v of what is known, %v with the rest of it, and %v at once", source, residual, got, want)
	}
}

// TestConditionOfUnknownKeys compares random conditions of unknown keys with
// the same of known ones.
func TestConditionOfUnknownKeys(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	names := slices.Sorted(maps.Keys(operators))
	literals := []string{
		"a", "b", "ab", "*", "", "A", "10", "10.0", "9", "true", "false", "2026-01-01", "10.0.0.0/8", "10.1.1.1",
		"arn:aws:s3:::a", "arn:aws:s3:::*", "a*", "?", "QQ==", "${v}", "x${v}", "${v}*", "${w, 'a'}", "${*}", "${v}${w}", "${x",
	}
	values := []string{"a", "b", "ab", "*", "", "10", "9", "true", "False", "2026-01-01T00:00:00Z", "10.1.1.1", "::1", "arn:aws:s3:::a", "QQ=="}
	state := func(c access.Context, key string) access.Context {
		switch r.IntN(4) {
		case 0:
			return c.WithAbsent(key)
		case 1:
			if key != "k" {
				return c.With(key, pick(values))
			}
			return c.With(key, pick(values), pick(values))
		}
		return c.With(key, pick(values))
	}
	for range 20000 {
		source := Condition{Operator: pick(names), Set: pick([]string{"", "", forAllValues, forAnyValue}), IfExists: r.IntN(3) == 0, Key: "k"}
		if source.Operator == "Null" {
			source.Set, source.IfExists = "", false
		}
		for range 1 + r.IntN(3) {
			source.Values = append(source.Values, pick(literals))
		}
		wholly := access.NewContext(access.Absent)
		for _, key := range []string{"k", "v", "w"} {
			wholly = state(wholly, key)
		}
		partly := wholly
		for _, key := range []string{"k", "v", "w"} {
			if r.IntN(2) == 0 {
				partly = partly.WithUnknown(key)
			}
		}
		checkUnknown(t, source, partly, wholly)
		if t.Failed() {
			return
		}
	}
}

// TestConditionNegated checks that a negated operator is the negation of the
// other one, of one value that is known.
func TestConditionNegated(t *testing.T) {
	t.Parallel()
	for name, spec := range operators {
		if !spec.negated {
			continue
		}
		positive := strings.Replace(name, "Not", "", 1)
		if _, ok := operators[positive]; !ok {
			t.Errorf("%s is negated, and there is no %s", name, positive)
		}
	}
}

func FuzzCondition(f *testing.F) {
	names := slices.Sorted(maps.Keys(operators))
	f.Add(uint8(0), uint8(0), "10.0.0.0/8", "10.1.1.1", "a")
	f.Add(uint8(1), uint8(1), "2026-01-01T00:00:00Z", "1767225600", "a")
	f.Add(uint8(2), uint8(2), "${v, 'x'}*", "xy", "a")
	f.Add(uint8(3), uint8(4), "1e999999999", "-1.50", "a")
	f.Add(uint8(4), uint8(5), "::ffff:10.0.0.1/96", "::ffff:10.0.0.1", "a")
	f.Add(uint8(5), uint8(3), "arn:aws:${v}:::*", "arn:aws:s3:::x", "s3")
	f.Fuzz(func(t *testing.T, operator, modifiers uint8, condition, value, variable string) {
		source := Condition{
			Operator: names[int(operator)%len(names)], Set: []string{"", forAllValues, forAnyValue}[modifiers%3],
			IfExists: modifiers&8 != 0, Key: "k", Values: []string{condition, "a"},
		}
		wholly := access.NewContext(access.Absent).With("k", value).With("v", variable)
		for _, partly := range []access.Context{wholly, wholly.WithUnknown("k"), wholly.WithUnknown("v"), access.NewContext(access.UnknownState)} {
			checkUnknown(t, source, partly, wholly)
		}
		checkUnknown(t, source, access.NewContext(access.UnknownState), access.NewContext(access.Absent))
	})
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"${aws:username}", "a${*}b*", "${a, 'b}c'}", "${", "$${a}", "${a,b}", "${$}{a}", "?*${?}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, wildcards := range []bool{true, false} {
			written := newTemplate(text, true, wildcards)
			if written.problem != "" {
				continue
			}
			r := contextRequest(access.NewContext(access.UnknownState))
			first := written.resolve(r)
			again := newTemplate(first.String(wildcards), true, wildcards)
			second := again.resolve(r)
			if again.problem != "" || first.String(wildcards) != second.String(wildcards) || !slices.Equal(first.glob(), second.glob()) {
				t.Errorf("%q is written %q, which is %q (%s)", text, first.String(wildcards), second.String(wildcards), again.problem)
			}
		}
	})
}
