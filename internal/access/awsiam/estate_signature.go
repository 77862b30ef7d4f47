package awsiam

import (
	"hash/maphash"
)

// A signature is a hash of everything about a principal that decides its
// answers about the current store, the formulas of those included that are
// neither yes nor no: which documents it has that are about the store, and
// what their statements say that depend on the principal. Those of one
// signature are asked once.
type signature struct {
	maphash.Hash
	// own: an answer depends on attributes of the principal in a way that only
	// its formula shows.
	own bool
}

var signatureSeed = maphash.MakeSeed()

// signature returns the signature of a principal.
func (d *decider) signature(p *principalState) (sum uint64, ok bool) {
	s := &d.scratch
	s.SetSeed(signatureSeed)
	s.Reset()
	s.own = !p.isKnown()
	s.WriteString(p.Principal.Kind)
	s.WriteString(p.account)
	s.flags(p.ServiceLinked, p.boundary != nil, p.session != nil)
	for _, l := range []*layer{p.identity, p.boundary, p.session} {
		d.sign(s, l, p)
	}
	if a := d.e.accounts[p.account]; a != nil {
		for _, l := range a.serviceControl {
			d.sign(s, l, p)
		}
	}
	for i := range d.groups {
		g := &d.groups[i]
		if g.store != nil {
			d.sign(s, g.store.policy, p)
			s.own = s.own || g.store.S3 != nil && (len(g.store.S3.ACLs) > 0 || g.store.S3.Missing != "") ||
				g.store.KMS != nil && (len(g.store.KMS.Grants) > 0 || g.store.KMS.Missing != "")
		}
		for _, l := range g.resourceControl {
			d.sign(s, l, p)
		}
	}
	return s.Sum64(), !s.own
}

// sign writes what a layer says about a principal.
func (d *decider) sign(s *signature, l *layer, p *principalState) {
	s.WriteByte('{')
	if l == nil {
		return
	}
	s.own = s.own || l.problem
	s.WriteString(l.source.Missing)
	for _, doc := range l.docs {
		if doc.problem != "" || !doc.actions.meets(d.program.actions) {
			continue
		}
		a := d.document(doc, l.kind)
		if a.allow.maybe|a.deny.maybe != 0 {
			s.number(uint64(doc.index))
		}
		for i := range a.rest {
			rest := &a.rest[i]
			if l.kind.namesPrincipals() {
				direct, role, account := p.named(rest.compiledStatement, l.kind)
				for _, named := range []ternary{direct, role, account} {
					s.flags(named.sure != 0)
					s.own = s.own || named.sure != named.maybe
				}
			}
			t := rest.lanes
			if rest.ofPrincipal() {
				// Where it says what it says of all principals, or nothing, the
				// formula is that of the statement.
				depends := d.depends(rest, l.kind, p).on(t.maybe)
				s.own = s.own || depends.sure != depends.maybe
				t = t.and(depends)
			}
			if t.maybe != 0 {
				s.number(uint64(doc.index))
				s.number(uint64(i))
				s.number(t.maybe)
			}
		}
	}
}

func (s *signature) number(n uint64) {
	b := [8]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), byte(n >> 32), byte(n >> 40), byte(n >> 48), byte(n >> 56)}
	s.Write(b[:])
}

func (s *signature) flags(flags ...bool) {
	for _, f := range flags {
		if f {
			s.WriteByte(1)
		} else {
			s.WriteByte(0)
		}
	}
}
