package azurerbac

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

const (
	subscription = "/subscriptions/11111111-1111-1111-1111-111111111111"
	group        = subscription + "/resourceGroups/shop"
	account      = group + "/providers/Microsoft.Storage/storageAccounts/records"
	public       = account + "/blobServices/default/containers/public"
	private      = account + "/blobServices/default/containers/private"
	vault        = group + "/providers/Microsoft.KeyVault/vaults/shop"
	cosmos       = group + "/providers/Microsoft.DocumentDB/databaseAccounts/orders"
	platform     = "/providers/Microsoft.Management/managementGroups/platform"

	app    = "aaaaaaaa-0000-0000-0000-000000000001"
	other  = "aaaaaaaa-0000-0000-0000-000000000002"
	team   = "bbbbbbbb-0000-0000-0000-000000000001"
	parent = "bbbbbbbb-0000-0000-0000-000000000002"

	blobs      = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
	readBlob   = blobs + "read"
	writeBlob  = blobs + "write"
	listKeys   = "Microsoft.Storage/storageAccounts/listKeys/action"
	getSecret  = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
	assignRole = "Microsoft.Authorization/roleAssignments/write"
)

// builtIn are some of the built-in roles, as Azure returns them.
var builtIn = sync.OnceValue(func() []RoleDefinition {
	data, err := os.ReadFile("testdata/built-in-roles.json")
	if err != nil {
		panic(err)
	}
	roles, err := ReadRoleDefinitions(data)
	if err != nil {
		panic(err)
	}
	return roles
})

// roleID returns the id of a built-in role.
func roleID(t testing.TB, name string) string {
	t.Helper()
	for _, r := range builtIn() {
		if r.Name == name {
			return subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + lastPart(r.ID)
		}
	}
	t.Fatalf("testdata has no role %q", name)
	return ""
}

// assign gives the application a built-in role.
func assign(t testing.TB, role, at string) RoleAssignment {
	t.Helper()
	return RoleAssignment{
		ID: at + "/providers/Microsoft.Authorization/roleAssignments/" + role, RoleID: roleID(t, role), Scope: at,
		Principal: Principal{ID: app, Type: "ServicePrincipal"},
	}
}

// ask makes the input of a question about the application.
func ask(documents Documents, action, resource string) Input {
	documents.Roles = append(builtIn()[:len(builtIn()):len(builtIn())], documents.Roles...)
	return Input{
		Request: access.Request{
			Principal: access.Principal{Kind: ManagedIdentity, ID: app}, Action: action, Resource: access.Resource{ID: resource},
		},
		Policy: Compile(documents),
	}
}

// askData is ask for a data action.
func askData(documents Documents, action, resource string) Input {
	in := ask(documents, action, resource)
	in.DataAction = true
	return in
}

func assignments(all ...RoleAssignment) Documents { return Documents{Assignments: all} }

// checkReasons checks that every statement says why it applies or not.
func checkReasons(t *testing.T, d access.Decision) {
	t.Helper()
	for _, l := range d.Evidence.Layers {
		for _, s := range l.Statements {
			if s.Reason == "" || strings.HasPrefix(s.Reason, ",") {
				t.Errorf("statement of %s has the reason %q: %+v", l.Name, s.Reason, s)
			}
		}
	}
}
