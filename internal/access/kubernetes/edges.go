package kubernetes

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// AccountID returns what the identity graph calls a service account of the
// cluster.
func (r *Resolver) AccountID(a Account) string { return r.cluster.ID + "/" + a.String() }

// Edges returns how service accounts of the cluster can act as others and as
// identities of the cloud, and which of them can give themselves any right in
// the cluster. Running are the accounts of pods that run; nil when they are not
// known.
//
// Whoever can make a token of a service account, or start a pod with it, has
// the identities of the cloud that trust the account. The identities of nodes
// are not among the edges: they belong to a pod on a node. Of an account that
// can plainly give itself any right, no edges within the cluster are told:
// ways end there. Of several edges between two accounts of one kind, the most
// certain is told.
func (r *Resolver) Edges(running []Account) ([]access.Edge, []access.Administrator) {
	w := ways{Resolver: r, unread: running == nil, running: make(map[Account]bool, len(running)), named: make(map[string][]Account)}
	for _, account := range running {
		w.running[account] = true
	}
	w.accounts = slices.SortedFunc(maps.Keys(r.accounts), func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, account := range w.accounts {
		w.named[account.Name] = append(w.named[account.Name], account)
		w.powers = append(w.powers, r.rbac.Powers(account))
	}
	var edges []access.Edge
	var admins []access.Administrator
	for i, from := range w.accounts {
		everything := false
		for _, p := range w.powers[i] {
			if p.Namespace == "" && p.everything() {
				admins = append(admins, access.Administrator{
					ID: r.AccountID(from), Account: r.cluster.ID, Formula: p.Formula, Steps: []access.Step{p.step("")},
				})
				everything = everything || p.Formula.IsTrue()
			}
		}
		if r.rbac.missing != "" && !everything {
			p := Power{
				Kind: "rbac", Formula: missing("RBAC of the cluster", r.rbac.missing),
				Reason: "not all RBAC objects could be read; any of them may give the service account any right",
			}
			admins = append(admins, access.Administrator{
				ID: r.AccountID(from), Account: r.cluster.ID, Formula: p.Formula, Steps: []access.Step{p.step("")},
			})
		}
		if !everything {
			edges = append(edges, w.within(i)...)
		}
		edges = append(edges, r.cloudEdges(from)...)
	}
	return edges, admins
}

// ways is the work on the edges between the accounts of a cluster.
type ways struct {
	*Resolver
	accounts []Account
	named    map[string][]Account // by their names, of all namespaces
	powers   [][]Power            // of each account
	running  map[Account]bool
	unread   bool // nobody knows what runs
}

// A reach is what powers of one kind lead to: all of a namespace, or of the
// cluster.
type reach struct{ kind, namespace string }

// within returns the edges of an account to others: by its own powers, and by
// those of the accounts that it can impersonate. By that alone the latter are
// not reached: their tokens are not, nor what the cloud gives for them.
func (w *ways) within(account int) []access.Edge {
	type pair struct {
		to   string
		kind access.EdgeKind
	}
	var edges []access.Edge
	from := w.accounts[account]
	best := map[pair]access.Verdict{}
	whole := map[reach]access.Verdict{} // how certain the edges to all of it are
	take := func(as Account, p Power, before ...Power) {
		if _, ok := edgeKinds[p.Kind]; !ok {
			return
		}
		when := p.Formula
		for _, b := range before {
			when = access.And(b.Formula, when)
		}
		all, verdict := p.Kind != MakeTokens || len(p.Names) == 0, when.Verdict()
		if all && len(p.Names) > 0 {
			verdict = min(verdict, access.Unknown) // of which pods it is nobody knows
		}
		if verdict <= max(whole[reach{p.Kind, ""}], whole[reach{p.Kind, p.Namespace}]) {
			return
		}
		for _, e := range w.edgesOf(from, p) {
			for _, b := range before {
				e.Formula = access.And(b.Formula, e.Formula)
				e.Steps = append([]access.Step{b.step(w.AccountID(as))}, e.Steps...)
			}
			key := pair{e.To, e.Kind}
			if old, ok := best[key]; !ok || old < e.Formula.Verdict() {
				best[key] = e.Formula.Verdict()
				edges = append(edges, e)
			}
		}
		if all {
			whole[reach{p.Kind, p.Namespace}] = verdict
		}
	}
	for _, p := range w.powers[account] {
		take(from, p)
	}
	for _, p := range w.powers[account] {
		for i, as := range w.accounts {
			if i == account || !p.impersonates(as) {
				continue
			}
			for _, q := range w.powers[i] {
				take(as, q, p)
			}
		}
	}
	return edges
}

// edgeKinds are what powers are in the graph.
var edgeKinds = map[string]access.EdgeKind{
	CreatePods: access.PassAndRun, EnterPods: access.TakeOver, NodeProxy: access.TakeOver,
	MakeTokens: access.Impersonate,
}

// edgesOf returns the edges of an account by one power.
func (w *ways) edgesOf(from Account, p Power) []access.Edge {
	kind := edgeKinds[p.Kind]
	var edges []access.Edge
	targets := w.accounts
	if p.Kind == MakeTokens && len(p.Names) > 0 {
		targets = nil
		for _, name := range p.Names {
			targets = append(targets, w.named[name]...)
		}
	}
	for _, to := range targets {
		if to == from || p.Namespace != "" && p.Namespace != to.Namespace {
			continue
		}
		f := p.Formula
		if p.Kind == EnterPods || p.Kind == NodeProxy {
			switch {
			case w.unread:
				f = access.And(f, access.Missing("which service accounts have pods that run in "+w.cluster.ID))
			case !w.running[to]:
				continue
			case len(p.Names) > 0:
				f = access.And(f, access.Missing("the service accounts of the pods that it is limited to"))
			}
		}
		edges = append(edges, access.Edge{
			From: w.AccountID(from), To: w.AccountID(to), Kind: kind, Formula: f, Steps: []access.Step{p.step(w.AccountID(to))},
		})
	}
	return edges
}

// cloudEdges returns the edges to identities of the cloud.
func (r *Resolver) cloudEdges(from Account) []access.Edge {
	pod := Pod{Namespace: from.Namespace, ServiceAccount: from.Name, Template: true, Containers: []Container{{Name: "any"}}}
	best := map[string]access.Edge{}
	for _, id := range r.Identities(pod, Node{}).Found {
		switch id.How {
		case workload.NodeMetadata, workload.VMSS, workload.GKENode, workload.StaticKeys:
			continue
		}
		if id.ID == "" {
			continue
		}
		e := access.Edge{
			From: r.AccountID(from), To: id.ID, Kind: access.Assume, Formula: id.Formula,
			// Also of an account that can do everything in the cluster.
			Account: cmp.Or(workload.Role{ARN: id.ID}.Account(), string(id.Cloud)),
			Steps:   []access.Step{{Action: string(id.How), Resource: id.ID, Note: id.Reason, Formula: id.Formula}},
		}
		if old, ok := best[id.ID]; !ok || old.Formula.Verdict() < e.Formula.Verdict() {
			best[id.ID] = e
		}
	}
	edges := make([]access.Edge, 0, len(best))
	for _, id := range sortedKeys(best) {
		edges = append(edges, best[id])
	}
	return edges
}

func (p Power) step(resource string) access.Step {
	return access.Step{Action: p.Kind, Resource: resource, Note: p.Reason, Formula: p.Formula}
}
