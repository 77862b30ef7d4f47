package kubernetes

import (
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// An IdentityBinding lets service accounts of the cluster use a managed
// identity, without a credential that names them.
//
//   - https://learn.microsoft.com/azure/aks/identity-bindings-concepts
//   - https://learn.microsoft.com/azure/aks/identity-bindings
type IdentityBinding struct {
	Name     string
	Identity workload.ManagedIdentity
	// AllowedSubjects let in service accounts by labels; nil when the binding
	// has none and leaves it to RBAC.
	AllowedSubjects []AllowedSubject
}

// An AllowedSubject selects service accounts: those whose namespace one
// selector matches, and they themselves the other. Nil matches all.
type AllowedSubject struct {
	Namespace Selector
	Account   *Selector
}

// identityBinding adds the identity that containers ask the proxy for.
func (r *Resolver) identityBinding(a *answer, containers map[string][]string) {
	k := r.cluster.AKS
	for _, client := range sortedKeys(containers) {
		names := containers[client]
		var bound *IdentityBinding
		for i := range k.Bindings {
			if k.Bindings[i].Identity.ClientID == client {
				bound = &k.Bindings[i]
			}
		}
		id := workload.Identity{ID: client, Cloud: workload.Azure, How: workload.AKSIdentityBinding}
		fault := "the cluster has no identity binding for client id " + client
		if bound != nil {
			id = bound.Identity.Identity(workload.AKSIdentityBinding)
			id.Formula, id.Reason = r.mayUse(a.account, bound)
			fault = "neither RBAC nor the binding lets the service account use the identity"
		} else if k.BindingsMissing != "" {
			id.Formula = missing("identity bindings", k.BindingsMissing)
			id.Reason = "containers ask the proxy of the cluster"
		}
		if id.Formula.IsFalse() {
			a.breakLink(workload.BrokenLink{
				Cloud: workload.Azure, How: workload.AKSIdentityBinding, ID: id.ID, Containers: a.all(names), Problem: fault,
				Remedy: "create the identity binding, and a ClusterRole with the verb " + verbUseIdentity + " on " + client +
					" of the API group " + bindingGroup + " with a ClusterRoleBinding to the service account",
			})
			continue
		}
		a.addRanked(id, names)
	}
}

// bindings adds what the service account may ask the proxy for.
func (r *Resolver) bindings(a *answer) {
	k := r.cluster.AKS
	for i := range k.Bindings {
		b := &k.Bindings[i]
		id := b.Identity.Identity(workload.AKSIdentityBinding)
		if a.has(id.ID, id.How) {
			continue
		}
		id.Rank = workload.Reachable
		id.Formula, id.Reason = r.mayUse(a.account, b)
		id.Reason += "; a pod of the service account has to ask for a token for " + bindingAudience
		a.add(id)
	}
	if k.BindingsMissing != "" {
		a.add(workload.Identity{
			Cloud: workload.Azure, Rank: workload.Reachable, How: workload.AKSIdentityBinding,
			Formula: missing("identity bindings", k.BindingsMissing),
			Reason:  "the service account may be allowed to use a bound identity",
		})
	}
}

// mayUse returns what has to hold for a service account to use a bound
// identity. The documentation says that RBAC alone decides when the binding
// names no subjects, and leaves open whether it counts when it does.
func (r *Resolver) mayUse(who *ServiceAccount, b *IdentityBinding) (access.Formula, string) {
	allowed, why := r.rbac.Allows(who.Account, Request{
		Verb: verbUseIdentity, APIGroup: bindingGroup, Resource: b.Identity.ClientID,
	})
	reason := why + " lets the service account use the identity of binding " + b.Name
	if len(b.AllowedSubjects) == 0 {
		return allowed, reason
	}
	if !allowed.IsFalse() {
		allowed = access.And(allowed, access.Missing("whether RBAC counts for identity binding "+b.Name+", which names allowed subjects"))
	}
	named := access.False()
	for _, s := range b.AllowedSubjects {
		named = access.Or(named, r.selects(s, who))
	}
	if named.IsTrue() {
		reason = "identity binding " + b.Name + " names the service account"
	}
	return access.Or(named, allowed), reason
}

func (r *Resolver) selects(s AllowedSubject, who *ServiceAccount) access.Formula {
	namespace := access.Missing("labels of namespace " + who.Namespace)
	if labels, ok := r.cluster.Namespaces[who.Namespace]; ok {
		namespace = s.Namespace.Matches(labels)
	}
	if s.Account == nil {
		return namespace
	}
	account := s.Account.Matches(who.Labels)
	if known := r.accountKnown(who.Account); !known.IsTrue() {
		account = known
	}
	return access.And(namespace, account)
}
