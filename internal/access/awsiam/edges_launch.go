package awsiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

const passRole = "iam:PassRole"

// passAndRun adds the edges to the roles of its account that an identity can
// pass to something that it can start.
func (b *edgeBuilder) passAndRun(from int) {
	if !b.may(from, passRole) {
		return
	}
	for i := range launches {
		l := &launches[i]
		started := b.launched(from, i)
		if started.formula.IsFalse() {
			continue
		}
		for _, role := range b.trustingRoles(b.in.Identities[from].Principal.Account, l.service, l.trust) {
			if role.number == from {
				continue
			}
			pass := b.pass(from, role.number, l.passedTo)
			b.addEdge(from, role.number, access.Edge{
				Kind:    access.PassAndRun,
				Formula: access.Together(pass.Formula, started.formula, together(role.steps)),
				Steps:   slices.Concat([]access.Step{pass}, started.steps, role.steps),
			})
		}
	}
}

// pass returns the step that hands a role to a service.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func (b *edgeBuilder) pass(from, to int, passedTo string) access.Step {
	role := &b.in.Identities[to]
	context := role.Tags
	if passedTo != "" {
		context = context.With("iam:PassedToService", passedTo)
	}
	return b.ask(from, question{
		action: passRole, resource: access.Resource{ID: role.Principal.ID, Account: role.Principal.Account},
		context: context, note: "hand the role to the service",
	})
}

type trustKey struct {
	role            int
	service, action string
}

// trustingKey asks for the roles of an account that let a service do
// something; actions are joined.
type trustingKey struct{ account, service, actions string }

// trusting is a role and the steps by which a service assumes it.
type trusting struct {
	number int
	steps  []access.Step
}

// trustingRoles returns the roles of an account that trust a service.
func (b *edgeBuilder) trustingRoles(account, service string, actions []string) []trusting {
	key := trustingKey{account, service, strings.Join(actions, " ")}
	list, known := b.trusting[key]
	if !known {
		for _, i := range b.byAccount[account] {
			if steps, ok := b.trustsService(i, service, actions); ok {
				list = append(list, trusting{i, steps})
			}
		}
		b.trusting[key] = list
	}
	return list
}

// trustsService returns the steps by which a service assumes a role, and
// whether it may be able to.
func (b *edgeBuilder) trustsService(to int, service string, actions []string) ([]access.Step, bool) {
	role := &b.in.Identities[to]
	if role.Principal.Kind != Role || role.ServiceLinked || role.Trust == nil {
		// A service-linked role cannot be passed:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
		return nil, false
	}
	if len(actions) == 0 {
		actions = []string{assumeRole}
	}
	steps := make([]access.Step, 0, len(actions))
	for _, action := range actions {
		key := trustKey{to, service, action}
		step, known := b.trusts[key]
		if !known {
			account := role.Principal.Account
			// A service that says for whom it acts says the account of what it
			// runs.
			context := b.context("", account).Merge(role.Tags).With("aws:SourceAccount", account)
			step = b.decide(&Input{
				Request: access.Request{
					Principal: access.Principal{Kind: Service, ID: service}, Action: action,
					Resource: access.Resource{ID: role.Principal.ID, Account: account}, Context: context,
				},
				Resource: role.Trust,
			}, "the role trusts "+service)
			b.trusts[key] = step
		}
		if step.Formula.IsFalse() {
			return nil, false
		}
		steps = append(steps, step)
	}
	return steps, true
}

type launchKey struct{ identity, launch int }

// launched is whether an identity can start something.
type launched struct {
	// formula of all ways; steps of the best.
	formula access.Formula
	steps   []access.Step
}

// launched returns whether an identity can start something, in any region and
// by any of the ways.
func (b *edgeBuilder) launched(from, number int) launched {
	key := launchKey{from, number}
	found, known := b.launches[key]
	if !known {
		found = b.start(from, &launches[number])
		b.launches[key] = found
	}
	return found
}

func (b *edgeBuilder) start(from int, l *launch) launched {
	for _, u := range l.all {
		if !b.may(from, u.action) {
			return launched{}
		}
	}
	ways := [][]use{l.all}
	if len(l.oneOf) > 0 {
		ways = nil
		for _, u := range l.oneOf {
			if b.may(from, u.action) {
				ways = append(ways, append(slices.Clone(l.all), u))
			}
		}
	}
	var best launched
	for _, region := range b.in.Regions {
		for _, way := range ways {
			best = best.or(b.way(from, way, region, l.note))
			if best.formula.IsTrue() {
				return best
			}
		}
	}
	return best
}

// or returns the better of two ways, and the formula of both.
func (l launched) or(other launched) launched {
	better := l
	if other.formula.Verdict() > l.formula.Verdict() {
		better = other
	}
	better.formula = access.Or(l.formula, other.formula)
	return better
}

// way returns whether all requests of a way are permitted in a region, "" for
// none in particular.
func (b *edgeBuilder) way(from int, uses []use, region, note string) launched {
	var l launched
	principal := b.in.Identities[from].Principal
	a, _ := parseARN(principal.ID)
	a.region, a.account = region, principal.Account
	var context access.Context
	if region != "" {
		context = context.With("aws:RequestedRegion", region)
	}
	// What is made by one request and used by another one is the same, so all
	// requests on it have to be permitted for one and the same name.
	type made struct {
		resource access.Resource
		colons   int
		requests []access.Formula
	}
	var parts []access.Formula
	var things []string
	byThing := make(map[string]*made)
	for _, u := range uses {
		for _, resource := range u.resources {
			q := question{action: u.action, resource: someResource(fill(resource, a, ""), principal.Account), context: context, note: note}
			if u.trusting {
				q.policy = b.trustIn(principal.ID)
			}
			step := b.ask(from, q)
			step.Formula = b.byName(step.Formula, q.resource, u.colons)
			l.steps = append(l.steps, step)
			if u.existing {
				parts = append(parts, step.Formula)
				continue
			}
			if byThing[resource] == nil {
				byThing[resource] = &made{resource: q.resource, colons: u.colons}
				things = append(things, resource)
			}
			byThing[resource].requests = append(byThing[resource].requests, step.Formula)
		}
	}
	for _, thing := range things {
		m := byThing[thing]
		parts = append(parts, byChoice(m.requests, m.resource, m.colons))
	}
	l.formula = access.Together(parts...)
	return l
}

// someResource returns the resource that an ARN means that may end with "*".
func someResource(id, account string) access.Resource {
	prefix, below := strings.CutSuffix(id, "*")
	if id == "*" {
		return access.Resource{ID: id, Account: account}
	}
	return access.Resource{ID: prefix, Account: account, Below: below}
}
