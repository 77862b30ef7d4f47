package azurerbac

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestDenyAssignments(t *testing.T) {
	t.Parallel()
	everybody := []Principal{{everyone, "SystemDefined"}}
	reads := []Permission{{DataActions: []string{blobs + "*"}, NotDataActions: []string{writeBlob}}}
	owner := assign(t, "Storage Blob Data Contributor", subscription)
	for _, test := range []struct {
		name   string
		deny   DenyAssignment
		change func(*Input)
		want   access.Verdict
	}{
		{"applies", DenyAssignment{Scope: account, Principals: everybody, Permissions: reads}, nil, access.Denied},
		{"audits", DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, Effect: "Audit"}, nil, access.Allowed},
		{"effect_not_known", DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, Effect: "warn"}, nil, access.Unknown},
		{
			"excluded_action",
			DenyAssignment{Scope: account, Principals: everybody, Permissions: reads},
			func(in *Input) { in.Request.Action = writeBlob }, access.Allowed,
		},
		{"everyone_of_another_type", DenyAssignment{Scope: account, Principals: []Principal{{everyone, "User"}}, Permissions: reads}, nil, access.Unknown},
		{"other_user", DenyAssignment{Scope: account, Principals: []Principal{{other, "User"}}, Permissions: reads}, nil, access.Allowed},
		{
			"group_not_read",
			DenyAssignment{Scope: account, Principals: []Principal{{team, "Group"}}, Permissions: reads},
			func(in *Input) { in.Groups.Missing = "refused" }, access.Unknown,
		},
		{"excluded_group_not_read", DenyAssignment{
			Scope: account, Principals: everybody, ExcludePrincipals: []Principal{{team, "Group"}}, Permissions: reads,
		}, func(in *Input) { in.Groups.Missing = "refused" }, access.Unknown},
		{"directory_role", DenyAssignment{Scope: account, Principals: []Principal{{other, "DirectoryRoleTemplate"}}, Permissions: reads}, nil, access.Unknown},
		{"second_block", DenyAssignment{
			Scope: account, Principals: everybody, Permissions: []Permission{{DataActions: []string{"x"}}, {DataActions: []string{"*"}}},
		}, nil, access.Denied},
		{"block_not_understood", DenyAssignment{
			Scope: account, Principals: everybody, Permissions: []Permission{{Unsupported: "what \"x\" means is not documented"}},
		}, nil, access.Unknown},
		{"condition_holds", DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, Condition: "ActionMatches{'*'}"}, nil, access.Denied},
		{"condition_not_known", DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, Condition: "@Request[a] StringEquals 'b'"}, nil, access.Conditional},
		{
			"condition_on_what_is_absent",
			DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, Condition: "@Request[a] StringEquals 'b'"},
			func(in *Input) { in.Request.Context = access.NewContext(access.Absent) }, access.Unknown,
		},
		{"scope_not_understood", DenyAssignment{Scope: "shop", Principals: everybody, Permissions: reads}, nil, access.Unknown},
		{"part", DenyAssignment{Scope: public, Principals: everybody, Permissions: reads}, nil, access.Allowed},
		{
			"part_of_what_is_asked_for",
			DenyAssignment{Scope: public, Principals: everybody, Permissions: reads},
			func(in *Input) { in.Request.Resource.Below = true }, access.Conditional,
		},
		// Whether data is a child scope of the resource that it is in.
		{
			"data_in_the_scope",
			DenyAssignment{Scope: account, Principals: everybody, Permissions: reads, DoNotApplyToChildScopes: true},
			func(in *Input) { in.Request.Resource.Below = true }, access.Unknown,
		},
		{
			"management_group_that_may_be_above",
			DenyAssignment{Scope: platform, Principals: everybody, Permissions: reads, DoNotApplyToChildScopes: true},
			func(in *Input) { in.Request.Resource.Below, in.ManagementGroups.Missing = true, "refused" }, access.Allowed,
		},
		{"data_in_a_resource_group", DenyAssignment{Scope: group, Principals: everybody, Permissions: reads, DoNotApplyToChildScopes: true}, nil, access.Allowed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.deny.ID = "deny"
			in := askData(Documents{Assignments: []RoleAssignment{owner}, Denies: []DenyAssignment{test.deny}}, readBlob, account)
			if test.change != nil {
				test.change(&in)
			}
			d := Evaluate(in)
			if got := d.Verdict(); got != test.want {
				t.Errorf("%v, want %v\n%v\n%+v", got, test.want, d.Formula, d.Evidence)
			}
			checkReasons(t, d)
		})
	}
}

