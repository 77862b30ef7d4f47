package collect

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

var declared = []Collector{
	{Name: "kubernetes", Provider: inventory.Kubernetes, Calls: []Call{
		{Action: "list pods"},
		{Action: "list services"},
		{Action: "get nodes"},
		{Action: "list nodes"},
		{Action: "list apps/deployments"},
		{Action: "list apps/daemonsets"},
		{Action: "get /version"},
		{Action: "list gateway.networking.k8s.io/gateways", Optional: true},
	}},
	{Name: "ecs", Provider: inventory.AWS, Calls: []Call{
		{Action: "ecs:ListTasks", Class: "ecs/read"}, {Action: "ecs:DescribeTasks", Class: "ecs/read", Optional: true},
	}},
	{Name: "batch", Provider: inventory.AWS, Calls: []Call{{Action: "ecs:ListTasks", Class: "ecs/read"}}},
}

func TestIAMPolicy(t *testing.T) {
	t.Parallel()
	data, err := IAMPolicy(declared)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Statement []statement }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := []statement{
		{"StowageRead", "Allow", []string{"ecs:DescribeTasks", "ecs:ListTasks"}, "*"},
		{"NeverReadData", "Deny", dataReads, "*"},
	}
	if diff := cmp.Diff(want, got.Statement); diff != "" {
		t.Errorf("statements mismatch (-want +got):\n%s", diff)
	}
	for _, action := range []string{"list pods", "ecs:", "ecs:*", ":List"} {
		if _, err := IAMPolicy([]Collector{{Name: "x", Provider: inventory.AWS, Calls: []Call{{Action: action}}}}); err == nil {
			t.Errorf("IAMPolicy accepted the action %q", action)
		}
	}
}

func TestRoleTemplate(t *testing.T) {
	t.Parallel()
	data, err := RoleTemplate(declared)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Resources struct {
			Role struct {
				Properties struct {
					Policies []struct{ PolicyDocument json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	policies := got.Resources.Role.Properties.Policies
	if len(policies) != 1 {
		t.Fatalf("the role has %d policies, want 1", len(policies))
	}
	want, err := IAMPolicy(declared)
	if err != nil {
		t.Fatal(err)
	}
	var wantDocument, gotDocument any
	if err := errors.Join(json.Unmarshal(want, &wantDocument), json.Unmarshal(policies[0].PolicyDocument, &gotDocument)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantDocument, gotDocument); diff != "" {
		t.Errorf("policy of the role mismatch (-want +got):\n%s", diff)
	}
	if _, err := RoleTemplate([]Collector{{Name: "x", Provider: inventory.AWS, Calls: []Call{{Action: "list pods"}}}}); err == nil {
		t.Error("RoleTemplate accepted an action that is none")
	}
}

func TestClusterRole(t *testing.T) {
	t.Parallel()
	_, got, _ := strings.Cut(string(ClusterRole(declared)), "rules:\n")
	want := `  - apiGroups: [""]
    resources: [nodes]
    verbs: [get, list]
  - apiGroups: [""]
    resources: [pods, services]
    verbs: [list]
  - apiGroups: ["apps"]
    resources: [daemonsets, deployments]
    verbs: [list]
  - apiGroups: ["gateway.networking.k8s.io"]
    resources: [gateways]
    verbs: [list]
  - nonResourceURLs: [/version]
    verbs: [get]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules mismatch (-want +got):\n%s", diff)
	}
}

func TestPermissionsPage(t *testing.T) {
	t.Parallel()
	page := string(PermissionsPage(declared))
	_, got, _ := strings.Cut(page, "\n## aws\n")
	got, _, _ = strings.Cut(got, "\n## ")
	want := `
| collector | call | needed | rate limit class |
|---|---|---|---|
| batch | ` + "`ecs:ListTasks`" + ` | yes | ecs/read |
| ecs | ` + "`ecs:ListTasks`" + ` | yes | ecs/read |
| ecs | ` + "`ecs:DescribeTasks`" + ` | optional | ecs/read |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the part of AWS mismatch (-want +got):\n%s", diff)
	}
	if declared[0].Name != "kubernetes" {
		t.Error("PermissionsPage reordered its argument")
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	docs, err := Documents(declared)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range docs {
		if seen[d.Path] || len(d.Content) == 0 || d.Content[len(d.Content)-1] != '\n' {
			t.Errorf("document %q is empty, repeated, or without a last newline", d.Path)
		}
		seen[d.Path] = true
	}
}
