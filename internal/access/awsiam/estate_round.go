package awsiam

import (
	"cmp"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A round is some principals of an estate by what finds them.
type round struct {
	e          *Estate
	principals []int
	byAccount  map[string][]int
	byKey      map[string][]int // by the names that policies of resources have for them
	others     []int            // that no account finds: services, anonymous ones
	// actions is what the identity policies of an account's principals are
	// about; any says that they may be about anything.
	actions map[string]bitset
	any     map[string]bool
	// revised: where the documents that changed of a principal say nothing, it
	// has what it had before.
	revised bool
}

// Round prepares deciding about some principals.
func (e *Estate) Round(principals []int, revised bool) access.Round {
	r := &round{e: e, revised: revised, principals: principals, byAccount: map[string][]int{}, byKey: map[string][]int{}, actions: map[string]bitset{}, any: map[string]bool{}}
	for _, n := range principals {
		p := e.principals[n]
		switch p.Principal.Kind {
		case Role, Session, User, Root, FederatedUser:
			if p.account != "" {
				r.byAccount[p.account] = append(r.byAccount[p.account], n)
				r.add(p)
				break
			}
			fallthrough
		default:
			r.others = append(r.others, n)
		}
		for _, key := range p.keys() {
			if e.named[key] > 0 {
				r.byKey[key] = append(r.byKey[key], n)
			}
		}
	}
	return r
}

// add takes in what a principal's policies are about.
func (r *round) add(p *estatePrincipal) {
	if p.Principal.Kind == Root || p.identity.source.Missing != "" || p.identity.problem {
		r.any[p.account] = true
	}
	actions := r.actions[p.account]
	for _, doc := range p.identity.docs {
		actions = actions.or(doc.actions)
	}
	r.actions[p.account] = actions
}

// mayAsk reports whether somebody may have something on a store of an account
// that only its principals' own policies give.
func (r *round) mayAsk(account string, actions bitset) bool {
	return len(r.others) > 0 || r.any[account] || r.actions[account].meets(actions)
}

// unitSize is how many stores are decided by one goroutine before it looks for
// more.
const unitSize = 32

// Units puts stores of one account together, and leaves out those on which
// nobody has anything.
func (r *round) Units(stores []int) [][]int {
	sorted := slices.DeleteFunc(slices.Clone(stores), func(n int) bool {
		s := r.e.stores[n]
		return s.local && len(r.others) == 0 && len(r.byAccount[s.Account]) == 0
	})
	slices.SortFunc(sorted, func(a, b int) int {
		return cmp.Or(cmp.Compare(r.e.stores[a].Account, r.e.stores[b].Account), cmp.Compare(a, b))
	})
	var units [][]int
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && n < unitSize && r.e.stores[sorted[n]].Account == r.e.stores[sorted[0]].Account {
			n++
		}
		units = append(units, sorted[:n])
		sorted = sorted[n:]
	}
	return units
}

// Candidates are the principals that may have grants on a store.
type candidates struct {
	accounts map[string]bool
	keys     map[string]bool
	// everybody: all that their own policies permit something. Open: and that
	// because something could not be read.
	everybody, open bool
}

// candidates returns who may have grants because of the policies of resources.
func (d *decider) candidates() candidates {
	c := candidates{accounts: map[string]bool{d.store.Account: true}, keys: map[string]bool{}}
	for i := range d.targets {
		t := &d.targets[i]
		if t.none || d.program.ofForm[i]&d.first == 0 {
			continue // Without what it is needed for, it gives nothing.
		}
		if t.resource.Account != "" {
			c.accounts[t.resource.Account] = true
		} else {
			c.everybody, c.open = true, true
		}
		if t.unread {
			c.everybody, c.open = true, true
		}
		if t.store != nil {
			c.add(t.store)
		}
	}
	return c
}

func (c *candidates) add(s *estateStore) {
	if l := s.policy; l != nil {
		if l.source.Missing != "" || l.problem {
			c.everybody, c.open = true, true
		}
		for _, doc := range l.docs {
			for i := range doc.statements {
				if st := &doc.statements[i]; !st.source.Deny && len(st.maybe) > 0 {
					c.addPrincipals(st.principals)
				}
			}
		}
	}
	if s.S3 != nil {
		if s.S3.Missing != "" {
			c.everybody, c.open = true, true
		}
		for _, g := range s.S3.ACLs {
			if g.Account == "" {
				c.everybody = true
			}
			c.accounts[g.Account] = true
		}
	}
	if s.KMS != nil {
		if s.KMS.Missing != "" {
			c.everybody, c.open = true, true
		}
		for _, g := range s.KMS.Grants {
			c.addName(g.Grantee)
		}
	}
}

func (c *candidates) addPrincipals(p *principalSet) {
	if p == nil || p.negated || p.source.Any || len(p.source.CanonicalUser) > 0 {
		c.everybody = true
		return
	}
	for _, a := range p.aws {
		c.addName(a.text)
	}
}

func (c *candidates) addName(text string) {
	a, isARN := parseARN(text)
	switch {
	case isARN && a.service == "iam" && a.resource == "root":
		c.accounts[a.account] = true
	case !isARN && isDigits(text):
		c.accounts[text] = true
	default:
		for _, key := range nameKeys(text) {
			c.keys[key] = true
		}
	}
}

// among calls do with each candidate of the round, once.
func (c *candidates) among(r *round, all bool, do func(int)) {
	if c.everybody && (all || !c.open) {
		for _, n := range r.principals {
			do(n)
		}
		return
	}
	accounts := 0
	for account := range c.accounts {
		for _, n := range r.byAccount[account] {
			do(n)
		}
		accounts++
	}
	for _, n := range r.others {
		do(n)
	}
	done := map[int]bool{}
	for key := range c.keys {
		for _, n := range r.byKey[key] {
			p := r.e.principals[n]
			if done[n] || c.accounts[p.account] && !slices.Contains(r.others, n) {
				continue
			}
			done[n] = true
			if !slices.Contains(r.others, n) {
				do(n)
			}
		}
	}
}
