package kubernetes

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/gcpiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

const (
	docGKE        = "https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity"
	docGKEHowTo   = "https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity"
	docScopes     = "https://cloud.google.com/kubernetes-engine/docs/how-to/access-scopes"
	docPrincipals = "https://cloud.google.com/iam/docs/principal-identifiers"

	gsa     = "app@shop.iam.gserviceaccount.com"
	nodeGSA = "nodes@shop.iam.gserviceaccount.com"
	ksa     = "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop.svc.id.goog/subject/ns/prod/sa/app"
)

// gke is a cluster in which the holders of some members may impersonate the
// service account.
func gke(annotation string, mayImpersonate ...string) Cluster {
	c := Cluster{
		Accounts: []ServiceAccount{{Account: Account{"prod", "app"}, UID: "u-1"}},
		GKE: &GKE{
			Project: "shop", Location: "europe-west1", Name: "one", Pool: "shop.svc.id.goog", PoolNumber: "123",
			ServiceAccounts: []string{gsa},
			Permitted: func(as workload.Identity, permission, email string) access.Formula {
				return gcpiam.Evaluate(gcpiam.Input{
					Request: access.Request{
						Principal: access.Principal{Kind: gcpiam.Federated, ID: as.ID},
						Action:    permission,
						Resource:  access.Resource{ID: "//iam.googleapis.com/projects/shop/serviceAccounts/" + email},
					},
					Identity: gcpiam.Identity{Cluster: as.Session.Cluster, ServiceAccountUID: as.Session.AccountUID},
					Project:  gcpiam.Project{ID: "shop", Number: "123"},
					Hierarchy: []gcpiam.Node{{
						Name: "//iam.googleapis.com/projects/shop/serviceAccounts/" + gsa,
						Allow: gcpiam.PolicySet{Policies: []gcpiam.Policy{{
							Name: "policy", Bindings: []gcpiam.Binding{{Role: "roles/iam.workloadIdentityUser", Members: mayImpersonate}},
						}}},
					}},
				}).Formula
			},
		},
	}
	if annotation != "" {
		c.Accounts[0].Annotations = map[string]string{annotationGSA: annotation}
	}
	return c
}

func google(metadata string) Node {
	return Node{Name: "n1", Firewall: workload.Open, Google: &GoogleNode{
		Metadata: metadata, ServiceAccount: nodeGSA, Scopes: []string{"https://www.googleapis.com/auth/devstorage.read_only"},
	}}
}

