package kubernetes

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// readSecrets is what reads the content of Secrets. A list has the contents,
// too; one that is limited to names works with a field selector on the name.
//
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
var readSecrets = need{"", "secrets", "", []string{"get", "list", "watch"}}

// readableSecrets returns what a pod can read with the token of its service
// account, and what it can come by with a further step.
func (r *Resolver) readableSecrets(p *Pod) []SecretAccess {
	token, why := r.Token(*p)
	if token.IsFalse() {
		return nil
	}
	who := Account{p.Namespace, p.serviceAccount()}
	found := r.rbac.SecretsOf(who)
	if r.rbac.missing != "" {
		found = append(found, SecretAccess{
			How: "rbac", Channel: access.Secret, Level: access.Read, Formula: missing("RBAC of the cluster", r.rbac.missing),
			Reason: "not all RBAC objects could be read; any of them may let the service account read Secrets",
		})
	}
	for i := range found {
		found[i].Formula = access.And(token, found[i].Formula)
		found[i].Reason += "; token: " + why
		r.describe(&found[i])
	}
	return found
}

// SecretsOf returns the Secrets that a service account can read, and those
// that it can come by.
func (a *Authorizer) SecretsOf(who Account) []SecretAccess {
	found := a.readBy(who)
	for _, p := range a.Powers(who) {
		s := SecretAccess{
			Namespace: p.Namespace, How: p.Kind, Channel: access.Secret, Level: access.Admin, Formula: p.Formula, Reason: p.Reason,
		}
		switch p.Kind {
		case CreatePods, NodeProxy, MakeTokens:
			// Limited to names, it is one account or node: what that may read
			// is told by the graph.
			if len(p.Names) == 0 {
				addSecret(&found, s)
			}
		case EnterPods:
			s.Reason += " (the Secrets of pods that exist)"
			addSecret(&found, s)
		default:
			if p.everything() {
				addSecret(&found, s)
				continue
			}
			for _, other := range a.named {
				if other == who || !p.impersonates(other) {
					continue
				}
				for _, r := range a.readBy(other) {
					r.How, r.Level, r.Formula = p.Kind, access.Admin, access.And(p.Formula, r.Formula)
					r.Reason = p.Reason + "; as " + other.String() + ", " + r.Reason
					addSecret(&found, r)
				}
			}
		}
	}
	return found
}

// readBy returns the Secrets that rules let an account read.
func (a *Authorizer) readBy(who Account) []SecretAccess {
	var found []SecretAccess
	namespaces, cluster := a.namespacesOf(who)
	if cluster {
		namespaces = append([]string{""}, namespaces...)
	}
	for _, namespace := range namespaces {
		for b, rule := range a.rules(who, namespace) {
			if namespace != "" && b.Namespace == "" {
				continue // holds in all namespaces, and is among those
			}
			names, ok := readSecrets.met(rule.Rule)
			if !ok {
				continue
			}
			if len(names) == 0 {
				names = []string{""}
			}
			for _, name := range names {
				addSecret(&found, SecretAccess{
					Namespace: namespace, Name: name, How: "rbac", Channel: access.Secret, Level: access.Read,
					Formula: rule.when, Reason: b.String() + " to " + b.role() + " lets the service account read it",
				})
			}
		}
	}
	return found
}

// addSecret keeps an access, once for each Secret, way and level, and none that
// one to all Secrets contains.
func addSecret(found *[]SecretAccess, s SecretAccess) {
	for i, f := range *found {
		if f.How != s.How || f.Level != s.Level {
			continue
		}
		if f.Namespace == s.Namespace && f.Name == s.Name {
			(*found)[i].Formula = access.Or(f.Formula, s.Formula)
			return
		}
		contains := f.Formula.IsTrue() && f.Name == "" && (f.Namespace == "" || f.Namespace == s.Namespace)
		if contains {
			return
		}
	}
	*found = append(slices.DeleteFunc(*found, func(f SecretAccess) bool {
		return f.How == s.How && f.Level == s.Level && s.Formula.IsTrue() && s.Name == "" && f.Namespace == s.Namespace
	}), s)
}
