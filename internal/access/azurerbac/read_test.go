package azurerbac

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadRoleAssignments(t *testing.T) {
	t.Parallel()
	want := []RoleAssignment{{
		ID:     "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a",
		RoleID: "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r", Scope: "/subscriptions/s",
		Principal: Principal{ID: "p", Type: "Group"}, Condition: "ActionMatches{'a'}", ConditionVersion: "2.0",
	}}
	const properties = `"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r",
		"principalId": "p", "principalType": "Group", "condition": "ActionMatches{'a'}", "conditionVersion": "2.0",
		"createdOn": "2026-01-01T00:00:00Z", "somethingNew": {"a": [1]}`
	const id = `"id": "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a"`
	for name, data := range map[string]string{
		"arm":             `{"value": [{` + id + `, "type": "Microsoft.Authorization/roleAssignments", "properties": {"scope": "/subscriptions/s/", ` + properties + `}}], "nextLink": null}`,
		"resource_graph":  `{"count": 1, "data": [{` + id + `, "type": "microsoft.authorization/roleassignments", "properties": {` + properties + `}}], "facets": []}`,
		"graph_command":   `{"count": 1, "data": [{` + id + `, "properties": {` + properties + `}}], "skip_token": null, "total_records": 1}`,
		"graph_api":       `{"totalRecords": 1, "count": 1, "resultTruncated": "false", "data": [{` + id + `, "properties": {` + properties + `}}]}`,
		"flat":            ` [{` + id + `, "scope": "/subscriptions/s", ` + properties + `}]`,
		"scope_from_id":   `[{` + id + `, ` + properties + `}]`,
		"alone":           "\n{" + id + `, "scope": "/subscriptions/s", ` + properties + `}`,
		"null_properties": `[{` + id + `, "properties": null, ` + properties + `}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadRoleAssignments([]byte(data))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}

	t.Run("eligible", func(t *testing.T) {
		t.Parallel()
		got, err := ReadRoleAssignments([]byte(`[{"id": "/x", "type": "Microsoft.Authorization/roleEligibilityScheduleInstances",
			"properties": {"scope": "/", "roleDefinitionId": "r", "principalId": "p"}}]`))
		if err != nil || !got[0].Eligible || got[0].Scope != "/" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("cosmos", func(t *testing.T) {
		t.Parallel()
		got, err := ReadRoleAssignments([]byte(`{"value": [{"id": "` + cosmos + `/sqlRoleAssignments/a", "name": "a",
			"type": "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
			"properties": {"scope": "` + cosmos + `/dbs/shop", "roleDefinitionId": "r", "principalId": "p"}}]}`))
		want := []RoleAssignment{{ID: cosmos + "/sqlRoleAssignments/a", RoleID: "r", Scope: cosmos + "/dbs/shop", Principal: Principal{ID: "p"}}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
	t.Run("tenant_from_id", func(t *testing.T) {
		t.Parallel()
		got, err := ReadRoleAssignments([]byte(`[{"id": "/providers/Microsoft.Authorization/roleAssignments/a", "roleDefinitionId": "r", "principalId": "p"}]`))
		if err != nil || got[0].Scope != "/" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestReadRoleDefinitions(t *testing.T) {
	t.Parallel()
	got, err := ReadRoleDefinitions([]byte(`[{"name": "guid", "properties": {"roleName": "R", "type": "CustomRole", "permissions": [
		{"actions": ["*"], "notActions": null, "condition": null},
		{"dataActions": ["a/b"], "notDataActions": ["c"], "excludedScopes": ["/x"], "comment": null}
	]}}]`))
	want := []RoleDefinition{{ID: "guid", Name: "R", Permissions: []Permission{
		{Actions: []string{"*"}},
		{DataActions: []string{"a/b"}, NotDataActions: []string{"c"}, Unsupported: `what "excludedScopes" means is not documented`},
	}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestReadDenyAssignments(t *testing.T) {
	t.Parallel()
	got, err := ReadDenyAssignments([]byte(`{"value": [{"id": "/subscriptions/s/providers/Microsoft.Authorization/denyAssignments/d",
		"properties": {"denyAssignmentName": "D", "permissions": [{"actions": ["*/delete"]}], "doNotApplyToChildScopes": true,
		"principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
		"excludePrincipals": [{"id": "p", "type": "User"}], "isSystemProtected": true, "denyAssignmentEffect": "audit"}}]}`))
	want := []DenyAssignment{{
		ID: "/subscriptions/s/providers/Microsoft.Authorization/denyAssignments/d", Name: "D", Scope: "/subscriptions/s",
		Permissions: []Permission{{Actions: []string{"*/delete"}}}, DoNotApplyToChildScopes: true, Effect: "audit",
		Principals: []Principal{{ID: everyone, Type: "SystemDefined"}}, ExcludePrincipals: []Principal{{ID: "p", Type: "User"}},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	definitions := func(data string) error { _, err := ReadRoleDefinitions([]byte(data)); return err }
	grants := func(data string) error { _, err := ReadRoleAssignments([]byte(data)); return err }
	denials := func(data string) error { _, err := ReadDenyAssignments([]byte(data)); return err }
	for _, test := range []struct {
		name string
		read func(string) error
		data string
		want string
	}{
		{"empty", definitions, "", "role definitions: line 1, column 1: unexpected EOF"},
		{"no_list", definitions, "3", "role definitions: want a list, or an object"},
		{"no_value", definitions, `{"x": "a"}`, `role definitions: object has no list: want one as "value" or "data"`},
		{"one_alone", definitions, "\n {\"id\": \"a\"}", "role definition 0 (line 2, column 2) a: permissions is missing"},
		{"two_lists", definitions, `{"value": [], "data": []}`, `role definitions: "data": want one list, as "value" or "data"`},
		{"table", definitions, `{"data": {"columns": []}}`, `role definitions: "data": want one list, as "value" or "data"`},
		{"page", definitions, `{"value": [], "nextLink": "https://example.com"}`, `role definitions: "nextLink": the list goes on; join its pages first`},
		{"token", definitions, `{"$skipToken": "abc", "data": []}`, `role definitions: "$skipToken": the list goes on; join its pages first`},
		{"token_of_the_command", definitions, `{"count": 1, "data": [], "skip_token": "abc", "total_records": 1}`, `role definitions: "skip_token": the list goes on; join its pages first`},
		{"truncated", definitions, `{"data": [], "resultTruncated": "true"}`, `role definitions: "resultTruncated": the list goes on; join its pages first`},
		{"part", definitions, `{"count": 100, "data": [], "skip_token": null, "total_records": 150}`, "role definitions: the list is a part: records are counted as 100 and 150; join its pages first"},
		{"more", definitions, "[]\n[]", `role definitions: line 2, column 2: there is more after the first value`},
		{"name_twice", definitions, "[{\"a\": 1,\n \"\\u0061\": 2}]", `role definitions: line 2, column 10: name "a" comes twice in an object`},
		{"deep", definitions, strings.Repeat("[", 100), "role definitions: line 1, column 26: nested deeper than 24"},
		{"cut_off", grants, `[{"id": "a"`, "role assignments: line 1, column 12: unexpected EOF"},
		{"not_utf8", grants, "[\"\xff\"]", "role assignments: text is not UTF-8"},
		{"not_an_object", grants, "[\n  7]", "role assignment 0 (line 2, column 3): want an object"},
		{"null", grants, "[null]", "role assignment 0 (line 1, column 2): want an object"},
		{"properties_no_object", grants, `[{"id": "a", "properties": []}]`, "role assignment 0 (line 1, column 2) a: properties: want an object"},
		{"no_role", grants, "[\n{\"id\": \"a\",\n\"principalId\": \"p\", \"scope\": \"/\"}]", "role assignment 0 (line 2, column 1) a: roleDefinitionId is missing"},
		{
			"no_principal", grants, `[{"id": "a", "roleDefinitionId": "r", "principalId": null, "scope": "/"}]`,
			"role assignment 0 (line 1, column 2) a: principalId is missing",
		},
		{"no_scope", grants, `[{"id": "a", "roleDefinitionId": "r", "principalId": "p"}]`, "role assignment 0 (line 1, column 2) a: scope is missing"},
		{
			"bad_scope", grants, `[{"id": "a", "roleDefinitionId": "r", "principalId": "p", "scope": "subscriptions/s"}]`,
			`role assignment 0 (line 1, column 2) a: scope "subscriptions/s" does not start with a slash: want a resource id`,
		},
		{"other_type", grants, `[{"id": "a", "type": "Microsoft.Compute/disks"}]`, `role assignment 0 (line 1, column 2) a: type: "disks" is no role assignment`},
		{
			"second_item", grants, "{\"value\": [{\"id\": \"a\", \"roleDefinitionId\": \"r\", \"principalId\": \"p\", \"scope\": \"/\"},\n\t{\"principalId\": 1}]}",
			"role assignment 1 (line 2, column 2): id is missing",
		},
		{"wrong_type", grants, `[{"id": "a", "roleDefinitionId": ["r"]}]`, "role assignment 0 (line 1, column 2) a: roleDefinitionId: want a text"},
		{"no_permissions", definitions, `[{"id": "a", "roleName": "R", "Permissions": []}]`, "role definition 0 (line 1, column 2) a: permissions is missing"},
		{
			"actions_text", definitions, `[{"id": "a", "permissions": [{"actions": "*"}]}]`,
			"role definition 0 (line 1, column 2) a: permissions[0]: actions: want a list",
		},
		{
			"action_null", definitions, `[{"id": "a", "permissions": [{}, {"actions": ["*", null]}]}]`,
			"role definition 0 (line 1, column 2) a: permissions[1]: actions[1]: want a text",
		},
		{"permission_null", definitions, `[{"id": "a", "permissions": [null]}]`, "role definition 0 (line 1, column 2) a: permissions[0]: want an object"},
		{"no_principals", denials, `[{"id": "a", "scope": "/", "permissions": []}]`, "deny assignment 0 (line 1, column 2) a: principals is missing"},
		{
			"principal_without_id", denials, `[{"id": "a", "scope": "/", "permissions": [], "principals": [{"type": "User"}]}]`,
			"deny assignment 0 (line 1, column 2) a: principals[0]: id is missing",
		},
		{
			"child_scopes_text", denials, `[{"id": "a", "scope": "/", "permissions": [], "doNotApplyToChildScopes": "true"}]`,
			"deny assignment 0 (line 1, column 2) a: doNotApplyToChildScopes: want true or false",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.read(test.data); err == nil || err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}
