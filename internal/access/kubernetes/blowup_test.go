package kubernetes

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// Cluster roles that all take in each other are a cube of comparisons.
func TestAggregationIsBounded(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"all": "of-them"}
	r := bound("ClusterRole", "", app)
	r.Bindings[0].RoleName = "role-1999"
	for i := range 2000 {
		r.Roles = append(r.Roles, Role{Name: fmt.Sprintf("role-%d", i), Labels: labels, Aggregation: []Selector{{MatchLabels: labels}}})
	}
	r.Roles[5].Rules = []Rule{rule("get", "secrets")}
	f, why := NewAuthorizer(r).Allows(Account{"prod", "app"}, Request{Verb: "get", Resource: "pods"})
	if f.Verdict() != access.Unknown || why == "" {
		t.Errorf("what a role takes in beyond the limit is %v (%s), want unknown", f, why)
	}
}

// Rules beyond the limit are not taken for none.
func TestAggregatedRulesBeyondTheLimit(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"part": "of-all"}
	r := bound("ClusterRole", "", app)
	r.Roles[0].Aggregation = []Selector{{MatchLabels: labels}}
	first := Role{Name: "first", Labels: labels, Aggregation: []Selector{{MatchLabels: map[string]string{"part": "second"}}}}
	for range maxAggregated + 1 {
		first.Rules = append(first.Rules, rule("get", "pods"))
	}
	second := Role{Name: "second", Labels: map[string]string{"part": "second"}, Rules: []Rule{rule("get", "secrets")}}
	r.Roles = append(r.Roles, first, second)
	f, _ := NewAuthorizer(r).Allows(Account{"prod", "app"}, Request{Verb: "get", Resource: "secrets", Namespace: "prod"})
	if f.Verdict() != access.Unknown {
		t.Errorf("get secrets is %v, want unknown", f)
	}
}

// A group of all service accounts with all rights is a cube of edges when each
// account is told to impersonate each other one.
func TestEdgesAreBounded(t *testing.T) {
	t.Parallel()
	everybody := Subject{Kind: "Group", Name: "system:serviceaccounts"}
	for _, test := range []struct {
		name string
		rbac RBAC
		most int
	}{
		{"all_administrators", bound("ClusterRole", "", everybody, Rule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}), 0},
		{
			"all_impersonate_and_start_pods",
			bound("ClusterRole", "", everybody, rule("impersonate", "serviceaccounts"), rule("create", "pods serviceaccounts/token")),
			2 * 300 * 299,
		},
		{"all_impersonate_and_one_makes_tokens_of_each", eachMakesTokens(800), 800 * 799},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := Cluster{ID: "c", RBAC: test.rbac}
			for i := range max(300, len(test.rbac.Roles)-1) {
				c.Accounts = append(c.Accounts, ServiceAccount{Account: Account{"prod", fmt.Sprintf("a%d", i)}})
			}
			edges, _ := NewResolver(c).Edges(nil)
			if len(edges) > test.most {
				t.Errorf("there are %d edges between the accounts, want %d", len(edges), test.most)
			}
		})
	}
}

// eachMakesTokens lets all accounts impersonate each other, and each make
// tokens of itself.
func eachMakesTokens(n int) RBAC {
	r := bound("ClusterRole", "", Subject{Kind: "Group", Name: "system:serviceaccounts"}, rule("impersonate", "serviceaccounts"))
	for i := range n {
		name := fmt.Sprintf("a%d", i)
		r.Roles = append(r.Roles, Role{Namespace: "prod", Name: name, Rules: []Rule{rule("create", "serviceaccounts/token", name)}})
		r.Bindings = append(r.Bindings, Binding{
			Namespace: "prod", Name: name, RoleKind: "Role", RoleName: name, Subjects: []Subject{{Kind: "ServiceAccount", Namespace: "prod", Name: name}},
		})
	}
	return r
}
