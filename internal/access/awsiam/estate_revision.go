package awsiam

import (
	"reflect"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A revision is what changed of a principal when it was only that it has other
// identity policies.
type revision struct {
	from access.Class
	// docs are those that came and those that went.
	docs []*estateDocument
}

// revision returns what changed of a principal whose class is settled.
func (p *estatePrincipal) revision(next *estatePrincipal) (revision, bool) {
	switch {
	case p == nil || p.EstatePrincipal == nil || p.class == access.Class{}:
		return revision{}, false
	case p.Principal != next.Principal, p.UniqueID != next.UniqueID, p.ServiceLinked != next.ServiceLinked,
		p.identity.problem, next.identity.problem, p.identity.source.Missing != next.identity.source.Missing,
		!p.boundary.equal(next.boundary), !p.session.equal(next.session), !reflect.DeepEqual(p.Context, next.Context):
		return revision{}, false
	}
	r := revision{from: p.class}
	for _, pair := range [][2]*layer{{p.identity, next.identity}, {next.identity, p.identity}} {
		for _, doc := range pair[0].docs {
			if !slices.Contains(pair[1].docs, doc) {
				r.docs = append(r.docs, doc)
			}
		}
	}
	return r, true
}

// equal reports whether two layers say the same.
func (l *layer) equal(o *layer) bool {
	if l == nil || o == nil {
		return l == o
	}
	return !l.problem && !o.problem && l.source.Missing == o.source.Missing && slices.Equal(l.docs, o.docs)
}

// PrincipalBefore returns the class of a principal before Changed was called
// last, if it has other identity policies and all else is as it was.
func (e *Estate) PrincipalBefore(n int) access.Class { return e.before[n].from }

// StoreBefore returns the class of a store before Changed was called last, if
// other patterns match it and all else is as it was. Those patterns are of
// documents that came or went, so that principals which did not change have
// none of them.
func (e *Estate) StoreBefore(n int) access.Class { return e.rematched[n] }

// settle makes the revisions since Changed was called before those that
// PrincipalBefore tells of.
func (e *Estate) settle() {
	e.before, e.revised = e.revised, map[int]revision{}
	if e.allPrincipals {
		e.before = nil // Something else of them may have changed, too.
	}
}

// touched reports whether documents may say something about the operations of
// the current store, whoever asks and whatever their conditions.
func (d *decider) touched(docs []*estateDocument) bool {
	return slices.ContainsFunc(docs, func(doc *estateDocument) bool {
		touched, ok := d.touching[doc]
		if !ok {
			touched = d.touches(doc)
			d.touching[doc] = touched
		}
		return touched
	})
}

func (d *decider) touches(doc *estateDocument) bool {
	if !doc.actions.meets(d.program.actions) {
		return false
	}
	return slices.ContainsFunc(doc.statements, func(st estateStatement) bool {
		lanes := d.program.of(st.maybe) & d.active
		for form := range d.program.forms {
			t := &d.targets[form]
			if d.program.ofForm[form]&lanes == 0 || t.none || st.rulesOut(t.resource) {
				continue
			}
			if st.everything || st.personal || !st.matchResource(&request{resource: t.resource}, identityPolicy).IsFalse() {
				return true
			}
		}
		return false
	})
}
