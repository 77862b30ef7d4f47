package awsiam

import (
	"github.com/stowage-dev/stowage/internal/access"
)

// A ternary is an answer to all questions of a program: those whose answer is
// plainly yes, and those whose answer may be yes. The others are a plain no.
type ternary struct{ sure, maybe uint64 }

var (
	yes = ternary{^uint64(0), ^uint64(0)}
	// open is what depends on something: neither a plain yes nor a plain no.
	open = ternary{0, ^uint64(0)}
)

func (t ternary) and(o ternary) ternary { return ternary{t.sure & o.sure, t.maybe & o.maybe} }
func (t ternary) or(o ternary) ternary  { return ternary{t.sure | o.sure, t.maybe | o.maybe} }
func (t ternary) not() ternary          { return ternary{^t.maybe, ^t.sure} }

// on returns the answer on some lanes, and no on the others.
func (t ternary) on(lanes uint64) ternary { return ternary{t.sure & lanes, t.maybe & lanes} }

// of returns the ternary, on all lanes, of a formula.
func ternaryOf(f access.Formula) ternary {
	switch {
	case f.IsTrue():
		return yes
	case f.IsFalse():
		return ternary{}
	}
	return open
}

// A side is what one layer of policies says to all questions.
type side struct{ allow, deny ternary }

// A named is what the policy of a resource says, by how it names the principal.
type namedSide struct{ direct, role, account, deny ternary }

func (n namedSide) any() ternary { return n.direct.or(n.role).or(n.account) }

// answer returns which operations of the current program a principal may do.
// It goes the way of evaluation.decide, for all operations at once.
func (d *decider) answer(p *principalState) ternary {
	active := ternary{d.active, d.active}
	d.need = d.active
	var identity side
	if p.Principal.Kind == Root {
		identity.allow = yes
	} else {
		identity = d.layer(p.identity, identityPolicy, p)
	}
	ownOnly := d.alone && p.isKnown()
	if ownOnly && identity.allow.maybe&d.active == 0 {
		return ternary{}
	}
	boundary := d.layer(p.boundary, boundaryPolicy, p)
	session := d.layer(p.session, sessionPolicy, p)
	if p.session == nil && p.Principal.Kind == FederatedUser {
		session.allow = ternary{}
	}
	own := identity.allow.and(boundary.allow).and(session.allow)
	within := d.within(p.account)
	if ownOnly && own.maybe&d.active == 0 || !d.reachable(p, within, own) {
		return ternary{}
	}
	resource := d.resources(p)

	var core ternary
	switch p.Principal.Kind {
	case Anonymous, Service, WebIdentity:
		core = resource.direct
	case Role, Session, User, Root, FederatedUser:
		across := resource.any().and(own)
		delegated := own.and(resource.account.or(yes.on(^d.strict)))
		same := delegated.or(resource.role.and(boundary.allow).and(session.allow)).or(resource.direct)
		core = same.on(within).or(across.on(^within))
		if unclear := d.unclear(p.account); unclear != 0 {
			either := same.or(across).on(unclear)
			core = core.on(^unclear).or(ternary{0, either.maybe})
		}
	default:
		core = open
	}
	core = core.or(d.grants(p, boundary.allow.and(session.allow)))
	core = core.and(d.guards(p))
	denies := identity.deny.or(boundary.deny).or(session.deny).or(resource.deny)
	if d.need = core.maybe &^ denies.sure & d.active; d.need == 0 {
		return ternary{}
	}
	service := d.serviceControl(p)
	denies = denies.or(service.deny).or(d.resourceControl(p))
	result := core.and(service.allow).and(denies.not()).and(active)
	if exact := d.exceptions(p); exact != 0 {
		result = result.on(^exact).or(open.on(exact & d.active))
	}
	return result
}

// reachable reports whether the principal can have anything: by its own
// policies, or by a resource that asks for none.
func (d *decider) reachable(p *principalState, within uint64, own ternary) bool {
	if !p.isKnown() {
		return true
	}
	return own.maybe&d.active != 0 || (within|d.unclear(p.account)|d.granted)&d.active != 0
}

