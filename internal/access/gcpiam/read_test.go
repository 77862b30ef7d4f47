package gcpiam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	got, err := ParsePolicy("projects/shop", []byte(`{
		"version": 3, "etag": "BwW", "auditConfigs": [{"service": "allServices"}],
		"bindings": [
			{"role": "roles/viewer", "members": ["user:ann@example.com", "group:a@example.com"]},
			{"role": "roles/storage.objectViewer", "members": ["allUsers"],
			 "condition": {"title": "until", "description": "d", "expression": "request.time < timestamp(\"2026-01-01T00:00:00Z\")", "location": "x"}},
			{"role": "roles/editor", "members": [], "exceptMembers": ["user:bob@example.com"]},
			{"role": "roles/owner", "members": null, "condition": {"expression": "true", "language": "rego"}}
		]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{Name: "allow policy of projects/shop", Bindings: []Binding{
		{Role: "roles/viewer", Members: []string{"user:ann@example.com", "group:a@example.com"}},
		{
			Role: "roles/storage.objectViewer", Members: []string{"allUsers"},
			Condition: &Condition{Title: "until", Expression: `request.time < timestamp("2026-01-01T00:00:00Z")`},
		},
		{Role: "roles/editor", Members: []string{}, Unread: `unknown field "exceptMembers"`},
		{Role: "roles/owner", Condition: &Condition{Expression: "true"}, Unread: `condition: unknown field "language"`},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParsePolicy mismatch (-want +got):\n%s", diff)
	}
}

func TestParsePolicyErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ data, want string }{
		"no_json":          {"<html>", "allow policy of p: line 1, column 1: invalid character '<' looking for beginning of value"},
		"cut":              {`{"bindings": [`, "allow policy of p: line 1, column 14: unexpected end of JSON input"},
		"empty":            {``, "allow policy of p: line 1, column 1: unexpected end of JSON input"},
		"two_documents":    {"{}\n{}", "allow policy of p: line 2, column 1: something comes after the end"},
		"key_twice":        {"{\"bindings\": [],\n \"Bindings\": []}", `allow policy of p: line 2, column 11: key "Bindings" comes twice`},
		"key_looks_alike":  {"{\"bindings\": [],\n \"binding\u017f\": []}", `allow policy of p: line 2, column 12: key "bindingſ" comes twice`},
		"wrong_type":       {`{"bindings": {}}`, "allow policy of p: line 1, column 14: bindings is of JSON type object, want array"},
		"wrong_member":     {`{"bindings": [{"role": "roles/viewer", "members": [1]}]}`, "allow policy of p: bindings[0]: members is of JSON type number, want string"},
		"binding_is_text":  {`{"bindings": ["roles/viewer"]}`, "allow policy of p: bindings[0]: it is of JSON type string, want object"},
		"no_role":          {`{"bindings": [{"members": ["allUsers"]}]}`, "allow policy of p: bindings[0] has no role"},
		"condition_number": {`{"bindings": [{"role": "r", "condition": 5}]}`, "allow policy of p: bindings[0].condition: it is of JSON type number, want object"},
		"version":          {`{"version": 4}`, "allow policy of p: version 4 is not known: want 1 or 3"},
		"nesting_bomb":     {strings.Repeat(`[`, 100000), "allow policy of p: line 1, column 65: nested more than 64 deep"},
		"too_long":         {strings.Repeat(" ", maxDocument+1), "allow policy of p: 33554433 bytes are more than 33554432"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := ParsePolicy("p", []byte(test.data))
			if err == nil {
				t.Fatalf("no error, but %+v", p)
			}
			if err.Error() != test.want {
				t.Errorf("error is\n%s, want\n%s", err, test.want)
			}
		})
	}
}

func TestParseAssetPolicies(t *testing.T) {
	t.Parallel()
	want := []AssetPolicy{{
		Resource: "//storage.googleapis.com/records", Type: "storage.googleapis.com/Bucket",
		Ancestors: []string{"projects/123456789", "folders/7", "organizations/9"},
		Policy: Policy{
			Name:     "allow policy of //storage.googleapis.com/records",
			Bindings: []Binding{{Role: "roles/storage.objectViewer", Members: []string{app}}},
		},
	}}
	policy := `{"bindings": [{"role": "roles/storage.objectViewer", "members": ["` + app + `"]}]}`
	asset := `{"name": "//storage.googleapis.com/records", "assetType": "storage.googleapis.com/Bucket", "ancestors": ["projects/123456789", "folders/7", "organizations/9"], "iamPolicy": ` + policy + `}`
	for name, data := range map[string]string{
		"search": `{"results": [{"resource": "//storage.googleapis.com/records", "assetType": "storage.googleapis.com/Bucket",
			"project": "projects/123456789", "folders": ["folders/7"], "organization": "organizations/9", "policy": ` + policy + `}], "nextPageToken": "x"}`,
		"list":   `{"readTime": "2026-01-01T00:00:00Z", "assets": [` + asset + `, {"name": "//compute.googleapis.com/x"}]}`,
		"export": asset + "\n" + `{"name": "//compute.googleapis.com/x"}` + "\n",
	} {
		got, err := ParseAssetPolicies([]byte(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", name, diff)
		}
	}
	for data, want := range map[string]string{
		"{}\n\n{\n":                            "asset policies, document 2: line 1, column 1: unexpected end of JSON input",
		"{\n \"results\": [\n":                 "asset policies, document 1: line 3, column 1: unexpected end of JSON input",
		"{}\n{\"iamPolicy\": {}, \"name\": 1}": "asset policies, document 2: line 1, column 27: name is of JSON type number, want string",
		"":                                     "asset policies, document 1: line 1, column 1: unexpected end of JSON input",
	} {
		if _, err := ParseAssetPolicies([]byte(data)); err == nil || err.Error() != want {
			t.Errorf("of %q the error is %v, want %s", data, err, want)
		}
	}
}

func TestParseDenyPolicies(t *testing.T) {
	t.Parallel()
	const policy = `{"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123456789/denypolicies/limit", "kind": "DenyPolicy",
		"rules": [{"description": "d", "denyRule": {
			"deniedPrincipals": ["principalSet://goog/public:all"], "exceptionPrincipals": ["principalSet://goog/group/admins@example.com"],
			"deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.delete"], "exceptionPermissions": [],
			"denialCondition": {"expression": "resource.matchTag('9/env', 'prod')"}}},
			{"denyRule": {"deniedPrincipals": [], "deniedResources": ["x"]}}, {"allowRule": {}}, {}]}`
	want := []AttachedDenyPolicy{{Node: "projects/123456789", Policy: DenyPolicy{
		Name: "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123456789/denypolicies/limit",
		Rules: []DenyRule{
			{
				DeniedPrincipals: []string{"principalSet://goog/public:all"}, ExceptionPrincipals: []string{"principalSet://goog/group/admins@example.com"},
				DeniedPermissions: []string{"cloudresourcemanager.googleapis.com/projects.delete"}, ExceptionPermissions: []string{},
				Condition: &Condition{Expression: "resource.matchTag('9/env', 'prod')"},
			},
			{DeniedPrincipals: []string{}, Unread: `unknown field "deniedResources"`},
			{Unread: `unknown field "allowRule"`},
			{Unread: "it has no denyRule"},
		},
	}}}
	for _, data := range []string{policy, `{"policies": [` + policy + `]}`} {
		got, err := ParseDenyPolicies([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mismatch (-want +got):\n%s", diff)
		}
	}
	listed, err := ParseDenyPolicies([]byte(`{"policies": [{"name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F7/denypolicies/x"}]}`))
	if err != nil || len(listed) != 1 || len(listed[0].Policy.Rules) != 1 || listed[0].Policy.Rules[0].Unread == "" {
		t.Errorf("a list, which has no rules, gives %+v, %v: want a rule that was not read", listed, err)
	}
	for name, data := range map[string]string{
		"name":      `{"name": "policies/x"}`,
		"list_type": `{"policies": {}}`,
		"rule_type": strings.Replace(policy, `"deniedPrincipals": [],`, `"deniedPrincipals": "all",`, 1),
	} {
		if got, err := ParseDenyPolicies([]byte(data)); err == nil {
			t.Errorf("%s: no error, but %+v", name, got)
		}
	}
}

func TestParseRoles(t *testing.T) {
	t.Parallel()
	got, err := ParseRoles([]byte(`{"roles": [
		{"name": "projects/shop/roles/reader", "stage": "GA", "includedPermissions": ["storage.objects.get"]},
		{"name": "projects/shop/roles/off", "stage": "DISABLED", "includedPermissions": ["storage.objects.get"]},
		{"name": "projects/shop/roles/gone", "deleted": true},
		{"name": "projects/shop/roles/basic", "title": "Basic"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Role{
		"projects/shop/roles/reader": {Permissions: []string{"storage.objects.get"}},
		"projects/shop/roles/off":    {Permissions: []string{"storage.objects.get"}, Off: true},
		"projects/shop/roles/gone":   {Off: true},
		"projects/shop/roles/basic":  {Missing: "the answer has no permissions, as that of view=BASIC"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseRoles mismatch (-want +got):\n%s", diff)
	}
	if _, err := ParseRoles([]byte(`{"roles": [{"title": "x"}]}`)); err == nil {
		t.Error("a role without a name gives no error")
	}
}

func TestParseBoundaries(t *testing.T) {
	t.Parallel()
	policies, err := ParseBoundaryPolicies([]byte(`{"principalAccessBoundaryPolicies": [{
		"name": "organizations/9/locations/global/principalAccessBoundaryPolicies/own",
		"details": {"enforcementVersion": "4", "rules": [{"description": "d", "effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/organizations/9"]}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseBoundaryBindings([]byte(`{"policyBindings": [
		{"name": "a", "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": "organizations/9/locations/global/principalAccessBoundaryPolicies/own",
		 "target": {"principalSet": "//cloudresourcemanager.googleapis.com/organizations/9"}, "condition": {"expression": "principal.type == 'iam.googleapis.com/ServiceAccount'"}},
		{"name": "b", "policyKind": "ACCESS", "policy": "x"},
		{"name": "c", "policy": "organizations/9/locations/global/principalAccessBoundaryPolicies/other", "target": {"principalSet": "//iam.googleapis.com/locations/global/workspace/C01"}}]}`), policies, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []BoundaryBinding{
		{
			Name: "a", PrincipalSet: "//cloudresourcemanager.googleapis.com/organizations/9",
			Condition: &Condition{Expression: "principal.type == 'iam.googleapis.com/ServiceAccount'"},
			Policy: &BoundaryPolicy{
				Name:      "organizations/9/locations/global/principalAccessBoundaryPolicies/own",
				Resources: []string{"//cloudresourcemanager.googleapis.com/organizations/9"}, EnforcementVersion: "4",
			},
		},
		{
			Name: "c", PrincipalSet: "//iam.googleapis.com/locations/global/workspace/C01",
			Missing: "organizations/9/locations/global/principalAccessBoundaryPolicies/other was not read",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if _, err := ParseBoundaryPolicies([]byte(`{"name": "x", "details": {"rules": [{"effect": "DENY"}]}}`)); err == nil {
		t.Error("a rule with another effect gives no error")
	}
}

func TestParseACLs(t *testing.T) {
	t.Parallel()
	got, err := ParseBucketACL("records", []byte(`{"kind": "storage#bucketAccessControls", "items": [
		{"entity": "project-viewers-123456789", "role": "READER", "projectTeam": {"team": "viewers"}},
		{"entity": "user-app@shop.iam.gserviceaccount.com", "role": "WRITER"}, {"entity": "user-ann@example.com", "role": "OWNER"},
		{"entity": "group-a@example.com", "role": "READER"}, {"entity": "domain-example.com", "role": "READER"},
		{"entity": "allUsers", "role": "READER"}, {"entity": "moon-1", "role": "LANDER"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{Name: "ACL of bucket records", Bindings: []Binding{
		{Role: "roles/storage.legacyBucketReader", Members: []string{"projectViewer:123456789"}},
		{Role: "roles/storage.legacyBucketWriter", Members: []string{app}},
		{Role: "roles/storage.legacyBucketOwner", Members: []string{"user:ann@example.com"}},
		{Role: "roles/storage.legacyBucketReader", Members: []string{"group:a@example.com"}},
		{Role: "roles/storage.legacyBucketReader", Members: []string{"domain:example.com"}},
		{Role: "roles/storage.legacyBucketReader", Members: []string{"allUsers"}},
		{Role: "LANDER", Members: []string{"moon-1"}, Unread: `entry 6 has role "LANDER"`},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseBucketACL mismatch (-want +got):\n%s", diff)
	}
	object, err := ParseObjectACL("records/a", []byte(`{"acl": [{"entity": "allAuthenticatedUsers", "role": "READER"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	in := request(app, "storage.objects.get", objectsOf+"a")
	in.Hierarchy[3].Allow.Policies = []Policy{object}
	if got := Decide(in); !got.IsTrue() {
		t.Errorf("an ACL of the object grants %s, want always", got)
	}
	in.Hierarchy[3].Allow.Policies = []Policy{got}
	if got := Decide(in); !strings.Contains(got.String(), "LANDER") {
		t.Errorf("an ACL that was not understood grants %s, want unknown", got)
	}
}

func TestParseDataset(t *testing.T) {
	t.Parallel()
	got, err := ParseDataset([]byte(`{"datasetReference": {"datasetId": "sales", "projectId": "shop"}, "access": [
		{"role": "READER", "specialGroup": "projectReaders"}, {"role": "WRITER", "specialGroup": "projectWriters"}, {"role": "OWNER", "specialGroup": "projectOwners"},
		{"role": "OWNER", "userByEmail": "app@shop.iam.gserviceaccount.com"}, {"role": "READER", "groupByEmail": "a@example.com"}, {"role": "READER", "domain": "example.com"},
		{"role": "roles/bigquery.metadataViewer", "iamMember": "allUsers", "condition": {"expression": "true"}}, {"role": "READER", "specialGroup": "allAuthenticatedUsers"},
		{"view": {"projectId": "p", "datasetId": "d", "tableId": "t"}}, {"role": "READER", "planet": "mars"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	viewer := "roles/bigquery.dataViewer"
	want := Policy{Name: "access entries of dataset shop.sales", Bindings: []Binding{
		{Role: viewer, Members: []string{"projectViewer:shop"}},
		{Role: "roles/bigquery.dataEditor", Members: []string{"projectEditor:shop"}},
		{Role: "roles/bigquery.dataOwner", Members: []string{"projectOwner:shop"}},
		{Role: "roles/bigquery.dataOwner", Members: []string{app}},
		{Role: viewer, Members: []string{"group:a@example.com"}},
		{Role: viewer, Members: []string{"domain:example.com"}},
		{Role: "roles/bigquery.metadataViewer", Members: []string{"allUsers"}, Condition: &Condition{Expression: "true"}},
		{Role: viewer, Members: []string{"allAuthenticatedUsers"}},
		{Role: viewer, Members: []string{""}, Unread: `unknown field "planet"`},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseDataset mismatch (-want +got):\n%s", diff)
	}
}

func TestParseEffectiveTags(t *testing.T) {
	t.Parallel()
	got, err := ParseEffectiveTags([]byte(`{"effectiveTags": [
		{"tagValue": "tagValues/2", "namespacedTagValue": "9/env/prod", "tagKey": "tagKeys/1", "namespacedTagKey": "9/env", "inherited": true},
		{"tagValue": "tagValues/4", "tagKey": "tagKeys/3"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Tag{{Key: "9/env", Value: "prod", KeyID: "tagKeys/1", ValueID: "tagValues/2"}, {KeyID: "tagKeys/3", ValueID: "tagValues/4"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseEffectiveTags mismatch (-want +got):\n%s", diff)
	}
}

// FuzzRead gives each reader the same bytes.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"version": 3, "bindings": [{"role": "roles/viewer", "members": ["allUsers"], "condition": {"expression": "true"}}]}`,
		`{"results": [{"resource": "r", "policy": {"bindings": []}}]}`, "{\"name\": \"a\", \"iamPolicy\": {}}\n{}\n",
		`{"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1/denypolicies/x", "rules": [{"denyRule": {"deniedPrincipals": ["x"]}}]}`,
		`{"roles": [{"name": "projects/p/roles/r", "includedPermissions": ["a.b.c"]}]}`, `{"items": [{"entity": "user-x", "role": "READER"}]}`,
		`{"datasetReference": {"projectId": "p"}, "access": [{"role": "READER", "specialGroup": "projectReaders"}]}`,
		`{"policyBindings": [{"policy": "x", "target": {"principalSet": "//x/y"}}]}`, `{"name": "x", "details": {"rules": [{"effect": "ALLOW", "resources": ["//x"]}]}}`,
		`{"effectiveTags": [{"tagKey": "tagKeys/1"}]}`, `[[[[`, `{"a":`, "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := request(app, "storage.objects.get", objectsOf)
		if p, err := ParsePolicy("p", data); err == nil {
			in.Hierarchy[3].Allow.Policies = append(in.Hierarchy[3].Allow.Policies, p)
		}
		if all, err := ParseAssetPolicies(data); err == nil {
			for _, p := range all {
				in.Hierarchy[2].Allow.Policies = append(in.Hierarchy[2].Allow.Policies, p.Policy)
			}
		}
		if all, err := ParseDenyPolicies(data); err == nil {
			for _, p := range all {
				in.Hierarchy[2].Deny.Policies = append(in.Hierarchy[2].Deny.Policies, p.Policy)
			}
		}
		in.CustomRoles, _ = ParseRoles(data)
		for _, parse := range []func(string, []byte) (Policy, error){ParseBucketACL, ParseObjectACL} {
			if p, err := parse("x", data); err == nil {
				in.Hierarchy[3].Allow.Policies = append(in.Hierarchy[3].Allow.Policies, p)
			}
		}
		if p, err := ParseDataset(data); err == nil {
			in.Hierarchy[3].Allow.Policies = append(in.Hierarchy[3].Allow.Policies, p)
		}
		policies, _ := ParseBoundaryPolicies(data)
		if bindings, err := ParseBoundaryBindings(data, policies, true); err == nil {
			in.Boundaries = &BoundarySet{Bindings: bindings}
		}
		if tags, err := ParseEffectiveTags(data); err == nil {
			in.Tags = &TagSet{Tags: tags}
		}
		if d := Evaluate(in); !d.Formula.Equal(Decide(in)) {
			t.Errorf("Evaluate is %s, Decide %s", d.Formula, Decide(in))
		}
	})
}
