package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/connection"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

const (
	docRBAC      = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/"
	docPractices = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
	docSecrets   = "https://kubernetes.io/docs/concepts/configuration/secret/"
	docToken     = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"
)

// cluster has the service account prod/app and RBAC objects.
func cluster(r RBAC, change ...func(*Cluster)) Cluster {
	c := Cluster{
		Accounts: []ServiceAccount{{Account: Account{"prod", "app"}}},
		RBAC:     r, SecretsMissing: "secrets are not listed",
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// rule is a rule of the core group.
func rule(verbs, resources string, names ...string) Rule {
	return Rule{Verbs: strings.Split(verbs, " "), APIGroups: []string{""}, Resources: strings.Split(resources, " "), ResourceNames: names}
}

// bound binds rules: by a role of a namespace, a cluster role in a namespace,
// or a cluster role everywhere.
func bound(kind, namespace string, subject Subject, rules ...Rule) RBAC {
	role := Role{Name: "r", Rules: rules}
	if kind == "Role" {
		role.Namespace = namespace
	}
	return RBAC{
		Roles: []Role{role},
		Bindings: []Binding{{
			Namespace: namespace, Name: "b", RoleKind: kind, RoleName: "r", Subjects: []Subject{subject},
		}},
	}
}

var app = Subject{Kind: "ServiceAccount", Namespace: "prod", Name: "app"}

func secretLines(found []SecretAccess, broken []BrokenSecret) []string {
	var out []string
	for _, s := range found {
		namespace, name := s.Namespace, s.Name
		if namespace == "" {
			namespace = "*"
		}
		if name == "" {
			name = "*"
		}
		out = append(out, fmt.Sprintf("%s %s/%s %s %s %s", s.How, namespace, name, s.Level, s.Channel, s.Formula.Verdict()))
	}
	for _, b := range broken {
		out = append(out, "broken "+b.Namespace+"/"+b.Name)
	}
	return out
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	mounted := template() // its token is mounted
	known := func(list ...Secret) func(*Cluster) {
		return func(c *Cluster) { c.Secrets, c.SecretsMissing = list, "" }
	}
	env := func(optional bool) Pod {
		p := pod()
		p.Containers[0].Env = []Env{{Name: "PASSWORD", Secret: &KeyRef{Name: "db", Key: "password", Optional: optional}}}
		return p
	}
	for _, test := range []struct {
		name, doc string
		cluster   Cluster
		pod       Pod
		want      []string
	}{
		{
			"K01_list_has_the_contents", docPractices, cluster(bound("Role", "prod", app, rule("list", "secrets"))), mounted,
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K02_resource_names", docRBAC, cluster(bound("Role", "prod", app, rule("get", "secrets", "a"))), mounted,
			[]string{"rbac prod/a read secret allowed"},
		},
		{
			"K02_list_with_resource_names", docRBAC, cluster(bound("Role", "prod", app, rule("list", "secrets", "a", "b"))), mounted,
			[]string{"rbac prod/a read secret allowed", "rbac prod/b read secret allowed"},
		},
		{
			"K03_cluster_role_in_a_role_binding", docRBAC, cluster(bound("ClusterRole", "prod", app, rule("get", "secrets"))), mounted,
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K03_cluster_role_everywhere", docRBAC, cluster(bound("ClusterRole", "", app, rule("get", "secrets"))), mounted,
			[]string{"rbac */* read secret allowed"},
		},
		{
			"K03_role_of_another_namespace", docRBAC, cluster(bound("Role", "dev", app, rule("get", "secrets"))), mounted,
			[]string{"rbac dev/* read secret allowed"},
		},
		{
			"K04_group_of_the_namespace", docRBAC,
			cluster(bound("Role", "prod", Subject{Kind: "Group", Name: "system:serviceaccounts:prod"}, rule("get", "secrets"))), mounted,
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K04_group_of_another_namespace", docRBAC,
			cluster(bound("Role", "prod", Subject{Kind: "Group", Name: "system:serviceaccounts:dev"}, rule("get", "secrets"))), mounted, nil,
		},
		{
			"K04_all_service_accounts", docRBAC,
			cluster(bound("ClusterRole", "", Subject{Kind: "Group", Name: "system:serviceaccounts"}, rule("*", "*"))), mounted,
			[]string{
				"rbac */* read secret allowed", "create-pods */* admin secret allowed", "enter-pods */* admin secret allowed",
				"make-tokens */* admin secret allowed", "impersonate-users */* admin secret allowed", "impersonate-groups */* admin secret allowed",
				"node-proxy */* admin secret allowed",
			},
		},
		{
			"K04_everybody", docRBAC,
			cluster(bound("Role", "prod", Subject{Kind: "Group", Name: "system:authenticated"}, rule("watch", "secrets"))), mounted,
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K04_user_name_of_the_account", docRBAC,
			cluster(bound("Role", "prod", Subject{Kind: "User", Name: "system:serviceaccount:prod:app"}, rule("get", "secrets"))), mounted,
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K05_automount_of_the_pod_wins", docToken,
			cluster(bound("Role", "prod", app, rule("get", "secrets")), func(c *Cluster) { c.Accounts[0].AutomountToken = no() }),
			func() Pod { p := template(); p.AutomountToken = yes(); return p }(),
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K05_automount_off", docToken,
			cluster(bound("Role", "prod", app, rule("get", "secrets")), func(c *Cluster) { c.Accounts[0].AutomountToken = no() }), mounted, nil,
		},
		{
			"K05_running_pod_without_token", docToken, cluster(bound("Role", "prod", app, rule("get", "secrets"))), pod(), nil,
		},
		{
			"K05_running_pod_with_token", docToken,
			cluster(bound("Role", "prod", app, rule("get", "secrets")), func(c *Cluster) { c.Accounts[0].AutomountToken = no() }),
			func() Pod {
				p := pod()
				p.Volumes = []Volume{{Name: "kube-api-access-x", Tokens: []Token{{}}}}
				p.Containers[0].Mounts = []string{"kube-api-access-x"}
				return p
			}(),
			[]string{"rbac prod/* read secret allowed"},
		},
		{
			"K05_volumes_not_read", docToken, cluster(bound("Role", "prod", app, rule("get", "secrets"))),
			func() Pod { p := pod(); p.VolumesMissing = "not decoded"; return p }(),
			[]string{"volume prod/* read injected unknown", "rbac prod/* read secret allowed"},
		},
		{
			// The token is that of the account that the Secret is for, which is not kept.
			"K05_token_in_a_secret", docToken,
			cluster(bound("Role", "prod", app, rule("get", "secrets")), known(Secret{Namespace: "prod", Name: "token", Type: typeServiceAccountToken})),
			func() Pod {
				p := pod()
				p.Volumes = []Volume{{Name: "t", Secrets: []VolumeSecret{{Name: "token"}}}}
				p.Containers[0].Mounts = []string{"t"}
				return p
			}(),
			[]string{"volume prod/token read injected allowed", "rbac prod/* read secret unknown"},
		},
		{
			"K05_service_account_not_read", docToken,
			Cluster{RBAC: bound("Role", "prod", app, rule("get", "secrets")), AccountsMissing: "denied", SecretsMissing: "denied"},
			mounted,
			[]string{"rbac prod/* read secret unknown"},
		},
		{"K06_optional_and_missing", docSecrets, cluster(RBAC{}, known()), env(true), nil},
		{"K06_needed_and_missing", docSecrets, cluster(RBAC{}, known()), env(false), []string{"broken prod/db"}},
		{
			"K06_optional_key_is_missing", docSecrets, cluster(RBAC{}, known(Secret{Namespace: "prod", Name: "db", Keys: []string{"user"}})), env(true), nil,
		},
		{
			"K06_optional_and_there", docSecrets, cluster(RBAC{}, known(Secret{Namespace: "prod", Name: "db", Keys: []string{"password"}})), env(true),
			[]string{"env prod/db read injected allowed"},
		},
		{"K06_optional_and_not_read", docSecrets, cluster(RBAC{}), env(true), []string{"env prod/db read injected unknown"}},
		{"K06_needed_by_a_running_pod", docSecrets, cluster(RBAC{}), env(false), []string{"env prod/db read injected allowed"}},
		{
			"K07_create_pods", docPractices, cluster(bound("Role", "prod", app, rule("create", "pods"))), mounted,
			[]string{"create-pods prod/* admin secret allowed"},
		},
		{
			"K07_create_deployments", docPractices,
			cluster(bound("Role", "prod", app, Rule{Verbs: []string{"create"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}})), mounted,
			[]string{"create-pods prod/* admin secret allowed"},
		},
		{
			"K07_create_limited_to_names_is_nothing", docRBAC, cluster(bound("Role", "prod", app, rule("create", "pods", "a"))), mounted, nil,
		},
		{
			"K07_exec", docPractices, cluster(bound("Role", "prod", app, rule("create", "pods/exec"))), mounted,
			[]string{"enter-pods prod/* admin secret allowed"},
		},
		{
			"K07_any_subresource_exec", docRBAC, cluster(bound("Role", "prod", app, rule("create", "*/exec"))), mounted,
			[]string{"enter-pods prod/* admin secret allowed"},
		},
		{
			"K07_escalate_needs_the_change_of_a_role", docPractices,
			cluster(bound("ClusterRole", "", app, Rule{Verbs: []string{"escalate"}, APIGroups: []string{rbacGroup}, Resources: []string{"clusterroles"}})), mounted, nil,
		},
		{
			"K07_escalate", docPractices,
			cluster(bound("ClusterRole", "", app, Rule{Verbs: []string{"escalate", "update"}, APIGroups: []string{rbacGroup}, Resources: []string{"clusterroles"}})), mounted,
			[]string{"escalate */* admin secret allowed"},
		},
		{
			"K07_bind", docPractices,
			cluster(bound("ClusterRole", "", app, Rule{Verbs: []string{"bind", "create"}, APIGroups: []string{"*"}, Resources: []string{"clusterroles", "clusterrolebindings"}})), mounted,
			[]string{"bind */* admin secret allowed"},
		},
		{
			"role_does_not_exist", docRBAC,
			cluster(RBAC{Bindings: []Binding{{Namespace: "prod", RoleKind: "Role", RoleName: "gone", Subjects: []Subject{app}}}}), mounted, nil,
		},
		{
			"rbac_not_read", docRBAC, cluster(RBAC{Missing: "denied"}), mounted, []string{"rbac */* read secret unknown"},
		},
		{
			"aggregated", docRBAC,
			cluster(RBAC{
				Roles: []Role{
					{Name: "all", Aggregation: []Selector{{MatchLabels: map[string]string{"to": "all"}}}},
					{Name: "part", Labels: map[string]string{"to": "all"}, Aggregation: []Selector{{MatchLabels: map[string]string{"to": "part"}}}},
					{Name: "leaf", Labels: map[string]string{"to": "part"}, Rules: []Rule{rule("get", "secrets")}},
				},
				Bindings: []Binding{{Name: "b", RoleKind: "ClusterRole", RoleName: "all", Subjects: []Subject{app}}},
			}), mounted,
			[]string{"rbac */* read secret allowed"},
		},
		{
			"aggregated_by_an_unknown_operator", docRBAC,
			cluster(RBAC{
				Roles: []Role{
					{Name: "all", Aggregation: []Selector{{MatchExpressions: []Requirement{{Key: "to", Operator: "Near"}}}}},
					{Name: "leaf", Rules: []Rule{rule("get", "secrets")}},
				},
				Bindings: []Binding{{Name: "b", RoleKind: "ClusterRole", RoleName: "all", Subjects: []Subject{app}}},
			}), mounted,
			[]string{"rbac */* read secret unknown"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(test.doc, "https://") {
				t.Errorf("no link to the documentation: %q", test.doc)
			}
			if diff := cmp.Diff(test.want, secretLines(NewResolver(test.cluster).Secrets(test.pod))); diff != "" {
				t.Errorf("secrets mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMountedSecrets(t *testing.T) {
	t.Parallel()
	p := pod()
	p.Containers = []Container{
		{Name: "app", EnvFrom: []EnvFrom{{Secret: "aws"}, {ConfigMap: "settings"}}, Mounts: []string{"v"}},
		{Name: "sidecar"},
	}
	p.Volumes = []Volume{
		{Name: "v", Secrets: []VolumeSecret{{Name: "tls"}, {Name: "gcp", Keys: []string{"key.json"}}}},
		{Name: "nobody-mounts-it", Secrets: []VolumeSecret{{Name: "other"}}},
	}
	c := cluster(RBAC{}, func(c *Cluster) {
		c.Secrets = []Secret{
			{Namespace: "prod", Name: "aws", Type: "Opaque", Keys: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}},
			{Namespace: "prod", Name: "tls", Type: "kubernetes.io/tls"},
			{Namespace: "prod", Name: "gcp", Keys: []string{"key.json"}},
		}
	})
	found, broken := NewResolver(c).Secrets(p)
	var got []string
	for _, s := range found {
		got = append(got, fmt.Sprintf("%s %s %s %v %v", s.Container, s.How, s.Name, s.Keys, s.Looks))
	}
	want := []string{
		"app env aws [] [aws-access-key]",
		"app volume tls [] [tls-key]",
		"app volume gcp [key.json] [google-key]",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(broken) > 0 {
		t.Errorf("mounted secrets mismatch (-want +got), broken %v:\n%s", broken, diff)
	}
}

// K08: the way from a variable to an edge; that no password comes out is the
// matter of package connection.
// K09: https://kubernetes.io/docs/concepts/services-networking/service/#externalname
func TestConnections(t *testing.T) {
	t.Parallel()
	const rds = "orders.abc.eu-west-1.rds.amazonaws.com"
	aliases := NewAliases([]Service{
		{Namespace: "prod", Name: "db", ExternalName: rds + "."},
		{Namespace: "prod", Name: "old", ExternalName: "db.prod.svc.cluster.local"},
		{Namespace: "prod", Name: "short", ExternalName: "db"},
		{Namespace: "prod", Name: "half", ExternalName: "db.prod"},
		{Namespace: "prod", Name: "loop", ExternalName: "loop.prod.svc.cluster.local"},
		{Namespace: "prod", Name: "plain"},
	}, "")
	for _, test := range []struct {
		name, value, host string
		via               []string
	}{
		{"K08_database_url", "postgres://u:p@" + rds + "/db", rds, nil},
		{"K09_external_name", "postgres://u:p@db/db", rds, []string{"prod/db"}},
		{"K09_full_name", "postgres://u:p@db.prod.svc.cluster.local:5432/db", rds, []string{"prod/db"}},
		{"K09_of_a_namespace", "postgres://u:p@db.prod/db", rds, []string{"prod/db"}},
		{"K09_chain", "postgres://u:p@old/db", rds, []string{"prod/old", "prod/db"}},
		{"K09_chain_by_a_name_that_is_not_full", "postgres://u:p@short/db", "db", []string{"prod/short"}},
		{"K09_chain_by_half_a_name", "postgres://u:p@half/db", "db.prod", []string{"prod/half"}},
		{"K09_of_another_namespace", "postgres://u:p@db.dev/db", "db.dev", nil},
		{"K09_no_external_name", "postgres://u:p@plain/db", "plain", nil},
		{"K09_loop_ends", "postgres://u:p@loop/db", "loop.prod.svc.cluster.local", slices.Repeat([]string{"prod/loop"}, maxAliases)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found := connection.Parse("DATABASE_URL", test.value)
			if len(found) != 1 || found[0].User != "u" || found[0].Database != "db" {
				t.Fatalf("Parse = %+v", found)
			}
			host, via := aliases.Resolve(found[0].Host, "prod")
			if diff := cmp.Diff(test.via, via); host != test.host || diff != "" {
				t.Errorf("Resolve(%s) = %s, want %s, via mismatch (-want +got):\n%s", found[0].Host, host, test.host, diff)
			}
		})
	}
}

// K10: https://secrets-store-csi-driver.sigs.k8s.io/concepts
func TestCloudSecrets(t *testing.T) {
	t.Parallel()
	const secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders"
	p := irsaPod()
	p.Volumes = []Volume{{Name: "csi", SecretProviderClass: "orders"}}
	p.Containers[0].Mounts = []string{"csi"}
	can := func(f access.Formula) func(workload.Identity, string) access.Formula {
		return func(id workload.Identity, s string) access.Formula {
			if id.ID == pods && s == secret {
				return f
			}
			return access.False()
		}
	}
	mine := federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app"))
	class := SecretProviderClass{Namespace: "prod", Name: "orders", Provider: "aws", Secrets: []string{secret}}
	for _, test := range []struct {
		name   string
		change func(*SecretProviderClass)
		can    access.Formula
		want   string // the verdict, or a part of the problem
	}{
		{"K10_may_read", func(*SecretProviderClass) {}, access.True(), "allowed"},
		{"K10_may_not_read", func(*SecretProviderClass) {}, access.False(), pods + " has no right to read the secret"},
		{"K10_unknown", func(*SecretProviderClass) {}, access.Missing("policies"), "unknown"},
		{"K10_class_is_missing", func(c *SecretProviderClass) { c.Name = "x" }, access.True(), "does not exist"},
		{"K10_other_identity", func(c *SecretProviderClass) { c.PodIdentity = true }, access.True(), "no identity of the pod"},
		{"K10_credential_in_a_secret", func(c *SecretProviderClass) { c.Other = "nodePublishSecretRef" }, access.True(), "unknown"},
		{"K10_other_provider", func(c *SecretProviderClass) { c.Provider = "vault" }, access.True(), "no identity of the pod"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			class := class
			test.change(&class)
			c := eks(t, mine)
			c.Classes = []SecretProviderClass{class}
			r := NewResolver(c)
			found, broken := r.CloudSecrets(p, r.Identities(p, closed), can(test.can))
			got := ""
			for _, f := range found {
				got += f.Formula.Verdict().String()
			}
			for _, b := range broken {
				got += b.Problem
			}
			if !strings.Contains(got, test.want) || len(found)+len(broken) != 1 {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// The driver asks as the one that the annotation of the service account names,
// and not as whoever the service account could be.
//
//   - https://docs.aws.amazon.com/secretsmanager/latest/userguide/integrating_ascp_irsa.html
//   - https://github.com/GoogleCloudPlatform/secrets-store-csi-driver-provider-gcp/blob/main/docs/authentication.md
func TestCloudSecretsOfTheAnnotation(t *testing.T) {
	t.Parallel()
	mine := federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app"))
	p := pod()
	p.Volumes = []Volume{{Name: "csi", SecretProviderClass: "orders"}}
	p.Containers[0].Mounts = []string{"csi"}
	google := func(email string) Cluster {
		c := Cluster{
			Accounts: []ServiceAccount{{Account: Account{"prod", "app"}}},
			GKE: &GKE{
				Project: "shop", Name: "a", Pool: "shop.svc.id.goog", PoolNumber: "1", ServiceAccounts: []string{"a@shop.iam.gserviceaccount.com", "b@shop.iam.gserviceaccount.com"},
				Permitted: func(workload.Identity, string, string) access.Formula { return access.True() },
			},
		}
		if email != "" {
			c.Accounts[0].Annotations = map[string]string{annotationGSA: email}
		}
		return c
	}
	for _, test := range []struct {
		name, provider string
		cluster        Cluster
		reader         string // may read the secret
		want           string
	}{
		{"role_of_the_annotation", "aws", eks(t, mine), pods, "allowed"},
		{"another_role_that_trusts_the_account", "aws", eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, mine)})), other, "broken"},
		{"no_annotation", "aws", eks(t, mine, withoutAnnotation), pods, "broken"},
		{"service_account_not_read", "aws", eks(t, mine, func(c *Cluster) { c.Accounts, c.AccountsMissing = nil, "denied" }), pods, "unknown"},
		{"google_account_of_the_annotation", "gcp", google("a@shop.iam.gserviceaccount.com"), "serviceAccount:a@shop.iam.gserviceaccount.com", "allowed"},
		{"another_google_account", "gcp", google("a@shop.iam.gserviceaccount.com"), "serviceAccount:b@shop.iam.gserviceaccount.com", "broken"},
		{"google_account_without_annotation", "gcp", google(""), "serviceAccount:a@shop.iam.gserviceaccount.com", "broken"},
		{"classes_not_read", "aws", eks(t, mine, func(c *Cluster) { c.ClassesMissing = "denied" }), "", "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := test.cluster
			if c.ClassesMissing == "" {
				c.Classes = []SecretProviderClass{{Namespace: "prod", Name: "orders", Provider: test.provider, Secrets: []string{"s"}}}
			}
			r := NewResolver(c)
			found, broken := r.CloudSecrets(p, r.Identities(p, closed), func(id workload.Identity, _ string) access.Formula {
				return access.Of(id.ID == test.reader)
			})
			got := ""
			for _, f := range found {
				got += f.Formula.Verdict().String()
			}
			for range broken {
				got += "broken"
			}
			if got != test.want {
				t.Errorf("the secret is %q, want %q: %+v %+v", got, test.want, found, broken)
			}
		})
	}
}
