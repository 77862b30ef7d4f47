package scenario

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

const azureScenario = `request:
  principal: 11111111-1111-1111-1111-111111111111
  action: Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read
  resource: /subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c
`

const azurePolicies = `azure:
  data_action: true
  roles: [[{id: reader, properties: {permissions: [{dataActions: ["*/blobs/read"]}]}}]]
  assignments: [[
    {id: a, properties: {roleDefinitionId: reader, principalId: 11111111-1111-1111-1111-111111111111, scope: /subscriptions/s,
      condition: "!(ActionMatches{'*/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR @Request[x] StringEquals 'y'"}},
    {id: b, properties: {roleDefinitionId: reader, principalId: team, principalType: Group, scope: /subscriptions/other}},
    {id: c, properties: {roleDefinitionId: reader, principalId: 11111111-1111-1111-1111-111111111111, scope: /providers/Microsoft.Management/managementGroups/m}}]]
`

// TestAzureSubOperation asks whether the condition on listing bears on reading
// that may be listing.
func TestAzureSubOperation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, file string
		want       access.Verdict
	}{
		{"not_said", azureScenario + azurePolicies, access.Conditional},
		{"none", azureScenario + "  rest: absent\n" + azurePolicies, access.Allowed},
		{"listing", azureScenario + azurePolicies + "  sub_operation: Blob.List\n", access.Conditional},
		{"another", azureScenario + azurePolicies + "  sub_operation: Blob.Other\n", access.Allowed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scenarios, err := Read(write(t, "s.yaml", test.file))
			if err != nil {
				t.Fatal(err)
			}
			if d := scenarios[0].Decide(); d.Verdict() != test.want {
				t.Errorf("%v, want %v: %v", d.Verdict(), test.want, d.Formula)
			}
		})
	}
}

func TestAzureNotes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, more string
		want       []string
	}{
		{"not_said", "", []string{
			"the principal is taken to be in no group: azure.groups names those it is in",
			"no management group is taken to be above the subscription: azure.management_groups names them",
		}},
		{"none", "  groups: []\n  management_groups: []\n", nil},
		{"missing", "  groups: {missing: refused}\n  management_groups: {missing: refused}\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scenarios, err := Read(write(t, "s.yaml", azureScenario+azurePolicies+test.more))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, scenarios[0].Notes); diff != "" {
				t.Errorf("notes mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAzureExplainsAmongMany explains an answer that hangs on the last of more
// assignments than are left out one by one.
func TestAzureExplainsAmongMany(t *testing.T) {
	t.Parallel()
	others := strings.Repeat("    {id: z, properties: {roleDefinitionId: reader, principalId: other, principalType: User, scope: /subscriptions/s}},\n", maxVariants)
	scenarios, err := Read(write(t, "s.yaml", azureScenario+`azure:
  data_action: true
  roles: [[{id: reader, properties: {permissions: [{dataActions: ["*/blobs/read"]}]}}]]
  assignments: [[
`+others+`    {id: last, properties: {roleDefinitionId: reader, principalId: 11111111-1111-1111-1111-111111111111, scope: /subscriptions/s}}]]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []StatementEffect{{Policy: "role assignment", Statement: "last", Then: access.False()}}
	e, err := scenarios[0].Explain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, e.Statements, cmp.Comparer(access.Formula.Equal)); diff != "" {
		t.Errorf("statements mismatch (-want +got):\n%s", diff)
	}
}

// TestAzureKeysAreShownAsWritten explains an answer that hangs on an attribute
// whose name differs by case.
func TestAzureKeysAreShownAsWritten(t *testing.T) {
	t.Parallel()
	const tag = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>]"
	scenarios, err := Read(write(t, "s.yaml", azureScenario+`  context: {"`+tag+`": Cascade}
azure:
  data_action: true
  roles: [[{id: reader, properties: {permissions: [{dataActions: ["*/blobs/read"]}]}}]]
  assignments: [[{id: a, properties: {roleDefinitionId: reader, principalId: 11111111-1111-1111-1111-111111111111, scope: /subscriptions/s, condition: "`+tag+` StringEquals 'Cascade'"}}]]
`))
	if err != nil {
		t.Fatal(err)
	}
	e, err := scenarios[0].Explain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Keys) != 1 || e.Keys[0].Key != tag {
		t.Errorf("%v: keys are %+v, want %s", e.Decision.Verdict(), e.Keys, tag)
	}
}
