package gcpiam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestLayers(t *testing.T) {
	t.Parallel()
	read := func() Input { return request(app, "storage.objects.get", objectsOf) }
	granted := func() Input { return read().grant(2, "roles/storage.objectViewer", app) }
	everybody := []string{"principalSet://goog/public:all"}
	storage := []string{"storage.googleapis.com/*.*"}
	for _, test := range []struct {
		name string
		in   Input
		want string
		doc  string
	}{
		{"nothing", read(), "never", hierarchyDoc},
		{"permission_of_no_role", request(app, "storage.objects.levitate", objectsOf).grant(2, "roles/owner", app), "unknown: whether roles/owner has storage.objects.levitate: the table of " + RolesDate() + " does not have both", rolesDoc},
		{"permissions_by_pattern", request(app, "storage.*", objectsOf), "unknown: permission storage.* is not the name of one permission", rolesDoc},
		{"permission_of_api_v2", request(app, "storage.googleapis.com/objects.get", objectsOf), "unknown: permission storage.googleapis.com/objects.get is not the name of one permission", denyDoc},
		{"custom_role_not_read", read().grant(2, "organizations/9/roles/x", app), "unknown: permissions of custom role organizations/9/roles/x", rolesDoc},
		{"role_of_the_future", read().grant(2, "roles/storage.new", app), "unknown: whether roles/storage.new has storage.objects.get: the table of " + RolesDate() + " does not have both", rolesDoc},
		{
			"policy_in_version_1", read().grant(2, "roles/storage.objectViewer_withcond_a1b2", app),
			"unknown: condition of the binding of roles/storage.objectViewer_withcond_a1b2: the policy was asked for in a version that does not have it", "https://cloud.google.com/iam/docs/policies#specifying-version-get",
		},
		{"binding_that_was_not_understood", read().bind(2, Binding{Role: "roles/viewer", Unread: "unknown field"}), "unknown: binding of roles/viewer: unknown field", hierarchyDoc},
		{
			"unknown_does_not_hide_what_is_granted",
			granted().with(func(in *Input) {
				in.HierarchyMissing, in.Hierarchy = "", append([]Node{{Name: "organizations/9", Allow: PolicySet{Missing: "denied"}}}, in.Hierarchy[1:]...)
			}),
			"always", hierarchyDoc,
		},
		{
			"organization_not_read", granted().with(func(in *Input) { in.Hierarchy, in.HierarchyMissing = in.Hierarchy[2:], "the API was denied" }),
			"unknown: deny policies above the resource: the API was denied", denyDoc,
		},
		{
			"deny_policies_not_read", granted().with(func(in *Input) { in.Hierarchy[1].Deny.Missing = "the API was denied" }),
			"unknown: deny policies of folders/7: the API was denied", denyDoc,
		},
		{"deny_all_of_service", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: storage}), "never", denyDoc},
		{"deny_all_of_resource_type", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"storage.googleapis.com/objects.*"}}), "never", denyDoc},
		{"deny_all_of_verb", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"storage.googleapis.com/*.get"}}), "never", denyDoc},
		{"deny_other_verb", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"storage.googleapis.com/*.list"}}), "always", denyDoc},
		{
			"deny_in_the_name_of_a_service_that_is_not_known", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"bucketadmin.googleapis.com/objects.get"}}),
			"unknown: whether storage.googleapis.com/objects.get is one of bucketadmin.googleapis.com/objects.get", denyDoc,
		},
		{"deny_of_another_service", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"pubsub.googleapis.com/*.*", "nowhere.googleapis.com/topics.get"}}), "always", denyDoc},
		{
			"deny_with_exception_of_permission",
			granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: storage, ExceptionPermissions: []string{"storage.googleapis.com/objects.get"}}), "always", denyDoc,
		},
		{
			"deny_by_tag", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: storage, Condition: &Condition{Expression: `resource.matchTag("9/env", "prod")`}}).
				with(func(in *Input) { in.Tags = &TagSet{Tags: []Tag{{Key: "9/env", Value: "prod"}}} }), "never", denyDoc,
		},
		{
			"deny_by_another_tag", granted().denying(0, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: storage, Condition: &Condition{Expression: `resource.matchTag("9/env", "prod")`}}), "always", denyDoc,
		},
		{
			"deny_rule_that_was_not_understood", granted().denying(0, DenyRule{Unread: "no rules"}), "unknown: deny rule: no rules", denyDoc,
		},
		{
			"deny_of_resource_manager",
			request(app, "resourcemanager.projects.delete", "//cloudresourcemanager.googleapis.com/projects/shop").grant(2, "roles/owner", app).
				denying(1, DenyRule{DeniedPrincipals: everybody, DeniedPermissions: []string{"cloudresourcemanager.googleapis.com/projects.delete"}}), "never", denyDoc,
		},
		{"boundary_not_read", granted().with(func(in *Input) { in.Boundaries = &BoundarySet{Missing: "the API was denied"} }), "unknown: principal access boundaries: the API was denied", boundaryDoc},
		{"boundary_of_unknown_version", granted().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("12", "organizations/9")
			in.Request.Action = "storage.objects.get"
		}), "never", boundaryDoc},
		{"boundary_that_a_newer_version_may_block", request(app, "logging.logEntries.list", "//logging.googleapis.com/projects/other").with(foreign).grant(3, "roles/logging.viewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("12", "organizations/9")
		}), "unknown: whether enforcement version 12 of boundaries can block logging.logEntries.list", boundaryDoc},
		{"boundary_of_a_version_that_may_have_grown", request(app, "logging.logEntries.list", "//logging.googleapis.com/projects/other").with(foreign).grant(3, "roles/logging.viewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("", "organizations/9")
		}), "unknown: whether enforcement version latest of boundaries can block logging.logEntries.list", boundaryDoc},
		{"boundary_of_a_version_that_cannot_block", request(app, "logging.logEntries.list", "//logging.googleapis.com/projects/other").with(foreign).grant(3, "roles/logging.viewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("3", "organizations/9")
		}), "always", boundaryDoc},
		{"boundary_with_exempt_accounts", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("4", "organizations/9")
			in.Boundaries.Bindings[0].Condition = &Condition{
				Expression: `principal.type != "iam.googleapis.com/ServiceAccount" || !principal.subject.endsWith("@shop.iam.gserviceaccount.com")`,
			}
		}), "always", "https://cloud.google.com/iam/docs/principal-access-boundary-policies-use-cases"},
		{"boundaries_add_up", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("4", "organizations/9")
			in.Boundaries.Bindings = append(in.Boundaries.Bindings, boundaries("4", "projects/other").Bindings...)
		}), "always", boundaryDoc},
		{"boundary_for_others_only", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("4", "organizations/9")
			in.Boundaries.Bindings[0].Condition = &Condition{Expression: `principal.subject != "app@shop.iam.gserviceaccount.com"`}
		}), "always", boundaryDoc},
		{"boundary_with_number_of_project_that_is_not_known", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries, in.Project.Number = boundaries("4", "projects/5"), ""
		}), "unknown: id and number of the project of the resource", boundaryDoc},
		{"boundary_whose_policy_was_not_read", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("4", "organizations/9")
			in.Boundaries.Bindings[0].Policy, in.Boundaries.Bindings[0].Missing = nil, "the API was denied"
		}), "unknown: policy of boundary own: the API was denied", boundaryDoc},
		{"boundary_of_deleted_policy", read().with(foreign).grant(3, "roles/storage.objectViewer", app).with(func(in *Input) {
			in.Boundaries = boundaries("4", "organizations/9")
			in.Boundaries.Bindings[0].Policy = nil
		}), "always", boundaryDoc},
		{"object_with_lists_of_its_own", read().with(func(in *Input) { in.ObjectACLs = &PolicySet{} }), "unknown: allow policies of " + objectsOf + ": each object has an access control list of its own", "https://cloud.google.com/storage/docs/access-control/lists"},
		{"object_whose_list_grants", request(app, "storage.objects.get", objectsOf+"a").with(func(in *Input) {
			in.ObjectACLs = &PolicySet{Policies: []Policy{{Name: "ACL", Bindings: []Binding{{Role: "roles/storage.legacyObjectReader", Members: []string{app}}}}}}
		}), "always", "https://cloud.google.com/storage/docs/access-control/lists"},
		{"object_whose_list_grants_to_an_id", request("user:ann@example.com", "storage.objects.get", objectsOf+"a").with(func(in *Input) {
			acl, err := ParseObjectACL("a", []byte(`{"items": [{"entity": "user-00b4903a97d0f4b2", "role": "READER"}]}`))
			if err != nil {
				t.Error(err)
			}
			in.ObjectACLs = &PolicySet{Policies: []Policy{acl}}
		}), `unknown: member "user:00b4903a97d0f4b2" has a form that is not known`, "https://cloud.google.com/storage/docs/json_api/v1/objectAccessControls#resource"},
		{"object_whose_list_does_not_grant", request(app, "storage.objects.get", objectsOf+"a").with(func(in *Input) { in.ObjectACLs = &PolicySet{} }), "never", "https://cloud.google.com/storage/docs/access-control/lists"},
		{"lists_of_objects_do_not_permit_listing", request(app, "storage.objects.list", bucket).with(func(in *Input) { in.ObjectACLs = &PolicySet{} }), "never", "https://cloud.google.com/storage/docs/access-control/lists"},
		{"key_where_keys_are_disabled", key(Enforced), "never", keyDoc},
		{"key_where_keys_are_not_disabled", key(NotEnforced), "always", keyDoc},
		{"key_where_the_constraint_was_not_read", key(ConstraintUnknown), "unknown: constraint iam.disableServiceAccountKeyCreation for " + serviceAccount, keyDoc},
		{"scopes_not_read", granted().with(func(in *Input) { in.Scopes = &ScopeSet{Missing: "the API was denied"} }), "unknown: access scopes of the token: the API was denied", scopeDoc},
		{"scope_of_everything", granted().with(func(in *Input) {
			in.Scopes = &ScopeSet{Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"}}
		}), "always", scopeDoc},
		{"no_scope", granted().with(func(in *Input) { in.Scopes = &ScopeSet{} }), "never", scopeDoc},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := Evaluate(test.in)
			if got := d.Formula.String(); got != test.want {
				t.Errorf("Evaluate() = %s, want %s (%s)\n%s", got, test.want, test.doc, explain(d))
			}
			if got := Decide(test.in); !got.Equal(d.Formula) {
				t.Errorf("Decide() = %s, Evaluate() %s", got, d.Formula)
			}
		})
	}
}

