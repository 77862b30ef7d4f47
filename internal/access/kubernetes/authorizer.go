package kubernetes

import (
	"iter"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Authorizer answers what service accounts may do by RBAC. It is made once
// for a cluster and can be used by several goroutines.
type Authorizer struct {
	roles    map[roleKey]*grant
	bindings []Binding
	// by are the indexes of the bindings by whom their subjects name: users,
	// and groups.
	by map[string][]int
	// named are the accounts that bindings name.
	named   []Account
	missing string
}

type roleKey struct{ namespace, name string }

// A grant is the rules of a role, and what has to hold for rules to be among
// them.
type grant struct {
	rules []conditionalRule
}

type conditionalRule struct {
	Rule
	when access.Formula
}

// The limits of aggregation: of the rules that one cluster role takes in of
// others, and of the roles that are compared and rules that are taken in a
// cluster. What is beyond them is unknown.
const (
	maxAggregated = 10_000
	maxCompared   = 2_000_000
)

// NewAuthorizer prepares the objects of a cluster.
func NewAuthorizer(r RBAC) *Authorizer {
	a := &Authorizer{
		roles:    make(map[roleKey]*grant, len(r.Roles)),
		bindings: r.Bindings,
		by:       make(map[string][]int),
		missing:  r.Missing,
	}
	for _, role := range r.Roles {
		g := &grant{}
		for _, rule := range role.Rules {
			g.rules = append(g.rules, conditionalRule{rule, access.True()})
		}
		a.roles[roleKey{role.Namespace, role.Name}] = g
	}
	a.aggregate(r.Roles)
	for i, b := range r.Bindings {
		for _, s := range b.Subjects {
			key := s.user(b.Namespace)
			if key == "" {
				continue
			}
			if who, ok := s.account(b.Namespace); ok && len(a.by[key]) == 0 {
				a.named = append(a.named, who)
			}
			if list := a.by[key]; len(list) == 0 || list[len(list)-1] != i {
				a.by[key] = append(list, i)
			}
		}
	}
	return a
}

// aggregate adds to each cluster role with an aggregation rule the rules of
// those that it selects. In a live cluster a controller has done so already.
// One that is selected may itself aggregate, so what it takes in counts too.
func (a *Authorizer) aggregate(roles []Role) {
	var cluster []Role
	for _, r := range roles {
		if r.Namespace == "" {
			cluster = append(cluster, r)
		}
	}
	own := make(map[string][]conditionalRule, len(cluster))
	for _, r := range cluster {
		own[r.Name] = a.roles[roleKey{"", r.Name}].rules
	}
	compared := 0
	for _, r := range cluster {
		if len(r.Aggregation) == 0 {
			continue
		}
		g := &grant{rules: slices.Clone(own[r.Name])}
		type member struct {
			role Role
			when access.Formula
		}
		seen := map[string]bool{r.Name: true}
		for queue := []member{{r, access.True()}}; len(queue) > 0; queue = queue[1:] {
			if len(queue[0].role.Aggregation) == 0 {
				continue
			}
			if compared += len(cluster); compared > maxCompared || len(g.rules) > maxAggregated {
				g.rules = append(g.rules, unread("the rules that ClusterRole "+r.Name+" takes in of others: they are too many"))
				break
			}
			for _, other := range cluster {
				if seen[other.Name] {
					continue
				}
				selected := access.False()
				for _, s := range queue[0].role.Aggregation {
					selected = access.Or(selected, s.Matches(other.Labels))
				}
				when := access.And(queue[0].when, selected)
				if when.IsFalse() {
					continue
				}
				seen[other.Name] = true
				compared += len(own[other.Name])
				for _, rule := range own[other.Name] {
					g.rules = append(g.rules, conditionalRule{rule.Rule, access.And(when, rule.when)})
				}
				queue = append(queue, member{other, when})
			}
		}
		a.roles[roleKey{"", r.Name}] = g
	}
}

// unread is a rule that may permit anything.
func unread(what string) conditionalRule {
	all := []string{"*"}
	return conditionalRule{Rule{Verbs: all, APIGroups: all, Resources: all}, access.Missing(what)}
}

// Allows returns whether an account may do something, and the binding that says
// so. When not all objects could be read, what is not allowed is unknown.
func (a *Authorizer) Allows(who Account, q Request) (access.Formula, string) {
	result, why := access.False(), ""
	for b, rule := range a.rules(who, q.Namespace) {
		if !rule.Permits(q) {
			continue
		}
		if why == "" || rule.when.IsTrue() {
			why = b.String() + " to " + b.role()
		}
		if result = access.Or(result, rule.when); result.IsTrue() {
			return result, why
		}
	}
	if a.missing != "" {
		result = access.Or(result, access.Missing("RBAC of the cluster: "+a.missing))
		if why == "" {
			why = "the RBAC objects of the cluster could not be read"
		}
	}
	return result, why
}

// rules yields the rules that hold for an account: in one namespace and in all
// of them or, with none, cluster-wide.
func (a *Authorizer) rules(who Account, namespace string) iter.Seq2[Binding, conditionalRule] {
	return func(yield func(Binding, conditionalRule) bool) {
		for _, b := range a.bindingsOf(who) {
			if b.Namespace != "" && b.Namespace != namespace {
				continue
			}
			key := roleKey{"", b.RoleName}
			if b.RoleKind == "Role" {
				key.namespace = b.Namespace
				if b.Namespace == "" {
					continue // a ClusterRoleBinding cannot name a Role
				}
			}
			g := a.roles[key]
			if g == nil {
				continue // its role does not exist
			}
			for _, r := range g.rules {
				if !yield(b, r) {
					return
				}
			}
		}
	}
}

// bindingsOf returns the bindings that name the account, in their order.
func (a *Authorizer) bindingsOf(who Account) []Binding {
	indexes := slices.Clone(a.by[who.String()])
	for _, group := range who.groups() {
		indexes = append(indexes, a.by[groupPrefix+group]...)
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	found := make([]Binding, len(indexes))
	for i, index := range indexes {
		found[i] = a.bindings[index]
	}
	return found
}

// namespacesOf returns the namespaces in which bindings name the account, and
// whether cluster role bindings do.
func (a *Authorizer) namespacesOf(who Account) (namespaces []string, cluster bool) {
	for _, b := range a.bindingsOf(who) {
		if b.Namespace == "" {
			cluster = true
		} else {
			namespaces = append(namespaces, b.Namespace)
		}
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces), cluster
}
