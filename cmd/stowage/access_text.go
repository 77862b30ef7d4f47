package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// printCheck prints an answer in a line, and what it depends on below.
func printCheck(w io.Writer, a accessAnswer) error {
	p := newAccessPrinter(w, a)
	p.verdict(a)
	if !a.Met {
		for _, s := range a.deciding {
			p.row([]int{11}, "", effectOf(s)+": "+p.statementOf(s))
		}
		for _, note := range a.Notes {
			p.row([]int{11}, "", "note: "+note)
		}
	}
	for _, problem := range a.Problems {
		p.row([]int{11}, "", "problem: "+problem)
	}
	return p.err
}

// printExplanation prints everything that is known of an answer.
func printExplanation(w io.Writer, a accessAnswer) error {
	p := newAccessPrinter(w, a)
	p.verdict(a)
	p.line("")
	p.row([]int{9}, "principal", a.Request.Principal)
	p.row([]int{9}, "action", a.Request.Action)
	resource := a.Request.Resource
	if a.Request.Below {
		resource += " (any object below it)"
	}
	p.row([]int{9}, "resource", resource)
	for _, note := range a.Notes {
		p.row([]int{9}, "note", note)
	}
	if len(a.Problems) > 0 {
		p.line("")
		p.line("Problems of the policies:")
		for _, problem := range a.Problems {
			p.row([]int{0}, "", problem)
		}
	}
	for i, l := range a.Layers {
		if i == 0 || !idle(l) || !idle(a.Layers[i-1]) {
			p.line("")
		}
		p.layer(l)
	}
	p.hangs(a)
	return p.err
}

// An accessPrinter prints answers of the policy engines.
type accessPrinter struct {
	columns
	statement string // what the cloud calls a part of a policy
}

func newAccessPrinter(w io.Writer, a accessAnswer) *accessPrinter {
	p := &accessPrinter{columns{w: w, width: terminalWidth(w)}, "statement"}
	if a.Cloud == "gcp" {
		p.statement = "rule"
	}
	return p
}

func (p *accessPrinter) verdict(a accessAnswer) {
	text := a.Scenario
	if !a.Met {
		text += " (expected " + a.Expect.String() + ")"
	}
	p.row([]int{11}, a.Verdict.String(), text)
	switch a.Verdict {
	case access.Conditional:
		p.row([]int{11}, "", "if "+a.Text)
	case access.Unknown:
		for _, missing := range a.Missing {
			p.row([]int{11}, "", "not known: "+missing)
		}
	}
}

// idle reports whether a layer has nothing that could limit a request.
func idle(l access.Layer) bool {
	return len(l.Statements) == 0 && l.Result.Verdict() == access.Allowed && l.Note != ""
}

func (p *accessPrinter) layer(l access.Layer) {
	if idle(l) {
		p.row(nil, l.Name+": "+l.Note)
		return
	}
	var denial access.Formula
	for _, s := range l.Statements {
		if s.Denies {
			denial = access.Or(denial, s.Applies)
		}
	}
	said := layerSays("allows", l.Result)
	switch {
	case denial.IsFalse():
	case onlyDenies(l):
		said = layerSays("denies", denial)
	default:
		said = layerSays("denies", denial) + "; " + said
	}
	p.row(nil, l.Name+": "+said)
	if l.Note != "" {
		p.row([]int{0}, "", l.Note)
	}
	silent := 0
	for _, s := range l.Statements {
		if s.Applies.IsFalse() {
			if silent++; silent > maxSilent {
				continue
			}
		}
		p.row([]int{0, 9}, "", effectOf(s), p.statementOf(s))
	}
	if more := silent - maxSilent; more > 0 {
		p.row([]int{0, 9}, "", "-", fmt.Sprintf("%d more do not apply; --json has them", more))
	}
}

// maxSilent is how many statements of a layer are shown that do not apply.
const maxSilent = 50

// onlyDenies reports whether a layer takes access away and never gives it, as
// that of deny assignments.
func onlyDenies(l access.Layer) bool {
	for _, s := range l.Statements {
		if !s.Denies {
			return false
		}
	}
	return strings.HasPrefix(l.Name, "deny ")
}

// infinitive has the forms of the words that layers are described by.
var infinitive = map[string]string{"allows": "allow", "denies": "deny"}

// layerSays returns in words when a layer does something.
func layerSays(verb string, f access.Formula) string {
	switch f.Verdict() {
	case access.Allowed:
		return verb
	case access.Denied:
		return "does not " + infinitive[verb]
	case access.Conditional:
		return verb + " if " + f.String()
	}
	return "may " + infinitive[verb] + ", not known: " + strings.Join(f.MissingInputs(), "; ")
}

// effectOf returns in a word what a statement did.
func effectOf(s access.Statement) string {
	switch v := s.Applies.Verdict(); {
	case v == access.Denied:
		return "-"
	case v != access.Allowed && s.Denies:
		return "may deny"
	case v != access.Allowed:
		return "may allow"
	case s.Denies:
		return "denies"
	}
	return "allows"
}

// statementOf returns which statement it is, and why it does not apply.
func (p *accessPrinter) statementOf(s access.Statement) string {
	name := s.Policy
	if s.ID != "" {
		name += " " + s.ID
	} else {
		name += fmt.Sprintf(" %s %d", p.statement, s.Index)
	}
	if s.Line > 0 {
		name += fmt.Sprintf(", line %d", s.Line)
	}
	if s.Reason != "" {
		name += ": " + s.Reason
	} else if v := s.Applies.Verdict(); v == access.Conditional || v == access.Unknown {
		name += ": if " + s.Applies.String()
	}
	return name
}

func (p *accessPrinter) hangs(a accessAnswer) {
	if a.Untried > 0 {
		p.line("")
		p.row(nil, fmt.Sprintf("There are many statements: what the verdict would be without the last %d of them was not tried.", a.Untried))
	}
	if len(a.Hangs) == 0 {
		return
	}
	p.line("")
	p.line("The verdict hangs on:")
	for _, h := range a.Hangs {
		what := h.Policy + " " + h.Statement + ": without it "
		switch {
		case h.Absent:
			what = h.Key + ", which is absent: with nothing known of it "
		case h.Key != "":
			what = h.Key + " = " + strings.Join(h.Values, ", ") + ": with nothing known of it "
		}
		what += h.Without.String()
		if h.Without == access.Conditional {
			what += ", if " + h.Text
		}
		p.row([]int{0}, "", what)
	}
}