const (
	keyDoc         = "https://cloud.google.com/iam/docs/manage-service-account-key-creation"
	serviceAccount = "//iam.googleapis.com/projects/shop/serviceAccounts/b@shop.iam.gserviceaccount.com"
)

// key asks for a key of a service account.
func key(disabled Constraint) Input {
	in := request(app, "iam.serviceAccountKeys.create", serviceAccount).grant(3, "roles/iam.serviceAccountKeyAdmin", app)
	in.KeyCreationDisabled = disabled
	return in
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	in := request(app, "storage.objects.get", objectsOf).at("2026-06-01T00:00:00Z").
		grant(0, "roles/viewer", app).
		grant(1, "roles/storage.objectViewer", "group:a@example.com").
		when(2, "roles/storage.objectViewer", `resource.name.startsWith("projects/_/buckets/records/objects/public/")`, app).
		when(2, "roles/storage.admin", `request.time < timestamp("2026-01-01T00:00:00Z")`, app).
		denying(1, DenyRule{DeniedPrincipals: []string{"principalSet://goog/group/a@example.com"}, DeniedPermissions: []string{"storage.googleapis.com/objects.get"}}).
		with(readOnlyScope)
	in.Boundaries = boundaries("4", "organizations/9")
	want := strings.TrimLeft(`
deny policies: always 
  deny policy of folders/7 : never the principal is not among those it denies
principal access boundaries: always 
  own only own: never it makes the principal eligible to access the resource
allow policies: resource.name.startsWith("projects/_/buckets/records/objects/public/") 
  policy of organizations/9 roles/viewer: never roles/viewer does not have storage.objects.get
  policy of folders/7 roles/storage.objectViewer: never the principal is not among its members
  policy of projects/shop roles/storage.objectViewer: resource.name.startsWith("projects/_/buckets/records/objects/public/") condition: resource.name.startsWith("projects/_/buckets/records/objects/public/")
  policy of projects/shop roles/storage.admin: never condition "request.time < timestamp(\"2026-01-01T00:00:00Z\")" is not met
access scopes: always 
  https://www.googleapis.com/auth/devstorage.read_only : always 
  https://www.googleapis.com/auth/logging.write : never it does not cover storage.objects.get
`, "\n")
	if diff := cmp.Diff(want, explain(Evaluate(in))); diff != "" {
		t.Errorf("evidence mismatch (-want +got):\n%s", diff)
	}
	in = request(app, "storage.objects.get", objectsOf).grant(1, "roles/storage.objectViewer", app)
	deciding := Evaluate(in).Evidence.Deciding()
	if len(deciding) != 1 || deciding[0].Policy != "policy of folders/7" {
		t.Errorf("deciding are %+v, want the binding of the folder", deciding)
	}
	// G23: https://cloud.google.com/bigquery/docs/access-control
	rows := request(app, "bigquery.tables.getData", dataset).grant(3, "roles/bigquery.dataViewer", app)
	if evidence := explain(Evaluate(rows)); !strings.Contains(evidence, "a query also needs bigquery.jobs.create") {
		t.Errorf("the evidence for reading a table does not tell of jobs:\n%s", evidence)
	}
	denied := in.denying(0, DenyRule{DeniedPrincipals: []string{"principalSet://goog/public:all"}, DeniedPermissions: []string{"storage.googleapis.com/*.*"}})
	if deciding := Evaluate(denied).Evidence.Deciding(); len(deciding) != 1 || !deciding[0].Denies {
		t.Errorf("deciding are %+v, want the deny rule", deciding)
	}
}

// What strangers write cannot make an evaluation slow.
func TestHostilePolicies(t *testing.T) {
	t.Parallel()
	in := request(app, "storage.objects.get", objectsOf)
	viewers, convenience := Binding{Role: "roles/viewer"}, Binding{Role: "roles/storage.legacyObjectReader"}
	for range 5000 {
		viewers.Members = append(viewers.Members, "user:a@example.com")
		convenience.Members = append(convenience.Members, "projectViewer:shop")
	}
	in = in.bind(2, viewers)
	for range 100 {
		in = in.bind(3, convenience)
	}
	in = in.bind(3, Binding{Role: "roles/storage.objectViewer", Members: []string{strings.Repeat("x", 1<<20)}})
	in = in.when(3, "roles/storage.objectViewer", costly, app)
	in.Request.Context = in.Request.Context.With("resource.name", strings.Repeat("x", 1<<16))
	if got := Decide(in); got.Verdict() != access.Unknown {
		t.Errorf("Decide() = %s, want unknown", got)
	}
}
