package azurerbac

import (
	"fmt"
)

// ParseCondition parses a condition of version 2.0. The error is a
// *SyntaxError.
//
// Keywords, operators and sources of attributes may have any case: built-in
// roles have "boolequals" beside "BoolEquals".
func ParseCondition(text string) (*Condition, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, tokens: tokens}
	root, err := p.row(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.fail(t, "%s after a whole expression: want AND, OR or the end", t)
	}
	return &Condition{root: root}, nil
}

type parser struct {
	text   string
	tokens []token // the last is the end
	next   int
}

// row parses expressions with AND and OR between them.
func (p *parser) row(depth int) (expression, error) {
	if depth > maxConditionDepth {
		return nil, p.fail(p.peek(), "parentheses and negations are nested deeper than %d", maxConditionDepth)
	}
	var parts []expression
	var or []bool
	ands, ors := 0, 0
	for {
		x, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
		switch t := p.peek(); {
		case t.is("AND") || t.is("&&"):
			ands++
			or = append(or, false)
		case t.is("OR") || t.is("||"):
			ors++
			or = append(or, true)
		case len(parts) == 1:
			return x, nil
		case ors == 0:
			return allOf(parts), nil
		case ands == 0:
			return anyOf(parts), nil
		default:
			return ungrouped{parts, or}, nil
		}
		p.next++
	}
}

func (p *parser) unary(depth int) (expression, error) {
	t := p.peek()
	if !t.is("!") && !t.is("NOT") {
		return p.primary(depth)
	}
	if depth > maxConditionDepth {
		return nil, p.fail(t, "parentheses and negations are nested deeper than %d", maxConditionDepth)
	}
	p.next++
	x, err := p.unary(depth + 1)
	if err != nil {
		return nil, err
	}
	return not{x}, nil
}

func (p *parser) primary(depth int) (expression, error) {
	t := p.peek()
	switch {
	case t.is("("):
		p.next++
		x, err := p.row(depth + 1)
		if err != nil {
			return nil, err
		}
		return x, p.expect(")")
	case t.kind == tokenWord && p.tokens[p.next+1].is("{"):
		return p.function(t)
	case t.kind == tokenWord && p.tokens[p.next+1].is("("):
		return p.unknownCall(t)
	case t.is("Exists"):
		p.next++
		a := p.peek()
		if a.kind != tokenAttribute {
			return nil, p.fail(a, "%s after Exists: want an attribute as @Resource[…]", a)
		}
		p.next++
		attr, err := p.attribute(a)
		return exists{attr}, err
	case t.kind == tokenWord && p.tokens[p.next+1].kind == tokenAttribute:
		p.next += 2
		return p.unsupported(t, "operator %s is not documented", t), nil
	}
	return p.comparison()
}

// function parses a name and a set of strings.
func (p *parser) function(name token) (expression, error) {
	p.next++
	known := name.is("ActionMatches") || name.is("SubOperationMatches")
	values, err := p.set()
	if err != nil {
		return nil, err
	}
	if !known {
		return p.unsupported(name, "function %s is not documented", name), nil
	}
	if len(values) == 0 {
		return nil, p.fail(name, "%s has no values: want at least one", name.text)
	}
	patterns := make([]string, len(values))
	for i, v := range values {
		if v.kind != quoted {
			return p.unsupported(name, "%s has a value without quotes", name.text), nil
		}
		patterns[i] = v.text
	}
	if name.is("ActionMatches") {
		return actionMatches{compilePatterns(patterns)}, nil
	}
	return subOperationMatches{compilePatterns(patterns)}, nil
}

// unknownCall skips a name and all in the parentheses after it. No function of
// the language is called so.
func (p *parser) unknownCall(name token) (expression, error) {
	open := 0
	for p.next++; ; p.next++ {
		switch t := p.peek(); {
		case t.kind == tokenEnd:
			return nil, p.fail(t, "%s has no end: want )", name.text)
		case t.is("("):
			open++
		case t.is(")"):
			open--
		}
		if open == 0 {
			p.next++
			return p.unsupported(name, "function %s is not documented", name), nil
		}
	}
}

func (p *parser) comparison() (expression, error) {
	start := p.peek()
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	op := p.peek()
	if op.kind != tokenWord || op.is("AND") || op.is("OR") {
		return nil, p.fail(op, "%s after %s: want an operator as StringEquals", op, start)
	}
	p.next++
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	quantifier, compare, err := operatorOf(op.text)
	if err != nil {
		return p.unsupported(op, "%v", err), nil
	}
	return comparison{
		left: left, right: right, operator: compare, quantifier: quantifier,
		text: p.text[start.offset:p.tokens[p.next-1].end],
	}, nil
}

// operand parses an attribute, a value or a set of values.
func (p *parser) operand() (operand, error) {
	t := p.peek()
	switch {
	case t.kind == tokenAttribute:
		p.next++
		a, err := p.attribute(t)
		return operand{attribute: &a}, err
	case t.is("{"):
		values, err := p.set()
		return operand{values: values}, err
	case t.kind == tokenString:
		p.next++
		return operand{values: []value{{text: t.text, kind: quoted}}}, nil
	case t.kind == tokenWord:
		p.next++
		return operand{values: []value{{text: t.text, kind: bare}}}, nil
	}
	return operand{}, p.fail(t, "%s: want an attribute or a value", t)
}

// set parses values in braces.
func (p *parser) set() ([]value, error) {
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	values := []value{}
	if p.peek().is("}") {
		p.next++
		return values, nil
	}
	for {
		t := p.peek()
		switch t.kind {
		case tokenString:
			values = append(values, value{text: t.text, kind: quoted})
		case tokenWord:
			values = append(values, value{text: t.text, kind: bare})
		default:
			return nil, p.fail(t, "%s in a set: want a value", t)
		}
		p.next++
		if p.peek().is("}") {
			p.next++
			return values, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) attribute(t token) (attribute, error) {
	a, err := parseAttribute(t.text)
	if err != nil {
		return attribute{}, p.fail(t, "%v", err)
	}
	return a, nil
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) expect(symbol string) error {
	if t := p.peek(); !t.is(symbol) {
		return p.fail(t, "%s: want %s", t, symbol)
	}
	p.next++
	return nil
}

func (p *parser) fail(at token, format string, args ...any) error {
	line, column := position(p.text, at.offset)
	return &SyntaxError{Line: line, Column: column, Problem: fmt.Sprintf(format, args...)}
}

func (p *parser) unsupported(at token, format string, args ...any) expression {
	line, column := position(p.text, at.offset)
	return unsupported{fmt.Sprintf("line %d, column %d: ", line, column) + fmt.Sprintf(format, args...)}
}
