package gcpiam

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	const (
		ann   = "user:ann@example.com"
		staff = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann@example.com"
		build = "principal://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/subject/repo:shop/cart:ref:main"
		ci    = "principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/"
		agent = "principal://agents.global.org-9.system.id.goog/resources/aiplatform/projects/123456789/locations/eu/reasoningEngines/a"
		robot = "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
	)
	for _, test := range []struct {
		name, principal, member string
		want                    string
		change                  func(*Input)
	}{
		{name: "user", principal: ann, member: ann, want: "always"},
		{name: "user_in_other_case", principal: ann, member: "user:Ann@Example.com", want: "always"},
		{name: "user_that_looks_alike", principal: "user:\u212aen@example.com", member: "user:ken@example.com", want: "never"},
		{name: "user_is_no_service_account", principal: "user:app@shop.iam.gserviceaccount.com", member: app, want: "never"},
		{name: "deny_user", principal: ann, member: "principal://goog/subject/ann@example.com", want: "always"},
		{name: "deny_service_account", principal: app, member: "principal://iam.googleapis.com/projects/-/serviceAccounts/app@shop.iam.gserviceaccount.com", want: "always"},
		{name: "deny_group", principal: ann, member: "principalSet://goog/group/a@example.com", want: "always", change: func(in *Input) { in.Identity.Groups = []string{"a@example.com"} }},
		{name: "group_of_nobody", principal: ann, member: "group:a@example.com", want: "never"},
		{name: "domain", principal: ann, member: "domain:example.com", want: "always", change: func(in *Input) { in.Identity.Domain = "example.com" }},
		{name: "other_domain_of_the_organization", principal: ann, member: "domain:example.com", want: "never", change: func(in *Input) { in.Identity.Domain = "example.org" }},
		{name: "domain_not_known", principal: ann, member: "domain:example.com", want: "unknown: primary domain of the organization of " + ann},
		{name: "domain_of_service_account", principal: app, member: "domain:example.com", want: "never"},
		{name: "customer", principal: ann, member: "principalSet://goog/cloudIdentityCustomerId/C01", want: "always", change: func(in *Input) { in.Identity.Customer = "C01" }},
		{name: "all_users_anonymous", principal: "", member: "allUsers", want: "always"},
		{name: "all_authenticated_anonymous", principal: "", member: "allAuthenticatedUsers", want: "never"},
		{name: "all_authenticated_service_account", principal: app, member: "allAuthenticatedUsers", want: "always"},
		{name: "all_authenticated_workforce", principal: staff, member: "allAuthenticatedUsers", want: "never"},
		{name: "all_authenticated_gke", principal: pods, member: "allAuthenticatedUsers", want: "unknown: whether allAuthenticatedUsers has " + pods},
		{name: "public_all", principal: staff, member: "principalSet://goog/public:all", want: "always"},
		{name: "workforce_subject", principal: staff, member: staff, want: "always"},
		{name: "workforce_pool", principal: staff, member: "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*", want: "always"},
		{name: "workforce_group", principal: staff, member: "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/group/admins", want: `group == "admins"`},
		{name: "workload_pool", principal: build, member: ci + "*", want: "always"},
		{name: "workload_pool_of_another_project", principal: build, member: strings.Replace(ci, "123456789", "5", 1) + "*", want: "never"},
		{name: "subject_with_slashes", principal: build, member: build, want: "always"},
		{name: "attribute_not_known", principal: build, member: ci + "attribute.repository/shop/cart", want: `attribute.repository == "shop/cart"`},
		{name: "attribute", principal: build, member: ci + "attribute.repository/shop/cart", want: "always", change: func(in *Input) {
			in.Request.Context = in.Request.Context.With("attribute.repository", "shop/cart")
		}},
		{name: "attribute_of_another_value", principal: build, member: ci + "attribute.repository/shop/cart", want: "never", change: func(in *Input) {
			in.Request.Context = in.Request.Context.With("attribute.repository", "shop/till")
		}},
		{name: "kubernetes_uid", principal: pods, member: strings.Replace(poolOf, "principalSet", "principal", 1) + "kubernetes.serviceaccount.uid/u", want: "always", change: func(in *Input) {
			in.Identity.ServiceAccountUID = "u"
		}},
		{name: "kubernetes_uid_not_known", principal: pods, member: strings.Replace(poolOf, "principalSet", "principal", 1) + "kubernetes.serviceaccount.uid/u", want: "unknown: uid of Kubernetes service account ns/web/sa/cart"},
		{name: "gke_pool", principal: pods, member: poolOf + "*", want: "always"},
		{name: "gke_legacy_principal", principal: "serviceAccount:shop.svc.id.goog[web/cart]", member: pods, want: "unknown: number of the project of shop.svc.id.goog"},
		{name: "gke_legacy_principal_of_known_project", principal: "serviceAccount:shop.svc.id.goog[web/cart]", member: pods, want: "always", change: func(in *Input) {
			in.Request.Principal.Account = "123456789"
		}},
		{name: "gke_legacy_principal_and_project_id_instead_of_number", principal: "serviceAccount:shop.svc.id.goog[web/cart]", member: strings.Replace(pods, "123456789", "shop", 1), want: "never"},
		{name: "gke_legacy_member_of_another_name", principal: pods, member: "serviceAccount:shop.svc.id.goog[web/till]", want: "never"},
		{name: "accounts_of_project", principal: app, member: "principalSet://cloudresourcemanager.googleapis.com/projects/123456789/type/ServiceAccount", want: "always"},
		{name: "accounts_of_organization", principal: app, member: "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAccount", want: "always"},
		{name: "accounts_of_another_folder", principal: app, member: "principalSet://cloudresourcemanager.googleapis.com/folders/8/type/ServiceAccount", want: "never"},
		{name: "accounts_and_user", principal: ann, member: "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAccount", want: "never"},
		{name: "agents_and_account", principal: app, member: "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAgent", want: "never"},
		{name: "agents", principal: robot, member: "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAgent", want: "always"},
		{name: "boundary_of_project_and_user", principal: ann, member: "//cloudresourcemanager.googleapis.com/projects/shop", want: "never"},
		{name: "boundary_of_workload_pool", principal: build, member: strings.TrimSuffix(strings.TrimPrefix(ci, "principalSet:"), "/"), want: "always"},
		{name: "agent_identity", principal: agent, member: agent, want: "always"},
		{name: "agent_identities", principal: agent, member: "principalSet://agents.global.org-9.system.id.goog/*", want: "always"},
		{name: "deleted_user", principal: ann, member: "deleted:" + ann + "?uid=1", want: "never"},
		{name: "form_of_the_future", principal: ann, member: "robot:r2d2", want: `unknown: member "robot:r2d2" has a form that is not known`},
		{name: "selector_of_the_future", principal: pods, member: poolOf + "kubernetes.node/n", want: `unknown: member "` + poolOf + `kubernetes.node/n" has a form that is not known`},
		{name: "principal_of_the_future", principal: "robot:r2d2", member: ann, want: `unknown: "robot:r2d2" has a form that is not known`},
		{name: "principal_that_is_a_group", principal: "group:a@example.com", member: "group:a@example.com", want: "unknown: principal group:a@example.com is not one identity"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := request(test.principal, "storage.objects.get", bucket)
			if test.principal == "" {
				in.Request.Principal.Kind = Anonymous
			}
			if test.change != nil {
				test.change(&in)
			}
			c := newCaller(&in)
			if got := c.in(parseMember(test.member)).String(); got != test.want {
				t.Errorf("%s in %s = %s, want %s", test.principal, test.member, got, test.want)
			}
		})
	}
}

