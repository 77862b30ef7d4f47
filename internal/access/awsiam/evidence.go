package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A layerEvidence is the evidence of one layer of policies. A nil one collects nothing
// and costs nothing.
type layerEvidence struct {
	access.Layer
	notes []string
}

// layer begins the evidence of a layer, if there is to be any.
func (e *evaluation) layer(name string) *layerEvidence {
	if e.evidence == nil {
		return nil
	}
	if e.place != "" {
		name += ", " + e.place
	}
	return &layerEvidence{Layer: access.Layer{Name: name}}
}

// end adds a layer to the evidence.
func (e *evaluation) end(l *layerEvidence, result access.Formula, notes ...string) {
	if l == nil {
		return
	}
	l.Result = result
	l.Note = strings.Join(append(l.notes, notes...), "; ")
	e.evidence.Layers = append(e.evidence.Layers, l.Layer)
}

// note adds a layer without statements.
func (e *evaluation) note(name string, result access.Formula, note string) {
	e.end(e.layer(name), result, note)
}

// endLimit adds a layer of policies that have to allow the request.
func (e *evaluation) endLimit(l *layerEvidence, o verdict) {
	if l == nil {
		return
	}
	var notes []string
	switch {
	case o.deny.IsTrue():
		notes = append(notes, "a statement denies the request")
	case o.allow.named().IsFalse():
		notes = append(notes, "no statement allows the request")
	}
	e.end(l, access.And(o.allow.named(), access.Not(o.deny)), notes...)
}

// missing notes an input that could not be read.
func (l *layerEvidence) missing(f access.Formula) {
	if l != nil {
		l.notes = append(l.notes, f.String())
	}
}

// reason returns where the reason of a statement is collected.
func (l *layerEvidence) reason() *reason {
	if l == nil {
		return nil
	}
	return new(reason)
}

// statement adds a statement that was looked at.
func (l *layerEvidence) statement(policy string, s *compiledStatement, g grantee, why *reason) {
	if l == nil {
		return
	}
	l.Statements = append(l.Statements, access.Statement{
		Policy: policy, ID: s.source.Sid, Index: s.index, Line: s.source.Line, Denies: s.source.Deny,
		Applies: g.named(), Reason: why.text,
	})
}

// grant adds what gives access and is no statement of a policy.
func (l *layerEvidence) grant(name, id string, index int, applies access.Formula, why string) {
	if l == nil {
		return
	}
	l.Statements = append(l.Statements, access.Statement{Policy: name, ID: id, Index: index, Applies: applies, Reason: why})
}
