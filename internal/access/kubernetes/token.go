package kubernetes

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// Token returns what has to hold for the containers of a pod to have a token of
// its service account for the API server, without which RBAC gives them
// nothing, and why in words. The setting of the pod goes before that of its
// service account; of a pod that runs, its volumes tell, if they were read.
//
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
func (r *Resolver) Token(p Pod) (access.Formula, string) {
	account := r.account(&p)
	secret := ""
	for _, v := range p.Volumes {
		if !p.mounted(v.Name) {
			continue
		}
		if slices.ContainsFunc(v.Tokens, func(t Token) bool { return t.Audience == "" }) {
			return access.True(), "volume " + v.Name + " has a token of the service account"
		}
		for _, s := range v.Secrets {
			if known := r.secrets[secretKey{p.Namespace, s.Name}]; known != nil && known.Type == typeServiceAccountToken {
				secret = s.Name
			}
		}
	}
	f, why := r.automounted(&p, account)
	if secret != "" && !f.IsTrue() {
		return access.Or(f, access.Missing("of which service account the token in Secret "+p.Namespace+"/"+secret+" is")),
			"Secret " + secret + " has a token of a service account, which does not expire"
	}
	return f, why
}

// automounted tells of the token that is mounted without being asked for.
func (r *Resolver) automounted(p *Pod, account *ServiceAccount) (access.Formula, string) {
	switch {
	case !p.Template && p.VolumesMissing == "":
		return access.False(), "no container mounts a token of the service account"
	case p.AutomountToken != nil:
		return access.Of(*p.AutomountToken), "automountServiceAccountToken of the pod"
	case account.AutomountToken != nil:
		return access.Of(*account.AutomountToken), "automountServiceAccountToken of the service account"
	}
	return r.accountKnown(account.Account), "tokens are mounted unless the pod or the service account says otherwise"
}
