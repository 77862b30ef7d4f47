package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// credentials are the requests that make credentials of a user.
var credentials = []struct{ action, note string }{
	{"iam:CreateAccessKey", "make an access key of the user; there can be two"},
	{"iam:CreateLoginProfile", "give the user a password, if it has none"},
	{"iam:UpdateLoginProfile", "change the password of the user, if it has one"},
}

// rewrite adds the edges to the roles whose trust an identity can change, and
// to the users that it can make credentials of.
func (b *edgeBuilder) rewrite(from int) {
	d := &b.in.Identities[from]
	for _, to := range b.byAccount[d.Principal.Account] {
		target := &b.in.Identities[to]
		switch {
		case to == from || target.ServiceLinked:
		case target.Principal.Kind == User:
			for _, c := range credentials {
				if b.may(from, c.action) {
					b.add(from, to, access.Rewrite, b.onIdentity(from, to, c.action, c.note))
				}
			}
		case b.may(from, "iam:UpdateAssumeRolePolicy"):
			change := b.onIdentity(from, to, "iam:UpdateAssumeRolePolicy", "let the role trust the identity")
			if !change.Formula.IsFalse() {
				b.add(from, to, access.Rewrite, change, b.assumeStep(from, target, b.trustIn(d.Principal.ID)))
			}
		}
	}
}

// trustIn returns the trust policy that a role would be given.
func (b *edgeBuilder) trustIn(id string) *PolicySet {
	s := b.put[id]
	if s == nil {
		s = &PolicySet{Policies: []Policy{{Name: "the trust policy that was put in place", Document: &Document{
			Version: version2012, Statements: []Statement{{Principal: &Principals{AWS: []string{id}}, Action: []string{assumeRole}}},
		}}}}
		b.put[id] = s
	}
	return s
}

func (b *edgeBuilder) onIdentity(from, to int, action, note string) access.Step {
	target := &b.in.Identities[to]
	return b.ask(from, question{
		action: action, resource: access.Resource{ID: target.Principal.ID, Account: target.Principal.Account}, context: target.Tags, note: note,
	})
}

// newIdentities is the ways to make an identity that may do everything.
var newIdentities = [][]use{
	{{action: "iam:CreateRole", resources: someRole}, {action: "iam:AttachRolePolicy", resources: someRole}, {action: assumeRole, resources: someRole, trusting: true}},
	{{action: "iam:CreateRole", resources: someRole}, {action: "iam:PutRolePolicy", resources: someRole}, {action: assumeRole, resources: someRole, trusting: true}},
	{{action: "iam:CreateUser", resources: someUser}, {action: "iam:AttachUserPolicy", resources: someUser}, {action: "iam:CreateAccessKey", resources: someUser}},
	{{action: "iam:CreateUser", resources: someUser}, {action: "iam:PutUserPolicy", resources: someUser}, {action: "iam:CreateAccessKey", resources: someUser}},
	{{action: "iam:CreateUser", resources: someUser}, {action: "iam:AttachUserPolicy", resources: someUser}, {action: "iam:CreateLoginProfile", resources: someUser}},
	{{action: "iam:CreateUser", resources: someUser}, {action: "iam:PutUserPolicy", resources: someUser}, {action: "iam:CreateLoginProfile", resources: someUser}},
}

var (
	someRole = []string{"arn:{partition}:iam::{account}:role/*"}
	someUser = []string{"arn:{partition}:iam::{account}:user/*"}
)

// administerItself adds an administrator when an identity can give itself more
// permissions, or make an identity that has them. It reports whether that is
// plainly so.
func (b *edgeBuilder) administerItself(id int) (certain bool) {
	ways := b.grow(id, id)
	for _, uses := range newIdentities {
		if slices.ContainsFunc(uses, func(u use) bool { return !u.trusting && !b.may(id, u.action) }) {
			continue
		}
		made := b.way(id, uses, "", "make an identity that may do more")
		certain = b.addAdministrator(id, made.formula, made.steps) || certain
	}
	for _, steps := range ways {
		certain = b.addAdministrator(id, together(steps), steps) || certain
	}
	return certain
}

