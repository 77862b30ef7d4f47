package scenario

import (
	"strings"
	"testing"
)

const plainPolicy = `{"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`

// quotedPolicy is the same policy as JSON in a text.
var quotedPolicy = `"` + strings.NewReplacer(`"`, `\"`).Replace(plainPolicy) + `"`

func TestUnwrapAWS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, output string
		wantLine     int // of the statement; 0 when the file does not have it
	}{
		{"get_role_policy", "{\"RoleName\": \"app\",\n \"PolicyName\": \"read\",\n \"PolicyDocument\": " + plainPolicy + "}\n", 3},
		{"get_policy_version", "{\"PolicyVersion\": {\n\n\"Document\": " + plainPolicy + `, "VersionId": "v1"}}`, 3},
		{"get_role", `{"Role": {"Arn": "x", "AssumeRolePolicyDocument": ` + plainPolicy + "}}", 1},
		{"get_bucket_policy", `{"Policy": ` + quotedPolicy + "}", 0},
		{"get_key_policy", `{"Policy": ` + quotedPolicy + `, "PolicyName": "default"}`, 0},
		{"describe_policy", `{"Policy": {"PolicySummary": {"Id": "p-1"}, "Content": ` + quotedPolicy + "}}", 0},
		{"get_resource_policy", `{"ARN": "x", "Name": "db", "ResourcePolicy": ` + quotedPolicy + "}", 0},
		{"get_repository_policy", `{"registryId": "1", "policyText": ` + quotedPolicy + "}", 0},
		{"get_queue_attributes", `{"Attributes": {"Policy": ` + quotedPolicy + "}}", 0},
		{"none", "\n" + plainPolicy, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scenarios, err := Read(write(t, "s.yaml", request+"aws: {session: p.json}", "p.json", test.output))
			if err != nil {
				t.Fatal(err)
			}
			got := scenarios[0].question.(*awsQuestion).in.Session.Policies[0]
			if got.Name != "p.json" || len(got.Document.Statements) != 1 {
				t.Fatalf("policy is %+v", got)
			}
			if s := got.Document.Statements[0]; s.Sid != "Own" || s.Line != test.wantLine {
				t.Errorf("statement %s is in line %d, want Own in line %d", s.Sid, s.Line, test.wantLine)
			}
		})
	}
}

// TestUnwrapAWSInDoubt reads what is no policy, or could be two.
func TestUnwrapAWSInDoubt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, output, want string }{
		{"two_documents", `{"Policy": ` + quotedPolicy + `, "PolicyDocument": ` + plainPolicy + "}", "no policy document in it"},
		{"get_policy", `{"Policy": {"Arn": "x", "DefaultVersionId": "v3"}}`, "no policy document in it"},
		{"name_twice", `{"Policy": ` + quotedPolicy + `, "Policy": ` + quotedPolicy + "}", `"Policy"`},
		{"two_answers", `{"Policy": ` + quotedPolicy + `} {"Policy": ` + quotedPolicy + "}", "after top-level value"},
		{"not_utf8", "{\"Policy\": \"{\xff}\"}", "UTF-8"},
		{"broken_text", `{"Policy": "{\"Version\": }"}`, "not valid JSON"},
		{"wrapped_and_policy", `{"Version": "2012-10-17", "Policy": ` + quotedPolicy + "}", `"Policy"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(write(t, "s.yaml", request+"aws: {identity: p.json}", "p.json", test.output))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read = %v, want an error with %q", err, test.want)
			}
		})
	}
}

// FuzzUnwrapAWS unwraps any file: what comes of it is not longer.
func FuzzUnwrapAWS(f *testing.F) {
	f.Add([]byte(`{"PolicyDocument": ` + plainPolicy + "}"))
	f.Add([]byte(`{"Policy": ` + quotedPolicy + "}"))
	f.Add([]byte(`{"Policy": {"Content": "{}"}}`))
	f.Add([]byte(plainPolicy))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := unwrapAWS(source{name: "p.json", data: data, placed: true})
		if err != nil {
			return
		}
		if got.name != "p.json" || len(got.data) > len(data) {
			t.Errorf("unwrapped to %d bytes of %d", len(got.data), len(data))
		}
	})
}
