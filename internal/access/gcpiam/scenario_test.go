package gcpiam

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

const (
	objectsOf = "//storage.googleapis.com/projects/_/buckets/records/objects/"
	bucket    = "//storage.googleapis.com/projects/_/buckets/records"
	secret    = "//secretmanager.googleapis.com/projects/123456789/secrets/key"
	dataset   = "//bigquery.googleapis.com/projects/shop/datasets/sales"
	app       = "serviceAccount:app@shop.iam.gserviceaccount.com"
	pods      = "principal://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/shop.svc.id.goog/subject/ns/web/sa/cart"
	poolOf    = "principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/shop.svc.id.goog/"
	clusterA  = "https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/a"
	clusterB  = "https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/b"
)

// request returns an input of a resource in project shop of folder 7 of
// organization 9, with nothing granted.
func request(principal, permission, resource string) Input {
	in := Input{
		Request: access.Request{
			Principal: access.Principal{ID: principal},
			Action:    permission,
			Resource:  access.Resource{ID: resource, Below: strings.HasSuffix(resource, "/")},
		},
		Project: Project{ID: "shop", Number: "123456789"},
		Hierarchy: []Node{
			{Name: "organizations/9"}, {Name: "folders/7"}, {Name: "projects/shop"}, {Name: resource},
		},
		PublicAccessPrevention: PublicAccessNotPrevented,
		Tags:                   &TagSet{},
	}
	in.Identity.Ancestors = []string{"projects/123456789", "projects/shop", "folders/7", "organizations/9"}
	return in
}

// grant adds a binding to the policy of a node: 0 the organization, 1 the
// folder, 2 the project, 3 the resource.
func (in Input) grant(node int, role string, members ...string) Input {
	return in.bind(node, Binding{Role: role, Members: members})
}

func (in Input) bind(node int, b Binding) Input {
	in.Hierarchy = append([]Node(nil), in.Hierarchy...)
	n := &in.Hierarchy[node]
	n.Allow.Policies = append(append([]Policy(nil), n.Allow.Policies...), Policy{Name: "policy of " + n.Name, Bindings: []Binding{b}})
	return in
}

// when adds a binding with a condition.
func (in Input) when(node int, role, condition string, members ...string) Input {
	return in.bind(node, Binding{Role: role, Members: members, Condition: &Condition{Expression: condition}})
}

func (in Input) denying(node int, r DenyRule) Input {
	in.Hierarchy = append([]Node(nil), in.Hierarchy...)
	n := &in.Hierarchy[node]
	n.Deny.Policies = append(append([]DenyPolicy(nil), n.Deny.Policies...), DenyPolicy{Name: "deny policy of " + n.Name, Rules: []DenyRule{r}})
	return in
}

func (in Input) with(change func(*Input)) Input {
	change(&in)
	return in
}

func (in Input) at(time string) Input {
	in.Request.Context = in.Request.Context.With("request.time", time)
	return in
}

func (in Input) cluster(uri string) Input {
	in.Identity.Cluster = uri
	return in
}

const (
	basicRolesDoc = "https://cloud.google.com/iam/docs/roles-overview#basic"
	storageDoc    = "https://cloud.google.com/storage/docs/access-control/iam#convenience-values"
	bigQueryDoc   = "https://cloud.google.com/bigquery/docs/access-control-basic-roles"
	hierarchyDoc  = "https://cloud.google.com/iam/docs/resource-hierarchy-access-control"
	denyDoc       = "https://cloud.google.com/iam/docs/deny-overview"
	boundaryDoc   = "https://cloud.google.com/iam/docs/principal-access-boundary-policies#interactions"
	conditionDoc  = "https://cloud.google.com/iam/docs/conditions-attribute-reference"
	principalDoc  = "https://cloud.google.com/iam/docs/principal-identifiers"
	scopeDoc      = "https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam"
	rolesDoc      = "https://cloud.google.com/iam/docs/creating-custom-roles#disabling-custom-role"
	publicDoc     = "https://cloud.google.com/storage/docs/public-access-prevention"
)

// boundaries puts the service accounts of an organization under a boundary
// that makes them eligible for one organization.
func boundaries(version, eligible string) *BoundarySet {
	return &BoundarySet{Bindings: []BoundaryBinding{{
		Name: "own", PrincipalSet: "//cloudresourcemanager.googleapis.com/organizations/9",
		Policy: &BoundaryPolicy{Name: "own only", Resources: []string{"//cloudresourcemanager.googleapis.com/" + eligible}, EnforcementVersion: version},
	}}}
}

