package awsiam

import (
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

const assumeRole = "sts:AssumeRole"

// assume adds the edges of those that can assume a role.
func (b *edgeBuilder) assume(to int) {
	role := &b.in.Identities[to]
	if role.Principal.Kind != Role {
		return
	}
	for _, from := range b.trusted(role) {
		b.add(from, to, access.Assume, b.assumeStep(from, role, role.Trust))
	}
}

func (b *edgeBuilder) assumeStep(from int, role *Identity, trust *PolicySet) access.Step {
	return b.ask(from, question{
		action: assumeRole, resource: access.Resource{ID: role.Principal.ID, Account: role.Principal.Account},
		policy: trust, context: role.Tags, note: "take on the role",
	})
}

// trusted returns the identities that the trust policy of a role may name, in
// order. For those that it names by their account, or together with everybody,
// their own policies have to allow something, too, or they are of the account
// of the role.
func (b *edgeBuilder) trusted(role *Identity) []int {
	found := make(map[int]bool)
	all := func(account string, always bool) {
		for _, i := range b.byAccount[account] {
			if always || b.may(i, assumeRole) {
				found[i] = true
			}
		}
	}
	everybody := func() {
		for account := range b.byAccount {
			all(account, account == role.Principal.Account)
		}
	}
	if role.Trust == nil {
		return nil
	}
	if role.Trust.Missing != "" {
		everybody()
	}
	for _, p := range role.Trust.Policies {
		if p.Document == nil || b.compile(p.Document).problem != "" {
			everybody()
			continue
		}
		for _, s := range p.Document.Statements {
			switch {
			case s.Deny:
			case s.Principal == nil || s.Principal.Any || len(s.Principal.CanonicalUser) > 0:
				everybody() // Evaluate knows what else there is to it
			default:
				for _, id := range s.Principal.AWS {
					b.named(id, found, all)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// named adds the identities that a value of a Principal element names.
func (b *edgeBuilder) named(id string, found map[int]bool, all func(account string, always bool)) {
	p := newPrincipalSet(&Principals{AWS: []string{id}}, false).aws[0]
	switch {
	case p.session:
		if i, ok := b.byRoleName[p.account+"/"+p.role]; ok {
			found[i] = true
		}
	case p.account != "":
		all(p.account, false)
	default:
		if i, ok := b.byID[id]; ok {
			found[i] = true
		}
		if i, ok := b.byUniqueID[id]; ok {
			found[i] = true
		}
	}
}
