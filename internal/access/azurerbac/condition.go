package azurerbac

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/access"
)

// Limits of a condition. Azure stores no condition that comes near them.
const (
	maxCondition      = 64 << 10
	maxConditionDepth = 100
)

// A Condition is a parsed condition. What its language can say but Azure does
// not document (an operator, a function, a source of attributes that are not
// known here) is kept, and unknown when it is evaluated.
//
// https://learn.microsoft.com/azure/role-based-access-control/conditions-format
type Condition struct{ root expression }

// A SyntaxError says where a condition cannot be read.
type SyntaxError struct {
	// Line and Column from 1; columns count characters.
	Line, Column int
	Problem      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("condition, line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// evaluate returns what has to hold for the condition to hold. A condition that
// takes access away is evaluated strictly: what is not documented counts as
// unknown there also where it can only make the condition fail.
func (c *Condition) evaluate(e *evaluation, strict bool) access.Formula {
	return c.root.evaluate(e, strict)
}

// An evaluation is what the expressions of a condition are evaluated against.
type evaluation struct {
	action       string // in lower case
	subOperation access.Value
	attributes   access.Context
	scope        scope
	below        bool   // the resource is any one below the scope
	name         string // of the condition, for people
}

// unknown returns the formula of something that is not documented.
func (e *evaluation) unknown(format string, args ...any) access.Formula {
	return access.Missing(e.name + ": " + fmt.Sprintf(format, args...))
}

// An expression is a part of a condition that holds or does not. Negated tells
// it that it stands below an odd number of negations.
type expression interface {
	evaluate(e *evaluation, negated bool) access.Formula
}

type (
	allOf []expression
	anyOf []expression
	not   struct{ of expression }
	// ungrouped is a row of expressions with both AND and OR between them and
	// no parentheses. The order of evaluation is documented as ambiguous.
	ungrouped struct {
		parts []expression
		or    []bool // whether OR stands after each part but the last
	}
	actionMatches       struct{ patterns []pattern }
	subOperationMatches struct{ patterns []pattern }
	exists              struct{ attribute attribute }
	// unsupported is something that is not documented.
	unsupported struct{ problem string }
)

func (x allOf) evaluate(e *evaluation, negated bool) access.Formula {
	return access.And(evaluateAll(x, e, negated)...)
}

func (x anyOf) evaluate(e *evaluation, negated bool) access.Formula {
	return access.Or(evaluateAll(x, e, negated)...)
}

func (x not) evaluate(e *evaluation, negated bool) access.Formula {
	return access.Not(x.of.evaluate(e, !negated))
}

// Where its readings differ, the answer does not keep them: one row in another
// would make it grow with the power of their depth.
func (x ungrouped) evaluate(e *evaluation, negated bool) access.Formula {
	parts := evaluateAll(x.parts, e, negated)
	reading := join(parts, x.or, false)
	if reading.Equal(join(parts, x.or, true)) && reading.Equal(chain(parts, x.or)) {
		return reading
	}
	return e.unknown("AND and OR stand side by side without parentheses")
}

func (x actionMatches) evaluate(e *evaluation, _ bool) access.Formula {
	some, all := false, true
	for _, p := range x.patterns {
		m := p.match(e.action)
		some, all = some || m, all && m
	}
	if some != all {
		return e.unknown("ActionMatches has several actions, of which %s is one", e.action)
	}
	return access.Of(some)
}

func (x subOperationMatches) evaluate(e *evaluation, _ bool) access.Formula {
	switch e.subOperation.State {
	case access.UnknownState:
		texts := make([]string, len(x.patterns))
		for i, p := range x.patterns {
			texts[i] = p.text
		}
		return access.If(access.Term{Key: "suboperation", Operator: "SubOperationMatches", Values: texts})
	case access.Absent:
		return access.False()
	}
	if len(e.subOperation.Values) != 1 || len(x.patterns) != 1 {
		return e.unknown("SubOperationMatches compares %d with %d suboperations", len(e.subOperation.Values), len(x.patterns))
	}
	return access.Of(x.patterns[0].match(lowerASCII(e.subOperation.Values[0])))
}

func (x exists) evaluate(e *evaluation, _ bool) access.Formula {
	if !x.attribute.known() {
		return e.unknown("attributes of %s are not documented", x.attribute.text)
	}
	switch v := x.attribute.lookup(e); v.state {
	case access.Known:
		return access.True()
	case access.Absent:
		return access.False()
	}
	return access.If(access.Term{Key: x.attribute.text, Operator: "Exists"})
}

func (x unsupported) evaluate(e *evaluation, _ bool) access.Formula {
	return e.unknown("%s", x.problem)
}

func evaluateAll(parts []expression, e *evaluation, negated bool) []access.Formula {
	formulas := make([]access.Formula, len(parts))
	for i, p := range parts {
		formulas[i] = p.evaluate(e, negated)
	}
	return formulas
}

// join joins a row in which either AND or OR binds tighter.
func join(parts []access.Formula, or []bool, orFirst bool) access.Formula {
	inner, outer := access.And, access.Or
	if orFirst {
		inner, outer = outer, inner
	}
	var groups []access.Formula
	from := 0
	for i := range parts {
		if i == len(or) || or[i] != orFirst {
			groups = append(groups, inner(parts[from:i+1]...))
			from = i + 1
		}
	}
	return outer(groups...)
}

// chain joins a row from left to right.
func chain(parts []access.Formula, or []bool) access.Formula {
	f := parts[0]
	for i, p := range parts[1:] {
		if or[i] {
			f = access.Or(f, p)
		} else {
			f = access.And(f, p)
		}
	}
	return f
}

// position returns the line and column of an offset, from 1.
func position(text string, offset int) (line, column int) {
	before := text[:offset]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}
