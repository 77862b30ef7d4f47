package aws

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/smithy-go"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	const user = "User: arn:aws:sts::111122223333:assumed-role/stowage-read/stowage is not authorized to perform: ecs:ListTasks on resource: * "
	tests := []struct {
		name, code, message string
		global              bool
		outcome             inventory.Outcome
		reason, remedy      string
	}{
		{
			name: "identity_policy", code: "AccessDeniedException", message: user + "because no identity-based policy allows the ecs:ListTasks action", outcome: inventory.Denied,
			reason: "ecs:ListTasks denied in 1/eu-west-1", remedy: "add ecs:ListTasks to the role stowage-read",
		},
		{
			name: "user", code: "AccessDenied", message: "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:GetPolicy", outcome: inventory.Denied,
			reason: "iam:GetPolicy denied in 1/eu-west-1", remedy: "add iam:GetPolicy to the user ann",
		},
		{
			name: "service_control_policy", code: "AccessDeniedException", message: user + "with an explicit deny in a service control policy", outcome: inventory.Denied,
			reason: "ecs:ListTasks denied in 1/eu-west-1 by a service control policy",
			remedy: "allow ecs:ListTasks to the role stowage-read in the organization's service control policies, or leave the region out of the configuration",
		},
		{
			name: "boundary", code: "AccessDeniedException", message: user + "because no permissions boundary allows the ecs:ListTasks action", outcome: inventory.Denied,
			reason: "ecs:ListTasks denied in 1/eu-west-1 by the permissions boundary", remedy: "allow ecs:ListTasks in the permissions boundary of the role stowage-read",
		},
		{
			name: "session_policy", code: "AccessDeniedException", message: user + "because no session policy allows the ecs:ListTasks action", outcome: inventory.Denied,
			reason: "ecs:ListTasks denied in 1/eu-west-1 by a session policy", remedy: "allow ecs:ListTasks to the role stowage-read in the session policy",
		},
		{
			name: "explicit_deny", code: "AccessDeniedException", message: user + "with an explicit deny in an identity-based policy", outcome: inventory.Denied,
			reason: "ecs:ListTasks denied in 1/eu-west-1 by an explicit deny", remedy: "take the deny of ecs:ListTasks out of the policies of the role stowage-read",
		},
		{
			name: "silent", code: "UnauthorizedOperation", outcome: inventory.Denied,
			reason: "ecs:ListClusters denied in 1/eu-west-1", remedy: "add ecs:ListClusters to the role that Stowage uses",
		},
		{
			name: "expired", code: "ExpiredTokenException", message: "The security token included in the request is expired", outcome: inventory.Failed,
			reason: "ecs:ListClusters failed in 1/eu-west-1: ExpiredTokenException: The security token included in the request is expired", remedy: "renew the AWS credentials (aws sso login)",
		},
		{
			name: "region_off", code: "AuthFailure", outcome: inventory.Disabled,
			reason: "ecs:ListClusters not possible in 1/eu-west-1 as the region is not enabled for the account",
			remedy: "nothing, unless workloads are expected there: then enable it with the provider",
		},
		{
			name: "bad_key", code: "InvalidClientTokenId", message: "The security token included in the request is invalid.", global: true, outcome: inventory.Failed,
			reason: "ecs:ListClusters failed in 1: InvalidClientTokenId: The security token included in the request is invalid.",
			remedy: "the credentials are not valid: renew them (aws sso login)",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &session{Scope: collect.Scope{ScopeKey: inventory.ScopeKey{Account: "1", Region: "eu-west-1"}}}
			if test.global {
				s.Region = inventory.Global
			}
			got := collect.Result(s.classify("ecs:ListClusters", &smithy.GenericAPIError{Code: test.code, Message: test.message}))
			got.Permission = ""
			want := inventory.ScopeResult{Outcome: test.outcome, Reason: test.reason, Remedy: test.remedy}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("result mismatch (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("classified_before", func(t *testing.T) {
		t.Parallel()
		inner := &collect.Error{Outcome: inventory.Denied, Action: "sts:AssumeRole"}
		err := (&session{}).classify("ecs:ListClusters", errors.Join(errors.New("get credentials"), inner))
		if got := collect.Result(err); got.Permission != "sts:AssumeRole" {
			t.Errorf("result = %+v, want that of the credentials", got)
		}
	})
}

func TestPolicyDocument(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"", "", true},
		{`%7B%22Action%22%3A%22a%2Bb+c%22%7D`, `{"Action":"a+b+c"}`, true},
		{"{ \"a\" :\n\"100%\"}", `{"a":"100%"}`, true},
		{"%zz", "", false},
		{"%7B", "", false},
		{"null and void", "", false},
	}
	for _, test := range tests {
		got, err := policyDocument(test.in)
		if string(got) != test.want || (err == nil) != test.ok {
			t.Errorf("policyDocument(%q) = %s, %v, want %s, ok %t", test.in, got, err, test.want, test.ok)
		}
	}
}

func FuzzPolicyDocument(f *testing.F) {
	for _, seed := range []string{"", `%7B%22Action%22%3A%22a+b%22%7D`, `{"a": 1}`, "%", "%7B%7", "[1, 2]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := policyDocument(s)
		if err == nil && len(got) > 0 && !json.Valid(got) {
			t.Errorf("policyDocument(%q) = %q, which is not JSON", s, got)
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"manifests":[{"digest":"sha256:x","platform":{"os":"linux","architecture":"amd64"}}]}`, `{"manifests":[{"platform":null}]}`, `{"manifests":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		manifests, err := parseIndex(data)
		if err != nil && manifests != nil {
			t.Errorf("parseIndex(%q) = %+v and %v", data, manifests, err)
		}
	})
}

func TestLRU(t *testing.T) {
	t.Parallel()
	l := newLRU[string, int](2)
	l.add("a", 1)
	l.add("b", 2)
	l.add("a", 3)
	if got := l.getOrAdd("c", func() int { return 4 }); got != 4 {
		t.Errorf("getOrAdd(c) = %d, want 4", got)
	}
	if got := l.getOrAdd("a", func() int { return 5 }); got != 3 {
		t.Errorf("getOrAdd(a) = %d, want 3", got)
	}
	if got, ok := l.get("b"); ok {
		t.Errorf("get(b) = %d, want it forgotten as the oldest", got)
	}
	if got, ok := l.get("c"); !ok || got != 4 {
		t.Errorf("get(c) = %d, %t, want 4", got, ok)
	}
}
