package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A policyKind says how the statements of a policy are read.
type policyKind int

const (
	identityPolicy policyKind = iota
	boundaryPolicy
	sessionPolicy
	serviceControlPolicy
	resourceControlPolicy
	endpointPolicy
	resourcePolicy
)

var policyKindNames = []string{
	"identity policy", "permissions boundary", "session policy", "service control policy",
	"resource control policy", "VPC endpoint policy", "resource policy",
}

func (k policyKind) String() string { return policyKindNames[k] }

// completesARN reports whether a short ARN is completed with a star.
func (k policyKind) completesARN() bool { return k <= sessionPolicy }

// namesPrincipals reports whether statements have a Principal element.
func (k policyKind) namesPrincipals() bool { return k >= resourceControlPolicy }

// A compiledDocument is a [Document] in the form that requests are compared
// with. It is made once, does not change, and knows nothing of the request or
// of the kind of policy that the document is used as.
type compiledDocument struct {
	statements []compiledStatement
	problem    string
}

// A compiledStatement is a [Statement] in that form.
type compiledStatement struct {
	source      *Statement
	index       int
	action      []actionPattern
	notAction   bool
	resource    []resourcePattern
	notResource bool
	principals  *principalSet
	conditions  []condition
}

// compile reads everything in a document that does not depend on a request.
func compile(d *Document) *compiledDocument {
	var variables bool
	c := &compiledDocument{}
	switch d.Version {
	case "2012-10-17":
		variables = true
	case "2008-10-17", "":
	default:
		c.problem = fmt.Sprintf("policy version %q is not known", d.Version)
	}
	for i := range d.Statements {
		c.statements = append(c.statements, newStatement(&d.Statements[i], i, variables))
	}
	return c
}

func newStatement(source *Statement, index int, variables bool) compiledStatement {
	s := compiledStatement{source: source, index: index, notAction: source.NotAction != nil, notResource: source.NotResource != nil}
	for _, a := range slices.Concat(source.Action, source.NotAction) {
		s.action = append(s.action, newActionPattern(a))
	}
	for _, r := range slices.Concat(source.Resource, source.NotResource) {
		s.resource = append(s.resource, newResourcePattern(r, variables))
	}
	switch {
	case source.Principal != nil:
		s.principals = newPrincipalSet(source.Principal, false)
	case source.NotPrincipal != nil:
		s.principals = newPrincipalSet(source.NotPrincipal, true)
	}
	for i := range source.Conditions {
		s.conditions = append(s.conditions, newCondition(&source.Conditions[i], variables))
	}
	return s
}

// A reason collects in words why a statement does not apply. A nil one collects
// nothing and costs nothing.
type reason struct{ text string }

func (w *reason) set(format string, args ...any) {
	if w != nil && w.text == "" {
		w.text = fmt.Sprintf(format, args...)
	}
}

// applies returns what has to hold for the statement to be about a request,
// whoever asks.
func (s *compiledStatement) applies(r *request, kind policyKind, why *reason) access.Formula {
	action := s.matchAction(r)
	if action.IsFalse() {
		if why != nil {
			why.set("action %s %s", r.written, s.actionText())
		}
		return access.False()
	}
	resource := s.matchResource(r, kind)
	if resource.IsFalse() {
		if why != nil {
			why.set("resource %s %s", r.resource.ID, s.resourceText())
		}
		return access.False()
	}
	parts := []access.Formula{action, resource}
	for i := range s.conditions {
		c := &s.conditions[i]
		f := c.holds(r)
		if f.IsFalse() {
			if why != nil {
				why.set("condition %s does not hold: %s", c.describe(), c.state(r))
			}
			return access.False()
		}
		parts = append(parts, f)
	}
	all := access.And(parts...)
	if why != nil && !all.IsTrue() {
		why.set("depends on: %s", all)
	}
	return all
}