// administer adds an administrator when an identity can give more permissions
// to one that it can act as, and that is more certain than what is known of it.
func (b *edgeBuilder) administer(from int) {
	grown := make(map[string][][]access.Step)
	for _, e := range b.out[from] {
		to := b.byID[e.To]
		if e.Account != b.in.Identities[from].Principal.Account || e.Formula.Verdict() <= b.administers[from] {
			continue
		}
		ways, known := grown[e.To]
		if !known {
			ways = b.grow(from, to)
			grown[e.To] = ways
		}
		for _, steps := range ways {
			if f := access.Together(together(steps), e.Formula); f.Verdict() > b.administers[from] {
				b.addAdministrator(from, f, slices.Concat(steps, e.Steps))
			}
		}
	}
}

// addAdministrator adds an administrator, if it can be one, and reports whether
// it plainly is.
func (b *edgeBuilder) addAdministrator(id int, f access.Formula, steps []access.Step) (certain bool) {
	if f.IsFalse() {
		return false
	}
	p := b.in.Identities[id].Principal
	b.administers[id] = max(b.administers[id], f.Verdict())
	b.administrators = append(b.administrators, access.Administrator{ID: p.ID, Account: p.Account, Formula: f, Steps: steps})
	return f.IsTrue()
}

// grow returns the ways by which one identity can give more permissions to
// another one, or to itself. A permissions boundary has to go first.
func (b *edgeBuilder) grow(from, to int) [][]access.Step {
	target := &b.in.Identities[to]
	if target.ServiceLinked {
		return nil
	}
	var unbind []access.Step
	kind := "Role"
	if target.Principal.Kind == User {
		kind = "User"
	}
	if target.Boundary != nil {
		action := "iam:Delete" + kind + "PermissionsBoundary"
		if !b.may(from, action) {
			return nil
		}
		unbind = []access.Step{b.onIdentity(from, to, action, "take off the permissions boundary")}
	}
	var ways [][]access.Step
	add := func(steps ...access.Step) {
		if !slices.ContainsFunc(steps, func(s access.Step) bool { return s.Formula.IsFalse() }) {
			ways = append(ways, slices.Concat(unbind, steps))
		}
	}
	for _, action := range []string{"iam:Put" + kind + "Policy", "iam:Attach" + kind + "Policy"} {
		if b.may(from, action) {
			add(b.onIdentity(from, to, action, fmt.Sprintf("give %s a policy that permits more", strings.ToLower(kind))))
		}
	}
	for _, p := range target.Policies.Policies {
		a, ok := parseARN(p.Name)
		if !ok || a.service != "iam" || a.account != target.Principal.Account || !strings.HasPrefix(a.resource, "policy/") {
			continue // one that is written into it, or that AWS manages
		}
		resource := access.Resource{ID: p.Name, Account: a.account}
		if b.may(from, "iam:CreatePolicyVersion") {
			add(b.ask(from, question{action: "iam:CreatePolicyVersion", resource: resource, note: "let the policy permit more"}))
		}
		if b.may(from, "iam:SetDefaultPolicyVersion") {
			step := b.ask(from, question{action: "iam:SetDefaultPolicyVersion", resource: resource, note: "go back to a version of the policy that permits more, if there is one"})
			step.Formula = access.And(step.Formula, access.Missing("the other versions of the policy "+p.Name))
			add(step)
		}
	}
	return append(ways, b.growGroups(from, to, unbind)...)
}

// growGroups returns the ways by which the groups of a user can be given more
// permissions, or the user be put into another one.
func (b *edgeBuilder) growGroups(from, to int, unbind []access.Step) [][]access.Step {
	target := &b.in.Identities[to]
	if target.Principal.Kind != User {
		return nil
	}
	var ways [][]access.Step
	add := func(step access.Step) {
		if !step.Formula.IsFalse() {
			ways = append(ways, slices.Concat(unbind, []access.Step{step}))
		}
	}
	group := func(id string, below bool) access.Resource {
		return access.Resource{ID: id, Account: target.Principal.Account, Below: below}
	}
	for _, id := range target.Groups {
		for _, action := range []string{"iam:PutGroupPolicy", "iam:AttachGroupPolicy"} {
			if b.may(from, action) {
				add(b.ask(from, question{action: action, resource: group(id, false), note: "give a group of the user a policy that permits more"}))
			}
		}
	}
	if b.may(from, "iam:AddUserToGroup") {
		a, _ := parseARN(target.Principal.ID)
		other := group("arn:"+a.partition+":iam::"+a.account+":group/", true)
		step := b.ask(from, question{action: "iam:AddUserToGroup", resource: other, note: "put the user into a group that permits more"})
		step.Formula = access.And(b.byName(step.Formula, other, 0), access.Missing("what the groups of "+a.account+" permit"))
		add(step)
	}
	return ways
}
