package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A template is a text of a policy with policy variables.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
type template struct {
	text   string
	pieces []piece
	// whole is the pattern when there are no variables.
	whole glob
	// problem says what is wrong with the text; nothing can be said of it then.
	problem string
}

// A piece of a template is a pattern or a variable.
type piece struct {
	pattern  glob
	variable *variable
}

// A variable stands for the value of a context key.
type variable struct {
	text       string // as it was written: "${aws:username, 'nobody'}"
	key        string
	standIn    string // the default value
	hasStandIn bool
}

// newTemplate reads a text. Variables have a meaning in version 2012-10-17
// only, wildcards in some elements only.
func newTemplate(text string, variables, wildcards bool) template {
	t := template{text: text}
	literal := func(s string) glob {
		if wildcards {
			return newGlob(s)
		}
		return glob([]rune(s))
	}
	rest := text
	for variables {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			break
		}
		inside, remainder, problem := cutVariable(after)
		if problem != "" {
			t.problem = fmt.Sprintf("%q: %s", text, problem)
			return t
		}
		t.add(literal(before))
		rest = remainder
		switch inside {
		case "*", "?", "$":
			t.add(glob([]rune(inside)))
			continue
		}
		v, problem := newVariable(inside)
		if problem != "" {
			t.problem = fmt.Sprintf("%q: %s", text, problem)
			return t
		}
		t.pieces = append(t.pieces, piece{variable: v})
	}
	t.add(literal(rest))
	if !t.hasVariables() && len(t.pieces) > 0 {
		t.whole = t.pieces[0].pattern
	}
	return t
}

// add appends a pattern to the last piece.
func (t *template) add(g glob) {
	if len(g) == 0 {
		return
	}
	if n := len(t.pieces); n > 0 && t.pieces[n-1].variable == nil {
		t.pieces[n-1].pattern = t.pieces[n-1].pattern.join(g)
		return
	}
	t.pieces = append(t.pieces, piece{pattern: g})
}

func (t *template) hasVariables() bool {
	return slices.ContainsFunc(t.pieces, func(p piece) bool { return p.variable != nil })
}

// cutVariable returns what is inside the braces of a variable and what follows.
func cutVariable(s string) (inside, rest, problem string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return s[:i], s[i+1:], ""
		}
	}
	return "", "", "a policy variable is not closed"
}

func newVariable(inside string) (*variable, string) {
	v := &variable{text: "${" + inside + "}"}
	key, standIn, found := strings.Cut(inside, ",")
	v.key = strings.ToLower(strings.TrimSpace(key))
	if v.key == "" || strings.ContainsAny(v.key, "${*?'") {
		return nil, "the policy variable " + v.text + " names no key"
	}
	if found {
		standIn = strings.TrimSpace(standIn)
		if len(standIn) < 2 || standIn[0] != '\'' || standIn[len(standIn)-1] != '\'' {
			return nil, "the default value of the policy variable " + v.text + " is not in single quotes"
		}
		v.standIn, v.hasStandIn = standIn[1:len(standIn)-1], true
	}
	return v, ""
}

// A resolved template is one whose known variables have been replaced.
type resolved struct {
	pieces []piece
	// open is the variables of which nothing is known.
	open []*variable
	// void: a variable has no value and no default, so the text matches nothing.
	void bool
	// problem says why nothing can be said.
	problem string
	// shared: the last pattern is one of the template, too.
	shared bool
}

// maxResolved is how many characters may be put in the place of the variables of
// a text. No document is as long, but one of nothing but variables would become
// much longer.
const maxResolved = MaxDocumentSize