// isKnown reports whether the principal has policies of its own.
func (p *principalState) isKnown() bool {
	switch p.Principal.Kind {
	case Role, Session, User, Root, FederatedUser:
		return true
	}
	return false
}

// named returns how a statement names the principal.
func (p *principalState) named(s *compiledStatement, kind policyKind) (direct, role, account ternary) {
	if n := s.principals; n != nil && n.source.Any && !n.negated && p.isKnown() && len(n.aws) == 0 && len(n.source.CanonicalUser) == 0 {
		return yes, ternary{}, ternary{} // Everybody.
	}
	g := s.names(p.asked(), kind, nil)
	return ternaryOf(g.direct), ternaryOf(g.role), ternaryOf(g.account)
}

// asked returns a request that says who asks and nothing else.
func (p *principalState) asked() *request {
	if p.request == nil {
		p.request = newPrincipalRequest(p.estatePrincipal)
	}
	return p.request
}

// mayHave reports whether a principal may have anything on the store: by
// policies of its own, or because the store gives it without them.
func (d *decider) mayHave(p *estatePrincipal) bool {
	switch p.Principal.Kind {
	case Role, Session, User, FederatedUser:
	default:
		return true
	}
	if !d.alone && (d.granted != 0 || d.within(p.account)|d.unclear(p.account) != 0) || p.identity.source.Missing != "" || p.identity.problem {
		return true
	}
	for _, doc := range p.identity.docs {
		if !doc.actions.meets(d.program.actions) || doc.problem != "" {
			continue
		}
		a := d.document(doc, identityPolicy)
		if a.allow.maybe != 0 {
			return true
		}
		for i := range a.rest {
			if !a.rest[i].source.Deny {
				return true
			}
		}
	}
	return false
}

// layer returns what policies say that name no principal.
func (d *decider) layer(l *layer, kind policyKind, p *principalState) side {
	if l == nil {
		return side{allow: yes}
	}
	var s side
	if l.source.Missing != "" || l.problem {
		s = side{open, open}
	}
	for _, doc := range l.docs {
		if doc.problem != "" || !doc.actions.meets(d.program.actions) {
			continue
		}
		a := d.document(doc, kind)
		s.allow, s.deny = s.allow.or(a.allow), s.deny.or(a.deny)
		for i := range a.rest {
			rest := &a.rest[i]
			if rest.lanes.maybe&d.need == 0 {
				continue
			}
			t := d.rest(rest, kind, p)
			if rest.source.Deny {
				s.deny = s.deny.or(t)
			} else {
				s.allow = s.allow.or(t)
			}
		}
	}
	return s
}

// serviceControl returns what the service control policies say.
func (d *decider) serviceControl(p *principalState) side {
	s := side{allow: yes}
	a := d.e.accounts[p.account]
	switch p.Principal.Kind {
	case Anonymous, Service, WebIdentity:
		return s
	}
	if a == nil || p.ServiceLinked || a.Management {
		return s
	}
	for _, l := range a.serviceControl {
		level := d.layer(l, serviceControlPolicy, p)
		s.allow, s.deny = s.allow.and(level.allow), s.deny.or(level.deny)
	}
	return s
}

// resourceControl returns what the resource control policies deny.
func (d *decider) resourceControl(p *principalState) ternary {
	var deny ternary
	if p.ServiceLinked {
		return deny
	}
	for i := range d.groups {
		g := &d.groups[i]
		for _, l := range g.resourceControl {
			deny = deny.or(d.named(l, resourceControlPolicy, p).deny.on(g.controlled))
		}
	}
	return deny
}

// resources returns what the policies of the resources say, and the ACLs.
func (d *decider) resources(p *principalState) namedSide {
	var all namedSide
	for i := range d.groups {
		g := &d.groups[i]
		if g.unread {
			all.direct, all.deny = all.direct.or(open.on(g.lanes)), all.deny.or(open.on(g.lanes))
		}
		if g.store == nil {
			continue
		}
		if g.store.policy != nil {
			n := d.named(g.store.policy, resourcePolicy, p)
			all.direct, all.role = all.direct.or(n.direct.on(g.lanes)), all.role.or(n.role.on(g.lanes))
			all.account, all.deny = all.account.or(n.account.on(g.lanes)), all.deny.or(n.deny.on(g.lanes))
		}
		if s := g.store.S3; s != nil && (len(s.ACLs) > 0 || s.Missing != "") {
			for i := range lanes(g.lanes & d.active) {
				e := d.evaluation(p, i)
				given := e.byACLs(grantee{})
				all.direct = all.direct.or(ternaryOf(given.direct).on(1 << i))
				all.account = all.account.or(ternaryOf(given.account).on(1 << i))
			}
		}
	}
	return all
}

