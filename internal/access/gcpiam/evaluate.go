package gcpiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// Evaluate decides a request and explains the decision.
func Evaluate(in Input) access.Decision {
	e := newEvaluation(&in, true)
	formula := e.decide()
	return access.Decision{Formula: formula, Evidence: access.Evidence{Layers: e.layers}}
}

// Decide decides a request without an explanation, which costs less.
func Decide(in Input) access.Formula { return newEvaluation(&in, false).decide() }

// An evaluation is the work on one request.
type evaluation struct {
	in      *Input
	caller  caller
	facts   *facts // made when the first condition comes up
	explain bool
	layers  []access.Layer
	// holders of basic roles, which many bindings may name.
	holders map[member]access.Formula
}

func newEvaluation(in *Input, explain bool) *evaluation {
	return &evaluation{in: in, caller: newCaller(in), explain: explain}
}

// decide asks the layers in their order.
func (e *evaluation) decide() access.Formula {
	if e.in.Request.Action == "" || strings.ContainsAny(e.in.Request.Action, "* ") || strings.Contains(e.in.Request.Action, ".googleapis.com/") {
		return access.Missing("permission " + e.in.Request.Action + " is not the name of one permission")
	}
	denied := e.deny()
	if denied.IsTrue() && !e.explain {
		return access.False()
	}
	bounded := e.boundary()
	if bounded.IsFalse() && !e.explain {
		return access.False()
	}
	return access.And(access.Not(denied), bounded, e.constraint(), e.allow(), e.scopes())
}

// constraint returns what has to hold for the organization policy to let the
// request through.
// https://cloud.google.com/iam/docs/manage-service-account-key-creation
func (e *evaluation) constraint() access.Formula {
	if e.in.Request.Action != "iam.serviceAccountKeys.create" {
		return access.True()
	}
	layer := access.Layer{Name: "organization policy", Result: access.Of(e.in.KeyCreationDisabled == NotEnforced)}
	switch e.in.KeyCreationDisabled {
	case ConstraintUnknown:
		layer.Note = "constraint iam.disableServiceAccountKeyCreation for " + e.in.Request.Resource.ID
		layer.Result = access.Missing(layer.Note)
	case Enforced:
		layer.Note = "constraint iam.disableServiceAccountKeyCreation is enforced"
	}
	e.layer(layer)
	return layer.Result
}

// condition decides a condition, which most bindings do not have.
func (e *evaluation) condition(c *Condition, onFailure failure) access.Formula {
	if c == nil {
		return access.True()
	}
	if e.facts == nil {
		e.facts = newFacts(e.in)
	}
	return e.facts.condition(c, onFailure)
}

// layer keeps a layer for the evidence.
func (e *evaluation) layer(l access.Layer) {
	if e.explain {
		e.layers = append(e.layers, l)
	}
}
