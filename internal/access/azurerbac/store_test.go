package azurerbac

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestVaultAccessPolicies(t *testing.T) {
	t.Parallel()
	const (
		readKey = "Microsoft.KeyVault/vaults/keys/read"
		unwrap  = "Microsoft.KeyVault/vaults/keys/unwrap/action"
	)
	for _, test := range []struct {
		name   string
		vault  Vault
		action string
		groups Groups
		want   access.Verdict
	}{
		{"given", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"UnwrapKey"}}}}, unwrap, Groups{}, access.Allowed},
		{"all", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"all"}}}}, readKey, Groups{}, access.Allowed},
		{"all_but_purge", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"all"}}}}, "Microsoft.KeyVault/vaults/keys/purge/action", Groups{}, access.Unknown},
		{"all_and_purge", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"all", "Purge"}}}}, "Microsoft.KeyVault/vaults/keys/purge/action", Groups{}, access.Allowed},
		{"of_secrets", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Secrets: []string{"all"}}}}, unwrap, Groups{}, access.Denied},
		{"get_and_list", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"list", "get"}}}}, readKey, Groups{}, access.Allowed},
		{"list_without_get", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"list"}}}}, readKey, Groups{}, access.Conditional},
		{"other_principal", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: other, Keys: []string{"all"}}}}, unwrap, Groups{}, access.Denied},
		{"group", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: team, Keys: []string{"all"}}}}, unwrap, Groups{IDs: []string{team}}, access.Allowed},
		{"groups_not_read", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: team, Keys: []string{"all"}}}}, unwrap, Groups{Missing: "refused"}, access.Unknown},
		{"groups_not_read_nor_needed", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: team}}}, unwrap, Groups{Missing: "refused"}, access.Denied},
		{"by_an_application", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, ApplicationID: other, Keys: []string{"all"}}}}, unwrap, Groups{}, access.Conditional},
		{"policies_not_read", Vault{RBAC: Off, Missing: "refused"}, unwrap, Groups{}, access.Unknown},
		{"policies_not_read_nor_used", Vault{RBAC: On, Missing: "refused"}, unwrap, Groups{}, access.Denied},
		{"action_not_known", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: app, Keys: []string{"all"}}}}, "Microsoft.KeyVault/vaults/keys/new/action", Groups{}, access.Unknown},
		{"action_not_known_nor_given", Vault{RBAC: Off, AccessPolicies: []AccessPolicy{{ObjectID: other}}}, "Microsoft.KeyVault/vaults/keys/new/action", Groups{}, access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := ask(Documents{}, test.action, vault)
			in.Groups = test.groups
			if d := test.vault.Evaluate(in); d.Verdict() != test.want {
				t.Errorf("%v, want %v: %v", d.Verdict(), test.want, d.Formula)
			}
		})
	}
}

// TestVaultPermissionsExist checks that built-in roles know the operations of
// the table, as far as they name single ones.
func TestVaultPermissionsExist(t *testing.T) {
	t.Parallel()
	for _, action := range []string{
		"keys/read", "keys/backup/action", "keys/decrypt/action", "keys/encrypt/action", "keys/release/action", "keys/sign/action",
		"keys/unwrap/action", "keys/update/action", "keys/verify/action", "keys/wrap/action", "certificates/read",
		"secrets/getSecret/action", "secrets/readMetadata/action", "secrets/setSecret/action",
	} {
		if _, _, ok := policyPermission("Microsoft.KeyVault/vaults/" + action); !ok {
			t.Errorf("what %s needs is not known", action)
		}
	}
}

func TestCosmosWildcards(t *testing.T) {
	t.Parallel()
	const containers = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/"
	custom := RoleDefinition{ID: "custom", Permissions: []Permission{{DataActions: []string{containers + "*"}}}}
	native := func(role RoleDefinition, at string) *Cosmos {
		return NewCosmos(cosmos+"/", Documents{Roles: []RoleDefinition{role}, Assignments: []RoleAssignment{{
			ID: "a", RoleID: cosmos + "/sqlRoleDefinitions/" + role.ID, Scope: at, Principal: Principal{ID: app},
		}}})
	}
	contributor := cosmosRoles[1]
	for _, test := range []struct {
		name     string
		cosmos   *Cosmos
		action   string
		resource string
		want     access.Verdict
	}{
		{"containers", native(custom, cosmos), containers + "executeQuery", cosmos, access.Allowed},
		{"items_by_containers", native(custom, cosmos), containers + "items/read", cosmos, access.Unknown},
		{"items", native(contributor, "/"), containers + "items/upsert", cosmos, access.Allowed},
		{"metadata", native(custom, cosmos), "Microsoft.DocumentDB/databaseAccounts/readMetadata", cosmos, access.Denied},
		{"relative_scope", native(contributor, "/dbs/shop/colls/orders"), containers + "items/read", cosmos + "/sqlDatabases/shop/containers/orders", access.Allowed},
		{"whole_scope", native(contributor, cosmos+"/dbs/shop"), containers + "items/read", cosmos + "/dbs/shop/colls/orders", access.Allowed},
		{"other_container", native(contributor, "/dbs/shop/colls/orders"), containers + "items/read", cosmos + "/dbs/shop/colls/staff", access.Denied},
		{"database_of_the_name_containers", native(contributor, "/dbs/containers/colls/orders"), containers + "items/read", cosmos + "/sqlDatabases/containers/containers/orders", access.Allowed},
		{"other_account", native(contributor, cosmos), containers + "items/read", cosmos + "2", access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := ask(Documents{}, test.action, test.resource)
			if d := test.cosmos.Evaluate(in); d.Verdict() != test.want {
				t.Errorf("%v, want %v: %v", d.Verdict(), test.want, d.Formula)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	on, off := true, false
	for name, settings := range map[string][2]Setting{
		"shared_key_null":  {SharedKey(nil), On},
		"shared_key_true":  {SharedKey(&on), On},
		"shared_key_false": {SharedKey(&off), Off},
		"local_auth_null":  {LocalAuth(nil), On},
		"local_auth_true":  {LocalAuth(&on), Off},
		"local_auth_false": {LocalAuth(&off), On},
		"rbac_null":        {RBACMode(nil), Off},
		"rbac_true":        {RBACMode(&on), On},
		"rbac_false":       {RBACMode(&off), Off},
	} {
		if settings[0] != settings[1] {
			t.Errorf("%s: %v, want %v", name, settings[0], settings[1])
		}
	}
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	on, off := true, false
	for _, test := range []struct {
		name    string
		account *bool
		public  string
		level   access.Level
		want    access.Verdict
	}{
		{"private", &on, "None", access.Read, access.Denied},
		{"not_said", &on, "", access.Read, access.Denied},
		{"blobs_read", &on, "Blob", access.Read, access.Allowed},
		{"blobs_list", &on, "Blob", access.List, access.Denied},
		{"container_read", &on, "Container", access.Read, access.Allowed},
		{"container_list", &on, "container", access.List, access.Allowed},
		{"container_write", &on, "Container", access.Write, access.Denied},
		{"container_admin", nil, "Container", access.Admin, access.Denied},
		{"account_forbids", &off, "Container", access.Read, access.Denied},
		{"account_null", nil, "Blob", access.Read, access.Unknown},
		{"account_null_but_private", nil, "None", access.Read, access.Denied},
		{"not_documented", &on, "Everything", access.Read, access.Unknown},
		{"not_documented_write", &on, "Everything", access.Write, access.Denied},
		{"not_documented_but_account_forbids", &off, "Everything", access.List, access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Anonymous(test.account, test.public, test.level).Verdict(); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
