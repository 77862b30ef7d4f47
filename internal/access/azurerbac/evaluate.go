package azurerbac

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// Evaluate answers whether Azure RBAC lets a principal do something: no deny
// assignment may apply, and one role assignment has to.
func Evaluate(in Input) access.Decision {
	r, err := newRequest(in)
	if err != nil {
		unknown := access.Missing(err.Error())
		return access.Decision{Formula: unknown, Evidence: access.Evidence{Layers: []access.Layer{
			{Name: "request", Result: unknown, Note: err.Error()},
		}}}
	}
	denies, assignments := r.denyLayer(), r.assignmentLayer()
	return access.Decision{
		Formula:  access.And(denies.Result, assignments.Result),
		Evidence: access.Evidence{Layers: []access.Layer{denies, assignments}},
	}
}

// permits returns the formula of Evaluate alone, for the subject and grants that
// newRequest would find. Nearly all questions about an estate have a plain no,
// for which deny assignments need not be asked.
func permits(in Input, s subject, grants []int) access.Formula {
	r, err := in.check()
	if err != nil {
		return access.Missing(err.Error())
	}
	r.subject, r.grants = s, grants
	granted := r.assignmentLayer().Result
	if granted.IsFalse() {
		return granted
	}
	return access.And(r.denyLayer().Result, granted)
}

// A request is an input made ready.
type request struct {
	in      Input
	policy  *Policy
	asked   scope
	subject subject
	grants  []int // the assignments that can be the subject's
	facts   *evaluation
}

func newRequest(in Input) (*request, error) {
	r, err := in.check()
	if err != nil {
		return nil, err
	}
	r.subject = newSubject(in.Request.Principal.ID, in.Groups)
	r.grants = in.Policy.candidates(r.subject)
	return r, nil
}

// check returns the request that an input is, but for its subject.
func (in Input) check() (*request, error) {
	switch {
	case in.Policy == nil:
		return nil, fmt.Errorf("role assignments were not given")
	case in.Request.Principal.ID == "":
		return nil, fmt.Errorf("the principal has no object id")
	case in.Request.Action == "":
		return nil, fmt.Errorf("the request has no action")
	case strings.Contains(in.Request.Action, "*"):
		return nil, fmt.Errorf("action %q has a wildcard: ask for one operation", in.Request.Action)
	}
	asked, err := parseScope(in.Request.Resource.ID)
	if err != nil {
		return nil, err
	}
	return &request{
		in: in, policy: in.Policy, asked: asked,
		facts: &evaluation{
			action: lowerASCII(in.Request.Action), subOperation: in.SubOperation,
			attributes: in.Request.Context, scope: asked, below: in.Request.Resource.Below,
		},
	}, nil
}

const assignmentsLayer = "role assignments"

// assignmentLayer joins the role assignments of the subject: one is enough.
func (r *request) assignmentLayer() access.Layer {
	layer := access.Layer{Name: assignmentsLayer}
	var results []access.Formula
	for _, i := range r.grants {
		for _, s := range r.assignment(&r.policy.assignments[i]) {
			layer.Statements = append(layer.Statements, s)
			results = append(results, s.Applies)
		}
	}
	if missing := r.policy.assignmentsMissing; missing != "" {
		results = append(results, access.Missing("role assignments: "+missing))
		layer.Note = "not all role assignments could be read: " + missing
	} else if len(results) == 0 {
		layer.Note = "the principal and its groups have no role assignment"
	}
	layer.Result = access.Or(results...)
	return layer
}

