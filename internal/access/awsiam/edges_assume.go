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
	if role.Principal.Kind != Role || role.Trust == nil {
		return
	}
	for _, from := range b.named(role.Trust, role.Principal.Account, assumeRole) {
		b.add(from, to, access.Assume, b.assumeStep(from, role, role.Trust))
	}
}

func (b *edgeBuilder) assumeStep(from int, role *Identity, trust *PolicySet) access.Step {
	return b.ask(from, question{
		action: assumeRole, resource: access.Resource{ID: role.Principal.ID, Account: role.Principal.Account},
		policy: trust, context: role.Tags, note: "take on the role",
	})
}

// named returns the identities that may be permitted an action by the policy
// of a resource of an account, in order. Where it names an account, the
// identity's own policies have to allow the action, too; where it names
// everybody, those of identities of other accounts have to.
func (b *edgeBuilder) named(policy *PolicySet, account, action string) []int {
	found := make(map[int]bool)
	add := func(list []int) {
		for _, i := range list {
			found[i] = true
		}
	}
	everybody := func() {
		add(b.byAccount[account])
		for other := range b.byAccount {
			add(b.able(other, action))
		}
	}
	if policy.Missing != "" {
		everybody()
	}
	for _, p := range policy.Policies {
		if p.Document == nil || b.compile(p.Document).problem != "" {
			everybody()
			continue
		}
		for _, s := range p.Document.Statements {
			switch {
			case s.Deny:
			case s.Principal == nil || s.Principal.Any || len(s.Principal.CanonicalUser) > 0:
				everybody() // the evaluation knows what else there is to it
			default:
				for _, id := range s.Principal.AWS {
					add(b.principal(id, action))
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// principal returns the identities that a value of a Principal element names.
func (b *edgeBuilder) principal(id, action string) []int {
	p := newPrincipalSet(&Principals{AWS: []string{id}}, false).aws[0]
	for _, known := range []struct {
		index map[string]int
		key   string
	}{{b.byID, id}, {b.byUniqueID, id}, {b.byRoleName, p.account + "/" + p.role}} {
		if i, ok := known.index[known.key]; ok {
			return []int{i}
		}
	}
	if p.account == "" || p.session {
		return nil
	}
	return b.able(p.account, action)
}
