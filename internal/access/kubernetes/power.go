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
	// Impersonate service accounts: have their rights in the cluster, but not
	// their tokens.
	Impersonate = "impersonate"
	// ImpersonateUsers: have the rights of any user.
	ImpersonateUsers = "impersonate-users"
	// ImpersonateGroups: have the rights of any group, as system:masters.
	ImpersonateGroups = "impersonate-groups"
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

var (
	change      = []string{"create", "update", "patch"}
	impersonate = []string{"impersonate"}
)

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
	{kind: Impersonate, needs: []need{{"", "serviceaccounts", "", impersonate}}},
	{kind: ImpersonateUsers, needs: []need{{"", "users", "", impersonate}}, cluster: true},
	{
		// A group goes with a user or service account.
		kind: ImpersonateGroups, needs: []need{{"", "groups", "", impersonate}}, cluster: true,
		also: []need{{"", "users", "", impersonate}, {"", "serviceaccounts", "", impersonate}},
	},
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
// object, which has no name yet. One of the names may be empty: that is the
// name in a request that names nothing, as a list does.
func (n need) met(r Rule) (names []string, ok bool) {
	if !hasOrAll(r.APIGroups, n.group) || !r.covers(n.resource, n.subresource) {
		return nil, false
	}
	named := slices.DeleteFunc(slices.Clone(r.ResourceNames), func(s string) bool { return s == "" })
	for _, verb := range n.verbs {
		if !hasOrAll(r.Verbs, verb) {
			continue
		}
		unnamed := verb == "list" || verb == "watch" || verb == "create" && n.subresource == ""
		if len(r.ResourceNames) == 0 || unnamed && len(named) < len(r.ResourceNames) {
			return nil, true
		}
		if verb != "create" || n.subresource != "" {
			ok = ok || len(named) > 0
		}
	}
	if !ok {
		return nil, false
	}
	return named, true
}

// everything reports whether a power gives any right in the cluster, or in its
// namespace. One that is limited to names does so only with the group that is
// never denied anything.
func (p Power) everything() bool {
	switch p.Kind {
	case Escalate, Bind, ImpersonateUsers:
		return len(p.Names) == 0
	case ImpersonateGroups:
		return len(p.Names) == 0 || slices.Contains(p.Names, "system:masters")
	}
	return false
}

// impersonates reports whether a power makes its holder another account.
func (p Power) impersonates(a Account) bool {
	if p.Kind == ImpersonateUsers {
		return slices.Contains(p.Names, a.String())
	}
	return p.Kind == Impersonate && (p.Namespace == "" || p.Namespace == a.Namespace) &&
		(len(p.Names) == 0 || slices.Contains(p.Names, a.Name))
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
