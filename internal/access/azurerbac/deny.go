package azurerbac

import (
	"cmp"
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// denyLayer joins the deny assignments: none may apply.
func (r *request) denyLayer() access.Layer {
	layer := access.Layer{Name: "deny assignments"}
	var results []access.Formula
	for i := range r.policy.denies {
		s, bears := r.deny(&r.policy.denies[i])
		if bears {
			layer.Statements = append(layer.Statements, s)
			results = append(results, s.Applies)
		}
	}
	if missing := r.policy.deniesMissing; missing != "" {
		results = append(results, access.Missing("deny assignments: "+missing))
		layer.Note = "not all deny assignments could be read: " + missing
	} else if len(results) == 0 {
		layer.Note = "no deny assignment bears on the resource"
	}
	layer.Result = access.Not(access.Or(results...))
	return layer
}

// deny returns the statement of a deny assignment; false for one at a scope
// that has nothing to do with what is asked for.
func (r *request) deny(d *denyAssignment) (access.Statement, bool) {
	s := access.Statement{Policy: cmp.Or(d.Name, d.ID), ID: d.ID, Denies: true}
	in, where := r.protects(d)
	if in.IsFalse() && where == "" {
		return s, false
	}
	if in.IsFalse() {
		s.Reason = where
		return s, true
	}
	effect := access.True()
	switch lowerASCII(d.Effect) {
	case "", "enforced":
	case "audit":
		s.Reason = "it only audits"
		return s, true
	default:
		effect = access.Missing(fmt.Sprintf("effect %q of deny assignment %s is not documented", d.Effect, d.ID))
	}
	names, how := r.subject.isAny(d.Principals)
	if names.IsFalse() {
		s.Reason = "it does not name the principal or its groups"
		return s, true
	}
	excluded, except := r.subject.isAny(d.ExcludePrincipals)
	if excluded.IsTrue() {
		s.Reason = reasons("the principal is excluded", except)
		return s, true
	}
	var blocks []access.Formula
	reason := "it has no permissions"
	for i := range d.blocks {
		f, why := r.block(&d.blocks[i], fmt.Sprintf("deny assignment %s, permission %d", s.Policy, i), true)
		blocks = append(blocks, f)
		if i == 0 || !f.IsFalse() {
			reason = why
		}
	}
	limit := d.condition.evaluate(r.facts, "condition of deny assignment "+s.Policy, true)
	s.Applies = access.And(effect, in, names, access.Not(excluded), access.Or(blocks...), limit)
	s.Reason = reasons(how, where, reason, conditionReason(d.condition, limit))
	return s, true
}

// protects returns what has to hold for the scope of a deny assignment to take
// in what is asked for. Where an assignment that does not apply to child scopes
// is on a resource, and data in it is asked for, it is not documented whether
// that data is a child scope.
func (r *request) protects(d *denyAssignment) (access.Formula, string) {
	if d.problem != "" {
		return access.Missing("deny assignment " + d.ID + ": " + d.problem), d.problem
	}
	parts := r.in.Request.Resource.Below
	if !d.DoNotApplyToChildScopes {
		in, where := r.within(d.at)
		if placeOf(d.at, r.asked, r.in.ManagementGroups) == elsewhere {
			where = ""
		}
		return in, where
	}
	itself := equalASCII(string(d.at), string(r.asked))
	switch place := placeOf(d.at, r.asked, r.in.ManagementGroups); {
	case itself && !parts:
		return access.True(), "at " + string(d.at)
	case place == above && r.in.DataAction && d.at.isResource():
		return access.Missing("deny assignment " + d.ID + " does not apply to child scopes: whether data is one is not documented"),
			"not documented for data in " + string(d.at)
	case place == above:
		return access.False(), "it does not apply to child scopes of " + string(d.at)
	case place == below && parts:
		return access.If(access.Term{Key: "resource", Operator: "is", Values: []string{string(d.at)}}), "only " + string(d.at)
	case place == somewhere && (r.asked.isManagementGroup() && parts || !r.asked.isManagementGroup() && !d.at.isManagementGroup()):
		return r.somewhere(d.at), "whether scope " + string(d.at) + " is meant is not known"
	}
	return access.False(), ""
}
