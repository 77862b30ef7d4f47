package kubernetes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

// The words of random RBAC objects: few, so that they meet.
var (
	someVerbs      = []string{"get", "list", "create", "*", "GET"}
	someGroups     = []string{"", "", "apps", "*"}
	someResources  = []string{"secrets", "secrets", "pods", "pods/exec", "*/exec", "*", "*/*", "pods/*", "secrets/"}
	someNames      = []string{"a", "b", "*", ""}
	someNamespaces = []string{"prod", "dev", ""}
	someSubjects   = []Subject{
		app,
		{Kind: "ServiceAccount", Name: "app"},
		{Kind: "ServiceAccount", Namespace: "dev", Name: "app"},
		{Kind: "User", Name: "system:serviceaccount:prod:app"},
		{Kind: "User", Name: "app"},
		{Kind: "User", Name: "system:serviceaccounts"},
		{Kind: "Group", Name: "system:serviceaccounts"},
		{Kind: "Group", Name: "system:serviceaccounts:prod"},
		{Kind: "Group", Name: "system:serviceaccounts:dev"},
		{Kind: "Group", Name: "system:authenticated"},
		{Kind: "Group", Name: "system:unauthenticated"},
		{Kind: "group", Name: "system:authenticated"},
		{},
	}
)

// A chooser takes numbers from a random source or from the bytes of a fuzzer.
type chooser func(n int) int

func fromBytes(data []byte) chooser {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}
}

func one[T any](next chooser, list []T) T { return list[next(len(list))] }

func some[T any](next chooser, list []T) []T {
	var out []T
	for range 1 + next(3) {
		out = append(out, one(next, list))
	}
	return out
}

// randomRBAC makes a few roles and bindings.
func randomRBAC(next chooser) RBAC {
	var r RBAC
	for range 1 + next(4) {
		role := Role{Namespace: one(next, someNamespaces), Name: one(next, someNames[:2]), Labels: map[string]string{"l": one(next, someNames)}}
		for range 1 + next(3) {
			role.Rules = append(role.Rules, Rule{
				Verbs: some(next, someVerbs), APIGroups: some(next, someGroups), Resources: some(next, someResources),
			})
			if next(3) == 0 {
				role.Rules[len(role.Rules)-1].ResourceNames = some(next, someNames)
			}
		}
		if next(4) == 0 {
			role.Aggregation = []Selector{{MatchLabels: map[string]string{"l": one(next, someNames)}}}
		}
		if !slices.ContainsFunc(r.Roles, func(o Role) bool { return o.Namespace == role.Namespace && o.Name == role.Name }) {
			r.Roles = append(r.Roles, role)
		}
	}
	for range 1 + next(4) {
		r.Bindings = append(r.Bindings, Binding{
			Namespace: one(next, someNamespaces), Name: one(next, someNames), RoleKind: one(next, []string{"Role", "ClusterRole"}),
			RoleName: one(next, someNames[:2]), Subjects: some(next, someSubjects),
		})
	}
	return r
}

func randomRequest(next chooser) Request {
	return Request{
		Verb: one(next, []string{"get", "list", "create"}), APIGroup: one(next, []string{"", "apps"}),
		Resource: one(next, []string{"secrets", "pods"}), Subresource: one(next, []string{"", "exec"}),
		Namespace: one(next, someNamespaces), Name: one(next, []string{"", "a", "b"}),
	}
}

