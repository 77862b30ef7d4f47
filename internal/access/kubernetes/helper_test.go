package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// The cluster of the tests.
const (
	account    = "111122223333"
	clusterARN = "arn:aws:eks:eu-west-1:111122223333:cluster/shop"
	oidc       = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
	otherOIDC  = "oidc.eks.eu-west-1.amazonaws.com/id/DEF"
	pods       = "arn:aws:iam::111122223333:role/pods"
	other      = "arn:aws:iam::111122223333:role/other"
	nodes      = "arn:aws:iam::111122223333:role/nodes"
	target     = "arn:aws:iam::444455556666:role/target"
)

// policies parses the documents of a layer.
func policies(t *testing.T, documents ...string) awsiam.PolicySet {
	t.Helper()
	var set awsiam.PolicySet
	for i, text := range documents {
		d, err := awsiam.Parse([]byte(text))
		if err != nil {
			t.Fatalf("policy %s: %v", text, err)
		}
		set.Policies = append(set.Policies, awsiam.Policy{Name: fmt.Sprintf("policy %d", i+1), Document: d})
	}
	return set
}

// federated is a trust policy for tokens of an issuer; conditions is what is
// in its Condition element.
func federated(issuer, conditions string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/` + issuer + `"}, "Condition": {` + conditions + `}}]}`
}

// subject is a condition on the subject of a token of the cluster.
func subject(operator, value string) string {
	return `"` + operator + `": {"` + oidc + `:sub": "` + value + `"}`
}

const onAudience = `"ForAnyValue:StringEquals": {"` + oidc + `:aud": "sts.amazonaws.com"}`

// trustsPodIdentity is a trust policy for EKS Pod Identity.
func trustsPodIdentity(conditions string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
		"Principal": {"Service": "pods.eks.amazonaws.com"}, "Condition": {` + conditions + `}}]}`
}

func yes() *bool { v := true; return &v }

func no() *bool { v := false; return &v }

// eks is a cluster with the service account prod/app, one role, and whatever
// the functions change.
func eks(t *testing.T, trust string, change ...func(*Cluster)) Cluster {
	t.Helper()
	c := Cluster{
		Accounts: []ServiceAccount{{Account: Account{"prod", "app"}, UID: "u-1", Annotations: map[string]string{annotationRole: pods}}},
		EKS: &EKS{
			ARN: clusterARN, Name: "shop", Issuer: "https://" + oidc, Agent: yes(),
			Providers: []Provider{{ARN: "arn:aws:iam::111122223333:oidc-provider/" + oidc, Audiences: []string{"sts.amazonaws.com"}}},
			Roles:     []workload.Role{{ARN: pods, Trust: policies(t, trust)}},
		},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// withoutAnnotation takes the annotations of the service account away.
func withoutAnnotation(c *Cluster) { c.Accounts[0].Annotations = nil }

// associated adds an association of EKS Pod Identity.
func associated(a Association) func(*Cluster) {
	return func(c *Cluster) {
		a.ID, a.Namespace, a.ServiceAccount = "a-1", "prod", "app"
		c.EKS.Associations = append(c.EKS.Associations, a)
	}
}

// withRole adds a role.
func withRole(r workload.Role) func(*Cluster) {
	return func(c *Cluster) { c.EKS.Roles = append(c.EKS.Roles, r) }
}

// pod is a pod of the service account prod/app with one container that has
// environment variables by these names.
func pod(env ...string) Pod {
	p := Pod{
		Namespace: "prod", Name: "app-1", UID: "p-1", ServiceAccount: "app",
		Containers: []Container{{Name: "app"}},
	}
	for _, name := range env {
		p.Containers[0].Env = append(p.Containers[0].Env, Env{Name: name})
	}
	return p
}

// irsaPod is a running pod that the webhook configured for IRSA.
func irsaPod() Pod { return pod(envRole, envWebIdentity) }

// podIdentityPod is one that it configured for Pod Identity.
func podIdentityPod() Pod { return pod(envCredentialsURI, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") }

// template is a pod that is to come.
func template() Pod {
	p := pod()
	p.Template = true
	return p
}

// closed is a node whose role no pod reaches.
var closed = Node{Name: "n1", Instance: &workload.Instance{
	ID: "i-1", Role: nodes, Endpoint: "enabled", Tokens: "required", HopLimit: 1,
}}

// lines are identities in a form to compare: "rank way id verdict", with the
// containers when it is not all.
func lines(as Identities) []string {
	var out []string
	for _, id := range as.Found {
		line := fmt.Sprintf("%s %s %s %s", id.Rank, id.How, id.ID, id.Formula.Verdict())
		if id.Containers != nil {
			line += " in " + strings.Join(id.Containers, ",")
		}
		out = append(out, line)
	}
	for _, b := range as.Broken {
		out = append(out, fmt.Sprintf("broken %s %s", b.How, b.ID))
	}
	return out
}

// same compares the lines of an answer.
func same(t *testing.T, got Identities, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("identities mismatch (-want +got):\n%s", diff)
	}
	for _, id := range got.Found {
		if id.Reason == "" || id.Formula.IsFalse() {
			t.Errorf("identity without a reason, or that cannot be: %+v", id)
		}
	}
	for _, b := range got.Broken {
		if b.Problem == "" || b.Remedy == "" {
			t.Errorf("broken link without words: %+v", b)
		}
	}
}
