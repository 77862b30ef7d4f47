package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

// TestEdges follows rights in the cluster to an identity of the cloud.
func TestEdges(t *testing.T) {
	t.Parallel()
	mine := federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app"))
	pay := Subject{Kind: "ServiceAccount", Namespace: "pay", Name: "api"}
	for _, test := range []struct {
		name    string
		rbac    RBAC
		running []Account
		want    []string
	}{
		{
			"no_rights",
			RBAC{},
			nil,
			[]string{"prod:app -assume-> pods allowed"},
		},
		{
			"make_tokens", bound("Role", "prod", pay, rule("create", "serviceaccounts/token")), nil,
			[]string{"pay:api -impersonate-> prod:app allowed", "prod:app -assume-> pods allowed"},
		},
		{
			"make_tokens_of_one", bound("Role", "prod", pay, rule("create", "serviceaccounts/token", "other")), nil,
			[]string{"prod:app -assume-> pods allowed"},
		},
		{
			"create_pods", bound("ClusterRole", "prod", pay, rule("create", "pods")), nil,
			[]string{"pay:api -pass-and-run-> prod:app allowed", "prod:app -assume-> pods allowed"},
		},
		{
			"create_pods_elsewhere", bound("Role", "dev", pay, rule("create", "pods")), nil,
			[]string{"prod:app -assume-> pods allowed"},
		},
		{
			"exec_into_what_runs", bound("ClusterRole", "", pay, rule("create", "pods/exec")),
			[]Account{{"prod", "app"}},
			[]string{"pay:api -take-over-> prod:app allowed", "prod:app -assume-> pods allowed"},
		},
		{
			"exec_where_nothing_runs", bound("ClusterRole", "", pay, rule("create", "pods/exec")),
			[]Account{},
			[]string{"prod:app -assume-> pods allowed"},
		},
		{
			"exec_unknown", bound("ClusterRole", "", pay, rule("create", "pods/exec")), nil,
			[]string{"pay:api -take-over-> prod:app unknown", "prod:app -assume-> pods allowed"},
		},
		{
			// The rights of another account, not its token.
			"impersonate_gives_rights_only", bound("ClusterRole", "", pay, rule("impersonate", "serviceaccounts")), nil,
			[]string{"prod:app -assume-> pods allowed"},
		},
		{
			"impersonate_one_with_rights",
			join(
				bound("Role", "prod", pay, rule("impersonate", "serviceaccounts", "maker")),
				bound("Role", "prod", Subject{Kind: "ServiceAccount", Namespace: "prod", Name: "maker"}, rule("create", "serviceaccounts/token")),
			), nil,
			[]string{"pay:api -impersonate-> prod:app allowed", "prod:app -assume-> pods allowed", "prod:maker -impersonate-> prod:app allowed"},
		},
		{
			// With the rights of the other one it can have that one's token, too.
			"impersonate_one_that_makes_tokens",
			join(
				bound("Role", "prod", pay, rule("impersonate", "serviceaccounts", "app")),
				bound("Role", "prod", app, rule("create", "serviceaccounts/token")),
			), nil,
			[]string{"pay:api -impersonate-> prod:app allowed", "prod:app -assume-> pods allowed"},
		},
		{
			"rbac_not_read",
			RBAC{Missing: "denied"},
			nil,
			[]string{
				"prod:app -assume-> pods allowed", "pay:api administers unknown", "prod:app administers unknown", "prod:maker administers unknown",
			},
		},
		{
			"bind", bound("ClusterRole", "", pay, Rule{
				Verbs: []string{"*"}, APIGroups: []string{rbacGroup}, Resources: []string{"*"},
			}), nil,
			[]string{"prod:app -assume-> pods allowed", "pay:api administers", "pay:api administers"},
		},
		{
			"masters", bound("ClusterRole", "", pay, rule("impersonate", "groups", "system:masters"), rule("impersonate", "users", "x")), nil,
			[]string{"prod:app -assume-> pods allowed", "pay:api administers"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := eks(t, mine)
			c.ID, c.RBAC = clusterARN, test.rbac
			c.Accounts = append(c.Accounts, ServiceAccount{Account: Account{"pay", "api"}}, ServiceAccount{Account: Account{"prod", "maker"}})
			r := NewResolver(c)
			edges, admins := r.Edges(test.running)
			short := strings.NewReplacer(clusterARN+"/system:serviceaccount:", "", "arn:aws:iam::111122223333:role/", "")
			var got []string
			for _, e := range edges {
				if strings.Contains(e.To, "maker") || strings.HasSuffix(e.To, "pay:api") {
					continue // by-catch of rights on all accounts
				}
				got = append(got, short.Replace(fmt.Sprintf("%s -%s-> %s %s", e.From, e.Kind, e.To, e.Formula.Verdict())))
				if len(e.Steps) == 0 || e.Steps[0].Note == "" {
					t.Errorf("edge without words: %+v", e)
				}
			}
			for _, a := range admins {
				got = append(got, short.Replace(a.ID+" administers"))
				if v := a.Formula.Verdict(); v != access.Allowed {
					got[len(got)-1] += " " + v.String()
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("edges mismatch (-want +got):\n%s", diff)
			}
			if test.name == "make_tokens" {
				var ways []string
				for _, c := range access.NewGraph(edges, admins).Reach(r.AccountID(Account{"pay", "api"}), 0) {
					ways = append(ways, short.Replace(c.To))
				}
				if diff := cmp.Diff([]string{"prod:app", "prod:maker", "pods"}, ways); diff != "" {
					t.Errorf("reached mismatch (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestCloudOfAnAdministrator: that an account can do everything in the cluster
// does not tell what it is in the cloud.
func TestCloudOfAnAdministrator(t *testing.T) {
	t.Parallel()
	c := eks(t, federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app")))
	c.ID, c.RBAC = clusterARN, bound("ClusterRole", "", app, Rule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}})
	r := NewResolver(c)
	from := r.AccountID(Account{"prod", "app"})
	var reached []string
	for _, chain := range access.NewGraph(r.Edges(nil)).Reach(from, 0) {
		reached = append(reached, chain.To)
	}
	if diff := cmp.Diff([]string{from, pods}, reached); diff != "" {
		t.Errorf("reached mismatch (-want +got):\n%s", diff)
	}
}

// join puts the objects of several together, with names of their own.
func join(parts ...RBAC) RBAC {
	var all RBAC
	for i, p := range parts {
		name := fmt.Sprintf("r%d", i)
		for _, role := range p.Roles {
			role.Name = name
			all.Roles = append(all.Roles, role)
		}
		for _, b := range p.Bindings {
			b.RoleName = name
			all.Bindings = append(all.Bindings, b)
		}
	}
	return all
}
