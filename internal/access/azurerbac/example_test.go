package azurerbac_test

import (
	"fmt"
	"log"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/azurerbac"
)

// An application reads a blob by a role that a condition limits to one
// container. Which container the question is about decides.
func ExampleEvaluate() {
	const account = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/records"
	roles, err := azurerbac.ReadRoleDefinitions([]byte(`[{
		"name": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
		"properties": {"roleName": "Storage Blob Data Reader", "permissions": [{
			"dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]}]}}]`))
	if err != nil {
		log.Fatal(err)
	}
	assignments, err := azurerbac.ReadRoleAssignments([]byte(`[{
		"id": "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a",
		"properties": {
			"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
			"principalId": "app", "principalType": "ServicePrincipal", "scope": "/subscriptions/s",
			"condition": "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'"}}]`))
	if err != nil {
		log.Fatal(err)
	}
	in := azurerbac.Input{
		Request: access.Request{
			Principal: access.Principal{ID: "app"}, Action: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
		},
		DataAction: true,
		Policy:     azurerbac.Compile(azurerbac.Documents{Roles: roles, Assignments: assignments}),
	}
	for _, resource := range []string{"/blobServices/default/containers/public", "/blobServices/default/containers/staff", ""} {
		in.Request.Resource.ID = account + resource
		d := azurerbac.Evaluate(in)
		fmt.Printf("%v: %v\n", d.Verdict(), d.Formula)
	}
	// Output:
	// allowed: always
	// denied: never
	// conditional: @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals "public"
}
