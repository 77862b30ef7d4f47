package kubernetes

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// An AKS is a cluster of Azure Kubernetes Service, or one of another cloud
// whose issuer of tokens federated identity credentials name, and the side of
// Azure.
type AKS struct {
	// Name is empty for a cluster of another cloud, whose nodes have no
	// identity of Azure.
	Name string
	// Issuer is the URL of its issuer of tokens, with the slash at its end.
	Issuer string
	// Credentials are the federated identity credentials of managed identities
	// and applications. CredentialsMissing says why they could not be read, or
	// not all.
	Credentials        []FederatedCredential
	CredentialsMissing string
	// Bindings are the identity bindings of the cluster. BindingsMissing says
	// why they could not be read.
	Bindings        []IdentityBinding
	BindingsMissing string
	// RestrictsIMDS says whether pods that are not in the host network are kept
	// from the metadata service; nil when it is not known.
	RestrictsIMDS *bool
	// PodIdentities are the AzureIdentity objects of aad-pod-identity, with
	// their bindings.
	PodIdentities []AADPodIdentity
}

// A FederatedCredential is a federated identity credential of a managed
// identity or an application.
type FederatedCredential struct {
	Name     string
	Identity workload.ManagedIdentity
	// Issuer and Subject are compared as they are, with their case.
	Issuer, Subject string
	Audiences       []string
	// Expression is claimsMatchingExpression, which takes the place of the
	// subject; it is not evaluated.
	Expression string
}

// An AADPodIdentity is an AzureIdentity and an AzureIdentityBinding that
// selects pods for it.
type AADPodIdentity struct {
	Namespace, Name string
	// Selector is compared with the label aadpodidbinding of pods.
	Selector string
	Identity workload.ManagedIdentity
}

// The labels and annotations of workload identity, and what its webhook puts
// into containers:
// https://learn.microsoft.com/azure/aks/workload-identity-overview
const (
	labelUse              = "azure.workload.identity/use"
	annotationClient      = "azure.workload.identity/client-id"
	annotationAzureSkip   = "azure.workload.identity/skip-containers"
	annotationUseBinding  = "azure.workload.identity/use-identity-binding"
	labelAADPodIdentity   = "aadpodidbinding"
	envAzureClient        = "AZURE_CLIENT_ID"
	envAzureTokenFile     = "AZURE_FEDERATED_TOKEN_FILE"
	envAzureProxy         = "AZURE_KUBERNETES_TOKEN_PROXY"
	azureVolume           = "azure-identity-token"
	azureAudience         = "api://AzureADTokenExchange"
	bindingAudience       = "api://AKSIdentityBinding"
	bindingGroup          = "cid.wi.aks.azure.com"
	verbUseIdentity       = "use-managed-identity"
	aadPodIdentityPlugins = "the node-managed identity (NMI) of aad-pod-identity"
)

// aksIdentities adds what a pod can be in Azure.
func (r *Resolver) aksIdentities(a *answer) {
	k := r.cluster.AKS
	direct, bound := k.injected(a)
	r.workloadIdentity(a, direct)
	r.identityBinding(a, bound)
	k.trusting(a)
	r.bindings(a)
	k.aadPodIdentity(a)
	k.machine(a)
}

// injected returns the containers in which the webhook configured the
// libraries, by the client id that they have: for the exchange at Microsoft
// Entra itself, and through the proxy of identity bindings.
func (k *AKS) injected(a *answer) (direct, bound map[string][]string) {
	direct, bound = map[string][]string{}, map[string][]string{}
	var skipped []string
	for name := range strings.SplitSeq(a.pod.Annotations[annotationAzureSkip], ";") {
		skipped = append(skipped, strings.TrimSpace(name))
	}
	for _, s := range a.sources {
		name, client := s.container.Name, a.account.Annotations[annotationClient]
		if e := s.container.env(envAzureClient); e != nil && e.Identity != "" {
			client = e.Identity
		}
		injected, proxy := s.has(envAzureTokenFile), s.has(envAzureProxy)
		if a.pod.Template && a.pod.Labels[labelUse] == "true" && !slices.Contains(skipped, name) {
			injected = true
			proxy = a.pod.Annotations[annotationUseBinding] == "true"
		}
		switch {
		case !injected:
		case proxy:
			bound[client] = append(bound[client], name)
		default:
			direct[client] = append(direct[client], name)
		}
	}
	return direct, bound
}

// workloadIdentity adds the identity that containers are configured for.
func (r *Resolver) workloadIdentity(a *answer, containers map[string][]string) {
	k := r.cluster.AKS
	for _, client := range sortedKeys(containers) {
		names := containers[client]
		if client == "" {
			a.addRanked(workload.Identity{
				Cloud: workload.Azure, How: workload.AKSWorkloadIdentity,
				Formula: access.And(r.accountKnown(a.account.Account), access.Missing("the client id that the containers ask with: the service account has no annotation "+annotationClient)),
				Reason:  "containers have a token to exchange at Microsoft Entra",
			}, names)
			continue
		}
		id, f, fault := k.exchange(client, a.account.Account, k.audience(a))
		if f.IsFalse() {
			a.breakLink(workload.BrokenLink{
				Cloud: workload.Azure, How: workload.AKSWorkloadIdentity, ID: id.ID(), Containers: a.all(names),
				Problem: "no federated identity credential of " + client + " takes the token of the service account: " + fault,
				Remedy: "add a federated identity credential with issuer " + k.Issuer + ", subject " + a.account.String() +
					" and audience " + k.audience(a),
			})
			continue
		}
		found := id.Identity(workload.AKSWorkloadIdentity)
		found.Formula, found.Reason = f, "the libraries exchange the token of the service account for the client id "+client
		a.addRanked(found, names)
	}
	if client := a.account.Annotations[annotationClient]; client != "" && a.pod.Labels[labelUse] != "true" && len(containers) == 0 {
		a.breakLink(workload.BrokenLink{
			Cloud: workload.Azure, How: workload.AKSWorkloadIdentity, ID: client,
			Problem: "the service account has the annotation " + annotationClient + ", but the pod does not have the label " + labelUse + `: "true"`,
			Remedy:  "add the label to the pod template; only pods with it are given the token",
		})
	}
}

