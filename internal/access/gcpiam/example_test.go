package gcpiam_test

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// A pod of GKE reads objects by a binding to its namespace, but only those that
// the condition names.
func ExampleEvaluate() {
	policy, err := gcpiam.ParsePolicy("projects/shop", []byte(`{"version": 3, "bindings": [{
		"role": "roles/storage.objectViewer",
		"members": ["principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/shop.svc.id.goog/namespace/web"],
		"condition": {
			"title": "public only",
			"expression": "resource.type == 'storage.googleapis.com/Object' && resource.name.startsWith('projects/_/buckets/records/objects/public/')"
		}
	}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := gcpiam.Evaluate(gcpiam.Input{
		Request: access.Request{
			Principal: access.Principal{
				Kind: gcpiam.Federated,
				ID:   "principal://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/shop.svc.id.goog/subject/ns/web/sa/cart",
			},
			Action:   "storage.objects.get",
			Resource: access.Resource{ID: "//storage.googleapis.com/projects/_/buckets/records/objects/", Below: true},
		},
		Project: gcpiam.Project{ID: "shop", Number: "123456789"},
		Hierarchy: []gcpiam.Node{
			{Name: "organizations/9"},
			{Name: "projects/shop", Allow: gcpiam.PolicySet{Policies: []gcpiam.Policy{policy}}},
		},
	})
	fmt.Println(decision.Verdict())
	fmt.Println(decision.Formula)
	// Output:
	// conditional
	// resource.name.startsWith("projects/_/buckets/records/objects/public/")
}
