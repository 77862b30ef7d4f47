package gcpiam

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// A nameTest is an atom that compares resource.name, or what a template
// extracts of it, with text. Of a question about anything below a resource only
// the start of the name is known, which often decides it.
type nameTest struct {
	function string // startsWith, endsWith, contains or ==
	negated  bool
	extract  bool
	template string
	texts    []string // one has to match
}

// nameTest returns the test that an atom is, or nil.
func (c *compiler) nameTest(e ast.Expr) *nameTest {
	if e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	args := call.Args()
	t := &nameTest{function: call.FunctionName()}
	var name, with ast.Expr
	switch {
	case call.IsMemberFunction() && len(args) == 1:
		if t.function != "startsWith" && t.function != "endsWith" && t.function != "contains" {
			return nil
		}
		name, with = call.Target(), args[0]
	case len(args) != 2:
		return nil
	case t.function == operators.Equals || t.function == operators.NotEquals:
		t.negated = t.function == operators.NotEquals
		t.function = "=="
		name, with = args[0], args[1]
		if _, ok := literal(name); ok {
			name, with = with, name
		}
	case t.function == operators.In && args[1].Kind() == ast.ListKind:
		t.function = "=="
		name, with = args[0], args[1]
	default:
		return nil
	}
	if !c.named(t, name) || !t.compares(with) {
		return nil
	}
	return t
}

// named reports whether an expression is the name or an extract of it.
func (c *compiler) named(t *nameTest, e ast.Expr) bool {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "extract" && e.AsCall().IsMemberFunction() {
		t.extract = true
		var ok bool
		if t.template, ok = literal(e.AsCall().Args()[0]); !ok {
			return false
		}
		e = e.AsCall().Target()
	}
	return c.variable(e) == "resource.name"
}

// compares reports whether an expression is a text or a list of some.
func (t *nameTest) compares(with ast.Expr) bool {
	list := []ast.Expr{with}
	if with.Kind() == ast.ListKind {
		list = with.AsList().Elements()
	}
	for _, e := range list {
		text, ok := literal(e)
		if !ok {
			return false
		}
		t.texts = append(t.texts, text)
	}
	return true
}

// decide returns the result for all names that start with a prefix, if it is
// the same for all.
func (t *nameTest) decide(prefix string) (result, known bool) {
	whole := false
	if t.extract {
		before, after, ok := cutTemplate(t.template)
		if !ok {
			return false, false
		}
		_, rest, found := strings.Cut(prefix, before)
		if !found {
			return false, false
		}
		prefix = rest
		if after != "" {
			if prefix, _, whole = strings.Cut(rest, after); !whole {
				return false, false
			}
		}
	}
	known = true
	for _, text := range t.texts {
		matches, sure := t.matches(prefix, whole, text)
		if sure && matches {
			return !t.negated, true
		}
		known = known && sure
	}
	return t.negated, known
}

// matches compares a value, or what a value starts with, with a text.
func (t *nameTest) matches(value string, whole bool, text string) (matches, known bool) {
	switch t.function {
	case "startsWith":
		if strings.HasPrefix(value, text) {
			return true, true
		}
		return false, whole || !strings.HasPrefix(text, value)
	case "endsWith":
		return whole && strings.HasSuffix(value, text), whole
	case "contains":
		found := strings.Contains(value, text)
		return found, whole || found
	}
	if whole {
		return value == text, true
	}
	return false, !strings.HasPrefix(text, value)
}