// exchange returns the identity with a client id, and what has to hold for a
// token of a service account to be exchanged for it.
func (k *AKS) exchange(client string, who Account, audience string) (workload.ManagedIdentity, access.Formula, string) {
	id := workload.ManagedIdentity{ClientID: client}
	result, fault := access.False(), "it has none"
	for _, c := range k.Credentials {
		if c.Identity.ClientID != client {
			continue
		}
		id = c.Identity
		f, why := c.takes(k.Issuer, who, audience)
		if result = access.Or(result, f); result.IsTrue() {
			return id, result, ""
		}
		fault = why
	}
	if k.CredentialsMissing != "" {
		result = access.Or(result, missing("federated identity credentials", k.CredentialsMissing))
	}
	return id, result, fault
}

// takes returns whether a credential takes a token: issuer, subject and
// audience have to be equal.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
func (c *FederatedCredential) takes(issuer string, who Account, audience string) (access.Formula, string) {
	switch {
	case issuer == "" || c.Issuer != issuer:
		fault := "credential " + c.Name + " is for issuer " + c.Issuer
		if strings.TrimSuffix(c.Issuer, "/") == strings.TrimSuffix(issuer, "/") {
			fault += ", which differs by the slash at the end"
		}
		return access.False(), fault
	case audience != "" && !slices.Contains(c.Audiences, audience):
		return access.False(), "credential " + c.Name + " is for audience " + strings.Join(c.Audiences, ", ")
	case c.Expression != "":
		return access.Missing("whether the expression of credential " + c.Name + " matches " + who.String() + ": it is not evaluated"), ""
	case c.Subject != who.String():
		return access.False(), "credential " + c.Name + " is for subject " + c.Subject
	}
	return access.True(), ""
}

// audience returns the audience of the token that the libraries use.
func (k *AKS) audience(a *answer) string {
	for _, v := range a.pod.Volumes {
		if v.Name == azureVolume && len(v.Tokens) > 0 && v.Tokens[0].Audience != "" {
			return v.Tokens[0].Audience
		}
	}
	return azureAudience
}

// trusting adds every identity with a credential for the service account: a
// pod can ask for any of them, with a token of any audience.
func (k *AKS) trusting(a *answer) {
	var takes []FederatedCredential // the best one of each identity
	formulas := map[string]access.Formula{}
	for _, c := range k.Credentials {
		id := c.Identity.ID()
		f, _ := c.takes(k.Issuer, a.account.Account, "")
		if f.IsFalse() || a.has(id, workload.AKSWorkloadIdentity) {
			continue
		}
		if known, ok := formulas[id]; !ok {
			takes = append(takes, c)
		} else if f.Verdict() > known.Verdict() {
			i := slices.IndexFunc(takes, func(t FederatedCredential) bool { return t.Identity.ID() == id })
			takes[i] = c
		}
		formulas[id] = access.Or(formulas[id], f)
	}
	for _, c := range takes {
		id := c.Identity.Identity(workload.AKSWorkloadIdentity)
		id.Rank, id.Formula = workload.Reachable, formulas[id.ID]
		id.Reason = "federated identity credential " + c.Name + " is for the service account"
		if len(c.Audiences) > 0 && !slices.Contains(a.pod.audiences(), c.Audiences[0]) {
			id.Reason += "; a pod of the service account has to ask for a token for " + c.Audiences[0]
		}
		a.add(id)
	}
	if k.CredentialsMissing != "" {
		a.add(workload.Identity{
			Cloud: workload.Azure, Rank: workload.Reachable, How: workload.AKSWorkloadIdentity,
			Formula: missing("federated identity credentials", k.CredentialsMissing),
			Reason:  "not all credentials could be read; any identity may have one for the service account",
		})
	}
}

// aadPodIdentity adds the identities that pods were given by their label before
// workload identity.
//
// https://azure.github.io/aad-pod-identity/docs/
func (k *AKS) aadPodIdentity(a *answer) {
	label := a.pod.Labels[labelAADPodIdentity]
	for _, p := range k.PodIdentities {
		if label == "" || p.Selector != label {
			continue
		}
		id := p.Identity.Identity(workload.AADPodIdentity)
		id.Formula = access.Missing("whether " + aadPodIdentityPlugins + " runs on " + a.machine())
		id.Reason = "the label " + labelAADPodIdentity + " of the pod selects AzureIdentity " + p.Namespace + "/" + p.Name
		var names []string
		for _, s := range a.sources {
			if !s.has(envAzureTokenFile) {
				names = append(names, s.container.Name)
			}
		}
		a.addRanked(id, names)
	}
}
