package kubernetes

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Power is a right of a service account that lets it come by what it was not
// given, with a step that can be seen.
//
// https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
type Power struct {
	// Kind is one of the powers below.
	Kind string `json:"kind"`
	// Namespace that it holds in; empty for all.
	Namespace string `json:"namespace,omitempty"`
	// Names are the objects that it is limited to; nil for all.
	Names   []string       `json:"names,omitempty"`
	Formula access.Formula `json:"formula"`
	Reason  string         `json:"reason"`
}

// The powers.
const (
	// CreatePods: start a pod with any service account and Secret of the
	// namespace.
	CreatePods = "create-pods"
	// EnterPods: run something in a pod that exists.
	EnterPods = "enter-pods"
	// MakeTokens of service accounts.
	MakeTokens = "make-tokens"
	// Impersonate other users, service accounts or groups.
	Impersonate = "impersonate"
	// Escalate: give oneself rights by changing a role.
	Escalate = "escalate"
	// Bind: give oneself rights by binding a role.
	Bind = "bind"
	// NodeProxy: ask the kubelet of a node, which runs things in all its pods.
	NodeProxy = "node-proxy"
)

// A need is what one way to a power asks of a rule.
type need struct {
	group, resource, subresource string
	verbs                        []string
}

const rbacGroup = "rbac.authorization.k8s.io"

var change = []string{"create", "update", "patch"}

// powers are the ways to each power. One need is enough, but all of "also" have
// to be met in one of its ways.
var powers = []struct {
	kind  string
	needs []need
	also  []need
	// cluster: the need is met cluster-wide only.
	cluster bool
}{
	{kind: CreatePods, needs: []need{
		{"", "pods", "", []string{"create"}},
		{"", "replicationcontrollers", "", change},
		{"apps", "deployments", "", change},
		{"apps", "replicasets", "", change},
		{"apps", "statefulsets", "", change},
		{"apps", "daemonsets", "", change},
		{"batch", "jobs", "", []string{"create"}},
		{"batch", "cronjobs", "", change},
	}},
	{kind: EnterPods, needs: []need{
		{"", "pods", "exec", []string{"create", "get"}},
		{"", "pods", "attach", []string{"create", "get"}},
		{"", "pods", "ephemeralcontainers", []string{"update", "patch"}},
		{"", "pods", "", []string{"update", "patch"}},
	}},
	{kind: MakeTokens, needs: []need{{"", "serviceaccounts", "token", []string{"create"}}}},
	{kind: Impersonate, needs: []need{
		{"", "serviceaccounts", "", []string{"impersonate"}},
		{"", "users", "", []string{"impersonate"}},
		{"", "groups", "", []string{"impersonate"}},
	}},
	{
		kind: Escalate, needs: []need{
			{rbacGroup, "roles", "", []string{"escalate"}},
			{rbacGroup, "clusterroles", "", []string{"escalate"}},
		},
		also: []need{{rbacGroup, "roles", "", change}, {rbacGroup, "clusterroles", "", change}},
	},
	{
		kind: Bind, needs: []need{
			{rbacGroup, "roles", "", []string{"bind"}},
			{rbacGroup, "clusterroles", "", []string{"bind"}},
		},
		also: []need{{rbacGroup, "rolebindings", "", change}, {rbacGroup, "clusterrolebindings", "", change}},
	},
	{kind: NodeProxy, needs: []need{{"", "nodes", "proxy", []string{"get", "create"}}}, cluster: true},
}

// met returns whether a rule meets a need, and the names that it is limited to.
// A rule that is limited to names never meets the creation of a top-level
// object, which has no name yet.
func (n need) met(r Rule) (names []string, ok bool) {
	if !hasOrAll(r.APIGroups, n.group) || !r.covers(n.resource, n.subresource) {
		return nil, false
	}
	for _, verb := range n.verbs {
		if !hasOrAll(r.Verbs, verb) {
			continue
		}
		if len(r.ResourceNames) > 0 && verb == "create" && n.subresource == "" {
			continue
		}
		return r.ResourceNames, true
	}
	return nil, false
}

// String returns the need for people.
func (n need) String() string {
	s := n.resource
	if n.subresource != "" {
		s += "/" + n.subresource
	}
	return s
}

// Powers returns the powers of a service account: those that hold in all
// namespaces, and those that hold in one and not in all.
func (a *Authorizer) Powers(who Account) []Power {
	var found []Power
	namespaces, cluster := a.namespacesOf(who)
	if cluster {
		found = a.powersIn(who, "")
	}
	for _, namespace := range namespaces {
		for _, p := range a.powersIn(who, namespace) {
			everywhere := slices.ContainsFunc(found, func(f Power) bool {
				return f.Kind == p.Kind && f.Namespace == "" && slices.Equal(f.Names, p.Names)
			})
			if !everywhere {
				found = append(found, p)
			}
		}
	}
	return found
}

// powersIn returns the powers that hold in a namespace, or in all.
func (a *Authorizer) powersIn(who Account, namespace string) []Power {
	var found []Power
	for _, spec := range powers {
		if spec.cluster && namespace != "" {
			continue
		}
		also := access.True()
		if spec.also != nil {
			also = access.False()
			for _, n := range spec.also {
				for _, rule := range a.rules(who, namespace) {
					if _, ok := n.met(rule.Rule); ok {
						also = access.Or(also, rule.when)
					}
				}
			}
		}
		for b, rule := range a.rules(who, namespace) {
			if namespace != "" && b.Namespace == "" {
				continue // holds in all namespaces, and is among those powers
			}
			for _, n := range spec.needs {
				names, ok := n.met(rule.Rule)
				f := access.And(rule.when, also)
				if !ok || f.IsFalse() {
					continue
				}
				add(&found, Power{
					Kind: spec.kind, Namespace: namespace, Names: names, Formula: f,
					Reason: b.String() + " to " + b.role() + " allows it by " + n.String(),
				})
				break
			}
		}
	}
	return found
}

// add keeps a power, and drops it when the same one is there already or one
// that is not limited to names.
func add(found *[]Power, p Power) {
	for i, f := range *found {
		if f.Kind != p.Kind || f.Namespace != p.Namespace {
			continue
		}
		if slices.Equal(f.Names, p.Names) {
			(*found)[i].Formula = access.Or(f.Formula, p.Formula)
			return
		}
		if len(f.Names) == 0 && f.Formula.IsTrue() {
			return
		}
	}
	*found = append(*found, p)
}