// TestReasons checks what a person reads of statements that are easily
// misunderstood.
func TestReasons(t *testing.T) {
	t.Parallel()
	grant := func(p Principal, scope string) RoleAssignment {
		return RoleAssignment{RoleID: roleID(t, "Storage Blob Data Reader"), Scope: scope, Principal: p}
	}
	deny := DenyAssignment{Scope: "shop", Principals: []Principal{{everyone, "SystemDefined"}}, Permissions: []Permission{{DataActions: []string{"*"}}}}
	for _, test := range []struct {
		name      string
		documents Documents
		want      string
	}{
		{"scope", assignments(grant(Principal{app, "User"}, "shop")), `scope "shop" does not start with a slash: want a resource id, by ` + readBlob},
		{"scope_of_a_denial", Documents{Denies: []DenyAssignment{deny}}, `to everyone, scope "shop" does not start with a slash: want a resource id, by *`},
		{"no_principal", assignments(grant(Principal{}, account)), "an assignment names a principal without an id, at " + account + ", by " + readBlob},
		{
			"everyone_of_another_type", assignments(grant(Principal{everyone, "User"}, account)),
			"what principal " + everyone + " of type User stands for is not documented, at " + account + ", by " + readBlob,
		},
		{
			"directory_role", assignments(grant(Principal{other, "DirectoryRole"}, account)),
			"what principal " + other + " of type DirectoryRole stands for is not known, at " + account + ", by " + readBlob,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range Evaluate(askData(test.documents, readBlob, account)).Evidence.Layers {
				for _, s := range l.Statements {
					got = append(got, s.Reason)
				}
			}
			if len(got) != 1 || got[0] != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	// What is asked for is a management group: an assignment in a subscription
	// can only be below it.
	in := askData(assignments(grant(Principal{app, "User"}, account)), readBlob, platform)
	in.ManagementGroups.Missing = "refused"
	layers := Evaluate(in).Evidence.Layers
	if got, want := layers[1].Statements[0].Reason, "scope "+account+" is not above "+platform; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// The policies of key vaults do not say whether they name a group.
	want := "principal " + other + " is another, and no group that the principal is in"
	if _, got := newSubject(app, Groups{}).is(Principal{ID: other}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMissingDocuments(t *testing.T) {
	t.Parallel()
	reader := assign(t, "Storage Blob Data Reader", account)
	unknownRole := reader
	unknownRole.RoleID = "/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000a"
	badScope := reader
	badScope.Scope = "shop"
	badScopeOfOwner := assign(t, "Owner", account)
	badScopeOfOwner.Scope = "shop"
	toEveryone := reader
	toEveryone.Principal = Principal{everyone, "Everyone"}
	twice := RoleDefinition{ID: roleID(t, "Storage Blob Data Reader"), Name: "Another"}
	for _, test := range []struct {
		name      string
		documents Documents
		want      access.Verdict
		missing   string
	}{
		{"assignments", Documents{AssignmentsMissing: "refused"}, access.Unknown, "role assignments: refused"},
		{"assignments_but_one_is_enough", Documents{Assignments: []RoleAssignment{reader}, AssignmentsMissing: "refused"}, access.Allowed, ""},
		{"denials", Documents{Assignments: []RoleAssignment{reader}, DeniesMissing: "refused"}, access.Unknown, "deny assignments: refused"},
		{"denials_of_nothing", Documents{DeniesMissing: "refused"}, access.Denied, ""},
		{
			"role",
			Documents{Assignments: []RoleAssignment{unknownRole}, RolesMissing: "refused"},
			access.Unknown,
			"role definition " + unknownRole.RoleID + ": refused",
		},
		{
			"scope",
			Documents{Assignments: []RoleAssignment{badScope}},
			access.Unknown,
			"role assignment " + reader.ID + `: scope "shop" does not start with a slash: want a resource id`,
		},
		{"scope_but_the_role_has_no_such_operation", Documents{Assignments: []RoleAssignment{badScopeOfOwner}}, access.Denied, ""},
		{"nothing_for_everyone", Documents{Assignments: []RoleAssignment{toEveryone}}, access.Allowed, ""},
		{
			"principal",
			Documents{Assignments: []RoleAssignment{{RoleID: reader.RoleID, Scope: account}}},
			access.Unknown,
			"an assignment names a principal without an id",
		},
		{
			"role_in_two_subscriptions",
			Documents{Roles: []RoleDefinition{sameRole(t, "Storage Blob Data Reader")}, Assignments: []RoleAssignment{reader}},
			access.Allowed, "",
		},
		{"role_elsewhere", Documents{Assignments: []RoleAssignment{{RoleID: "x", Scope: vault, Principal: Principal{ID: app}}}}, access.Denied, ""},
		{
			"role_twice",
			Documents{Roles: []RoleDefinition{twice}, Assignments: []RoleAssignment{reader}},
			access.Unknown,
			`there are two role definitions 2a2b9908-6ea1-4ae2-8e65-a410df84e7d1, "Storage Blob Data Reader" and "Another"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := Evaluate(askData(test.documents, readBlob, account))
			if got := d.Verdict(); got != test.want {
				t.Fatalf("%v, want %v: %v", got, test.want, d.Formula)
			}
			checkReasons(t, d)
			if got := d.Formula.MissingInputs(); test.missing != "" && (len(got) != 1 || got[0] != test.missing) {
				t.Errorf("missing %q, want %q", got, test.missing)
			}
		})
	}
}

// sameRole returns a built-in role as another subscription returns it.
func sameRole(t *testing.T, name string) RoleDefinition {
	t.Helper()
	id := roleID(t, name)
	for _, r := range builtIn() {
		if r.Name == name {
			return RoleDefinition{ID: strings.Replace(id, "1111", "2222", 1), Name: name, Permissions: r.Permissions}
		}
	}
	return RoleDefinition{}
}

// TestManagementGroupsThatAreAsked asks for management groups, of which only
// those above are read.
func TestManagementGroupsThatAreAsked(t *testing.T) {
	t.Parallel()
	const root = "/providers/Microsoft.Management/managementGroups/root"
	for _, test := range []struct {
		name   string
		at     string
		below  bool
		groups ManagementGroups
		want   access.Verdict
	}{
		{"itself", platform, false, ManagementGroups{}, access.Allowed},
		{"above", root, false, ManagementGroups{IDs: []string{root}}, access.Allowed},
		{"above_not_read", root, false, ManagementGroups{Missing: "refused"}, access.Unknown},
		{"not_above", root, false, ManagementGroups{}, access.Denied},
		{"subscription", subscription, false, ManagementGroups{Missing: "refused"}, access.Denied},
		{"subscription_perhaps_below", subscription, true, ManagementGroups{}, access.Unknown},
		{"group_perhaps_below", root, true, ManagementGroups{}, access.Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := ask(assignments(assign(t, "Owner", test.at)), "a/b/read", platform)
			in.Request.Resource.Below, in.ManagementGroups = test.below, test.groups
			if d := Evaluate(in); d.Verdict() != test.want {
				t.Errorf("%v, want %v: %v", d.Verdict(), test.want, d.Formula)
			}
		})
	}
}
