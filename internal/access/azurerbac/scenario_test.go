package azurerbac

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

const docs = "https://learn.microsoft.com/azure/"

// A scenario is a question whose answer the documentation gives.
type scenario struct {
	name string
	doc  string
	got  access.Decision
	want access.Verdict
	// formula of a conditional or unknown answer.
	formula string
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	on, off := true, false

	owner := assignments(assign(t, "Owner", subscription))
	excludes := RoleDefinition{ID: "excludes", Name: "Excludes", Permissions: []Permission{
		{Actions: []string{"*"}, NotActions: []string{"Microsoft.Storage/*"}},
	}}
	blocks := RoleDefinition{ID: "blocks", Name: "Two blocks", Permissions: []Permission{
		{Actions: []string{"Microsoft.Storage/*"}, NotActions: []string{"Microsoft.Storage/storageAccounts/listKeys/*"}},
		{Actions: []string{"Microsoft.Storage/storageAccounts/listKeys/action"}},
	}}
	give := func(role RoleDefinition, more ...RoleAssignment) Documents {
		return Documents{Roles: []RoleDefinition{role}, Assignments: append(more, RoleAssignment{
			ID: role.ID, RoleID: role.ID, Scope: group, Principal: Principal{ID: app, Type: "ServicePrincipal"},
		})}
	}
	toTeam := assign(t, "Storage Blob Data Reader", account)
	toTeam.Principal = Principal{ID: parent, Type: "Group"}
	nested := askData(assignments(toTeam), readBlob, account)
	nested.Groups.IDs = []string{team, parent}
	unread := askData(assignments(toTeam), readBlob, account)
	unread.Groups.Missing = "Directory.Read.All was not granted"
	unreadButDirect := askData(assignments(toTeam, assign(t, "Storage Blob Data Reader", account)), readBlob, account)
	unreadButDirect.Groups.Missing = unread.Groups.Missing

	managed := askData(assignments(assign(t, "Storage Blob Data Reader", platform)), readBlob, account)
	outside := managed
	managed.ManagementGroups.IDs = []string{platform}
	unplaced := outside
	unplaced.ManagementGroups.Missing = "the management groups were not read"

	onPublic := assignments(assign(t, "Storage Blob Data Reader", public))
	someBlob := askData(onPublic, readBlob, account)
	someBlob.Request.Resource.Below = true

	everybody := func(except ...Principal) DenyAssignment {
		return DenyAssignment{
			ID: "deny", Name: "Protect", Scope: group, Principals: []Principal{{ID: everyone, Type: "SystemDefined"}},
			ExcludePrincipals: except, Permissions: []Permission{{Actions: []string{"*/delete", "Microsoft.Storage/*"}}},
		}
	}
	denied := func(d DenyAssignment, resource string) Input {
		return ask(Documents{Assignments: owner.Assignments, Denies: []DenyAssignment{d}}, listKeys, resource)
	}
	shallow := everybody()
	shallow.DoNotApplyToChildScopes = true
	excludedGroup := denied(everybody(Principal{ID: parent, Type: "Group"}), account)
	excludedGroup.Groups.IDs = []string{parent}

	limited := assign(t, "Storage Blob Data Contributor", account)
	limited.Condition = `((!(ActionMatches{'` + readBlob + `'})) OR ` +
		`(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'))`
	tagged := assign(t, "Storage Blob Data Reader", account)
	tagged.Condition = `((!(ActionMatches{'` + readBlob + `'} AND NOT SubOperationMatches{'Blob.List'})) OR ` +
		`(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'))`
	taggedRead := askData(assignments(tagged), readBlob, private)
	taggedRead.SubOperation = access.Value{State: access.Absent}
	taggedList := taggedRead
	taggedList.SubOperation = access.Value{State: access.Known, Values: []string{"Blob.List"}}

	policies := Vault{RBAC: RBACMode(nil), AccessPolicies: []AccessPolicy{{ObjectID: app, Secrets: []string{"Get"}}}}
	noPolicies := Vault{RBAC: RBACMode(&off)}
	underRBAC := Vault{RBAC: RBACMode(&on), AccessPolicies: policies.AccessPolicies}
	unreadMode := Vault{AccessPolicies: policies.AccessPolicies}
	user := assignments(assign(t, "Key Vault Secrets User", vault))
	reader := assignments(assign(t, "Key Vault Reader", vault))

	const (
		readOnlyKeys = "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action"
		readItem     = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read"
		createItem   = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create"
	)
	accountReader := assignments(assign(t, "Cosmos DB Account Reader Role", cosmos))
	dataRole := give(RoleDefinition{ID: "items", Permissions: []Permission{{DataActions: []string{"Microsoft.DocumentDB/*"}}}})
	native := NewCosmos(cosmos, assignments(RoleAssignment{
		ID: "native", RoleID: cosmos + "/sqlRoleDefinitions/00000000-0000-0000-0000-000000000001", Scope: "/dbs/shop",
		Principal: Principal{ID: app},
	}))

	eligible := assign(t, "Owner", subscription)
	eligible.Eligible = true
	delegated := assignments(assign(t, "Key Vault Data Access Administrator", subscription))
	delegate := ask(delegated, assignRole, vault)
	const requested = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
	delegateOwner, delegateSecrets := delegate, delegate
	delegateOwner.Request.Context = context(t, requested, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
	delegateSecrets.Request.Context = context(t, requested, "4633458b-17de-408a-b874-0445c86b69e6")

	for _, s := range []scenario{
		{
			"Z01_owner_reads_no_blob_by_its_own_token", "role-based-access-control/role-definitions#control-and-data-actions",
			Evaluate(askData(owner, readBlob, account)), access.Denied, "",
		},
		{
			"Z01_owner_has_the_keys", "storage/common/shared-key-authorization-prevent",
			EvaluateKey(ask(owner, listKeys, account), SharedKey(nil)), access.Allowed, "",
		},
		{
			"Z02_owner_without_shared_keys", "storage/common/shared-key-authorization-prevent",
			EvaluateKey(ask(owner, listKeys, account), SharedKey(&off)), access.Denied, "",
		},
		{
			"Z02_owner_without_shared_keys_is_admin", "storage/common/shared-key-authorization-prevent",
			Evaluate(ask(owner, "Microsoft.Storage/storageAccounts/write", account)), access.Allowed, "",
		},
		{
			"Z02_shared_keys_not_read", "storage/common/shared-key-authorization-prevent",
			EvaluateKey(ask(owner, listKeys, account), SettingUnknown), access.Unknown, "unknown: whether " + account + " takes its keys",
		},
		{
			"Z03_excluded_in_one_role_granted_by_another", "role-based-access-control/role-definitions#notactions",
			Evaluate(ask(give(excludes, assign(t, "Reader and Data Access", account)), listKeys, account)), access.Allowed, "",
		},
		{
			"Z03_excluded_in_the_only_role", "role-based-access-control/role-definitions#notactions",
			Evaluate(ask(give(excludes), listKeys, account)), access.Denied, "",
		},
		{
			"Z04_second_block_grants_what_the_first_excludes", "role-based-access-control/role-definitions#permissions",
			Evaluate(ask(give(blocks), listKeys, account)), access.Allowed, "",
		},
		{
			"Z04_first_block_keeps_its_exclusion", "role-based-access-control/role-definitions#permissions",
			Evaluate(ask(give(blocks), "Microsoft.Storage/storageAccounts/listKeys/other", account)), access.Denied, "",
		},
		{
			"Z05_star_in_actions_has_no_data_action", "role-based-access-control/role-definitions#control-and-data-actions",
			Evaluate(askData(owner, getSecret, vault)), access.Denied, "",
		},
		{"Z06_group_in_group", "role-based-access-control/overview#groups", Evaluate(nested), access.Allowed, ""},
		{
			"Z06_groups_not_read", "role-based-access-control/overview#groups", Evaluate(unread), access.Unknown,
			"unknown: groups of " + app + ": Directory.Read.All was not granted",
		},
		{"Z06_groups_not_read_but_assigned_directly", "role-based-access-control/overview#groups", Evaluate(unreadButDirect), access.Allowed, ""},
		{"Z07_management_group", "role-based-access-control/scope-overview", Evaluate(managed), access.Allowed, ""},
		{"Z07_other_management_group", "role-based-access-control/scope-overview", Evaluate(outside), access.Denied, ""},
		{
			"Z07_management_groups_not_read", "role-based-access-control/scope-overview", Evaluate(unplaced), access.Unknown,
			"unknown: management groups of " + account + ": the management groups were not read",
		},
		{"Z08_container", "storage/blobs/assign-azure-role-data-access", Evaluate(askData(onPublic, readBlob, public)), access.Allowed, ""},
		{"Z08_other_container", "storage/blobs/assign-azure-role-data-access", Evaluate(askData(onPublic, readBlob, private)), access.Denied, ""},
		{
			"Z08_blobs_of_the_account", "storage/blobs/assign-azure-role-data-access", Evaluate(someBlob), access.Conditional,
			`resource within "` + public + `"`,
		},
		{
			"Z08_containers_of_the_account_are_not_listed", "storage/blobs/assign-azure-role-data-access",
			Evaluate(ask(onPublic, "Microsoft.Storage/storageAccounts/blobServices/containers/read", account)), access.Denied, "",
		},
		{"Z09_denied_to_everyone", "role-based-access-control/deny-assignments", Evaluate(denied(everybody(), account)), access.Denied, ""},
		{
			"Z09_excluded_principal", "role-based-access-control/deny-assignments",
			Evaluate(denied(everybody(Principal{ID: app, Type: "ServicePrincipal"}), account)), access.Allowed, "",
		},
		{"Z09_excluded_group", "role-based-access-control/deny-assignments", Evaluate(excludedGroup), access.Allowed, ""},
		{
			"Z09_other_principal_excluded", "role-based-access-control/deny-assignments",
			Evaluate(denied(everybody(Principal{ID: other, Type: "User"}), account)), access.Denied, "",
		},
		{"Z10_not_to_child_scopes", "role-based-access-control/deny-assignments", Evaluate(denied(shallow, account)), access.Allowed, ""},
		{"Z10_at_the_scope_itself", "role-based-access-control/deny-assignments", Evaluate(denied(shallow, group)), access.Denied, ""},
		{
			"Z11_condition_on_reading_other_container", "role-based-access-control/conditions-format",
			Evaluate(askData(assignments(limited), readBlob, private)), access.Denied, "",
		},
		{
			"Z11_condition_on_reading_this_container", "role-based-access-control/conditions-format",
			Evaluate(askData(assignments(limited), readBlob, public)), access.Allowed, "",
		},
		{
			"Z11_condition_on_reading_any_container", "role-based-access-control/conditions-format",
			Evaluate(askData(assignments(limited), readBlob, account)), access.Conditional,
			`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals "public"`,
		},
		{
			"Z11_writing_is_not_limited", "role-based-access-control/conditions-format",
			Evaluate(askData(assignments(limited), writeBlob, private)), access.Allowed, "",
		},
		{
			"Z12_blob_index_tag", "storage/blobs/storage-auth-abac-examples", Evaluate(taggedRead), access.Conditional,
			`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>] StringEquals "Cascade"`,
		},
		{"Z12_listing_is_not_limited", "storage/blobs/storage-auth-abac-examples", Evaluate(taggedList), access.Allowed, ""},
		{
			"Z13_access_policy_under_rbac", "key-vault/general/rbac-access-policy",
			underRBAC.Evaluate(ask(Documents{}, getSecret, vault)), access.Denied, "",
		},
		{"Z13_access_policy", "key-vault/general/rbac-access-policy", policies.Evaluate(ask(Documents{}, getSecret, vault)), access.Allowed, ""},
		{
			"Z13_mode_not_read", "key-vault/general/rbac-access-policy", unreadMode.Evaluate(ask(Documents{}, getSecret, vault)), access.Unknown,
			"unknown: whether " + vault + " uses Azure RBAC",
		},
		{
			"Z13_mode_not_read_but_both_permit", "key-vault/general/rbac-access-policy",
			unreadMode.Evaluate(ask(user, getSecret, vault)), access.Allowed, "",
		},
		{"Z14_role_without_rbac", "key-vault/general/rbac-access-policy", noPolicies.Evaluate(ask(user, getSecret, vault)), access.Denied, ""},
		{"Z14_role_under_rbac", "key-vault/general/rbac-access-policy", underRBAC.Evaluate(ask(user, getSecret, vault)), access.Allowed, ""},
		{
			"Z15_contributor_without_rbac_reads_nothing", "key-vault/general/rbac-access-policy",
			noPolicies.Evaluate(ask(assignments(assign(t, "Contributor", group)), getSecret, vault)), access.Denied, "",
		},
		{
			"Z15_contributor_without_rbac_can_grant_itself", "key-vault/general/rbac-access-policy",
			noPolicies.EvaluateSelfGrant(ask(assignments(assign(t, "Contributor", group)), "", vault)), access.Allowed, "",
		},
		{
			"Z15_who_assigns_roles_can_without_rbac", "key-vault/general/rbac-access-policy",
			noPolicies.EvaluateSelfGrant(ask(assignments(assign(t, "User Access Administrator", vault)), "", vault)), access.Allowed, "",
		},
		{
			"Z15_mode_not_read_but_roles_can_be_assigned", "key-vault/general/rbac-migration",
			unreadMode.EvaluateSelfGrant(ask(owner, "", vault)), access.Allowed, "",
		},
		{
			"Z15_mode_not_read", "key-vault/general/rbac-migration",
			unreadMode.EvaluateSelfGrant(ask(assignments(assign(t, "Contributor", group)), "", vault)), access.Unknown,
			"unknown: whether " + vault + " uses Azure RBAC",
		},
		{
			"Z15_contributor_under_rbac_cannot", "key-vault/general/rbac-migration",
			underRBAC.EvaluateSelfGrant(ask(assignments(assign(t, "Contributor", group)), "", vault)), access.Denied, "",
		},
		{"Z15_owner_under_rbac_can", "key-vault/general/rbac-migration", underRBAC.EvaluateSelfGrant(ask(owner, "", vault)), access.Allowed, ""},
		{
			"Z16_key_vault_reader_lists", "role-based-access-control/built-in-roles/security#key-vault-reader",
			underRBAC.Evaluate(ask(reader, "Microsoft.KeyVault/vaults/secrets/readMetadata/action", vault)), access.Allowed, "",
		},
		{
			"Z16_key_vault_reader_reads_no_secret", "role-based-access-control/built-in-roles/security#key-vault-reader",
			underRBAC.Evaluate(ask(reader, getSecret, vault)), access.Denied, "",
		},
		{
			"Z17_cosmos_account_reader_has_keys_to_read", "cosmos-db/role-based-access-control",
			EvaluateKey(ask(accountReader, readOnlyKeys, cosmos), LocalAuth(&off)), access.Allowed, "",
		},
		{
			"Z17_cosmos_account_reader_has_no_keys_to_write", "cosmos-db/role-based-access-control",
			EvaluateKey(ask(accountReader, "Microsoft.DocumentDB/databaseAccounts/listKeys/action", cosmos), LocalAuth(nil)), access.Denied, "",
		},
		{
			"Z17_cosmos_keys_disabled", "cosmos-db/how-to-connect-role-based-access-control",
			EvaluateKey(ask(accountReader, readOnlyKeys, cosmos), LocalAuth(&on)), access.Denied, "",
		},
		{
			"Z18_azure_role_on_cosmos_data", "cosmos-db/nosql/reference-data-plane-security",
			NewCosmos(cosmos, Documents{}).Evaluate(askData(dataRole, readItem, cosmos)), access.Denied, "",
		},
		{
			"Z18_native_role_on_a_database", "cosmos-db/nosql/reference-data-plane-security",
			native.Evaluate(askData(Documents{}, readItem, cosmos+"/sqlDatabases/shop/containers/orders")), access.Allowed, "",
		},
		{
			"Z18_native_role_elsewhere", "cosmos-db/nosql/reference-data-plane-security",
			native.Evaluate(askData(Documents{}, readItem, cosmos+"/sqlDatabases/staff")), access.Denied, "",
		},
		{
			"Z18_native_reader_does_not_write", "cosmos-db/nosql/reference-data-plane-security",
			native.Evaluate(askData(Documents{}, createItem, cosmos+"/dbs/shop/colls/orders")), access.Denied, "",
		},
		{
			"Z19_reader_and_data_access", "role-based-access-control/built-in-roles/storage#reader-and-data-access",
			EvaluateKey(ask(assignments(assign(t, "Reader and Data Access", account)), listKeys, account), SharedKey(&on)), access.Allowed, "",
		},
		{
			"Z20_case_of_actions", "role-based-access-control/role-definitions",
			Evaluate(ask(assignments(assign(t, "Disk Snapshot Contributor", group)), "MICROSOFT.storage/StorageAccounts/LISTKEYS/Action", account)),
			access.Allowed, "",
		},
		{
			"Z20_case_of_scopes_and_ids", "role-based-access-control/scope-overview",
			Evaluate(askData(assignments(RoleAssignment{
				RoleID: "/providers/Microsoft.Authorization/roleDefinitions/2A2B9908-6EA1-4AE2-8E65-A410DF84E7D1", Scope: lowerASCII(group),
				Principal: Principal{ID: "AAAAAAAA-0000-0000-0000-000000000001", Type: "ServicePrincipal"},
			}), readBlob, account)), access.Allowed, "",
		},
		{"Z26_eligible_is_no_access", "role-based-access-control/pim-integration", Evaluate(ask(assignments(eligible), listKeys, account)), access.Denied, ""},
		{
			"Z27_condition_in_a_built_in_role", "role-based-access-control/built-in-roles/security#key-vault-data-access-administrator",
			Evaluate(delegateOwner), access.Denied, "",
		},
		{
			"Z27_role_that_the_condition_permits", "role-based-access-control/built-in-roles/security#key-vault-data-access-administrator",
			Evaluate(delegateSecrets), access.Allowed, "",
		},
		{
			"Z27_role_not_known", "role-based-access-control/built-in-roles/security#key-vault-data-access-administrator",
			Evaluate(delegate), access.Conditional, "",
		},
		{
			"Z27_other_action_of_the_block", "role-based-access-control/built-in-roles/security#key-vault-data-access-administrator",
			Evaluate(ask(delegated, "Microsoft.KeyVault/vaults/secrets/read", vault)), access.Allowed, "",
		},
		{
			"Z27_condition_of_one_block_only", "role-based-access-control/built-in-roles/containers",
			Evaluate(ask(assignments(assign(t, "Azure Container Storage Contributor", group)), "Microsoft.KubernetesConfiguration/extensions/write", group)),
			access.Allowed, "",
		},
		{
			"Z27_version_of_conditions_not_known", "role-based-access-control/conditions-format",
			Evaluate(ask(assignments(assign(t, "Oracle Database DbSystems Administrator", group)), "Oracle.Database/Operations/read", group)),
			access.Unknown, "",
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if got := s.got.Verdict(); got != s.want {
				t.Errorf("%s%s: %v, want %v\n%v\n%+v", docs, s.doc, got, s.want, s.got.Formula, s.got.Evidence)
			}
			if got := s.got.Formula.String(); s.formula != "" && got != s.formula {
				t.Errorf("%s%s: formula\n%s\nwant\n%s", docs, s.doc, got, s.formula)
			}
			checkReasons(t, s.got)
		})
	}
}

// context returns a context in which an attribute has values.
func context(t *testing.T, attribute string, values ...string) access.Context {
	t.Helper()
	key, err := AttributeKey(attribute)
	if err != nil {
		t.Fatal(err)
	}
	return access.Context{}.With(key, values...)
}
