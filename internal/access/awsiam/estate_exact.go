package awsiam

import (
	"hash/maphash"

	"github.com/stowage-dev/stowage/internal/access"
)

// A pair is a principal and the resource of a form, as for single requests.
type pair struct {
	in      Input
	request *request
}

// pair returns the principal and the resource of a form.
func (d *decider) pair(p *principalState, form int) *pair {
	if d.current != p {
		d.current, d.pairs = p, make([]*pair, len(d.program.forms))
	}
	if d.pairs[form] == nil {
		context := d.full(p).context.Merge(d.resourceContext(form))
		d.pairs[form] = &pair{in: d.e.input(p.estatePrincipal, &d.targets[form], "", context)}
		d.pairs[form].request = newRequest(&d.pairs[form].in)
	}
	return d.pairs[form]
}

// evaluation returns the evaluation of the single request that a lane asks,
// with policies that have been compiled before.
func (d *decider) evaluation(p *principalState, lane int) *evaluation {
	l := &d.program.lanes[lane]
	t := &d.targets[l.form]
	pair := d.pair(p, l.form)
	r := *pair.request
	asked := &d.e.actions.requests[l.action]
	r.written, r.action, r.service, r.name = asked.written, asked.action, asked.service, asked.name
	if p.sets[0] == nil {
		p.sets = [3]*policySet{p.identity.set(), p.boundary.set(), p.session.set()}
		if a := d.e.accounts[p.account]; a != nil {
			for _, level := range a.serviceControl {
				p.serviceControl = append(p.serviceControl, level.set())
			}
		}
	}
	e := &evaluation{
		in: &pair.in, r: &r,
		layers: layers{identity: p.sets[0], boundary: p.sets[1], session: p.sets[2], serviceControl: p.serviceControl},
	}
	switch {
	case t.store != nil:
		e.resource = t.store.policy.set()
	case t.unread:
		e.resource = newPolicySet(unreadPolicy(), compile)
	}
	if a := d.e.accounts[t.resource.Account]; a != nil {
		for _, level := range a.resourceControl {
			e.resourceControl = append(e.resourceControl, level.set())
		}
	}
	return e
}

// set returns the layer as the evaluation of single requests has it.
func (l *layer) set() *policySet {
	if l == nil {
		return nil
	}
	s := &policySet{missing: l.source.Missing}
	next := 0
	for i := range l.source.Policies {
		p := &l.source.Policies[i]
		if p.Document == nil {
			s.policies = append(s.policies, newPolicySet(&PolicySet{Policies: l.source.Policies[i : i+1]}, compile).policies...)
			continue
		}
		s.policies = append(s.policies, policy{p.Name, l.docs[next].compiledDocument})
		next++
	}
	return s
}

// An outcome is everything that grants are made of: what the store adds, the
// lanes that are permitted, and the formulas of the others.
type outcome struct {
	prologue    uint32
	sure, maybe uint64
	formulas    uint64 // a hash
}

// outcome returns the grants that an answer means.
func (d *decider) outcome(p *principalState, t ternary) []access.Grant {
	if t.maybe == t.sure {
		return d.of(t, nil, 0)
	}
	sign, shared := d.signature(p)
	if shared {
		if grants, ok := d.signed[sign]; ok {
			return grants
		}
	}
	formulas := make(map[int]access.Formula)
	var h maphash.Hash
	h.SetSeed(signatureSeed)
	for i := range lanes(t.maybe &^ t.sure) {
		f := d.evaluation(p, i).decide()
		formulas[i] = f
		sum := f.Sum()
		h.WriteByte(byte(i))
		h.Write(sum[:])
	}
	grants := d.of(t, formulas, h.Sum64())
	if shared {
		d.signed[sign] = grants
	}
	return grants
}

// of returns the grants that an answer means with the formulas of the lanes
// that are neither yes nor no.
func (d *decider) of(t ternary, formulas map[int]access.Formula, sum uint64) []access.Grant {
	key := outcome{d.prologue, t.sure, t.maybe, sum}
	grants, ok := d.outcomes[key]
	if !ok {
		grants = d.fold(func(i int) access.Formula {
			switch {
			case t.sure>>i&1 == 1:
				return access.True()
			case t.maybe>>i&1 == 1:
				return formulas[i]
			}
			return access.False()
		})
		d.outcomes[key] = grants
	}
	return grants
}

// fold makes grants of the answers to all questions.
func (d *decider) fold(answer func(lane int) access.Formula) []access.Grant {
	of := func(word uint64) access.Formula {
		var answers []access.Formula
		missing := ""
		for i := range lanes(word) {
			answers = append(answers, answer(i))
			missing = d.targets[d.program.lanes[i].form].missing
		}
		if missing != "" {
			return access.And(access.Or(answers...), access.Missing(missing))
		}
		return access.Or(answers...)
	}
	results := make([]access.Formula, len(d.program.rules))
	for i := range d.program.rules {
		rule := &d.program.rules[i]
		if d.rules[i].IsFalse() {
			continue
		}
		parts := []access.Formula{d.rules[i], of(rule.lanes)}
		for j := range rule.needs {
			parts = append(parts, access.Or(access.Not(rule.Needs[j].Set(&d.store.Store)), of(rule.needs[j])))
		}
		results[i] = access.And(parts...)
	}
	return d.program.storeType.Grants(results)
}