// names returns how the statement names the principal of a request.
func (s *compiledStatement) names(r *request, kind policyKind, why *reason) grantee {
	var g grantee
	switch {
	case !kind.namesPrincipals() && s.principals == nil:
		g.direct = access.True()
	case !kind.namesPrincipals():
		g.direct = access.Missing(fmt.Sprintf("a statement of a %v has a Principal element, which is not valid", kind))
	case s.principals == nil:
		g.direct = access.Missing(fmt.Sprintf("a statement of a %v has no Principal element, which is not valid", kind))
	case s.principals.negated:
		g.direct = s.principals.except(r, s.source.Deny)
	default:
		g = s.principals.match(r)
	}
	if why != nil && g.any().IsFalse() {
		why.set("principal %s is not among those named", r.principal.ID)
	}
	return g
}

func (s *compiledStatement) matchAction(r *request) access.Formula {
	if len(s.action) == 0 {
		return access.Missing("a statement has neither Action nor NotAction")
	}
	found := make([]access.Formula, 0, 4)
	for i := range s.action {
		f := s.action[i].match(r)
		if f.IsTrue() {
			return access.Of(!s.notAction)
		}
		if !f.IsFalse() {
			found = append(found, f)
		}
	}
	if s.notAction {
		return access.Not(access.Or(found...))
	}
	return access.Or(found...)
}

func (s *compiledStatement) matchResource(r *request, kind policyKind) access.Formula {
	if len(s.resource) == 0 {
		if kind == resourcePolicy {
			// Trust policies, and those of some services, are about the
			// resource that they are attached to.
			return access.True()
		}
		return access.Missing(fmt.Sprintf("a statement of a %v has neither Resource nor NotResource", kind))
	}
	found := make([]access.Formula, 0, 4)
	for i := range s.resource {
		p := &s.resource[i]
		f := p.match(r, kind)
		if f.IsTrue() {
			return access.Of(!s.notResource)
		}
		if s.notResource {
			f = p.exclude(r, f)
		}
		if !f.IsFalse() {
			found = append(found, f)
		}
	}
	if s.notResource {
		return access.Not(access.Or(found...))
	}
	return access.Or(found...)
}

// exclude makes of a match of NotResource what the negation has to see. What
// NotResource excludes by a variable without value is not clear: of such a
// value it is documented that it matches no resource, and also that the
// attempt makes the statement invalid. Nor is it for a short ARN that does not
// match.
func (p *resourcePattern) exclude(r *request, match access.Formula) access.Formula {
	if p.everything || p.problem != "" {
		return match
	}
	t := p.resolve(r)
	present := t.present()
	if t.void {
		present = access.False()
	}
	switch {
	case !present.IsTrue():
		unclear := access.Missing(fmt.Sprintf("what %q of NotResource excludes when its variable has no value is not documented", p.text))
		return access.Or(match, access.And(access.Not(present), unclear))
	case p.short && match.IsFalse():
		return access.Missing(fmt.Sprintf("resource %q of NotResource has too few segments, and what that excludes is not documented", p.text))
	}
	return match
}

func (s *compiledStatement) actionText() string {
	if s.notAction {
		return "is excluded by NotAction " + quoteList(s.source.NotAction)
	}
	return "is not in " + quoteList(s.source.Action)
}

func (s *compiledStatement) resourceText() string {
	if s.notResource {
		return "is excluded by NotResource " + quoteList(s.source.NotResource)
	}
	return "does not match " + quoteList(s.source.Resource)
}

// shownValues is how many values of a list are shown in a reason.
const shownValues = 5

func quoteList(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i == shownValues {
			fmt.Fprintf(&b, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v)
	}
	return b.String()
}

// describe returns the condition as it was written.
func (c *condition) describe() string {
	name := c.source.Operator
	if c.source.Set != "" {
		name = c.source.Set + ":" + name
	}
	if c.source.IfExists {
		name += "IfExists"
	}
	return fmt.Sprintf("%s %s %s", name, c.source.Key, quoteList(c.source.Values))
}

// state returns what is known of the key of the condition, in words.
func (c *condition) state(r *request) string {
	v := r.lookup(c.key)
	switch {
	case v.State == access.Absent:
		return c.source.Key + " is absent"
	case v.State == access.UnknownState:
		return "whatever " + c.source.Key + " is"
	case v.prefix:
		return c.source.Key + " begins with " + quoteList(v.Values)
	}
	return c.source.Key + " is " + quoteList(v.Values)
}