// named returns what policies say that name principals.
func (d *decider) named(l *layer, kind policyKind, p *principalState) namedSide {
	var n namedSide
	if l.source.Missing != "" || l.problem {
		n.direct, n.deny = open, open
	}
	for _, doc := range l.docs {
		if doc.problem != "" || !doc.actions.meets(d.program.actions) {
			continue
		}
		a := d.document(doc, kind)
		for i := range a.rest {
			rest := &a.rest[i]
			if kind == resourceControlPolicy && !rest.source.Deny || rest.lanes.maybe&d.need == 0 {
				continue
			}
			direct, role, account := p.named(rest.compiledStatement, kind)
			named := direct.or(role).or(account)
			if named.maybe == 0 {
				continue
			}
			t := d.rest(rest, kind, p)
			if rest.source.Deny {
				n.deny = n.deny.or(named.and(t))
				continue
			}
			n.direct, n.role, n.account = n.direct.or(direct.and(t)), n.role.or(role.and(t)), n.account.or(account.and(t))
		}
	}
	return n
}

// grants returns what the grants of keys permit.
func (d *decider) grants(p *principalState, limit ternary) ternary {
	var all ternary
	for i := range lanes(d.granted & d.active) {
		e := d.evaluation(p, i)
		f := e.byGrants(claims{boundary: access.True(), session: access.True()})
		all = all.or(ternaryOf(f).on(1 << i))
	}
	// What a limit does to grants is not documented.
	return ternary{all.sure & limit.sure, all.maybe}
}

// guards returns where Block Public Access, and keys that AWS manages, let
// requests through.
func (d *decider) guards(p *principalState) ternary {
	all := yes
	for i := range d.groups {
		g := &d.groups[i]
		if g.store == nil || p.account != "" && p.account == g.account {
			continue
		}
		s, k := g.store.S3, g.store.KMS
		if (s == nil || !s.RestrictPublicBuckets && s.Missing == "") && (k == nil || !k.AWSManaged) {
			continue
		}
		all = all.and(d.guard(g, p).or(yes.on(^g.lanes)))
	}
	return all
}

// guard returns whether a group lets requests of a principal through that is
// not of its account. It is the same for all principals of other accounts.
func (d *decider) guard(g *group, p *principalState) ternary {
	foreign := p.isKnown() && p.account != "" && g.account != ""
	if foreign && g.guarded {
		return g.guard
	}
	through := yes
	for lane := range lanes(d.active & g.lanes) {
		e := d.evaluation(p, lane)
		through = ternaryOf(access.And(e.byPublicAccessBlock(), e.byManagedKey()))
		break // It is the same for all lanes.
	}
	if foreign {
		g.guard, g.guarded = through, true
	}
	return through
}

// exceptions returns the lanes that policies alone do not decide.
func (d *decider) exceptions(p *principalState) uint64 {
	exact := d.special
	switch p.Principal.Kind {
	case Root:
		exact |= d.rootSpecial
	case Anonymous:
		exact |= d.strict // Keys and roles give nothing to nobody.
	}
	return exact
}

// within returns the lanes whose resource is in an account.
func (d *decider) within(account string) uint64 {
	var word uint64
	for i := range d.groups {
		if account != "" && d.groups[i].account == account {
			word |= d.groups[i].lanes
		}
	}
	return word
}

// unclear returns the lanes of which it is not known whether the resource is in
// the account of the principal.
func (d *decider) unclear(account string) uint64 {
	var word uint64
	for i := range d.groups {
		if account == "" || d.groups[i].account == "" {
			word |= d.groups[i].lanes
		}
	}
	return word
}
