package azurerbac_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/accesstest"
	"github.com/stowage-dev/stowage/internal/access/azurerbac"
	"github.com/stowage-dev/stowage/internal/access/datastore"
)

const subscription = "/subscriptions/11111111-1111-1111-1111-111111111111"

// randomTenant makes definitions, assignments, principals and stores of a few
// words, so that they meet often.
func randomTenant(r *rand.Rand) (azurerbac.Documents, []azurerbac.Holder, []azurerbac.DataStore) {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	actions := []string{
		"*", "*/read", "Microsoft.Storage/*", "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.KeyVault/vaults/write",
		"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
		"Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.DocumentDB/databaseAccounts/*",
	}
	some := func() []string {
		var list []string
		for range r.IntN(3) {
			list = append(list, one(actions...))
		}
		return list
	}
	var d azurerbac.Documents
	for i := range 4 {
		role := azurerbac.RoleDefinition{ID: fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", i)}
		for range 1 + r.IntN(2) {
			role.Permissions = append(role.Permissions, azurerbac.Permission{Actions: some(), NotActions: some(), DataActions: some(), NotDataActions: some()})
		}
		d.Roles = append(d.Roles, role)
	}
	people := []string{"p0", "p1", "p2", "p3", "g0", "g1"}
	groupA, groupB := subscription+"/resourceGroups/a", subscription+"/resourceGroups/B"
	ids := []string{
		groupA + "/providers/Microsoft.Storage/storageAccounts/one", groupB + "/providers/Microsoft.Storage/storageAccounts/two",
		groupA + "/providers/Microsoft.KeyVault/vaults/v", groupB + "/providers/Microsoft.KeyVault/vaults/w",
		groupA + "/providers/Microsoft.DocumentDB/databaseAccounts/c",
		groupA + "/providers/Microsoft.Storage/storageAccounts/one/blobServices/default/containers/x",
	}
	scopes := append([]string{
		"/", "/providers/Microsoft.Management/managementGroups/root", subscription, groupA, groupB, "/subscriptions/other",
		groupA + "/providers/Microsoft.Storage/storageAccounts/one/blobServices/default/containers/x/blobs/y", groupA + "/", "broken",
	}, ids...)
	for i := range r.IntN(8) {
		d.Assignments = append(d.Assignments, azurerbac.RoleAssignment{
			ID: fmt.Sprint("a", i), RoleID: d.Roles[r.IntN(len(d.Roles))].ID, Scope: one(scopes...),
			Principal: azurerbac.Principal{ID: one(people...), Type: one("User", "Group", "")}, Eligible: r.IntN(8) == 0,
		})
	}
	if r.IntN(3) == 0 {
		d.Denies = append(d.Denies, azurerbac.DenyAssignment{
			ID: "d", Scope: one(scopes...), Permissions: []azurerbac.Permission{{Actions: some(), DataActions: some()}},
			Principals: []azurerbac.Principal{{ID: one(people...)}},
		})
	}
	if r.IntN(8) == 0 {
		d.AssignmentsMissing = "refused"
	}
	var holders []azurerbac.Holder
	for _, id := range people[:4] {
		h := azurerbac.Holder{ID: id}
		if r.IntN(2) == 0 {
			h.Groups.IDs = append(h.Groups.IDs, one("g0", "g1"))
		}
		if r.IntN(8) == 0 {
			h.Groups.Missing = "refused"
		}
		holders = append(holders, h)
	}
	var stores []azurerbac.DataStore
	for i, id := range ids {
		s := azurerbac.DataStore{
			Store:            access.Store{ID: id, Account: "11111111-1111-1111-1111-111111111111", Settings: map[string]string{}},
			ManagementGroups: azurerbac.ManagementGroups{IDs: []string{"/providers/Microsoft.Management/managementGroups/root"}},
		}
		if r.IntN(6) == 0 {
			s.ManagementGroups = azurerbac.ManagementGroups{Missing: "refused"}
		}
		switch i {
		case 0, 1:
			s.Type = "azure.storage.account"
			s.Settings["allow_shared_key_access"] = one("", "true", "false")
		case 2, 3:
			s.Type = "azure.keyvault.vault"
			s.Vault = &azurerbac.Vault{RBAC: azurerbac.Setting(r.IntN(3))}
			if r.IntN(2) == 0 {
				s.Vault.AccessPolicies = []azurerbac.AccessPolicy{{ObjectID: one(people...), Secrets: []string{"get"}}}
			}
			if r.IntN(6) == 0 {
				s.Vault.Missing = "refused"
			}
		case 4:
			s.Type = "azure.cosmosdb.account"
			s.Cosmos = &azurerbac.Documents{Assignments: []azurerbac.RoleAssignment{{
				ID: "n", RoleID: "00000000-0000-0000-0000-000000000001", Scope: id, Principal: azurerbac.Principal{ID: one(people...)},
			}}}
		case 5:
			s.Type = "azure.storage.container"
			s.Settings["storage_account"], s.Settings["allow_shared_key_access"] = ids[0], "true"
		}
		stores = append(stores, s)
	}
	return d, holders, stores
}

// TestEngine compares the grants of random tenants with single requests of
// every principal about every store, and again after something changed.
func TestEngine(t *testing.T) {
	t.Parallel()
	table, err := datastore.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		e := azurerbac.NewEngine(table.Types())
		estate := access.NewEstate(e)
		d, holders, stores := randomTenant(r)
		for step := range 3 {
			e.Set(d, holders, stores)
			if _, err := estate.Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			var principals, ids []string
			for _, h := range holders {
				principals = append(principals, h.ID)
			}
			for _, s := range stores {
				ids = append(ids, s.ID)
			}
			some += accesstest.EqualsRequests(t, fmt.Sprintf("seed %d, step %d", seed, step), e.RequestEngine, estate, principals, ids)
			other, _, _ := randomTenant(r)
			if r.IntN(2) == 0 {
				d.Assignments = append(d.Assignments, other.Assignments...)
			} else {
				d.Roles, holders = other.Roles, holders[1:]
			}
		}
	}
	if some < 1000 {
		t.Errorf("%d grants in all, which is too few for a test", some)
	}
}