func TestMembersWithoutAncestors(t *testing.T) {
	t.Parallel()
	in := request(app, "storage.objects.get", bucket)
	in.Identity.Ancestors = nil
	c := newCaller(&in)
	got := c.in(parseMember("principalSet://cloudresourcemanager.googleapis.com/projects/123456789/type/ServiceAccount"))
	if got.Verdict() != access.Unknown {
		t.Errorf("the service accounts of a project are %s, want unknown", got)
	}
}

func FuzzMember(f *testing.F) {
	for _, s := range []string{
		"user:a@b.c", "serviceAccount:p.svc.id.goog[n/s]", "deleted:user:a@b.c?uid=1", "deleted:deleted:x", pods, poolOf + "*", poolOf + "namespace/n",
		"principal://iam.googleapis.com/locations/global/workforcePools/p/subject/s", "projectViewer:p", "//cloudresourcemanager.googleapis.com/folders/1", "allUsers", "",
		"serviceAccount:[", "principalSet://", "principal:///",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, principal, name string) {
		m := parseMember(name)
		if m.kind == 0 {
			t.Errorf("parseMember(%q) has no kind", name)
		}
		in := request(principal, "storage.objects.get", bucket)
		c := newCaller(&in)
		got := c.in(m)
		if m.kind == memberUnknown && got.Verdict() != access.Unknown {
			t.Errorf("a member of unknown form %q is %s", name, got)
		}
		if m.kind == memberDeleted && got.Verdict() == access.Allowed {
			t.Errorf("the deleted member %q is the principal %q", name, principal)
		}
	})
}