func TestGKE(t *testing.T) {
	t.Parallel()
	const legacy = "serviceAccount:shop.svc.id.goog[prod/app]"
	withoutPool := gke("")
	withoutPool.GKE.Pool = ""
	unknown := gke(gsa)
	unknown.GKE.Permitted = nil
	for _, test := range []struct {
		name, doc string
		cluster   Cluster
		pod       Pod
		node      Node
		want      []string
	}{
		{
			"direct", docGKE, gke(""), pod(), google("GKE_METADATA"),
			[]string{"primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"annotation_and_binding", docGKEHowTo, gke(gsa, legacy), pod(), google("GKE_METADATA"),
			[]string{"primary gke-wif-impersonation serviceAccount:" + gsa + " allowed", "reachable gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G13_without_binding", docGKEHowTo, gke(gsa), pod(), google("GKE_METADATA"),
			[]string{"reachable gke-wif-direct " + ksa + " allowed", "broken gke-wif-impersonation serviceAccount:" + gsa},
		},
		{
			"G14_without_annotation", docGKEHowTo, gke("", ksa), pod(), google("GKE_METADATA"),
			[]string{"reachable gke-wif-impersonation serviceAccount:" + gsa + " allowed", "primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G15_binding_for_the_namespace", docPrincipals,
			gke("", "principalSet://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop.svc.id.goog/namespace/prod"),
			pod(), google("GKE_METADATA"),
			[]string{"reachable gke-wif-impersonation serviceAccount:" + gsa + " allowed", "primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G16_binding_for_the_cluster", docPrincipals,
			gke("", "principalSet://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop.svc.id.goog/kubernetes.cluster/https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/one"),
			pod(), google("GKE_METADATA"),
			[]string{"reachable gke-wif-impersonation serviceAccount:" + gsa + " allowed", "primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G16_binding_for_another_cluster", docPrincipals,
			gke("", "principalSet://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop.svc.id.goog/kubernetes.cluster/https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/two"),
			pod(), google("GKE_METADATA"),
			[]string{"primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G17_project_id_in_place_of_number", docPrincipals,
			gke("", strings.Replace(ksa, "projects/123", "projects/shop", 1)), pod(), google("GKE_METADATA"),
			[]string{"primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"G18_node_pool_without_metadata_server", docGKE, gke(""), pod(), google("GCE_METADATA"),
			[]string{"reachable gke-wif-direct " + ksa + " allowed", "primary gke-node serviceAccount:" + nodeGSA + " allowed"},
		},
		{
			"G18_annotation_without_effect", docGKE, gke(gsa, ksa), pod(), google("GCE_METADATA"),
			[]string{
				"reachable gke-wif-impersonation serviceAccount:" + gsa + " allowed", "reachable gke-wif-direct " + ksa + " allowed",
				"primary gke-node serviceAccount:" + nodeGSA + " allowed", "broken gke-wif-impersonation serviceAccount:" + gsa,
			},
		},
		{
			"G18_host_network", docGKE, gke(""), hostNetwork(pod()), google("GKE_METADATA"),
			[]string{"reachable gke-wif-direct " + ksa + " allowed", "primary gke-node serviceAccount:" + nodeGSA + " allowed"},
		},
		{
			"G18_without_pool", docGKE, withoutPool, pod(), google("GCE_METADATA"),
			[]string{"primary gke-node serviceAccount:" + nodeGSA + " allowed"},
		},
		{
			"metadata_mode_unknown", docGKE, gke(""), pod(), google(""),
			[]string{
				"primary gke-wif-direct " + ksa + " unknown", "reachable gke-wif-direct " + ksa + " allowed", "primary gke-node serviceAccount:" + nodeGSA + " unknown",
			},
		},
		{
			"annotation_and_mode_unknown", docGKEHowTo, gke(gsa, ksa), pod(), google(""),
			[]string{
				"primary gke-wif-impersonation serviceAccount:" + gsa + " unknown", "reachable gke-wif-impersonation serviceAccount:" + gsa + " allowed",
				"reachable gke-wif-direct " + ksa + " allowed", "primary gke-node serviceAccount:" + nodeGSA + " unknown",
			},
		},
		{
			"annotation_of_an_account_that_is_not_listed", docGKEHowTo,
			func() Cluster {
				c := gke("x@other.iam.gserviceaccount.com")
				c.GKE.Permitted = nil
				c.GKE.ServiceAccounts = nil
				return c
			}(),
			pod(), google("GCE_METADATA"),
			[]string{
				"reachable gke-wif-impersonation serviceAccount:x@other.iam.gserviceaccount.com unknown", "reachable gke-wif-direct " + ksa + " allowed",
				"primary gke-node serviceAccount:" + nodeGSA + " allowed", "broken gke-wif-impersonation serviceAccount:x@other.iam.gserviceaccount.com",
			},
		},
		{
			"node_not_read", docGKE, gke(""), pod(),
			Node{},
			[]string{
				"primary gke-wif-direct " + ksa + " unknown", "reachable gke-wif-direct " + ksa + " allowed", "reachable gke-node  unknown",
			},
		},
		{
			"service_accounts_not_read", docGKEHowTo,
			func() Cluster {
				c := gke("")
				c.GKE.ServiceAccounts, c.GKE.ServiceAccountsMissing = nil, "denied"
				return c
			}(), pod(), google("GKE_METADATA"),
			[]string{"reachable gke-wif-impersonation  unknown", "primary gke-wif-direct " + ksa + " allowed"},
		},
		{
			"bindings_not_read", docGKEHowTo, unknown, pod(), google("GKE_METADATA"),
			[]string{"primary gke-wif-impersonation serviceAccount:" + gsa + " unknown", "reachable gke-wif-direct " + ksa + " allowed"},
		},
		{
			"key_file_overrides", "https://cloud.google.com/docs/authentication/application-default-credentials",
			gke(""), pod("GOOGLE_APPLICATION_CREDENTIALS"), google("GKE_METADATA"),
			[]string{"primary static-keys  unknown in app", "reachable gke-wif-direct " + ksa + " allowed"},
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

// G15: equal names in the clusters of a pool are one identity; only the names
// of the cluster and of the object tell them apart.
// https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#identity_sameness
func TestG15OnePoolOneIdentity(t *testing.T) {
	t.Parallel()
	one := &GKE{Project: "shop", Location: "europe-west1", Name: "one", Pool: "shop.svc.id.goog", PoolNumber: "123"}
	two := &GKE{Project: "pay", Location: "us-central1", Name: "two", Pool: "shop.svc.id.goog", PoolNumber: "123"}
	who := Account{"prod", "app"}
	var differ []string
	inTwo := two.Members(who, "u-2")
	for _, m := range one.Members(who, "u-1") {
		if !slices.Contains(inTwo, m) {
			differ = append(differ, m[strings.LastIndex(m, ".svc.id.goog/"):])
		}
	}
	want := []string{
		".svc.id.goog/kubernetes.cluster/https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/one",
		".svc.id.goog/kubernetes.serviceaccount.uid/u-1",
	}
	if diff := cmp.Diff(want, differ); diff != "" {
		t.Errorf("members that tell clusters apart mismatch (-want +got):\n%s", diff)
	}
}

// Each of the names that policies can use is one that the engine takes for the
// pod, and a name of the same form for another is not.
func TestMembersAgreeWithTheEngine(t *testing.T) {
	t.Parallel()
	allowed := func(member string) bool {
		as := NewResolver(gke("", member)).Identities(pod(), google("GKE_METADATA"))
		return slices.ContainsFunc(as.Found, func(id workload.Identity) bool {
			return id.How == workload.GKEImpersonation && id.Formula.IsTrue()
		})
	}
	g := gke("").GKE
	mine := g.Members(Account{"prod", "app"}, "u-1")
	for _, m := range mine {
		if !allowed(m) {
			t.Errorf("the engine does not take %s for the pod", m)
		}
	}
	elsewhere := &GKE{Project: "pay", Location: "us-central1", Name: "two", Pool: "pay.svc.id.goog", PoolNumber: "456"}
	for _, m := range elsewhere.Members(Account{"prod", "app"}, "u-2") {
		if allowed(m) || slices.Contains(mine, m) {
			t.Errorf("the engine takes %s for the pod", m)
		}
	}
}

// G19: https://cloud.google.com/kubernetes-engine/docs/how-to/access-scopes
func TestG19ScopesOfTheNode(t *testing.T) {
	t.Parallel()
	as := NewResolver(gke("")).Identities(pod(), google("GCE_METADATA"))
	i := slices.IndexFunc(as.Found, func(id workload.Identity) bool { return id.How == workload.GKENode })
	if i < 0 {
		t.Fatalf("no identity of the node, see %s: %v", docScopes, lines(as))
	}
	for permission, want := range map[string]access.Verdict{
		"storage.objects.get":     access.Allowed,
		"storage.objects.create":  access.Denied,
		"bigquery.tables.getData": access.Denied,
	} {
		t.Run("G19_"+permission, func(t *testing.T) {
			t.Parallel()
			d := gcpiam.Evaluate(gcpiam.Input{
				Request: access.Request{
					Principal: access.Principal{Kind: gcpiam.ServiceAccount, ID: as.Found[i].ID},
					Action:    permission, Resource: access.Resource{ID: "//cloudresourcemanager.googleapis.com/projects/shop"},
				},
				Project: gcpiam.Project{ID: "shop", Number: "123"},
				Scopes:  &gcpiam.ScopeSet{Scopes: as.Found[i].Session.Scopes},
				Hierarchy: []gcpiam.Node{{Name: "projects/shop", Allow: gcpiam.PolicySet{Policies: []gcpiam.Policy{{
					Name: "policy", Bindings: []gcpiam.Binding{
						{Role: "roles/storage.admin", Members: []string{as.Found[i].ID}},
						{Role: "roles/bigquery.admin", Members: []string{as.Found[i].ID}},
					},
				}}}}},
			})
			if got := d.Verdict(); got != want {
				t.Errorf("%s is %v, want %v: %v", permission, got, want, d.Formula)
			}
		})
	}
	for _, id := range as.Found {
		if id.How != workload.GKENode && id.Session.Scopes != nil {
			t.Errorf("access scopes limit %s", id.How)
		}
	}
}