// plainly is the documentation's algorithm written out in the plainest way: no
// index, no formulas. It returns whether prod/app may do something.
//
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/
func plainly(r RBAC, q Request) bool {
	groups := "|system:serviceaccounts|system:serviceaccounts:prod|system:authenticated|"
	var rulesOf func(role Role, seen string) []Rule
	rulesOf = func(role Role, seen string) []Rule {
		rules := role.Rules
		for _, s := range role.Aggregation {
			for _, other := range r.Roles {
				if role.Namespace == "" && other.Namespace == "" && s.MatchLabels["l"] == other.Labels["l"] && !strings.Contains(seen, "|"+other.Name+"|") {
					rules = append(slices.Clone(rules), rulesOf(other, seen+other.Name+"|")...)
				}
			}
		}
		return rules
	}
	for _, b := range r.Bindings {
		if b.Namespace != "" && b.Namespace != q.Namespace {
			continue
		}
		named := false
		for _, s := range b.Subjects {
			switch {
			case s.Kind == "User" && s.Name == "system:serviceaccount:prod:app",
				s.Kind == "Group" && s.Name != "" && strings.Contains(groups, "|"+s.Name+"|"),
				s.Kind == "ServiceAccount" && s.Name == "app" && (s.Namespace == "prod" || s.Namespace == "" && b.Namespace == "prod"):
				named = true
			}
		}
		for _, role := range r.Roles {
			its := role.Name == b.RoleName && (b.RoleKind == "Role" && role.Namespace != "" && role.Namespace == b.Namespace ||
				b.RoleKind == "ClusterRole" && role.Namespace == "")
			if !named || !its {
				continue
			}
			for _, rule := range rulesOf(role, "|"+role.Name+"|") {
				resource := slices.Contains(rule.Resources, "*")
				if q.Subresource == "" {
					resource = resource || slices.Contains(rule.Resources, q.Resource)
				} else {
					resource = resource || slices.Contains(rule.Resources, q.Resource+"/"+q.Subresource) || slices.Contains(rule.Resources, "*/"+q.Subresource)
				}
				if resource && (slices.Contains(rule.Verbs, "*") || slices.Contains(rule.Verbs, q.Verb)) &&
					(slices.Contains(rule.APIGroups, "*") || slices.Contains(rule.APIGroups, q.APIGroup)) &&
					(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, q.Name)) {
					return true
				}
			}
		}
	}
	return false
}

// FuzzRBAC compares the authorizer with the plain algorithm.
func FuzzRBAC(f *testing.F) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		data := make([]byte, 120)
		for i := range data {
			data[i] = byte(r.UintN(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		next := fromBytes(data)
		r := randomRBAC(next)
		a := NewAuthorizer(r)
		who := Account{"prod", "app"}
		for range 4 {
			q := randomRequest(next)
			got, why := a.Allows(who, q)
			want := plainly(r, q)
			if value, plain := got.Value(); !plain || value != want {
				t.Fatalf("Allows(%+v) = %v (%s), want %v, of %+v", q, got, why, want, r)
			}
		}
		a.Powers(who)
		a.SecretsOf(who)
	})
}

// The random objects are of use only if they allow something now and then.
func TestRBACProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	next := chooser(r.IntN)
	who := Account{"prod", "app"}
	allowed, denied := 0, 0
	for range 20_000 {
		objects, q := randomRBAC(next), randomRequest(next)
		before, _ := NewAuthorizer(objects).Allows(who, q)
		more := objects
		more.Bindings = append(slices.Clone(objects.Bindings), randomRBAC(next).Bindings...)
		after, _ := NewAuthorizer(more).Allows(who, q)
		if before.IsTrue() && !after.IsTrue() {
			t.Fatalf("a binding more took %+v away: %+v", q, more)
		}
		// With objects missing, only what all that could come agree on is plain.
		objects.Missing = "denied"
		part, _ := NewAuthorizer(objects).Allows(who, q)
		if value, plain := part.Value(); plain && (!value || !after.IsTrue()) {
			t.Fatalf("with objects missing %+v is %v, and with more of them %v", q, part, after)
		}
		if before.IsTrue() {
			allowed++
		} else {
			denied++
		}
	}
	if allowed < 500 || denied < 500 {
		t.Errorf("%d requests were allowed and %d denied: the random objects test little", allowed, denied)
	}
}

