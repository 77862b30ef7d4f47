package gcpiam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/stowage-dev/stowage/internal/access"
)

// A failure says what a part of a condition counts as that cannot be evaluated,
// because it asks for an attribute that the request does not have.
type failure uint8

const (
	// never grants: an allow policy's.
	failureFalse failure = iota
	// applies: a deny policy's.
	failureTrue
	// is not written: a boundary's.
	failureUnknown
)

// condition returns what has to hold for a condition to be met.
func (f *facts) condition(c *Condition, onFailure failure) access.Formula {
	if c == nil {
		return access.True()
	}
	e, err := compileCondition(c.Expression)
	if err != nil {
		return access.Missing(fmt.Sprintf("condition %q is not understood: %v", shorten(c.Expression), err))
	}
	return f.evaluate(e, false, onFailure)
}

// evaluate moves negation down to the atoms.
func (f *facts) evaluate(e *expression, negated bool, onFailure failure) access.Formula {
	switch e.op {
	case opNot:
		return f.evaluate(e.parts[0], !negated, onFailure)
	case opAtom:
		result, failed := f.atom(e.atom)
		switch {
		case failed && onFailure == failureUnknown:
			return access.Missing(fmt.Sprintf("what a boundary makes of %s, which cannot be evaluated", e.atom.text))
		case failed:
			return access.Of(onFailure == failureTrue)
		case negated:
			return access.Not(result)
		}
		return result
	}
	parts := make([]access.Formula, len(e.parts))
	for i, p := range e.parts {
		parts[i] = f.evaluate(p, negated, onFailure)
	}
	if (e.op == opAnd) != negated {
		return access.And(parts...)
	}
	return access.Or(parts...)
}

// atom decides one atom, or tells that it cannot be evaluated.
func (f *facts) atom(a *atom) (result access.Formula, failed bool) {
	if a.name != nil && f.prefix != nil && f.states["resource.name"].state == access.UnknownState {
		if value, known := a.name.decide(*f.prefix); known {
			return access.Of(value), false
		}
	}
	value, _, err := a.program.Eval(f.activation)
	if _, stopped := errors.AsType[interpreter.EvalCancelledError](err); stopped {
		return access.Missing(fmt.Sprintf("condition %q costs too much to evaluate", shorten(a.text))), false
	}
	switch {
	case err == nil && value == types.True:
		return access.True(), false
	case err == nil && value == types.False:
		return access.False(), false
	case err == nil && types.IsUnknown(value):
		return f.unknown(a), false
	}
	// Even where one attribute is absent, a part that is not known may decide.
	for _, name := range a.variables {
		if f.states[name].state == access.UnknownState {
			return f.unknown(a), false
		}
	}
	return access.False(), true
}

// unknown returns the term that an atom is, or the input that is missing.
func (f *facts) unknown(a *atom) access.Formula {
	key := ""
	for _, name := range a.variables {
		s, ok := f.states[name]
		if !ok || s.state != access.UnknownState {
			continue
		}
		if s.missing != "" {
			return access.Missing(s.missing)
		}
		if key == "" {
			key = name
		}
	}
	switch {
	case slices.Contains(a.variables, tagsVariable):
		return access.Missing("names of the tags of " + f.what)
	case key == "" && slices.Contains(a.variables, apiVariable):
		key = a.api
	case key == schemesVariable:
		key = "compute.loadBalancingScheme"
	}
	return access.If(access.Term{Key: key, Operator: access.Expression, Values: []string{a.text}})
}

// shorten cuts long text from a policy for a message.
func shorten(s string) string {
	if len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(s[:200], "") + "…"
}
