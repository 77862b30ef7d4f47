package azurerbac

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An edgeFinder collects the edges of an estate.
type edgeFinder struct {
	estate Estate
	groups map[string]ManagementGroups // by the subscription in lower case
	edges  []access.Edge
	admins []access.Administrator

	// Of the actor that is looked at.
	subject subject
	grants  []int
}

func newEdgeFinder(e Estate) *edgeFinder {
	f := &edgeFinder{estate: e, groups: make(map[string]ManagementGroups, len(e.Subscriptions))}
	for _, s := range e.Subscriptions {
		f.groups[subscriptionOf(s.ID)] = s.ManagementGroups
	}
	return f
}

func (f *edgeFinder) of(actor Actor) {
	if p := f.estate.Policy; p != nil {
		f.subject = newSubject(actor.ID, actor.Groups)
		f.grants = p.candidates(f.subject)
		if !p.mayMakeEdge(f.grants) {
			return
		}
	}
	administered := make(map[string]bool)
	for _, s := range f.estate.Subscriptions {
		step := f.ask(actor, actionAssignRole, s.ID, "give itself any role in the subscription")
		if step.Formula.IsFalse() {
			continue
		}
		administered[lowerASCII(s.ID)] = step.Formula.IsTrue()
		f.admins = append(f.admins, access.Administrator{
			ID: lowerASCII(actor.ID), Account: lastPart(s.ID), Formula: step.Formula, Steps: []access.Step{step},
		})
	}
	var launch []access.Step
	launchKnown := false
	for _, identity := range f.estate.Identities {
		f.add(actor, identity.ID, access.Rewrite,
			f.ask(actor, actionFederate, identity.Resource, "make tokens of an issuer of its own good for the identity"))
		if !administered[subscriptionOf(identity.Resource)] {
			f.add(actor, identity.ID, access.Rewrite,
				f.ask(actor, actionAssignRole, identity.Resource, "give itself a role at the identity, to write its credentials"))
		}
		pass := f.pass(actor, identity)
		if pass.Formula.IsFalse() {
			continue
		}
		if !launchKnown {
			launch, launchKnown = f.launch(actor), true
		}
		for _, l := range launch {
			f.add(actor, identity.ID, access.PassAndRun, pass, l)
		}
	}
	for _, h := range f.estate.Hosts {
		var ways []access.Formula
		for _, action := range takeovers[typeOfResource(h.Resource)] {
			ways = append(ways, h.admits(action))
			f.takeOver(actor, h, h.admits(action), f.ask(actor, action, h.Resource, "run commands where the identity is"))
		}
		if !administered[subscriptionOf(h.Resource)] {
			f.takeOver(actor, h, access.Or(ways...),
				f.ask(actor, actionAssignRole, h.Resource, "give itself a role where the identity is, to run commands there"))
		}
	}
}

// takeOver adds edges to the identities of a host, by a step and what has to
// hold of the host.
func (f *edgeFinder) takeOver(actor Actor, h Host, admits access.Formula, step access.Step) {
	step.Formula = access.And(step.Formula, admits)
	for _, id := range h.Identities {
		f.add(actor, id, access.TakeOver, step)
	}
}

// pass asks for assigning an identity. The operation has two names: that of the
// list of operations, and that which the documentation says is needed and which
// Managed Identity Operator has as "userAssignedIdentities/*/assign/action".
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations
func (f *edgeFinder) pass(actor Actor, identity Identity) access.Step {
	const note = "assign the identity"
	step := f.ask(actor, actionAssignIdentity, identity.Resource, note)
	if step.Formula.IsTrue() {
		return step
	}
	name := identity.Resource[strings.LastIndexByte(identity.Resource, '/')+1:]
	named := f.ask(actor, assignByName(name), identity.Resource, note)
	if step.Formula.IsFalse() {
		return named
	}
	step.Formula = access.Or(step.Formula, named.Formula)
	step.Evidence.Layers = append(step.Evidence.Layers, named.Evidence.Layers...)
	return step
}

func assignByName(name string) string { return identityActions + name + assignAction }

// launch returns the best ways to start something: plain ones of the first
// kind and place there is, or else all that depend on something.
func (f *edgeFinder) launch(actor Actor) []access.Step {
	var found []access.Step
	for _, action := range launches {
		for _, s := range f.estate.Subscriptions {
			for _, place := range append([]string{s.ID}, s.ResourceGroups...) {
				step := f.ask(actor, action, place, "start something that runs with it")
				if step.Formula.IsTrue() {
					return []access.Step{step}
				}
				if !step.Formula.IsFalse() && len(found) < maxLaunches {
					found = append(found, step)
				}
			}
		}
	}
	return found
}

// maxLaunches bounds the ways to start something that depend on something, of
// one principal.
const maxLaunches = 16

// ask evaluates one step.
func (f *edgeFinder) ask(actor Actor, action, resource, note string) access.Step {
	groups, ok := f.groups[subscriptionOf(resource)]
	if !ok {
		groups.Missing = "the subscription is not among those that were read"
	}
	in := Input{
		Request: access.Request{
			Principal: access.Principal{ID: actor.ID}, Action: action, Resource: access.Resource{ID: resource},
		},
		Groups: actor.Groups, ManagementGroups: groups, Policy: f.estate.Policy,
	}
	step := access.Step{Action: action, Resource: resource, Note: note}
	if f.estate.Evidence {
		d := Evaluate(in)
		step.Formula, step.Evidence = d.Formula, d.Evidence
	} else {
		step.Formula = permits(in, f.subject, f.grants)
	}
	return step
}

// add adds an edge unless it never holds.
func (f *edgeFinder) add(actor Actor, to string, kind access.EdgeKind, steps ...access.Step) {
	formulas := make([]access.Formula, len(steps))
	for i, s := range steps {
		formulas[i] = s.Formula
	}
	holds := access.And(formulas...)
	if holds.IsFalse() || equalASCII(actor.ID, to) {
		return
	}
	f.edges = append(f.edges, access.Edge{From: lowerASCII(actor.ID), To: lowerASCII(to), Kind: kind, Formula: holds, Steps: steps})
}

// subscriptionOf returns the subscription of a resource id, in lower case.
func subscriptionOf(id string) string {
	id = lowerASCII(id)
	if !strings.HasPrefix(id, "/subscriptions/") {
		return ""
	}
	name, _, _ := strings.Cut(id[len("/subscriptions/"):], "/")
	return "/subscriptions/" + name
}

// typeOfResource returns the type that an id has, in lower case.
func typeOfResource(id string) string {
	rest, _ := scope(lowerASCII(id)).provider()
	parts := strings.Split(rest, "/")
	types := []string{parts[0]} // the namespace
	for i := 1; i < len(parts); i += 2 {
		types = append(types, parts[i])
	}
	return strings.Join(types, "/")
}