// What reads a Secret by the list of Secrets reads it by a request, too.
func TestSecretsAgreeWithRequests(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	next := chooser(r.IntN)
	who := Account{"prod", "app"}
	seen := 0
	for range 5_000 {
		a := NewAuthorizer(randomRBAC(next))
		listed := a.SecretsOf(who)
		for _, namespace := range []string{"prod", "dev"} {
			for _, name := range []string{"a", "b", "other"} {
				can := access.False()
				for _, verb := range readSecrets.verbs {
					f, _ := a.Allows(who, Request{Verb: verb, Resource: "secrets", Namespace: namespace, Name: name})
					can = access.Or(can, f)
				}
				for _, verb := range []string{"list", "watch"} { // of all at once
					f, _ := a.Allows(who, Request{Verb: verb, Resource: "secrets", Namespace: namespace})
					can = access.Or(can, f)
				}
				got := slices.ContainsFunc(listed, func(s SecretAccess) bool {
					return s.Level == access.Read && (s.Namespace == "" || s.Namespace == namespace) && (s.Name == "" || s.Name == name)
				})
				if got != can.IsTrue() {
					t.Fatalf("%s/%s is listed: %v, may be read: %v; %+v", namespace, name, got, can, listed)
				}
				if got {
					seen++
				}
			}
		}
	}
	if seen < 500 {
		t.Errorf("%d Secrets could be read: the random objects test little", seen)
	}
}

func TestPowers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		rbac RBAC
		want []string
	}{
		{"create_limited_to_names_is_nothing", bound("Role", "prod", app, rule("create", "pods", "a")), nil},
		{"update_limited_to_names", bound("Role", "prod", app, rule("update", "pods", "a")), []string{"enter-pods prod [a] allowed"}},
		{"subresource_limited_to_names", bound("Role", "prod", app, rule("create", "serviceaccounts/token", "a", "b")), []string{"make-tokens prod [a b] allowed"}},
		{"node_proxy_needs_the_cluster", bound("Role", "prod", app, rule("create", "nodes/proxy")), nil},
		{"node_proxy", bound("ClusterRole", "", app, rule("get", "nodes/proxy")), []string{"node-proxy * [] allowed"}},
		{"groups_alone", bound("ClusterRole", "", app, rule("impersonate", "groups")), nil},
		{
			"everywhere_and_in_a_namespace",
			join(bound("ClusterRole", "", app, rule("create", "pods")), bound("Role", "prod", app, rule("create", "pods"))),
			[]string{"create-pods * [] allowed"},
		},
		{
			"in_two_ways",
			join(bound("Role", "prod", app, rule("create", "pods")), bound("Role", "prod", app, Rule{
				Verbs: []string{"patch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"},
			})),
			[]string{"create-pods prod [] allowed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range NewAuthorizer(test.rbac).Powers(Account{"prod", "app"}) {
				namespace := p.Namespace
				if namespace == "" {
					namespace = "*"
				}
				got = append(got, fmt.Sprintf("%s %s %v %s", p.Kind, namespace, p.Names, p.Formula.Verdict()))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("powers mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelector(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"team": "shop"}
	for _, test := range []struct {
		name     string
		selector Selector
		want     access.Verdict
	}{
		{"empty", Selector{}, access.Allowed},
		{"label", Selector{MatchLabels: map[string]string{"team": "shop"}}, access.Allowed},
		{"other_label", Selector{MatchLabels: map[string]string{"team": "pay"}}, access.Denied},
		{"in", Selector{MatchExpressions: []Requirement{{"team", "In", []string{"pay", "shop"}}}}, access.Allowed},
		{"not_in", Selector{MatchExpressions: []Requirement{{"team", "NotIn", []string{"shop"}}}}, access.Denied},
		{"not_in_without_label", Selector{MatchExpressions: []Requirement{{"x", "NotIn", []string{"shop"}}}}, access.Allowed},
		{"exists", Selector{MatchExpressions: []Requirement{{Key: "x", Operator: "Exists"}}}, access.Denied},
		{"does_not_exist", Selector{MatchExpressions: []Requirement{{Key: "x", Operator: "DoesNotExist"}}}, access.Allowed},
		{"unknown_operator", Selector{MatchExpressions: []Requirement{{Key: "x", Operator: "Near"}}}, access.Unknown},
		{"unknown_operator_that_does_not_matter", Selector{MatchExpressions: []Requirement{{Key: "x", Operator: "Near"}, {Key: "x", Operator: "Exists"}}}, access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.selector.Matches(labels).Verdict(); got != test.want {
				t.Errorf("Matches = %v, want %v", got, test.want)
			}
		})
	}
}
