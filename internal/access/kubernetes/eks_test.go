package kubernetes

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

const (
	docIRSA        = "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"
	docPodIdentity = "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html"
	docTags        = "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html"
	docTarget      = "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html"
	docMetadata    = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html"
	docWebhook     = "https://github.com/aws/amazon-eks-pod-identity-webhook"
	docAPI         = "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html"
	docRestrict    = "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-considerations.html"
)

func TestEKS(t *testing.T) {
	t.Parallel()
	mine := federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app")+", "+onAudience)
	anybody := trustsPodIdentity("")
	for _, test := range []struct {
		name, doc string
		cluster   Cluster
		pod       Pod
		node      Node
		want      []string
	}{
		{
			"R00_annotation_and_trust", docIRSA, eks(t, mine), irsaPod(), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
		{
			"R01_trust_names_another_account", docIRSA,
			eks(t, federated(oidc, subject("StringEquals", "system:serviceaccount:prod:other"))), irsaPod(), closed,
			[]string{"broken irsa " + pods},
		},
		{
			"R02_only_audience", docIRSA, eks(t, federated(oidc, onAudience), withoutAnnotation), pod(), closed,
			[]string{"reachable irsa " + pods + " allowed"},
		},
		{
			"R03_provider_of_another_cluster", docIRSA,
			eks(t, federated(otherOIDC, `"StringEquals": {"`+otherOIDC+`:sub": "system:serviceaccount:prod:app"}`)), irsaPod(), closed,
			[]string{"broken irsa " + pods},
		},
		{
			"R03_without_annotation", docIRSA, eks(t, federated(otherOIDC, ""), withoutAnnotation), pod(), closed, nil,
		},
		{
			"R04_all_accounts_of_a_namespace", docIRSA,
			eks(t, federated(oidc, subject("StringLike", "system:serviceaccount:prod:*")), withoutAnnotation), pod(), closed,
			[]string{"reachable irsa " + pods + " allowed"},
		},
		{
			"R04_of_another_namespace", docIRSA,
			eks(t, federated(oidc, subject("StringLike", "system:serviceaccount:dev:*")), withoutAnnotation), pod(), closed, nil,
		},
		{
			"R05_pod_identity_wins", docWebhook,
			eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, anybody)}), associated(Association{RoleARN: other})),
			template(), closed,
			[]string{"primary pod-identity " + other + " allowed", "reachable irsa " + pods + " allowed"},
		},
		{
			"R05_of_a_running_pod", docWebhook,
			eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, anybody)}), associated(Association{RoleARN: other})),
			podIdentityPod(), closed,
			[]string{"primary pod-identity " + other + " allowed", "reachable irsa " + pods + " allowed"},
		},
		{
			"R06_association_after_the_pod_started", docWebhook,
			eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, anybody)}), associated(Association{RoleARN: other})),
			irsaPod(), closed,
			[]string{"assumable pod-identity " + other + " allowed", "primary irsa " + pods + " allowed"},
		},
		{
			"R06_annotation_after_the_pod_started", docWebhook, eks(t, mine), pod(), closed,
			[]string{"reachable irsa " + pods + " allowed", "broken irsa " + pods},
		},
		{
			"R07_session_policy", docAPI,
			eks(t, anybody, withoutAnnotation, associated(Association{RoleARN: pods, DisableSessionTags: true, Policy: &awsiam.PolicySet{}})),
			podIdentityPod(), closed,
			[]string{"primary pod-identity " + pods + " allowed"},
		},
		{
			"R09_trust_for_another_namespace", docPodIdentity,
			eks(t, trustsPodIdentity(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "dev"}`), withoutAnnotation, associated(Association{RoleARN: pods})),
			podIdentityPod(), closed,
			[]string{"broken pod-identity " + pods},
		},
		{
			"R09_trust_for_the_namespace", docPodIdentity,
			eks(t, trustsPodIdentity(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "prod", "aws:SourceArn": "`+clusterARN+`", "aws:SourceAccount": "`+account+`"}`),
				withoutAnnotation, associated(Association{RoleARN: pods})),
			podIdentityPod(), closed,
			[]string{"primary pod-identity " + pods + " allowed"},
		},
		{
			"R09_trust_for_a_pod_that_is_to_come", docTags,
			eks(t, trustsPodIdentity(`"StringLike": {"aws:RequestTag/kubernetes-pod-name": "app-*"}`), withoutAnnotation, associated(Association{RoleARN: pods})),
			template(), closed,
			[]string{"primary pod-identity " + pods + " conditional"},
		},
		{
			"R10_trust_on_tags_that_are_disabled", docTags,
			eks(t, trustsPodIdentity(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "prod"}`), withoutAnnotation,
				associated(Association{RoleARN: pods, DisableSessionTags: true})),
			podIdentityPod(), closed,
			[]string{"broken pod-identity " + pods},
		},
		{
			"tags_need_a_permission", docPodIdentity,
			eks(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "pods.eks.amazonaws.com"}}]}`,
				withoutAnnotation, associated(Association{RoleARN: pods})),
			podIdentityPod(), closed,
			[]string{"broken pod-identity " + pods},
		},
		{
			"R15_hop_limit_1", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(), closed, nil,
		},
		{
			"R15_hop_limit_1_host_network", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), hostNetwork(pod()), closed,
			[]string{"reachable node-metadata " + nodes + " allowed"},
		},
		{
			"R15_privileged_container", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), privileged(pod()), closed,
			[]string{"reachable node-metadata " + nodes + " allowed"},
		},
		{
			"R16_version_1_allowed", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			node(workload.Instance{Role: nodes, Endpoint: "enabled", Tokens: "optional", HopLimit: 1}, workload.Open),
			[]string{"reachable node-metadata " + nodes + " allowed"},
		},
		{
			"hop_limit_2", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			node(workload.Instance{Role: nodes, Endpoint: "enabled", Tokens: "required", HopLimit: 2}, workload.Open),
			[]string{"reachable node-metadata " + nodes + " allowed"},
		},
		{
			"network_policy_unknown", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			node(workload.Instance{Role: nodes, Endpoint: "enabled", Tokens: "required", HopLimit: 2}, workload.UnknownFirewall),
			[]string{"reachable node-metadata " + nodes + " unknown"},
		},
		{
			"network_policy_blocks", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			node(workload.Instance{Role: nodes, Endpoint: "enabled", Tokens: "optional"}, workload.Blocks), nil,
		},
		{
			"metadata_service_off", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), hostNetwork(pod()),
			node(workload.Instance{Role: nodes, Endpoint: "disabled", Tokens: "optional"}, workload.Open), nil,
		},
		{
			"metadata_options_unknown", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			node(workload.Instance{Role: nodes, Missing: "ec2:DescribeInstances was denied"}, workload.Open),
			[]string{"reachable node-metadata " + nodes + " unknown"},
		},
		{
			"instance_not_read", docMetadata, eks(t, mine, withoutAnnotation, withoutRoles), pod(),
			Node{},
			[]string{"reachable node-metadata  unknown"},
		},
		{
			"pod_identity_on_fargate", docRestrict,
			eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, anybody)}), associated(Association{RoleARN: other})),
			template(),
			Node{Serverless: true},
			[]string{"primary irsa " + pods + " allowed", "broken pod-identity " + other},
		},
		{
			"pod_identity_on_windows", docRestrict,
			eks(t, anybody, withoutAnnotation, associated(Association{RoleARN: pods})), windows(template()), closed,
			[]string{"broken pod-identity " + pods},
		},
		{
			"agent_does_not_run", docRestrict,
			eks(t, anybody, withoutAnnotation, associated(Association{RoleARN: pods}), func(c *Cluster) { c.EKS.Agent = no() }), podIdentityPod(), closed,
			[]string{"broken pod-identity " + pods},
		},
		{
			"agent_unknown", docRestrict,
			eks(t, anybody, withoutAnnotation, associated(Association{RoleARN: pods}), func(c *Cluster) { c.EKS.Agent = nil }), podIdentityPod(), closed,
			[]string{"primary pod-identity " + pods + " unknown"},
		},
		{
			"association_is_gone", docAPI, eks(t, mine, withoutAnnotation, withoutRoles), podIdentityPod(), closed,
			[]string{"broken pod-identity "},
		},
		{
			"associations_not_read", docAPI,
			eks(t, mine, withoutAnnotation, withoutRoles, func(c *Cluster) { c.EKS.AssociationsMissing = "denied" }), podIdentityPod(), closed,
			[]string{"primary pod-identity  unknown"},
		},
		{
			"both_in_one_container", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
			eks(t, mine, withRole(workload.Role{ARN: other, Trust: policies(t, anybody)}), associated(Association{RoleARN: other})),
			pod(envRole, envWebIdentity, envCredentialsURI), closed,
			[]string{"reachable pod-identity " + other + " allowed", "primary irsa " + pods + " allowed"},
		},
		{
			"static_key_overrides", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
			eks(t, mine), pod(envRole, envWebIdentity, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), closed,
			[]string{"primary static-keys  unknown in app", "reachable irsa " + pods + " allowed"},
		},
		{
			"static_key_of_a_secret", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
			eks(t, mine, func(c *Cluster) {
				c.Secrets = []Secret{{Namespace: "prod", Name: "aws", Keys: []string{"ACCESS_KEY_ID", "SECRET_ACCESS_KEY"}}}
			}),
			func() Pod {
				p := irsaPod()
				p.Containers[0].EnvFrom = []EnvFrom{{Secret: "aws", Prefix: "AWS_"}, {Secret: "unknown"}}
				return p
			}(), closed,
			[]string{"primary static-keys  unknown in app", "reachable irsa " + pods + " allowed"},
		},
		{
			"static_key_of_a_secret_that_does_not_exist", docSecrets,
			eks(t, mine), withOptionalKey(irsaPod()), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
		{
			"all_keys_of_a_secret_that_does_not_exist", docSecrets,
			eks(t, mine), func() Pod {
				p := irsaPod()
				p.Containers[0].EnvFrom = []EnvFrom{{Secret: "aws", Optional: true}}
				return p
			}(), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
		{
			"static_key_of_a_secret_that_was_not_read", docSecrets,
			eks(t, mine, func(c *Cluster) { c.SecretsMissing = "denied" }), withOptionalKey(irsaPod()), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
		{
			"cluster_of_another_cloud", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html",
			eks(t, mine, func(c *Cluster) {
				c.EKS.ARN, c.EKS.Name = "", ""
				c.AKS = &AKS{Name: "shop", Issuer: "https://" + oidc, RestrictsIMDS: yes(), Credentials: []FederatedCredential{
					credential(identityA, func(c *FederatedCredential) { c.Issuer = "https://" + oidc }),
				}}
			}), irsaPod(), virtual,
			[]string{"primary irsa " + pods + " allowed", "reachable aks-workload-identity object-a allowed"},
		},
		{
			"known_to_another_cloud", docFederation,
			eks(t, mine, func(c *Cluster) {
				c.AKS = &AKS{Issuer: "https://" + oidc, Credentials: []FederatedCredential{
					credential(identityA, func(c *FederatedCredential) { c.Issuer = "https://" + oidc }),
				}}
			}), irsaPod(), closed,
			[]string{"primary irsa " + pods + " allowed", "reachable aks-workload-identity object-a allowed"},
		},
		{
			"skipped_container", docWebhook, eks(t, mine), skipping(template(), "sidecar"), closed,
			[]string{"primary irsa " + pods + " allowed in app"},
		},
		{
			"audience_annotation", docWebhook,
			eks(t, mine, func(c *Cluster) { c.Accounts[0].Annotations[annotationAudience] = "vault" }), irsaPod(), closed,
			// The provider does not take it, but a pod may ask for another one.
			[]string{"reachable irsa " + pods + " allowed", "broken irsa " + pods},
		},
		{
			"audience_that_the_provider_does_not_take", docWebhook,
			eks(t, federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app")), func(c *Cluster) {
				c.Accounts[0].Annotations[annotationAudience] = "vault"
			}), irsaPod(), closed,
			[]string{"reachable irsa " + pods + " allowed", "broken irsa " + pods},
		},
		{
			"audience_of_the_token", docWebhook,
			eks(t, federated(oidc, `"StringEquals": {"`+oidc+`:aud": "vault"}`), func(c *Cluster) {
				c.EKS.Providers[0].Audiences = []string{"vault"}
			}), withToken(irsaPod(), irsaVolume, "vault"), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
		{
			"external_id_is_not_in_a_token", docIRSA,
			eks(t, federated(oidc, `"StringEquals": {"sts:ExternalId": "x"}`)), irsaPod(), closed,
			[]string{"broken irsa " + pods},
		},
		{
			"subject_with_a_variable", docIRSA,
			eks(t, federated(oidc, subject("StringEquals", "system:serviceaccount:prod:${aws:RequestTag/x, 'app'}")), withoutAnnotation), pod(), closed,
			[]string{"reachable irsa " + pods + " allowed"},
		},
		{
			"second_subject_of_a_list", docIRSA,
			eks(t, federated(oidc, `"StringEquals": {"`+oidc+`:sub": ["system:serviceaccount:dev:x", "system:serviceaccount:prod:app"]}`), withoutAnnotation), pod(), closed,
			[]string{"reachable irsa " + pods + " allowed"},
		},
		{
			"provider_does_not_exist", docIRSA, eks(t, mine, func(c *Cluster) { c.EKS.Providers = nil }), irsaPod(), closed,
			[]string{"broken irsa " + pods},
		},
		{
			"providers_not_read", docIRSA, eks(t, mine, func(c *Cluster) { c.EKS.Providers, c.EKS.ProvidersMissing = nil, "denied" }), irsaPod(), closed,
			[]string{"primary irsa " + pods + " unknown"},
		},
		{
			"role_not_read", docIRSA, eks(t, mine, withoutRoles, func(c *Cluster) { c.EKS.RolesMissing = "denied" }), irsaPod(), closed,
			[]string{"primary irsa " + pods + " unknown", "reachable irsa  unknown"},
		},
		{
			"trust_not_read", docIRSA,
			eks(t, mine, func(c *Cluster) { c.EKS.Roles[0].Trust = awsiam.PolicySet{Missing: "denied"} }), irsaPod(), closed,
			[]string{"primary irsa " + pods + " unknown"},
		},
		{
			"condition_on_the_request", docIRSA,
			eks(t, federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app")+`, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}`)), irsaPod(), closed,
			[]string{"primary irsa " + pods + " conditional"},
		},
		{
			"role_of_the_variable_counts", docWebhook,
			eks(t, mine, func(c *Cluster) { c.Accounts[0].Annotations[annotationRole] = other }), naming(irsaPod(), pods), closed,
			[]string{"primary irsa " + pods + " allowed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(test.doc, "https://") {
				t.Errorf("no link to the documentation: %q", test.doc)
			}
			got := NewResolver(test.cluster).Identities(test.pod, test.node)
			same(t, got, test.want...)
			if missing := strings.Contains(got.reasons(), "unless there is a static key in aws"); missing != strings.HasSuffix(test.name, "_that_was_not_read") {
				t.Errorf("the reasons are %s", got.reasons())
			}
		})
	}
}

// The webhook prefers an association, so that of a pod to come nobody knows.
// https://github.com/aws/amazon-eks-pod-identity-webhook
func TestPrimaryWithoutAssociations(t *testing.T) {
	t.Parallel()
	mine := federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app"))
	for missing, want := range map[string]bool{"": false, "denied": true} {
		c := eks(t, mine, func(c *Cluster) { c.EKS.AssociationsMissing = missing })
		as := NewResolver(c).Identities(template(), closed)
		if got := strings.Contains(as.reasons(), "unless the service account has an association"); got != want {
			t.Errorf("associations missing %q: the reasons are %s", missing, as.reasons())
		}
	}
}

// R07: https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html
// R10: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
func TestSession(t *testing.T) {
	t.Parallel()
	only := policies(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`)
	byTag := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
		"Condition": {"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "prod"}}}]}`
	everything := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`
	for _, test := range []struct {
		name        string
		association Association
		policy      string
		action      string
		want        access.Verdict
	}{
		{"R07_policy_permits_read", Association{DisableSessionTags: true, Policy: &only}, everything, "s3:GetObject", access.Allowed},
		{"R07_policy_limits_write", Association{DisableSessionTags: true, Policy: &only}, everything, "s3:PutObject", access.Denied},
		{"R10_tag_of_the_session", Association{}, byTag, "s3:GetObject", access.Allowed},
		{"R10_tags_disabled", Association{DisableSessionTags: true}, byTag, "s3:GetObject", access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.association.RoleARN = pods
			c := eks(t, trustsPodIdentity(""), withoutAnnotation, associated(test.association))
			as := NewResolver(c).Identities(podIdentityPod(), closed)
			same(t, as, "primary pod-identity "+pods+" allowed")
			// The role itself has no tags.
			context := access.NewContext(access.UnknownState).WithPrefix("aws:PrincipalTag/", access.Absent)
			d := awsiam.Evaluate(awsiam.Input{
				Request: access.Request{
					Principal: access.Principal{Kind: awsiam.Role, ID: as.Found[0].ID, Account: account},
					Action:    test.action, Resource: access.Resource{ID: "arn:aws:s3:::records/x", Account: account},
					Context: context.Merge(as.Found[0].Session.Context()),
				},
				Identity: policies(t, test.policy), Session: as.Found[0].Session.Policies,
			})
			if got := d.Verdict(); got != test.want {
				t.Errorf("%s is %v, want %v: %v", test.action, got, test.want, d.Formula)
			}
		})
	}
}

// R08: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
func TestTargetRole(t *testing.T) {
	t.Parallel()
	assume := policies(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "`+target+`"}]}`)
	trust := func(conditions string) string {
		return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
			"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Condition": {` + conditions + `}}]}`
	}
	const id = "eu-west-1/111122223333/shop/prod/app"
	for _, test := range []struct {
		name  string
		trust string
		acts  *awsiam.Input
		tags  bool
		want  string
	}{
		{"R08_both_sides", trust(""), &awsiam.Input{Identity: assume}, true, "primary pod-identity " + target + " allowed"},
		{"R08_request_tags", trust(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "prod"}`), &awsiam.Input{Identity: assume}, true, "primary pod-identity " + target + " allowed"},
		{"R08_wrong_request_tags", trust(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "dev"}`), &awsiam.Input{Identity: assume}, true, "broken pod-identity " + target},
		{"R08_external_id", trust(`"StringEquals": {"sts:ExternalId": "` + id + `"}`), &awsiam.Input{Identity: assume}, false, "primary pod-identity " + target + " allowed"},
		{"R08_wrong_external_id", trust(`"StringEquals": {"sts:ExternalId": "x"}`), &awsiam.Input{Identity: assume}, false, "broken pod-identity " + target},
		{"R08_external_id_with_tags", trust(`"StringEquals": {"sts:ExternalId": "` + id + `"}`), &awsiam.Input{Identity: assume}, true, "primary pod-identity " + target + " conditional"},
		{"R08_first_role_may_not", trust(""), &awsiam.Input{}, true, "broken pod-identity " + target},
		{"R08_first_role_not_read", trust(""), nil, true, "primary pod-identity " + target + " unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := eks(t, trustsPodIdentity(""), withoutAnnotation,
				withRole(workload.Role{ARN: target, Trust: policies(t, test.trust)}),
				associated(Association{RoleARN: pods, TargetRoleARN: target, ExternalID: id, DisableSessionTags: !test.tags}))
			c.EKS.Roles[0].Acts = test.acts
			as := NewResolver(c).Identities(podIdentityPod(), closed)
			same(t, as, test.want)
			if len(as.Found) > 0 && (len(as.Found[0].Session.Via) != 1 || as.Found[0].Session.Via[0] != pods) {
				t.Errorf("the target role is reached via %v, want %s", as.Found[0].Session.Via, pods)
			}
		})
	}
}

func (as Identities) reasons() string {
	var all []string
	for _, id := range as.Found {
		all = append(all, id.Reason)
	}
	return strings.Join(all, "; ")
}

// withOptionalKey gives a pod a static key if a Secret is there.
func withOptionalKey(p Pod) Pod {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		p.Containers[0].Env = append(p.Containers[0].Env, Env{Name: name, Secret: &KeyRef{Name: "aws", Key: name, Optional: true}})
	}
	return p
}

func withoutRoles(c *Cluster) { c.EKS.Roles = nil }

func hostNetwork(p Pod) Pod { p.HostNetwork = true; return p }

func windows(p Pod) Pod { p.Windows = true; return p }

func privileged(p Pod) Pod { p.Containers[0].Privileged = true; return p }

// skipping adds a container that the webhook leaves alone.
func skipping(p Pod, container string) Pod {
	p.Annotations = map[string]string{annotationSkip: container}
	p.Containers = append(p.Containers, Container{Name: container})
	return p
}

// withToken mounts a token.
func withToken(p Pod, volume, audience string) Pod {
	p.Volumes = append(p.Volumes, Volume{Name: volume, Tokens: []Token{{Audience: audience}}})
	p.Containers[0].Mounts = append(p.Containers[0].Mounts, volume)
	return p
}

// naming sets the value of AWS_ROLE_ARN.
func naming(p Pod, role string) Pod { p.Containers[0].env(envRole).Identity = role; return p }

func node(i workload.Instance, f workload.Firewall) Node {
	i.ID = "i-1"
	return Node{Name: "n1", Instance: &i, Firewall: f}
}
