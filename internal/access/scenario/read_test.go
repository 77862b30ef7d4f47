package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// write writes files into a new folder and returns the path of the first.
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

const request = `request:
  principal: arn:aws:sts::111122223333:assumed-role/app/web-1
  action: s3:GetObject
  resource: arn:aws:s3:::records/a.csv
`

const gcpRequest = `request:
  principal: user:ann@example.com
  action: storage.objects.get
  resource: //storage.googleapis.com/projects/_/buckets/records
`

const gcpRole = `{"name": "projects/p/roles/r", "etag": "a", "includedPermissions": ["storage.objects.get"]}`

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		files []string
		want  string // what the error has
	}{
		{"empty", []string{"s.yaml", ""}, "s.yaml is empty"},
		{"no_request", []string{"s.yaml", "aws: {}"}, "request."},
		{"unknown_field", []string{"s.yaml", request + "aws: {identities: []}"}, "line 5: no field identities in aws: want one of identity, boundary,"},
		{"unknown_verdict", []string{"s.yaml", "expect: yes\n" + request + "aws: {}"}, `unknown verdict "yes"`},
		{"no_cloud", []string{"s.yaml", request}, "the scenario has the policies of 0 clouds"},
		{"no_policy_file", []string{"s.yaml", request + "aws: {resource: bucket.json}"}, "aws.resource: "},
		{"policy_of_no_json", []string{"s.yaml", request + "aws: {resource: bucket.json}", "bucket.json", "{"}, "bucket.json: "},
		{"in_line_policy_is_none", []string{"s.yaml", request + "aws:\n  identity:\n    - {Version: 2012-10-17}"}, "aws.identity: line 7, column 7: "},
		{"key_twice", []string{"s.yaml", request + "  context: {aws:SourceVpc: a}\n  absent: [AWS:sourcevpc]\naws: {}"}, "request.absent names the context key AWS:sourcevpc, which request.context names, too"},
		{"rest", []string{"s.yaml", request + "  rest: known\naws: {}"}, `request.rest is "known"`},
		{"principal", []string{"s.yaml", strings.Replace(request, "arn:aws:sts::111122223333:assumed-role/app/web-1", "bob", 1) + "aws: {}"}, `request.principal "bob"`},
		{"alias", []string{"s.yaml", request + "aws:\n  identity: {Version: &a x, Id: *a}"}, "aliases are not read here"},
		{"second_document", []string{"s.yaml", request + "aws: {}\n---\n" + request}, "document 2: "},
		{"page_of_a_list", []string{"s.yaml", `request:
  principal: user:bob@example.com
  action: storage.objects.get
  resource: //storage.googleapis.com/projects/_/buckets/records
gcp: {hierarchy: [{name: projects/p}], custom_roles: {roles: [], nextPageToken: x}}`}, "one page of a longer list, as nextPageToken says"},
		{"missing_says_nothing", []string{"s.yaml", request + `aws: {resource: {missing: ""}}`}, "missing has to say why"},
		{"role_as_allow_policy", []string{"s.yaml", gcpRequest + "gcp: {hierarchy: [{name: projects/p, allow: role.json}]}", "role.json", gcpRole}, "role.json: the field includedPermissions says that it is of another kind than what allow takes"},
		{"allow_policy_as_deny_policy", []string{"s.yaml", gcpRequest + "gcp: {hierarchy: [{name: projects/p, deny: {bindings: [], etag: a}}]}"}, "want one of the fields rules, policies"},
		{"allow_policy_as_role", []string{"s.yaml", gcpRequest + "gcp: {custom_roles: {bindings: [], etag: a}}"}, "want one of the fields name, roles"},
		{"gcp_wildcard", []string{"s.yaml", strings.Replace(gcpRequest, "objects.get", "objects.*", 1) + "gcp: {}"}, "has a wildcard"},
		{"gcp_resource", []string{"s.yaml", strings.Replace(gcpRequest, "//storage", "storage", 1) + "gcp: {}"}, "is no full resource name"},
		{"azure_resource", []string{"s.yaml", "request: {principal: 11111111-1111-1111-1111-111111111111, action: Microsoft.Storage/a/read, resource: records}\nazure: {}"}, "is no resource id"},
		{"aws_resource", []string{"s.yaml", strings.Replace(request, "arn:aws:s3:::records", "records", 1) + "aws: {}"}, "is no ARN"},
		{"policy_as_scenario", []string{"s.yaml", "Version: 2012-10-17\nStatement: []"}, "this is a policy, not a scenario"},
		{"folder", []string{"s.yaml", request + "aws: {identity: .}"}, "is a directory: name the files in it"},
		{"key_without_value", []string{"s.yaml", request + "  context: {aws:SourceVpc: }\naws: {}"}, "request.context.aws:SourceVpc has no value"},
		{"list_for_an_object", []string{"s.yaml", request + "aws: {kms: []}"}, "line 5: a list stands where an object belongs"},
		{"yaml_policy_is_empty", []string{"s.yaml", request + "aws: {identity: p.yaml}", "p.yaml", "# nothing\n"}, "p.yaml is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(write(t, test.files...))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read = %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestVersionIsNoDate reads a policy in YAML whose version looks like one.
func TestVersionIsNoDate(t *testing.T) {
	t.Parallel()
	scenarios, err := Read(write(t, "s.yaml", request+`  resource_account: "444455556666"
aws:
  identity:
    Version: 2012-10-17
    Statement: {Effect: Allow, Action: "s3:*", Resource: "*", Condition: {NumericLessThan: {s3:max-keys: 10}, Bool: {aws:SecureTransport: true}}}
  service_control: [{missing: organizations:ListPolicies was denied}]
`))
	if err != nil {
		t.Fatal(err)
	}
	in := scenarios[0].question.(*awsQuestion).in
	got := in.Identity.Policies[0].Document
	if got.Version != "2012-10-17" || len(got.Statements) != 1 || len(got.Statements[0].Conditions) != 2 {
		t.Errorf("policy is %+v", got)
	}
	want := access.Principal{
		Kind: awsiam.Session, ID: "arn:aws:sts::111122223333:assumed-role/app/web-1",
		Parent: "arn:aws:iam::111122223333:role/app", Account: "111122223333",
	}
	if diff := cmp.Diff(want, scenarios[0].Request.Principal); diff != "" {
		t.Errorf("principal mismatch (-want +got):\n%s", diff)
	}
	if len(in.ServiceControl) != 1 || in.ServiceControl[0].Missing != "organizations:ListPolicies was denied" {
		t.Errorf("service control policies are %+v", in.ServiceControl)
	}
	if len(scenarios[0].Notes) != 1 || !strings.Contains(scenarios[0].Notes[0], "request.role") {
		t.Errorf("notes are %q, want one about the role", scenarios[0].Notes)
	}
}

// FuzzRead reads any file as scenarios.
func FuzzRead(f *testing.F) {
	f.Add([]byte(request + "aws:\n  identity: {Version: 2012-10-17, Statement: {Effect: Allow, Action: '*', Resource: '*'}}"))
	f.Add([]byte(request + "  context: {a: [1, true, x]}\naws: {resource: [{missing: x}], kms: {grants: [{id: a}]}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		scenarios, err := Read(write(t, "s.yaml", string(data)))
		if err != nil {
			return
		}
		for _, s := range scenarios {
			if _, err := s.Explain(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
