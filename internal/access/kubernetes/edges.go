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
// are not among the edges: they belong to a pod on a node.
func (r *Resolver) Edges(running []Account) ([]access.Edge, []access.Administrator) {
	accounts := slices.SortedFunc(maps.Keys(r.accounts), func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var edges []access.Edge
	var admins []access.Administrator
	for _, from := range accounts {
		for _, p := range r.rbac.Powers(from) {
			if p.Namespace == "" && p.everything() {
				admins = append(admins, access.Administrator{
					ID: r.AccountID(from), Account: r.cluster.ID, Formula: p.Formula, Steps: []access.Step{p.step("")},
				})
			}
			edges = append(edges, r.edgesOf(from, p, accounts, running)...)
			edges = append(edges, r.impersonated(from, p, accounts, running)...)
		}
		edges = append(edges, r.cloudEdges(from)...)
	}
	return edges, admins
}

// edgeKinds are what powers are in the graph.
var edgeKinds = map[string]access.EdgeKind{
	CreatePods: access.PassAndRun, EnterPods: access.TakeOver, NodeProxy: access.TakeOver,
	MakeTokens: access.Impersonate,
}

// impersonated returns the edges that an account has by the powers of another
// one. The other one itself is not reached: its token is not, nor what the
// cloud gives for it.
func (r *Resolver) impersonated(from Account, p Power, accounts, running []Account) []access.Edge {
	var edges []access.Edge
	for _, as := range accounts {
		if as == from || !p.impersonates(as) {
			continue
		}
		for _, q := range r.rbac.Powers(as) {
			for _, e := range r.edgesOf(as, q, accounts, running) {
				e.From, e.Formula = r.AccountID(from), access.And(p.Formula, e.Formula)
				e.Steps = append([]access.Step{p.step(r.AccountID(as))}, e.Steps...)
				edges = append(edges, e)
			}
		}
	}
	return edges
}

// edgesOf returns the edges of one power.
func (r *Resolver) edgesOf(from Account, p Power, accounts, running []Account) []access.Edge {
	kind, ok := edgeKinds[p.Kind]
	if !ok {
		return nil
	}
	var edges []access.Edge
	for _, to := range accounts {
		if to == from || p.Namespace != "" && p.Namespace != to.Namespace {
			continue
		}
		f := p.Formula
		switch p.Kind {
		case MakeTokens:
			if len(p.Names) > 0 && !slices.Contains(p.Names, to.Name) {
				continue
			}
		case EnterPods, NodeProxy:
			switch {
			case running == nil:
				f = access.And(f, access.Missing("which service accounts have pods that run in "+r.cluster.ID))
			case !slices.Contains(running, to):
				continue
			case len(p.Names) > 0:
				f = access.And(f, access.Missing("the service accounts of the pods that it is limited to"))
			}
		}
		edges = append(edges, access.Edge{
			From: r.AccountID(from), To: r.AccountID(to), Kind: kind, Formula: f, Steps: []access.Step{p.step(r.AccountID(to))},
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
			Steps: []access.Step{{Action: string(id.How), Resource: id.ID, Note: id.Reason, Formula: id.Formula}},
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
