package gcpiam

import (
	"cmp"
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/stowage-dev/stowage/internal/access"
)

//go:embed launch.tsv
var launchTSV string

// A launch is a way to start something that runs as a service account.
type launch struct {
	permissions []string
	what        string
}

var launches = sync.OnceValue(func() []launch {
	var all []launch
	for line := range strings.Lines(launchTSV) {
		permissions, what, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && !strings.HasPrefix(line, "#") {
			all = append(all, launch{strings.Fields(permissions), what})
		}
	}
	return all
})

// impersonations are the permissions on a service account by which one is
// enough to act as it. That for an OpenID token is not: it opens no data.
// https://cloud.google.com/iam/docs/service-account-impersonation
var impersonations = []struct{ permission, what string }{
	{"iam.serviceAccounts.getAccessToken", "get an access token of the service account"},
	{"iam.serviceAccounts.signJwt", "sign a token as the service account, and exchange it for an access token"},
	{"iam.serviceAccounts.signBlob", "sign as the service account"},
	{"iam.serviceAccountKeys.create", "create a key of the service account"},
}

// Edges returns the ways by which the principal of an input can act as the
// service account that is its resource. The permission that it asks for does
// not matter. With explain, each step has its evidence.
//
// What starts something is asked of the project of the service account: those
// of other projects cannot use it unless an organization policy is changed
// (https://cloud.google.com/iam/docs/attach-service-accounts#attaching-different-project).
func Edges(in Input, explain bool) []access.Edge {
	to := accountOf(in)
	from := in.Request.Principal.ID
	if to == "" || from == to {
		return nil
	}
	var edges []access.Edge
	add := func(kind access.EdgeKind, steps ...access.Step) {
		formulas := make([]access.Formula, len(steps))
		for i, s := range steps {
			formulas[i] = s.Formula
		}
		if f := access.And(formulas...); !f.IsFalse() {
			edges = append(edges, access.Edge{From: from, To: to, Kind: kind, Formula: f, Steps: steps})
		}
	}
	for _, i := range impersonations {
		add(access.Impersonate, in.step(i.permission, i.what, explain))
	}
	add(access.Rewrite, in.step("iam.serviceAccounts.setIamPolicy", "let itself impersonate the service account", explain))
	actAs := in.step("iam.serviceAccounts.actAs", "attach the service account", explain)
	if actAs.Formula.IsFalse() {
		return edges
	}
	project := in.onProject()
	for _, l := range launches() {
		steps := []access.Step{actAs}
		for _, p := range l.permissions {
			steps = append(steps, project.step(p, "start "+l.what+" as the service account", explain))
		}
		add(access.PassAndRun, steps...)
	}
	return edges
}

// Delegation returns the way by which the principal of one input gets a token
// of a service account through a delegate: it may delegate to the one that is
// its resource, and that one, the principal of the other input, may get a
// token of the one that is there the resource. Longer chains are made of
// delegates that may delegate.
//
// https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated
func Delegation(first, last Input, explain bool) access.Edge {
	steps := []access.Step{
		first.step("iam.serviceAccounts.implicitDelegation", "name "+accountOf(first)+" as a delegate", explain),
		last.step("iam.serviceAccounts.getAccessToken", "get an access token through the delegate", explain),
	}
	formula := access.And(steps[0].Formula, steps[1].Formula)
	if accountOf(first) == "" || accountOf(first) != last.Request.Principal.ID {
		formula = access.False()
	}
	return access.Edge{
		From: first.Request.Principal.ID, To: accountOf(last), Kind: access.Impersonate, Formula: formula, Steps: steps,
	}
}

// Administers returns whether the principal of an input can rewrite the
// permissions of the project, folder or organization that is its resource, as
// "//cloudresourcemanager.googleapis.com/projects/shop": by its allow policy,
// or by a custom role that it holds there and can change.
func Administers(in Input, explain bool) access.Administrator {
	node, _ := strings.CutPrefix(in.Request.Resource.ID, "//cloudresourcemanager.googleapis.com/")
	collection, _, _ := strings.Cut(node, "/")
	policy := in.step("resourcemanager."+collection+".setIamPolicy", "let itself do anything", explain)
	a := access.Administrator{ID: in.Request.Principal.ID, Account: node, Formula: policy.Formula, Steps: []access.Step{policy}}
	if policy.Formula.IsTrue() {
		return a
	}
	for _, role := range in.changedRoles(explain) {
		if !a.Formula.IsFalse() {
			a.Steps = append(a.Steps, role)
		} else {
			a.Steps = []access.Step{role}
		}
		a.Formula = access.Or(a.Formula, role.Formula)
	}
	return a
}