// assignment returns a statement for each permission of the role, or one when
// it is not for them that the assignment does not apply.
func (r *request) assignment(a *roleAssignment) []access.Statement {
	base := access.Statement{Policy: cmp.Or(a.roleName(), a.RoleID), ID: a.ID}
	none := func(reason string) []access.Statement {
		base.Reason = reason
		return []access.Statement{base}
	}
	if a.Eligible {
		return none("eligible only: not active until Privileged Identity Management activates it")
	}
	names, how := r.subject.is(a.Principal)
	if names.IsFalse() {
		return none(how)
	}
	in, where := access.Missing("role assignment "+a.ID+": "+a.problem), a.problem
	if a.problem == "" {
		in, where = r.within(a.at)
	}
	if in.IsFalse() {
		return none(where)
	}
	if a.role == nil || a.role.conflict != "" {
		what := "role definition " + a.RoleID + ": " + cmp.Or(r.policy.rolesMissing, "it is not among those that were read")
		if a.role != nil {
			what = a.role.conflict
		}
		base.Applies, base.Reason = access.And(names, in, access.Missing(what)), "the role definition is not known"
		return []access.Statement{base}
	}
	given := access.And(names, in)
	limit := a.condition.evaluate(r.facts, "condition of role assignment "+a.ID, false)
	var statements []access.Statement
	for i := range a.role.blocks {
		s := base
		s.Index = i
		var reason string
		s.Applies, reason = r.block(&a.role.blocks[i], fmt.Sprintf("role %s, permission %d", base.Policy, i), false)
		if !s.Applies.IsFalse() {
			s.Applies = access.And(given, s.Applies, limit)
			reason = reasons(how, where, reason, conditionReason(a.condition, limit))
		}
		s.Reason = reason
		statements = append(statements, s)
	}
	if statements == nil {
		return none("the role has no permissions")
	}
	return statements
}

func (a *roleAssignment) roleName() string {
	if a.role == nil {
		return ""
	}
	return a.role.name
}

// block returns what has to hold for a permission to have the operation.
func (r *request) block(b *block, name string, strict bool) (access.Formula, string) {
	actions, except, what := b.actions, b.notActions, "actions"
	if r.in.DataAction {
		actions, except, what = b.dataActions, b.notDataActions, "data actions"
	}
	if b.unsupported != "" {
		return access.Missing(name + ": " + b.unsupported), b.unsupported
	}
	found, ok := matching(actions, r.facts.action)
	if !ok && r.in.DataAction {
		if found, ok = matching(b.doubtful, r.facts.action); ok && strings.HasPrefix(r.facts.action, cosmosItems) {
			return access.Missing(name + ": whether " + found + " has operations on items is not documented"), "by " + found
		}
	}
	if !ok {
		reason := "none of its " + what + " match"
		if is, ok := matching(b.actions, r.facts.action); ok {
			reason += ": " + is + " in actions is for the control plane"
		}
		return access.False(), reason
	}
	if not, ok := matching(except, r.facts.action); ok {
		return access.False(), fmt.Sprintf("%s has it, but %s is excluded", found, not)
	}
	holds := b.condition.evaluate(r.facts, "condition of "+name, strict)
	return holds, reasons("by "+found, conditionReason(b.condition, holds))
}

// within returns what has to hold for an assignment at a scope to be one of
// what is asked for.
func (r *request) within(at scope) (access.Formula, string) {
	switch placeOf(at, r.asked, r.in.ManagementGroups) {
	case above:
		return access.True(), "at " + string(at)
	case below:
		if !r.in.Request.Resource.Below {
			return access.False(), "scope " + string(at) + " is only a part of what is asked for"
		}
		return access.If(access.Term{Key: "resource", Operator: "within", Values: []string{string(at)}}), "only in " + string(at)
	case somewhere:
		if in := r.somewhere(at); !in.IsFalse() {
			return in, "whether scope " + string(at) + " is above is not known"
		}
		return access.False(), "scope " + string(at) + " is not above " + string(r.asked)
	}
	return access.False(), "scope " + string(at) + " is elsewhere"
}

// somewhere returns the formula of a scope whose place is not known.
func (r *request) somewhere(at scope) access.Formula {
	switch {
	case !at.isManagementGroup() && !r.asked.isManagementGroup():
		return access.Missing("whether " + string(r.asked) + " is in " + string(at) + ": they differ by the case of letters")
	case r.asked.isManagementGroup() && !r.in.Request.Resource.Below && (!at.isManagementGroup() || r.in.ManagementGroups.Missing == ""):
		return access.False() // it can only be below
	case r.in.ManagementGroups.Missing != "":
		return access.Missing("management groups of " + string(r.asked) + ": " + r.in.ManagementGroups.Missing)
	}
	return access.Missing("whether " + string(at) + " is in " + string(r.asked))
}

func conditionReason(c condition, holds access.Formula) string {
	switch {
	case c.problem == "" && c.parsed == nil || holds.IsTrue():
		return ""
	case holds.IsFalse():
		return "its condition does not hold"
	}
	return "if its condition holds"
}

func reasons(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
}
