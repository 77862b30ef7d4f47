package kubernetes

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access/workload"
)

const (
	docWorkloadIdentity = "https://learn.microsoft.com/azure/aks/workload-identity-overview"
	docFederation       = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust"
	docBindings         = "https://learn.microsoft.com/azure/aks/identity-bindings-concepts"
	docIMDS             = "https://learn.microsoft.com/azure/aks/imds-restriction"
	docAADPodIdentity   = "https://azure.github.io/aad-pod-identity/docs/"

	issuer = "https://westeurope.oic.prod-aks.azure.com/t/c/"
)

var (
	identityA = workload.ManagedIdentity{PrincipalID: "object-a", ClientID: "client-a"}
	identityB = workload.ManagedIdentity{PrincipalID: "object-b", ClientID: "client-b"}
)

// credential is a federated identity credential for prod/app.
func credential(m workload.ManagedIdentity, change ...func(*FederatedCredential)) FederatedCredential {
	c := FederatedCredential{
		Name: "fic", Identity: m, Issuer: issuer, Subject: "system:serviceaccount:prod:app", Audiences: []string{azureAudience},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// aks is a cluster whose service account prod/app is annotated with client A,
// and whose pods do not reach IMDS.
func aks(change ...func(*Cluster)) Cluster {
	c := Cluster{
		Accounts:   []ServiceAccount{{Account: Account{"prod", "app"}, Annotations: map[string]string{annotationClient: "client-a"}}},
		Namespaces: map[string]map[string]string{"prod": {"team": "shop"}},
		AKS:        &AKS{Name: "shop", Issuer: issuer, RestrictsIMDS: yes()},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func credentials(list ...FederatedCredential) func(*Cluster) {
	return func(c *Cluster) { c.AKS.Credentials = list }
}

func binding(subjects ...AllowedSubject) func(*Cluster) {
	return func(c *Cluster) {
		c.AKS.Bindings = []IdentityBinding{{Name: "ib", Identity: identityA, AllowedSubjects: subjects}}
	}
}

// usable lets all service accounts of the namespace use client A.
func usable(c *Cluster) {
	c.RBAC = RBAC{
		Roles: []Role{{Name: "use", Rules: []Rule{{
			Verbs: []string{verbUseIdentity}, APIGroups: []string{bindingGroup}, Resources: []string{"client-a"},
		}}}},
		Bindings: []Binding{{
			Name: "use", RoleKind: "ClusterRole", RoleName: "use",
			Subjects: []Subject{{Kind: "Group", Name: "system:serviceaccounts:prod"}},
		}},
	}
}

// labelled is the template of a pod that wants the token.
func labelled() Pod {
	p := template()
	p.Labels = map[string]string{labelUse: "true"}
	return p
}

func withBinding(p Pod) Pod {
	p.Annotations = map[string]string{annotationUseBinding: "true"}
	return p
}

var virtual = Node{Name: "n1", ScaleSet: &ScaleSet{Name: "vmss"}}

func TestAKS(t *testing.T) {
	t.Parallel()
	imds := func(restricted *bool) func(*Cluster) {
		return func(c *Cluster) { c.AKS.RestrictsIMDS, c.Accounts[0].Annotations = restricted, nil }
	}
	set := Node{Name: "n1", Firewall: workload.Open, ScaleSet: &ScaleSet{Name: "vmss", Identities: []workload.ManagedIdentity{
		{PrincipalID: "kubelet"}, {PrincipalID: "extra"},
	}}}
	for _, test := range []struct {
		name, doc string
		cluster   Cluster
		pod       Pod
		node      Node
		want      []string
	}{
		{
			"Z21_with_label", docWorkloadIdentity, aks(credentials(credential(identityA))), labelled(), virtual,
			[]string{"primary aks-workload-identity object-a allowed"},
		},
		{
			"Z21_without_label", docWorkloadIdentity, aks(credentials(credential(identityA))), template(), virtual,
			[]string{"reachable aks-workload-identity object-a allowed", "broken aks-workload-identity client-a"},
		},
		{
			"Z21_running_pod_with_token", docWorkloadIdentity, aks(credentials(credential(identityA))),
			pod(envAzureClient, envAzureTokenFile), virtual,
			[]string{"primary aks-workload-identity object-a allowed"},
		},
		{
			"Z21_skipped_container", docWorkloadIdentity, aks(credentials(credential(identityA))), skippingAzure(labelled()), virtual,
			[]string{"primary aks-workload-identity object-a allowed in app"},
		},
		{
			"Z22_issuer_of_another_cluster", docFederation,
			aks(credentials(credential(identityA, func(c *FederatedCredential) { c.Issuer = "https://other/" }))), labelled(), virtual,
			[]string{"broken aks-workload-identity object-a"},
		},
		{
			"Z22_issuer_without_slash", docFederation,
			aks(credentials(credential(identityA, func(c *FederatedCredential) { c.Issuer = strings.TrimSuffix(issuer, "/") }))), labelled(), virtual,
			[]string{"broken aks-workload-identity object-a"},
		},
		{
			"Z22_subject_of_another_account", docFederation,
			aks(credentials(credential(identityA, func(c *FederatedCredential) { c.Subject = "system:serviceaccount:prod:other" }))), labelled(), virtual,
			[]string{"broken aks-workload-identity object-a"},
		},
		{
			"Z22_other_audience", docFederation,
			aks(credentials(credential(identityA, func(c *FederatedCredential) { c.Audiences = []string{"other"} }))), labelled(), virtual,
			// A pod can ask for a token of that audience by itself.
			[]string{"reachable aks-workload-identity object-a allowed", "broken aks-workload-identity object-a"},
		},
		{
			"Z23_credential_of_another_identity", docWorkloadIdentity,
			aks(credentials(credential(identityA), credential(identityB))), labelled(), virtual,
			[]string{"primary aks-workload-identity object-a allowed", "reachable aks-workload-identity object-b allowed"},
		},
		{
			"Z23_second_credential_of_one_identity", docWorkloadIdentity,
			aks(credentials(
				credential(identityB, func(c *FederatedCredential) { c.Subject, c.Expression = "", "claims['sub'] matches '*'" }), credential(identityB),
			), func(c *Cluster) { c.Accounts[0].Annotations = nil }), template(), virtual,
			[]string{"reachable aks-workload-identity object-b allowed"},
		},
		{
			"Z24_identity_binding", docBindings, aks(binding(), usable), withBinding(labelled()), virtual,
			[]string{"primary aks-identity-binding object-a allowed"},
		},
		{
			"Z24_not_configured_for_it", docBindings, aks(binding(), usable), template(), virtual,
			[]string{"reachable aks-identity-binding object-a allowed", "broken aks-workload-identity client-a"},
		},
		{
			"Z24_without_rbac", docBindings, aks(binding()), withBinding(labelled()), virtual,
			[]string{"broken aks-identity-binding object-a"},
		},
		{
			"Z24_without_binding", docBindings, aks(usable), withBinding(labelled()), virtual,
			[]string{"broken aks-identity-binding client-a"},
		},
		{
			"Z24_rbac_not_read", docBindings, aks(binding(), func(c *Cluster) { c.RBAC.Missing = "denied" }), withBinding(labelled()), virtual,
			[]string{"primary aks-identity-binding object-a unknown"},
		},
		{
			"Z24_allowed_subject", docBindings,
			aks(binding(AllowedSubject{Namespace: Selector{MatchLabels: map[string]string{"team": "shop"}}})), withBinding(labelled()), virtual,
			[]string{"primary aks-identity-binding object-a allowed"},
		},
		{
			"Z24_not_an_allowed_subject", docBindings,
			aks(binding(AllowedSubject{Namespace: Selector{MatchLabels: map[string]string{"team": "pay"}}})), withBinding(labelled()), virtual,
			[]string{"broken aks-identity-binding object-a"},
		},
		{
			"Z24_rbac_but_not_an_allowed_subject", docBindings,
			aks(usable, binding(AllowedSubject{Namespace: Selector{MatchLabels: map[string]string{"team": "pay"}}})), withBinding(labelled()), virtual,
			[]string{"primary aks-identity-binding object-a unknown"},
		},
		{
			"Z25_imds_open", docIMDS, aks(imds(no())), pod(), set,
			[]string{"reachable vmss kubelet allowed", "reachable vmss extra allowed"},
		},
		{"Z25_imds_restricted", docIMDS, aks(imds(yes())), pod(), set, nil},
		{
			"Z25_imds_restricted_host_network", docIMDS, aks(imds(yes())), hostNetwork(pod()), set,
			[]string{"reachable vmss kubelet allowed", "reachable vmss extra allowed"},
		},
		{
			"Z25_restriction_unknown", docIMDS, aks(imds(nil)), pod(), set,
			[]string{"reachable vmss kubelet unknown", "reachable vmss extra unknown"},
		},
		{
			"Z25_scale_set_not_read", docIMDS, aks(imds(no())), pod(),
			Node{},
			[]string{"reachable vmss  unknown"},
		},
		{
			"aad_pod_identity", docAADPodIdentity,
			aks(imds(yes()), func(c *Cluster) {
				c.AKS.PodIdentities = []AADPodIdentity{{Namespace: "prod", Name: "a", Selector: "a", Identity: identityA}, {Selector: "b", Identity: identityB}}
			}),
			func() Pod { p := pod(); p.Labels = map[string]string{labelAADPodIdentity: "a"}; return p }(), virtual,
			[]string{"primary aad-pod-identity object-a unknown"},
		},
		{
			"credentials_not_read", docFederation, aks(func(c *Cluster) { c.AKS.CredentialsMissing = "denied" }), labelled(), virtual,
			[]string{"primary aks-workload-identity client-a unknown", "reachable aks-workload-identity  unknown"},
		},
		{
			"flexible_credential", "https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials",
			aks(credentials(credential(identityA, func(c *FederatedCredential) {
				c.Subject, c.Expression = "", "claims['sub'] matches 'system:serviceaccount:prod:*'"
			}))), labelled(), virtual,
			[]string{"primary aks-workload-identity object-a unknown"},
		},
		{
			"static_secret_overrides", "https://learn.microsoft.com/dotnet/api/azure.identity.environmentcredential",
			aks(credentials(credential(identityA))), pod(envAzureClient, envAzureTokenFile, "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"), virtual,
			[]string{"primary static-keys  unknown in app", "reachable aks-workload-identity object-a allowed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(test.doc, "https://") {
				t.Errorf("no link to the documentation: %q", test.doc)
			}
			same(t, NewResolver(test.cluster).Identities(test.pod, test.node), test.want...)
		})
	}
}

func skippingAzure(p Pod) Pod {
	p.Annotations = map[string]string{annotationAzureSkip: "other; sidecar"}
	p.Containers = append(p.Containers, Container{Name: "sidecar"})
	return p
}