// changedRoles returns the steps by which the principal adds permissions to
// custom roles that it has by some binding: one for each project or
// organization that has such roles, which is where it has to be permitted.
func (in Input) changedRoles(explain bool) []access.Step {
	const action, what = "iam.roles.update", "add permissions to a custom role that it holds"
	holds := newEvaluation(&in, false).customRoles()
	var steps []access.Step
	for _, owner := range slices.Sorted(maps.Keys(holds)) {
		if holds[owner].IsFalse() {
			continue
		}
		step := access.Step{Action: action, Note: what, Formula: access.Missing(action + " on " + cmp.Or(owner, "what has the custom role"))}
		if i := slices.IndexFunc(in.Hierarchy, func(n Node) bool { return in.isNode(n.Name, owner) }); i >= 0 {
			of := in
			of.Hierarchy, of.Request.Resource.ID = in.Hierarchy[:i+1], "//cloudresourcemanager.googleapis.com/"+owner
			step = of.step(action, what, explain)
		}
		if step.Formula = access.And(step.Formula, holds[owner]); !step.Formula.IsFalse() {
			steps = append(steps, step)
		}
	}
	return steps
}

// isNode reports whether a node is called by a name, a project by its id or its
// number.
func (in Input) isNode(node, name string) bool {
	project := func(s string) bool {
		id, ok := strings.CutPrefix(s, "projects/")
		return ok && id != "" && (id == in.Project.ID || id == in.Project.Number)
	}
	return node == name || project(node) && project(name)
}

// customRoles returns what has to hold for the principal to have a custom role
// by some binding, by the project or organization that has the role; by nothing
// for those of policies that were not read.
func (e *evaluation) customRoles() map[string]access.Formula {
	holds := make(map[string]access.Formula)
	add := func(owner string, f access.Formula) { holds[owner] = access.Or(holds[owner], f) }
	if e.in.HierarchyMissing != "" {
		add("", access.Missing("allow policies above the resource: "+e.in.HierarchyMissing))
	}
	for _, n := range e.in.Hierarchy {
		if n.Allow.Missing != "" {
			add("", access.Missing("allow policies of "+n.Name+": "+n.Allow.Missing))
		}
		for _, p := range n.Allow.Policies {
			for _, b := range p.Bindings {
				if strings.HasPrefix(b.Role, "roles/") || e.in.CustomRoles[b.Role].Off {
					continue
				}
				is, _ := e.members(b.Members, true)
				if b.Unread != "" {
					is = access.Missing("binding of " + b.Role + ": " + b.Unread)
				}
				owner, _, _ := strings.Cut(b.Role, "/roles/")
				add(owner, access.And(is, e.condition(b.Condition, failureFalse)))
			}
		}
	}
	return holds
}

// step decides one request of an edge.
func (in Input) step(permission, what string, explain bool) access.Step {
	in.Request.Action = permission
	s := access.Step{Action: permission, Resource: in.Request.Resource.ID, Note: what}
	if explain {
		d := Evaluate(in)
		s.Formula, s.Evidence = d.Formula, d.Evidence
		return s
	}
	s.Formula = Decide(in)
	return s
}

// onProject returns an input whose resource is the project.
func (in Input) onProject() Input {
	project := in.Project.ID
	if project == "" {
		project = in.Project.Number
	}
	var above []Node
	for _, n := range in.Hierarchy {
		if !strings.HasPrefix(n.Name, "//") {
			above = append(above, n)
		}
	}
	in.Hierarchy = above
	in.Request.Resource.ID = "//cloudresourcemanager.googleapis.com/projects/" + project
	in.Request.Resource.Below = false
	return in
}

// accountOf returns the member that the service account is which is the
// resource of an input, or nothing.
func accountOf(in Input) string {
	rest, ok := strings.CutPrefix(in.Request.Resource.ID, "//iam.googleapis.com/projects/")
	_, email, ok2 := strings.Cut(rest, "/serviceAccounts/")
	if !ok || !ok2 || !strings.Contains(email, "@") {
		return ""
	}
	return "serviceAccount:" + email
}
