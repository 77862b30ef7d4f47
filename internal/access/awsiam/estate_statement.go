package awsiam

import (
	"hash/maphash"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A documentAnswer is what a document says to the questions about a store, as
// far as it does not depend on the principal.
type documentAnswer struct {
	epoch       uint32
	kind        policyKind
	allow, deny ternary
	// rest are the statements that also depend on the principal.
	rest []restStatement
}

// A restStatement is a statement whose answer depends on the principal.
type restStatement struct {
	*estateStatement
	// lanes is what it says when all holds that depends on the principal.
	lanes ternary
}

// document returns what a document says about the current store. It is worked
// out once for all principals.
func (d *decider) document(doc *estateDocument, kind policyKind) *documentAnswer {
	if kind == boundaryPolicy || kind == sessionPolicy {
		kind = identityPolicy // They are read in the same way.
	}
	if len(d.documents) == 0 {
		d.documents = make([]documentAnswer, len(d.e.policies.list))
	}
	a := &d.documents[doc.index]
	if a.epoch == d.epoch && a.kind == kind {
		return a
	}
	a.epoch, a.kind, a.allow, a.deny, a.rest = d.epoch, kind, ternary{}, ternary{}, a.rest[:0]
	for i := range doc.statements {
		st := &doc.statements[i]
		maybe := d.program.of(st.maybe) & d.active
		if maybe == 0 {
			continue
		}
		t := d.statement(st, kind, ternary{d.program.of(st.sure) & maybe, maybe})
		switch {
		case t.maybe == 0:
		case st.ofPrincipal() || kind.namesPrincipals() || st.principals != nil:
			a.rest = append(a.rest, restStatement{st, t})
		case st.source.Deny:
			a.deny = a.deny.or(t)
		default:
			a.allow = a.allow.or(t)
		}
	}
	return a
}

// statement returns what a statement says, given the operations that it is
// about, when everything holds that depends on the principal.
func (d *decider) statement(st *estateStatement, kind policyKind, of ternary) ternary {
	var all ternary
	for form := range d.program.forms {
		lanes := d.program.ofForm[form] & of.maybe
		if lanes == 0 || d.targets[form].none || st.rulesOut(d.targets[form].resource) {
			continue
		}
		t := of.on(lanes)
		if !st.everything && !st.personal {
			t = t.and(ternaryOf(st.matchResource(d.about(form, st), kind)))
		}
		for _, c := range st.static {
			if t.maybe == 0 {
				break
			}
			t = t.and(ternaryOf(c.holds(d.about(form, st))))
		}
		all = all.or(t)
	}
	return all
}

// about returns a request about the resource of a form that knows nothing of
// the principal.
func (d *decider) about(form int, st *estateStatement) *request {
	if len(st.keys) == 0 {
		return &request{resource: d.targets[form].resource}
	}
	if d.static[form] == nil {
		t := &d.targets[form]
		in := Input{Request: access.Request{Resource: t.resource, Context: d.e.base.Merge(d.resourceContext(form))}}
		if t.store != nil {
			in.S3 = t.store.S3
		}
		d.static[form] = newRequest(&in)
	}
	return d.static[form]
}

// resourceContext returns what is known of requests to the resource of a form.
func (d *decider) resourceContext(form int) access.Context {
	for i := range d.groups {
		g := &d.groups[i]
		if g.lanes&d.program.ofForm[form] == 0 {
			continue
		}
		if !g.known {
			g.context, g.known = d.e.resourceContext(&d.targets[form]), true
		}
		return g.context
	}
	return d.e.resourceContext(&d.targets[form])
}

// rest returns what a statement says about a principal.
func (d *decider) rest(st *restStatement, kind policyKind, p *principalState) (t ternary) {
	t = st.lanes
	if st.principals != nil && !kind.namesPrincipals() {
		t.sure = 0 // It is not valid.
	}
	if !st.ofPrincipal() {
		return t
	}
	return t.and(d.depends(st, kind, p))
}

// depends returns what a statement says about a principal, as far as it
// depends on the principal.
func (d *decider) depends(st *restStatement, kind policyKind, p *principalState) ternary {
	if !st.personal && !st.mixed {
		return d.holds(st.estateStatement, p)
	}
	key := personalKey{st.estateStatement, kind, d.values(st.estateStatement, p)}
	if t, ok := d.personal[key]; ok {
		return t
	}
	var all ternary
	for form := range d.program.forms {
		lanes := st.lanes.maybe & d.program.ofForm[form]
		if lanes == 0 {
			continue
		}
		on := yes
		r := d.request(p, form, st.estateStatement)
		if st.personal {
			on = ternaryOf(st.matchResource(r, kind))
		}
		for _, c := range st.dynamic {
			if on.maybe == 0 {
				break
			}
			on = on.and(ternaryOf(c.holds(r)))
		}
		all = all.or(on.on(lanes))
	}
	d.personal[key] = all
	return all
}

// A personalKey is a statement and the values of a principal that it sees.
type personalKey struct {
	*estateStatement
	kind   policyKind
	values uint64
}

// values returns a hash of the values of a principal that a statement sees.
func (d *decider) values(st *estateStatement, p *principalState) uint64 {
	if sum, ok := p.values[st]; ok {
		return sum
	}
	var h maphash.Hash
	h.SetSeed(signatureSeed)
	r := d.full(p)
	for _, key := range st.keys {
		if !d.e.principalKeys.match(key) {
			continue
		}
		v := r.lookup(key)
		h.WriteByte(byte(v.State))
		if v.prefix {
			h.WriteByte(1)
		}
		for _, s := range v.Values {
			h.WriteByte(0)
			h.WriteString(s)
		}
		h.WriteByte(2)
	}
	if p.values == nil {
		p.values = map[*estateStatement]uint64{}
	}
	p.values[st] = h.Sum64()
	return p.values[st]
}

// holds returns whether the conditions of a statement hold that depend on the
// principal alone. It is worked out once for a principal.
func (d *decider) holds(st *estateStatement, p *principalState) ternary {
	if t, ok := p.held[st]; ok {
		return t
	}
	shared := st.ofAccount && !slices.ContainsFunc(st.keys, p.Context.Names)
	key := sharedKey{st, p.account, p.Principal.Kind}
	if shared {
		if t, ok := d.shared[key]; ok {
			return t
		}
	}
	t := yes
	for _, c := range st.dynamic {
		if t.maybe == 0 {
			break
		}
		t = t.and(ternaryOf(c.holds(d.full(p))))
	}
	if shared {
		d.shared[key] = t
		return t
	}
	if p.held == nil {
		p.held = map[*estateStatement]ternary{}
	}
	p.held[st] = t
	return t
}

// A sharedKey is a statement whose conditions are the same for all principals
// of a kind in an account.
type sharedKey struct {
	*estateStatement
	account, kind string
}

// request returns a request of a principal about the resource of a form, as
// far as a statement looks at it.
func (d *decider) request(p *principalState, form int, st *estateStatement) *request {
	if st.mixed {
		return d.pair(p, form).request
	}
	r := *d.full(p)
	r.resource = d.targets[form].resource
	return &r
}

// full returns a request of a principal that knows nothing of a resource.
func (d *decider) full(p *principalState) *request {
	if p.full != nil {
		return p.full
	}
	context, ok := d.contexts[p.account]
	if !ok {
		context = d.e.base
		if a := d.e.accounts[p.account]; a != nil {
			context = context.Merge(a.Principals)
		}
		d.contexts[p.account] = context
	}
	r := *p.asked()
	r.context = context.Merge(p.Context)
	p.full = &r
	return p.full
}

// newPrincipalRequest returns a request that says who asks and nothing else.
func newPrincipalRequest(p *estatePrincipal) *request {
	return newRequest(&Input{
		Request: access.Request{Principal: p.Principal}, UniqueID: p.UniqueID, Boundary: p.EstatePrincipal.Boundary,
	})
}
