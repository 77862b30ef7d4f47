package gcpiam

import (
	"slices"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

const (
	accountA = "serviceAccount:a@shop.iam.gserviceaccount.com"
	accountB = "serviceAccount:b@shop.iam.gserviceaccount.com"
	accountC = "serviceAccount:c@shop.iam.gserviceaccount.com"
)

// toAccount returns an input whose resource is a service account.
func toAccount(principal, account string) Input {
	in := request(principal, "", "//iam.googleapis.com/projects/shop/serviceAccounts/"+account[len("serviceAccount:"):])
	in.KeyCreationDisabled = NotEnforced
	return in
}

func TestEdges(t *testing.T) {
	t.Parallel()
	const impersonation = "https://cloud.google.com/iam/docs/service-account-impersonation"
	for _, test := range []struct {
		name string
		in   Input
		want []string // kind and the actions of the steps
		doc  string
	}{
		{
			"G20_token_creator", toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountTokenCreator", accountA),
			[]string{"impersonate iam.serviceAccounts.getAccessToken", "impersonate iam.serviceAccounts.signJwt", "impersonate iam.serviceAccounts.signBlob"},
			impersonation,
		},
		{"G21_act_as_without_launch", toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountUser", accountA), nil, "https://cloud.google.com/iam/docs/service-accounts-actas"},
		{
			"G21_act_as_and_launch", toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountUser", accountA).grant(2, "roles/cloudbuild.builds.editor", accountA),
			[]string{"pass-and-run iam.serviceAccounts.actAs cloudbuild.builds.create"},
			"https://cloud.google.com/iam/docs/service-accounts-actas",
		},
		{"G21_launch_without_act_as", toAccount(accountA, accountB).grant(2, "roles/run.developer", accountA), nil, "https://cloud.google.com/iam/docs/service-accounts-actas"},
		{
			"G14_workload_identity_user", toAccount(pods, accountB).grant(3, "roles/iam.workloadIdentityUser", pods),
			[]string{"impersonate iam.serviceAccounts.getAccessToken"},
			"https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
		},
		{"open_id_token_is_no_data", toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountOpenIdTokenCreator", accountA), nil, impersonation},
		{
			"key_administrator", toAccount(accountA, accountB).grant(2, "roles/iam.serviceAccountKeyAdmin", accountA),
			[]string{"impersonate iam.serviceAccountKeys.create"},
			"https://cloud.google.com/iam/docs/keys-create-delete",
		},
		{
			"key_administrator_where_keys_are_disabled", toAccount(accountA, accountB).grant(2, "roles/iam.serviceAccountKeyAdmin", accountA).
				with(func(in *Input) { in.KeyCreationDisabled = Enforced }), nil, "https://cloud.google.com/iam/docs/manage-service-account-key-creation",
		},
		{
			"policy_of_the_account", toAccount(accountA, accountB).grant(3, "projects/shop/roles/grant", accountA).with(func(in *Input) {
				in.CustomRoles = map[string]Role{"projects/shop/roles/grant": {Permissions: []string{"iam.serviceAccounts.setIamPolicy"}}}
			}), []string{"rewrite iam.serviceAccounts.setIamPolicy"}, "https://cloud.google.com/iam/docs/manage-access-service-accounts",
		},
		{"itself", toAccount(accountA, accountA).grant(2, "roles/owner", accountA), nil, impersonation},
		{"scope_of_the_node_does_not_cover_it", toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountTokenCreator", accountA).with(readOnlyScope), nil, scopeDoc},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, e := range Edges(test.in, true) {
				text := e.Kind.String()
				for _, s := range e.Steps {
					text += " " + s.Action
					if len(s.Evidence.Layers) == 0 {
						t.Errorf("step %s has no evidence", s.Action)
					}
				}
				got = append(got, text)
				if !e.Formula.IsTrue() {
					t.Errorf("%s is %s, want always", text, e.Formula)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("edges are %q, want %q (%s)", got, test.want, test.doc)
			}
		})
	}
}

func TestKeysWhereNothingIsKnownOfTheConstraint(t *testing.T) {
	t.Parallel()
	in := toAccount(accountA, accountB).grant(2, "roles/iam.serviceAccountKeyAdmin", accountA)
	in.KeyCreationDisabled = ConstraintUnknown
	edges := Edges(in, false)
	if len(edges) != 1 || edges[0].Formula.Verdict() != access.Unknown {
		t.Errorf("edges are %+v, want one that is unknown", edges)
	}
}

func TestEditorAndServiceAccounts(t *testing.T) {
	t.Parallel()
	var actions []string
	for _, e := range Edges(toAccount(accountA, accountB).grant(2, "roles/editor", accountA), false) {
		actions = append(actions, e.Steps[len(e.Steps)-1].Action)
	}
	if !slices.Contains(actions, "iam.serviceAccountKeys.create") || !slices.Contains(actions, "run.services.create") {
		t.Errorf("the edges of an editor are %q, want those of keys and launches", actions)
	}
	if slices.Contains(actions, "iam.serviceAccounts.getAccessToken") {
		t.Error("an editor can get access tokens")
	}
}

func TestChains(t *testing.T) {
	t.Parallel()
	t.Run("G20_token_creator_of_token_creator", func(t *testing.T) {
		t.Parallel()
		// https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated
		edges := slices.Concat(
			Edges(toAccount(accountA, accountB).grant(3, "roles/iam.serviceAccountTokenCreator", accountA), false),
			Edges(toAccount(accountB, accountC).grant(3, "roles/iam.serviceAccountTokenCreator", accountB), false),
		)
		chains := access.NewGraph(edges, nil).Reach(accountA, 2)
		if len(chains) != 2 || chains[1].To != accountC || chains[1].Verdict() != access.Allowed {
			t.Errorf("a reaches %v, want b and c", chains)
		}
	})
	t.Run("delegation_without_token_of_the_delegate", func(t *testing.T) {
		t.Parallel()
		first := toAccount(accountA, accountB).grant(3, "projects/shop/roles/delegate", accountA)
		first.CustomRoles = map[string]Role{"projects/shop/roles/delegate": {Permissions: []string{"iam.serviceAccounts.implicitDelegation"}}}
		last := toAccount(accountB, accountC).grant(3, "roles/iam.serviceAccountTokenCreator", accountB)
		if e := Delegation(first, last, true); !e.Formula.IsTrue() || e.From != accountA || e.To != accountC {
			t.Errorf("Delegation() = %+v, want an edge from a to c that always holds", e)
		}
		if edges := Edges(first, false); len(edges) > 0 {
			t.Errorf("who may only delegate acts as the delegate: %v", edges)
		}
		if e := Delegation(first, toAccount(accountA, accountC), false); !e.Formula.IsFalse() {
			t.Errorf("a delegation through another account is %s", e.Formula)
		}
	})
}

func TestAdministers(t *testing.T) {
	t.Parallel()
	project := func() Input { return request(app, "", "//cloudresourcemanager.googleapis.com/projects/shop") }
	custom := func(in *Input) {
		in.CustomRoles = map[string]Role{
			"projects/shop/roles/some":   {Permissions: []string{"storage.buckets.list"}},
			"organizations/9/roles/some": {Permissions: []string{"storage.buckets.list"}},
		}
	}
	for _, test := range []struct {
		name, want string
		in         Input
	}{
		{"owner", "always", project().grant(2, "roles/owner", app)},
		{"editor", "never", project().grant(2, "roles/editor", app)},
		{"administrator_of_roles_who_holds_none", "never", project().grant(2, "roles/iam.roleAdmin", app)},
		{"administrator_of_roles_who_holds_one", "always", project().grant(2, "roles/iam.roleAdmin", app).grant(2, "projects/shop/roles/some", app).with(custom)},
		{
			// The organization has the role, and who administers roles of the project cannot change it.
			"administrator_of_roles_of_the_project_who_holds_one_of_the_organization", "never",
			project().grant(2, "roles/iam.roleAdmin", app).grant(2, "organizations/9/roles/some", app).with(custom),
		},
		{
			"administrator_of_roles_of_the_organization_who_holds_one", "always",
			project().grant(0, "roles/iam.organizationRoleAdmin", app).grant(2, "organizations/9/roles/some", app).with(custom),
		},
		{
			"administrator_of_roles_who_may_hold_one_by_what_was_not_read",
			"(unknown: deny policies above the resource: denied and unknown: allow policies above the resource: denied)" +
				" or (unknown: iam.roles.update on what has the custom role and unknown: allow policies above the resource: denied)",
			project().grant(2, "roles/iam.roleAdmin", app).with(func(in *Input) {
				in.Hierarchy, in.HierarchyMissing = in.Hierarchy[2:], "denied"
			}),
		},
		{
			"limited_administrator", `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/pubsub.editor"])`,
			project().when(2, "roles/resourcemanager.projectIamAdmin", `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/pubsub.editor"])`, app),
		},
	} {
		a := Administers(test.in, true)
		if got := a.Formula.String(); got != test.want || a.Account != "projects/shop" || a.ID != app {
			t.Errorf("%s: Administers() = %+v, want %s", test.name, a, test.want)
		}
	}
}

func TestLaunchTable(t *testing.T) {
	t.Parallel()
	for _, l := range launches() {
		for _, p := range l.permissions {
			if _, ok := predefined().permissions[p]; !ok {
				t.Errorf("%s: no role has %s", l.what, p)
			}
		}
	}
}
