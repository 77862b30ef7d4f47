package awsiam

import (
	"fmt"
	"slices"

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
	case version2012:
		variables = true
	case version2008, "":
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

// evaluate returns what has to hold for the statement to apply to a request, by
// how it names the principal. The reason why it does not, or on what that
// depends, is collected where somebody wants to know.
func (s *compiledStatement) evaluate(r *request, kind policyKind, why *reason) grantee {
	action := s.matchAction(r)
	if action.IsFalse() {
		why.action(s, r)
		return grantee{}
	}
	resource := s.matchResource(r, kind)
	if resource.IsFalse() {
		why.resource(s, r)
		return grantee{}
	}
	g := s.names(r, kind, why)
	if g.named().IsFalse() {
		return grantee{}
	}
	conditions := s.holds(r, why)
	if conditions.IsFalse() {
		return grantee{}
	}
	if f := access.And(action, resource, conditions); !f.IsTrue() {
		g = grantee{access.And(g.direct, f), access.And(g.role, f), access.And(g.account, f)}
	}
	why.open(g)
	return g
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
	case kind == endpointPolicy:
		g = s.principals.match(r).throughEndpoint(r)
	default:
		g = s.principals.match(r)
	}
	if g.named().IsFalse() {
		why.principal(s, r)
	}
	return g
}

// holds returns what has to hold for all conditions to be true.
func (s *compiledStatement) holds(r *request, why *reason) access.Formula {
	if len(s.conditions) == 0 {
		return access.True()
	}
	parts := make([]access.Formula, 0, len(s.conditions))
	for i := range s.conditions {
		f := s.conditions[i].holds(r)
		if f.IsFalse() {
			why.condition(&s.conditions[i], r)
			return f
		}
		parts = append(parts, f)
	}
	return access.And(parts...)
}

func (s *compiledStatement) matchAction(r *request) access.Formula {
	if len(s.action) == 0 {
		return empty("Action", s.source.Action, s.source.NotAction)
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
	switch {
	case len(s.resource) > 0:
	case kind == resourcePolicy && s.source.Resource == nil && s.source.NotResource == nil:
		// Trust policies, and those of some services, are about the resource
		// that they are attached to.
		return access.True()
	default:
		return empty("Resource", s.source.Resource, s.source.NotResource)
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

// empty returns what a statement matches by an element that names nothing: one
// with an empty list does not affect the policy.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-suggestion-empty-array-action
func empty(element string, list, not []string) access.Formula {
	switch {
	case list != nil:
		return access.False()
	case not != nil:
		return access.Missing(fmt.Sprintf("what a statement is about whose Not%s is empty is not documented", element))
	}
	return access.Missing(fmt.Sprintf("a statement has neither %s nor Not%[1]s", element))
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
