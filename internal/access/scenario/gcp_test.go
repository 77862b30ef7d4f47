package scenario

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// TestObjectACL asks for objects of a bucket without uniform access.
//
// https://cloud.google.com/storage/docs/access-control/lists
func TestObjectACL(t *testing.T) {
	t.Parallel()
	const (
		anyObject = "//storage.googleapis.com/projects/_/buckets/records/objects/"
		one       = anyObject + "a.csv"
		granted   = `{items: [{entity: user-ann@example.com, role: READER}]}`
		others    = `{items: [{entity: user-bob@example.com, role: READER}]}`
	)
	for _, test := range []struct {
		name, resource, acls string
		want                 access.Verdict
		missing              string
	}{
		{"uniform_access", anyObject, "", access.Denied, ""},
		{"any_object", anyObject, "object_acl: []", access.Unknown, "each object has an access control list of its own"},
		{"any_object_of_a_bucket_with_a_list", anyObject, "bucket_acl: " + others, access.Unknown, "no object_acl"},
		{"one_object_of_a_bucket_with_a_list", one, "bucket_acl: " + others, access.Unknown, "no object_acl"},
		{"not_read", one, "object_acl: {missing: storage.objects.getIamPolicy was denied}", access.Unknown, "storage.objects.getIamPolicy was denied"},
		{"grants", one, "object_acl: " + granted, access.Allowed, ""},
		{"does_not_grant", one, "object_acl: " + others, access.Denied, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scenarios, err := Read(write(t, "s.yaml", `request: {principal: user:ann@example.com, action: storage.objects.get, resource: `+test.resource+`, below: `+strconv.FormatBool(test.resource == anyObject)+`}
gcp:
  project: {id: shop, number: "123456789"}
  hierarchy:
    - {name: projects/shop}
    - name: //storage.googleapis.com/projects/_/buckets/records
      `+test.acls+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			q := scenarios[0].question
			d := q.decide(access.Context{})
			if got := d.Verdict(); got != test.want {
				t.Errorf("the verdict is %v, want %v: %v", got, test.want, d.Formula)
			}
			if !strings.Contains(d.Formula.String(), test.missing) {
				t.Errorf("what is missing is %v, want %q", d.Formula, test.missing)
			}
			if test.name == "grants" {
				if n := q.statements(); n != 1 {
					t.Fatalf("there are %d statements, want 1", n)
				}
				other, policy, statement := q.without(0)
				if got := other.decide(access.Context{}).Verdict(); got != access.Denied || policy == "" || statement == "" {
					t.Errorf("without %s of %s it is %v, want denied", statement, policy, got)
				}
				if got := q.decide(access.Context{}).Verdict(); got != access.Allowed {
					t.Errorf("the question itself has changed: it is %v", got)
				}
			}
		})
	}
}

// TestKeyCreation asks for a key of a service account.
//
// https://cloud.google.com/iam/docs/manage-service-account-key-creation
func TestKeyCreation(t *testing.T) {
	t.Parallel()
	for constraint, want := range map[string]access.Verdict{
		"": access.Unknown, "key_creation_disabled: true": access.Denied, "key_creation_disabled: false": access.Allowed,
	} {
		scenarios, err := Read(write(t, "s.yaml", `request:
  principal: user:ann@example.com
  action: iam.serviceAccountKeys.create
  resource: //iam.googleapis.com/projects/shop/serviceAccounts/app@shop.iam.gserviceaccount.com
gcp:
  hierarchy:
    - name: projects/shop
      allow: {bindings: [{role: roles/iam.serviceAccountKeyAdmin, members: [user:ann@example.com]}]}
  `+constraint+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if d := scenarios[0].question.decide(access.Context{}); d.Verdict() != want {
			t.Errorf("with %q it is %v, want %v", constraint, d.Formula, want)
		}
	}
}