// resolve replaces the variables by what is known of the request.
func (t *template) resolve(r *request) resolved {
	out, size := resolved{problem: t.problem}, 0
	replace := func(by string) {
		g := glob([]rune(by))
		size += len(g)
		out.add(g)
	}
	for _, p := range t.pieces {
		if p.variable == nil {
			out.add(p.pattern)
			continue
		}
		if size > maxResolved {
			out.problem = fmt.Sprintf("%s has more than %d characters in the place of its variables", quote(t.text), maxResolved)
			return out
		}
		v := p.variable
		value := r.lookup(v.key)
		switch {
		case value.State == access.Known && len(value.Values) == 1 && !value.prefix:
			replace(value.Values[0])
		case value.State == access.Known && len(value.Values) > 1:
			out.problem = fmt.Sprintf("%q: %s has several values, which a policy variable cannot have", t.text, v.text)
		case value.State == access.UnknownState || value.prefix:
			out.pieces = append(out.pieces, p)
			out.open = append(out.open, v)
		case v.hasStandIn:
			replace(v.standIn)
		default:
			out.void = true
		}
	}
	return out
}

// add appends a pattern, which is not changed, to the last piece.
func (t *resolved) add(g glob) {
	n := len(t.pieces)
	if n == 0 || t.pieces[n-1].variable != nil {
		t.pieces, t.shared = append(t.pieces, piece{pattern: g}), true
		return
	}
	last := &t.pieces[n-1]
	if t.shared {
		last.pattern, t.shared = slices.Clone(last.pattern), false
	}
	last.pattern = last.pattern.join(g)
}

// glob returns the pattern, in which an open variable stands for everything.
func (t *resolved) glob() glob {
	if len(t.pieces) == 1 && t.pieces[0].variable == nil {
		return t.pieces[0].pattern
	}
	var g glob
	for _, p := range t.pieces {
		if p.variable != nil {
			g = g.addStar()
			continue
		}
		g = g.join(p.pattern)
	}
	return g
}

// String returns the text with what is known of its variables, in the notation
// of version 2012-10-17. Where wildcards have a meaning, a star that is none is
// written as a variable.
func (t *resolved) String(wildcards bool) string {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.variable != nil {
			b.WriteString(p.variable.text)
			continue
		}
		for i, u := range p.pattern {
			switch {
			case u == '$' && i+1 < len(p.pattern) && p.pattern[i+1] == '{':
				b.WriteString("${$}")
			case isMany(u):
				b.WriteByte('*')
			case u < 0:
				b.WriteByte('?')
			case wildcards && (u == '*' || u == '?'):
				b.WriteString("${" + string(u) + "}")
			default:
				b.WriteRune(u)
			}
		}
	}
	return b.String()
}

// isLiteral reports whether no wildcard is in the text.
func (t *resolved) isLiteral() bool {
	return !slices.ContainsFunc(t.pieces, func(p piece) bool { return p.variable == nil && !p.pattern.isLiteral() })
}

// present returns the formula that every open variable without a default has a
// value.
func (t *resolved) present() access.Formula {
	var parts []access.Formula
	for _, v := range t.open {
		if !v.hasStandIn {
			parts = append(parts, access.Not(isNull(v.key)))
		}
	}
	return access.And(parts...)
}

// solve returns the value that the only open variable must have for the text
// to be s, where no wildcard leaves a choice.
func (t *resolved) solve(s string) (v *variable, value string, ok bool) {
	if len(t.open) != 1 || t.open[0].hasStandIn {
		return nil, "", false
	}
	i := slices.IndexFunc(t.pieces, func(p piece) bool { return p.variable != nil })
	before, after := concat(t.pieces[:i]), concat(t.pieces[i+1:])
	if !before.isLiteral() || !after.isLiteral() {
		return nil, "", false
	}
	rest, ok := strings.CutPrefix(s, string(before))
	if !ok {
		return nil, "", false
	}
	value, ok = strings.CutSuffix(rest, string(after))
	return t.open[0], value, ok
}

// concat returns the pattern of pieces without variables.
func concat(pieces []piece) glob {
	var g glob
	for _, p := range pieces {
		g = g.join(p.pattern)
	}
	return g
}
