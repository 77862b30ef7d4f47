package azurerbac

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestPlaceOf(t *testing.T) {
	t.Parallel()
	const root = "/providers/Microsoft.Management/managementGroups/root"
	for _, test := range []struct {
		name   string
		at     scope
		asked  scope
		groups ManagementGroups
		want   place
	}{
		{"same", group, group, ManagementGroups{}, above},
		{"other_case", scope(strings.ToUpper(account)), account, ManagementGroups{}, above},
		{"subscription", subscription, account, ManagementGroups{}, above},
		{"tenant", "/", account, ManagementGroups{}, above},
		{"all_of_the_tenant", account, "/", ManagementGroups{}, below},
		{"part", account, group, ManagementGroups{}, below},
		{"start_of_a_name", group + "2", group, ManagementGroups{}, elsewhere},
		{"longer_name", group, group + "2", ManagementGroups{}, elsewhere},
		{"sibling", public, private, ManagementGroups{}, elsewhere},
		{"kelvin_sign", "/subscriptions/\u212a", "/subscriptions/k", ManagementGroups{}, elsewhere},
		{"umlaut_of_other_case", "/subscriptions/s/resourceGroups/Ä", "/subscriptions/s/resourceGroups/ä/x", ManagementGroups{}, somewhere},
		{"umlaut", "/subscriptions/s/resourceGroups/ä", "/subscriptions/s/resourceGroups/ä/x", ManagementGroups{}, above},
		{"management_group", platform, account, ManagementGroups{IDs: []string{root, strings.ToUpper(platform)}}, above},
		{"management_group_elsewhere", platform, account, ManagementGroups{IDs: []string{root}}, elsewhere},
		{"management_group_not_known", platform, account, ManagementGroups{IDs: []string{root}, Missing: "x"}, somewhere},
		{"management_group_itself", platform, platform, ManagementGroups{}, above},
		{"resource_in_a_management_group", platform, scope(strings.ToUpper(platform)) + "/providers/Microsoft.Authorization/policyAssignments/p", ManagementGroups{}, above},
		{"resource_in_a_management_group_of_like_name", platform, platform + "2/providers/Microsoft.Authorization/policyAssignments/p", ManagementGroups{}, elsewhere},
		{"subscription_of_a_management_group", subscription, platform, ManagementGroups{}, somewhere},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := placeOf(test.at, test.asked, test.groups); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestNamesInScopes(t *testing.T) {
	t.Parallel()
	inGroup := func(name string) string {
		return strings.Replace(public, "/shop/", "/"+name+"/", 1) + "/blobs/a/b.txt"
	}
	const table = group + "/providers/Microsoft.OperationalInsights/workspaces/logs/tables/AppTraces"
	for _, test := range []struct {
		name, resource, condition string
		want                      access.Verdict
	}{
		{"account", strings.ToUpper(account), `@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'records'`, access.Allowed},
		{"container", public, `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringLike 'pub*'`, access.Allowed},
		{
			"queue", account + "/queueServices/default/queues/jobs",
			`@Resource[Microsoft.Storage/storageAccounts/queueServices/queues:name] StringEquals 'jobs'`, access.Allowed,
		},
		{"container_below", account, `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'`, access.Conditional},
		// Ids do not keep the case of names.
		{"table", table, `@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEquals 'AppTraces'`, access.Unknown},
		{"table_ignoring_case", table, `@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEqualsIgnoreCase 'apptraces'`, access.Allowed},
		{"other_table", table, `@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEquals 'Heartbeat'`, access.Denied},
		{"not_another_table", table, `@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringNotEquals 'Heartbeat'`, access.Allowed},
		{"path", public + "/blobs/a/b.txt", `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLikeIgnoreCase 'A/*'`, access.Allowed},
		{"other_path", public + "/blobs/a/b.txt", `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'c/*'`, access.Denied},
		// A resource group may have the name of what ids are made of.
		{
			"group_of_the_name_providers", inGroup("providers"),
			`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'`, access.Allowed,
		},
		{
			"group_of_the_name_containers", inGroup("containers"),
			`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLikeIgnoreCase 'a/*'`, access.Allowed,
		},
		{"namespace_alone", account, `@Resource[Microsoft.Storage:name] StringEquals 'storageAccounts'`, access.Conditional},
		// The path of a blob cannot pass for another account.
		{
			"forged_provider", public + "/blobs/providers/Microsoft.Storage/storageAccounts/secret",
			`@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'records'`, access.Allowed,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := assign(t, "Owner", "/")
			a.Condition = test.condition
			d := Evaluate(ask(assignments(a), "a/b/read", test.resource))
			if got := d.Verdict(); got != test.want {
				t.Errorf("%v, want %v: %v", got, test.want, d.Formula)
			}
		})
	}
}

func TestRequestsThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	whole := ask(assignments(assign(t, "Owner", "/")), "a/b/read", account)
	if got := Evaluate(whole).Verdict(); got != access.Allowed {
		t.Fatal(got)
	}
	for name, change := range map[string]func(*Input){
		"no_policy":     func(in *Input) { in.Policy = nil },
		"no_principal":  func(in *Input) { in.Request.Principal.ID = "" },
		"no_action":     func(in *Input) { in.Request.Action = "" },
		"wildcard":      func(in *Input) { in.Request.Action = "a/*" },
		"no_resource":   func(in *Input) { in.Request.Resource.ID = "" },
		"no_slash":      func(in *Input) { in.Request.Resource.ID = "subscriptions" },
		"empty_part":    func(in *Input) { in.Request.Resource.ID = "/subscriptions//x" },
		"not_utf8":      func(in *Input) { in.Request.Resource.ID = "/\xff" },
		"long_resource": func(in *Input) { in.Request.Resource.ID = "/" + strings.Repeat("a", maxScope) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := whole
			change(&in)
			if got := Evaluate(in); got.Verdict() != access.Unknown || len(got.Formula.MissingInputs()) != 1 {
				t.Errorf("%v", got.Formula)
			}
		})
	}
}