// foreign makes the resource one of another organization.
func foreign(in *Input) {
	in.Project = Project{ID: "other", Number: "5"}
	in.Hierarchy = []Node{{Name: "organizations/8"}, {Name: "folders/6"}, {Name: "projects/other"}, in.Hierarchy[3]}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	secretRule := DenyRule{
		DeniedPrincipals: []string{"principalSet://goog/public:all"}, DeniedPermissions: []string{"secretmanager.googleapis.com/versions.access"},
		ExceptionPrincipals: []string{"principal://iam.googleapis.com/projects/-/serviceAccounts/app@shop.iam.gserviceaccount.com"},
	}
	groupRule := DenyRule{
		DeniedPrincipals: []string{"principalSet://goog/group/contractors@example.com"}, DeniedPermissions: []string{"storage.googleapis.com/objects.get"},
	}
	read := func(principal string) Input { return request(principal, "storage.objects.get", objectsOf) }
	for _, test := range []struct {
		name string
		in   Input
		want string // the formula
		doc  string
	}{
		{"G01_viewer_of_project_reads_no_objects", read(app).grant(2, "roles/viewer", app), "never", basicRolesDoc},
		{
			"G02_viewer_of_project_by_convenience_member",
			read(app).grant(2, "roles/viewer", app).grant(3, "roles/storage.legacyObjectReader", "projectViewer:shop"), "always", storageDoc,
		},
		{
			"G02_not_the_viewer_of_another_project",
			read(app).grant(2, "roles/viewer", app).grant(3, "roles/storage.legacyObjectReader", "projectEditor:shop"), "never", storageDoc,
		},
		{
			"G02_viewer_of_folder_may_be_one_of_project",
			read(app).grant(1, "roles/viewer", app).grant(3, "roles/storage.legacyObjectReader", "projectViewer:shop"),
			"unknown: whether holders of roles/viewer on folders/7 count as holders on project shop", storageDoc,
		},
		{
			"G02_viewers_of_a_project_that_was_not_read",
			read(app).grant(2, "roles/viewer", app).grant(3, "roles/storage.legacyObjectReader", "projectViewer:other"),
			"unknown: holders of roles/viewer on project other, which the resource is not in", storageDoc,
		},
		{"G03_viewer_reads_datastore", request(app, "datastore.entities.get", "//firestore.googleapis.com/projects/shop/databases/d").grant(2, "roles/viewer", app), "always", basicRolesDoc},
		{"G03_viewer_reads_spanner", request(app, "spanner.databases.select", "//spanner.googleapis.com/projects/shop/instances/i/databases/d").grant(2, "roles/viewer", app), "always", basicRolesDoc},
		{"G03_viewer_reads_bigtable", request(app, "bigtable.tables.readRows", "//bigtableadmin.googleapis.com/projects/shop/instances/i/tables/t").grant(2, "roles/viewer", app), "always", basicRolesDoc},
		{
			"G04_viewer_by_default_access_of_dataset",
			request(app, "bigquery.tables.getData", dataset).grant(2, "roles/viewer", app).grant(3, "roles/bigquery.dataViewer", "projectViewer:shop"), "always", bigQueryDoc,
		},
		{"G04_viewer_when_access_of_dataset_was_emptied", request(app, "bigquery.tables.getData", dataset).grant(2, "roles/viewer", app), "never", bigQueryDoc},
		{"G05_editor_reads_no_secret", request(app, "secretmanager.versions.access", secret).grant(2, "roles/editor", app), "never", basicRolesDoc},
		{"G05_owner_reads_secret", request(app, "secretmanager.versions.access", secret).grant(2, "roles/owner", app), "always", basicRolesDoc},
		{"G06_binding_of_folder_is_inherited", read(app).grant(1, "roles/storage.objectViewer", app), "always", hierarchyDoc},
		{"G07_deny_policy_spares_exception", request(app, "secretmanager.versions.access", secret).grant(2, "roles/owner", app).denying(1, secretRule), "always", denyDoc},
		{
			"G07_deny_policy_denies_others",
			request("user:ann@example.com", "secretmanager.versions.access", secret).grant(2, "roles/owner", "user:ann@example.com").denying(1, secretRule), "never", denyDoc,
		},
		{
			"G08_deny_by_membership_of_group",
			read("user:ann@example.com").grant(0, "roles/storage.objectViewer", "user:ann@example.com").denying(2, groupRule).
				with(func(in *Input) { in.Identity.Groups = []string{"Contractors@example.com"} }), "never", denyDoc,
		},
		{
			"G08_membership_of_denied_group_unknown",
			read("user:ann@example.com").grant(0, "roles/storage.objectViewer", "user:ann@example.com").denying(2, groupRule).
				with(func(in *Input) { in.Identity.GroupsMissing = "the groups API was denied" }),
			"unknown: members of group contractors@example.com: the groups API was denied", denyDoc,
		},
		{
			"G09_boundary_blocks_resource_of_another_organization",
			read(app).with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) { in.Boundaries = boundaries("1", "organizations/9") }), "never", boundaryDoc,
		},
		{
			"G09_boundary_whose_version_cannot_block",
			request(app, "secretmanager.versions.access", secret).with(foreign).grant(3, "roles/secretmanager.secretAccessor", app).
				with(func(in *Input) { in.Boundaries = boundaries("3", "organizations/9") }), "always", boundaryDoc,
		},
		{
			"G09_boundary_of_default_version",
			request(app, "secretmanager.versions.access", secret).with(foreign).grant(3, "roles/secretmanager.secretAccessor", app).
				with(func(in *Input) { in.Boundaries = boundaries("latest", "organizations/9") }), "never", boundaryDoc,
		},
		{
			"G09_eligible", read(app).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) { in.Boundaries = boundaries("4", "organizations/9") }), "always", boundaryDoc,
		},
		{
			"G10_condition_on_prefix_of_objects",
			read(app).when(3, "roles/storage.objectViewer", `resource.name.startsWith("projects/_/buckets/records/objects/public/")`, app),
			`resource.name.startsWith("projects/_/buckets/records/objects/public/")`, conditionDoc,
		},
		{
			"G10_condition_on_whole_bucket",
			read(app).when(2, "roles/storage.objectViewer", `resource.name.startsWith("projects/_/buckets/records/")`, app), "always", conditionDoc,
		},
		{
			"G10_condition_on_another_bucket",
			read(app).when(2, "roles/storage.objectViewer", `resource.name.startsWith("projects/_/buckets/other/")`, app), "never", conditionDoc,
		},
		{
			"G11_expired", read(app).at("2026-11-25T00:00:00Z").when(2, "roles/storage.objectViewer", `request.time < timestamp("2026-01-01T00:00:00Z")`, app), "never", conditionDoc,
		},
		{
			"G11_not_yet_expired", read(app).at("2025-11-25T00:00:00Z").when(2, "roles/storage.objectViewer", `request.time < timestamp("2026-01-01T00:00:00Z")`, app), "always", conditionDoc,
		},
		{
			"G11_time_not_known", read(app).when(2, "roles/storage.objectViewer", `request.time < timestamp("2026-01-01T00:00:00Z")`, app),
			`request.time < timestamp("2026-01-01T00:00:00Z")`, conditionDoc,
		},
		{
			"G12_attribute_of_the_api_not_known",
			request(app, "storage.objects.list", bucket).when(2, "roles/storage.objectViewer", `api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("public/")`, app),
			`api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("public/")`, conditionDoc,
		},
		{
			"G12_attribute_of_the_api_that_the_request_does_not_have",
			read(app).when(2, "roles/storage.objectViewer", `api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("public/")`, app), "never", conditionDoc,
		},
		{
			"G13_workload_identity_user_binding_is_missing",
			request(pods, "iam.serviceAccounts.getAccessToken", "//iam.googleapis.com/projects/shop/serviceAccounts/app@shop.iam.gserviceaccount.com"), "never",
			"https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
		},
		{
			"G14_workload_identity_user_binding_of_legacy_member",
			request(pods, "iam.serviceAccounts.getAccessToken", "//iam.googleapis.com/projects/shop/serviceAccounts/app@shop.iam.gserviceaccount.com").
				grant(3, "roles/iam.workloadIdentityUser", "serviceAccount:shop.svc.id.goog[web/cart]"), "always",
			"https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
		},
		{"G15_namespace_in_one_cluster", read(pods).cluster(clusterA).grant(2, "roles/storage.objectViewer", poolOf+"namespace/web"), "always", principalDoc},
		{"G15_namespace_in_another_cluster", read(pods).cluster(clusterB).grant(2, "roles/storage.objectViewer", poolOf+"namespace/web"), "always", principalDoc},
		{"G15_another_namespace", read(pods).grant(2, "roles/storage.objectViewer", poolOf+"namespace/webshop"), "never", principalDoc},
		{"G16_pods_of_the_cluster", read(pods).cluster(clusterA).grant(2, "roles/storage.objectViewer", poolOf+"kubernetes.cluster/"+clusterA), "always", principalDoc},
		{"G16_pods_of_another_cluster", read(pods).cluster(clusterB).grant(2, "roles/storage.objectViewer", poolOf+"kubernetes.cluster/"+clusterA), "never", principalDoc},
		{
			"G16_cluster_not_known", read(pods).grant(2, "roles/storage.objectViewer", poolOf+"kubernetes.cluster/"+clusterA),
			"unknown: cluster that " + pods + " is used in", principalDoc,
		},
		{"G17_project_id_instead_of_number", read(pods).grant(2, "roles/storage.objectViewer", strings.Replace(pods, "123456789", "shop", 1)), "never", principalDoc},
		{"G17_project_number", read(pods).grant(2, "roles/storage.objectViewer", pods), "always", principalDoc},
		{"G18_node_account_is_not_the_pod", read(app).grant(2, "roles/storage.objectViewer", pods), "never", principalDoc},
		{"G19_editor_with_read_only_scope_reads", read(app).grant(2, "roles/storage.admin", app).with(readOnlyScope), "always", scopeDoc},
		{"G19_editor_with_read_only_scope_writes", request(app, "storage.objects.create", objectsOf).grant(2, "roles/storage.admin", app).with(readOnlyScope), "never", scopeDoc},
		{"G19_editor_with_read_only_scope_reads_no_tables", request(app, "bigquery.tables.getData", dataset).grant(2, "roles/bigquery.admin", app).with(readOnlyScope), "never", scopeDoc},
		{
			"G19_jobs_that_the_api_takes_with_a_scope_of_storage", request(app, "bigquery.jobs.create", dataset).grant(2, "roles/editor", app).with(readOnlyScope),
			"unknown: whether access scope https://www.googleapis.com/auth/devstorage.read_only covers bigquery.jobs.create",
			"https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/insert",
		},
		{"G19_scope_not_known", read(app).grant(2, "roles/storage.admin", app).with(func(in *Input) {
			in.Scopes = &ScopeSet{Scopes: []string{"https://www.googleapis.com/auth/sesame"}}
		}), "unknown: what access scope https://www.googleapis.com/auth/sesame covers", scopeDoc},
		{"G22_custom_role_disabled", read(app).grant(2, "projects/shop/roles/reader", app).with(func(in *Input) {
			in.CustomRoles = map[string]Role{"projects/shop/roles/reader": {Permissions: []string{"storage.objects.get"}, Off: true}}
		}), "never", rolesDoc},
		{"G22_custom_role", read(app).grant(2, "projects/shop/roles/reader", app).with(func(in *Input) {
			in.CustomRoles = map[string]Role{"projects/shop/roles/reader": {Permissions: []string{"storage.objects.get"}}}
		}), "always", rolesDoc},
		{
			"G23_table_data_without_jobs", request(app, "bigquery.tables.getData", dataset).grant(3, "roles/bigquery.dataViewer", app), "always",
			"https://cloud.google.com/bigquery/docs/access-control",
		},
		{"G24_public_access_prevented", read(app).grant(3, "roles/storage.objectViewer", "allAuthenticatedUsers").with(func(in *Input) {
			in.PublicAccessPrevention = PublicAccessPrevented
		}), "never", publicDoc},
		{"G24_public_access_not_prevented", read(app).grant(3, "roles/storage.objectViewer", "allAuthenticatedUsers"), "always", publicDoc},
		{"G24_public_access_prevention_not_known", read(app).grant(3, "roles/storage.objectViewer", "allAuthenticatedUsers").with(func(in *Input) {
			in.PublicAccessPrevention = PublicAccessUnknown
		}), "unknown: public access prevention of " + objectsOf, publicDoc},
		{"G25_deleted_service_account", read(app).grant(2, "roles/storage.objectViewer", "deleted:"+app+"?uid=123456789012345678901"), "never", principalDoc},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := Evaluate(test.in)
			if got := d.Formula.String(); got != test.want {
				t.Errorf("Evaluate() = %s, want %s (%s)\n%s", got, test.want, test.doc, explain(d))
			}
			if got := Decide(test.in).String(); got != test.want {
				t.Errorf("Decide() = %s, want %s", got, test.want)
			}
		})
	}
}

func readOnlyScope(in *Input) {
	in.Scopes = &ScopeSet{Scopes: []string{"https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/logging.write"}}
}

// explain writes the evidence for a test that fails.
func explain(d access.Decision) string {
	var b strings.Builder
	for _, l := range d.Evidence.Layers {
		b.WriteString(l.Name + ": " + l.Result.String() + " " + l.Note + "\n")
		for _, s := range l.Statements {
			b.WriteString("  " + s.Policy + " " + s.ID + ": " + s.Applies.String() + " " + s.Reason + "\n")
		}
	}
	return b.String()
}
