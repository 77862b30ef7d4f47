package awsiam

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// Where AWS documents what is peculiar to a service.
const (
	docKeyPolicy = "kms/latest/developerguide/key-policy-overview.html"
	docGrants    = "kms/latest/developerguide/grants.html"
	docKeyRCP    = "kms/latest/developerguide/resource-control-policies.html"
	docTrust     = "IAM/latest/UserGuide/id_roles_update-role-trust-policy.html"
	docIRSA      = "eks/latest/userguide/associate-service-account-role.html"
	docPoints    = "AmazonS3/latest/userguide/access-points-policies.html"
	docACL       = "AmazonS3/latest/userguide/acl-overview.html"
	docABAC      = "AmazonS3/latest/userguide/buckets-tagging-enable-abac.html"
)

const (
	key    = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
	target = "arn:aws:iam::111122223333:role/target"
)

func decrypt(p access.Principal, keys ...string) Input { return ask(p, "kms:Decrypt", key, keys...) }

// onKey returns a statement of a key policy.
func onKey(principal string, more ...string) string {
	return allow("kms:Decrypt", "*", append([]string{"Principal", principal}, more...)...)
}

func grants(g ...KeyGrant) func(*Input) { return func(in *Input) { in.KMS = &KMS{Grants: g} } }

func TestScenariosOfKeysAndOtherResources(t *testing.T) {
	t.Parallel()
	all, root := allow("*", "*"), aws("arn:aws:iam::111122223333:root")
	toRole := KeyGrant{ID: "g", Grantee: roleARN, Operations: []string{"Decrypt", "DescribeKey"}}
	constrained := toRole
	constrained.EncryptionContextSubset = map[string]string{"tenant": "blue"}
	exact := toRole
	exact.EncryptionContextEquals = map[string]string{"tenant": "blue"}
	notPrincipal := func(names string) string {
		return statementText("Deny", []string{"NotPrincipal", `{"AWS":[` + names + `]}`, "Action", "s3:*", "Resource", "*"})
	}
	runScenarios(t, []scenario{
		{
			name: "A80_key_policy_does_not_name_the_account", doc: docKeyPolicy, want: access.Denied,
			in: decrypt(aRole).identity(all).resource(onKey(aws("arn:aws:iam::111122223333:role/admin"))),
		},
		{name: "A81_key_policy_names_the_account", doc: docKeyPolicy, want: access.Allowed, in: decrypt(aRole).identity(all).resource(onKey(root))},
		{name: "A81_key_policy_names_the_account_without_identity", doc: docKeyPolicy, want: access.Denied, in: decrypt(aRole).resource(onKey(root))},
		{name: "A82_key_policy_names_the_role", doc: docKeyPolicy, want: access.Allowed, in: decrypt(aRole).resource(onKey(aws(roleARN)))},
		{name: "A82_root_user_and_key_policy_without_the_account", doc: docKeyPolicy, want: access.Denied, in: decrypt(aRoot).resource(onKey(aws(roleARN)))},
		{name: "A83_key_of_another_account", doc: docKeyPolicy, want: access.Allowed, in: decrypt(aRole).in(abroad).identity(all).resource(onKey(root))},
		{name: "A83_key_of_another_account_without_identity", doc: docKeyPolicy, want: access.Denied, in: decrypt(aRole).in(abroad).resource(onKey(aws(roleARN)))},
		{
			name: "A84_key_by_way_of_a_service", doc: docKeyPolicy, want: access.Conditional,
			in: decrypt(aRole).resource(onKey(aws(roleARN), "Condition", `{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`)).
				context(access.NewContext(access.UnknownState)), formula: `kms:ViaService StringEquals "s3.eu-west-1.amazonaws.com"`,
		},
		{name: "A84_key_without_credentials", doc: "kms/latest/APIReference/Welcome.html", want: access.Denied, in: decrypt(nobody).resource(onKey("*"))},
		{
			name: "A85_secret_without_its_suffix", doc: "secretsmanager/latest/userguide/auth-and-access_iam-policies.html", want: access.Denied,
			in: ask(aRole, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf").
				identity(allow("secretsmanager:*", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db")),
		},
		{
			name: "A86_secret_with_question_marks", doc: "secretsmanager/latest/userguide/auth-and-access_iam-policies.html", want: access.Allowed,
			in: ask(aRole, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf").
				identity(allow("secretsmanager:*", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????")),
		},
		{
			name: "A87_queue_policy_of_another_account", doc: docAcross, want: access.Denied,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:jobs").in(abroad).
				resource(allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:jobs", "Principal", aws(home))),
		},
		{
			name: "A87_queue_policy_for_a_service", doc: docPrincipal, want: access.Allowed,
			in: ask(access.Principal{Kind: Service, ID: "sns.amazonaws.com"}, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", "aws:SourceArn", "arn:aws:sns:eu-west-1:111122223333:t").
				resource(allow("sqs:SendMessage", "*", "Principal", `{"Service":"sns.amazonaws.com"}`, "Condition", `{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}}`)),
		},
		{
			name: "A88_table_policy", doc: docLogic, want: access.Allowed,
			in: ask(aRole, "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders").
				resource(allow("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "Principal", aws(roleARN))),
		},
		{
			name: "A89_table_is_no_index", doc: "amazondynamodb/latest/developerguide/using-identity-based-policies.html", want: access.Denied,
			in: ask(aRole, "dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/by-day").
				identity(allow("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders")),
		},
		{
			name: "A90_not_principal_names_account_role_and_session", doc: docNotPrincipal, want: access.Allowed,
			in: read(aSession).identity(all).resource(notPrincipal(`"111122223333","` + roleARN + `","` + sessionARN + `"`)),
		},
		{
			name: "A90_not_principal_names_account_and_role", doc: docNotPrincipal, want: access.Allowed,
			in: read(aSession).identity(all).resource(notPrincipal(`"111122223333","` + roleARN + `"`)),
		},
		{
			name: "A91_not_principal_names_others", doc: docNotPrincipal, want: access.Denied,
			in: read(aSession).identity(all).resource(notPrincipal(`"444455556666","arn:aws:iam::444455556666:role/b"`)),
		},
		{
			name: "A91_not_principal_names_the_account_alone", doc: docNotPrincipal, want: access.Unknown,
			in:      read(aSession).identity(all).resource(notPrincipal(`"111122223333"`)),
			formula: "unknown: NotPrincipal names only the account, or only a user, role or session without its account, whose effect is not documented",
		},
		{
			name: "A92_not_principal_and_a_boundary", doc: docNotPrincipal, want: access.Denied,
			in: read(aSession).identity(all).boundary(all).resource(notPrincipal(`"111122223333","` + roleARN + `","` + sessionARN + `"`)),
		},
		{
			name: "R17_key_of_an_encrypted_bucket_denied", doc: "AmazonS3/latest/userguide/UsingKMSEncryption.html", want: access.Denied,
			in: decrypt(aRole).identity(allow("s3:*", "*")).resource(onKey(root)),
		},
		{
			name: "R17_object_of_an_encrypted_bucket_allowed", doc: "AmazonS3/latest/userguide/UsingKMSEncryption.html", want: access.Allowed,
			in: read(aRole).identity(allow("s3:*", "*")),
		},
		{name: "R18_grant_without_policy", doc: docGrants, want: access.Allowed, in: decrypt(aRole).with(grants(toRole))},
		{name: "R18_grant_for_a_session", doc: docGrants, want: access.Allowed, in: decrypt(aSession).with(grants(toRole))},
		{name: "R18_grant_of_another_operation", doc: docGrants, want: access.Denied, in: ask(aRole, "kms:Encrypt", key).with(grants(toRole))},
		{name: "R18_grant_and_a_deny", doc: docGrants, want: access.Denied, in: decrypt(aRole).identity(deny("kms:*", "*")).with(grants(toRole))},
		{name: "R18_grant_for_another_account", doc: docGrants, want: access.Allowed, in: decrypt(aRole).in(abroad).with(grants(toRole))},
		{
			name: "R18_grant_of_a_tenant", doc: docGrants, want: access.Allowed,
			in: decrypt(aRole, "kms:EncryptionContext:tenant", "blue", "kms:EncryptionContextKeys", "tenant").with(grants(constrained)),
		},
		{name: "R18_grant_of_a_tenant_without_context", doc: docGrants, want: access.Denied, in: decrypt(aRole).with(grants(constrained))},
		{name: "R18_grant_of_a_tenant_describes", doc: docGrants, want: access.Allowed, in: ask(aRole, "kms:DescribeKey", key).with(grants(constrained))},
		{
			name: "R18_grant_of_exactly_a_tenant", doc: docGrants, want: access.Denied,
			in: decrypt(aRole, "kms:EncryptionContext:tenant", "blue").with(grants(exact)).
				with(func(in *Input) {
					in.Request.Context = in.Request.Context.With("kms:EncryptionContextKeys", "tenant", "day")
				}),
		},
		{
			name: "R18_grant_and_context_not_known", doc: docGrants, want: access.Conditional,
			in:      decrypt(aRole).context(access.NewContext(access.UnknownState)).with(grants(exact)),
			formula: `kms:EncryptionContext:tenant StringEquals "blue" and kms:EncryptionContextKeys ForAllValues:StringEquals "tenant"`,
		},
		{
			name: "R18_grants_could_not_be_read", doc: docGrants, want: access.Unknown, in: decrypt(aRole).with(func(in *Input) { in.KMS = &KMS{Missing: "kms:ListGrants was denied"} }),
			formula: "unknown: grants of the key: kms:ListGrants was denied",
		},
		{
			name: "R23_rcp_and_a_key_that_aws_manages", doc: docKeyRCP, want: access.Allowed,
			in: decrypt(aRole).identity(all).resource(onKey(root)).rcp(deny("*", "*", "Principal", "*")).with(func(in *Input) { in.KMS = &KMS{AWSManaged: true} }),
		},
		{
			name: "R23_rcp_and_another_key", doc: docKeyRCP, want: access.Denied,
			in: decrypt(aRole).identity(all).resource(onKey(root)).rcp(deny("*", "*", "Principal", "*")),
		},
		{
			name: "R23_rcp_and_retiring_a_grant", doc: docKeyRCP, want: access.Allowed,
			in: ask(aRole, "kms:RetireGrant", key).identity(all).resource(allow("kms:*", "*", "Principal", root)).rcp(deny("kms:*", "*", "Principal", "*")),
		},
		{
			name: "R23_key_that_aws_manages_and_another_account", doc: "kms/latest/developerguide/concepts.html#aws-managed-key", want: access.Denied,
			in: decrypt(aRole).in(abroad).identity(all).resource(onKey("*")).with(func(in *Input) { in.KMS = &KMS{AWSManaged: true} }),
		},
	})
}

func TestScenariosOfTrust(t *testing.T) {
	t.Parallel()
	assume := func(p access.Principal) Input { return ask(p, "sts:AssumeRole", target) }
	trust := func(principal, action string, more ...string) string {
		return statementText("Allow", append([]string{"Principal", principal, "Action", action}, more...))
	}
	all, root := allow("*", "*"), aws("arn:aws:iam::111122223333:root")
	token := access.Principal{Kind: WebIdentity, ID: "arn:aws:iam::111122223333:oidc-provider/" + issuer}
	web := func(keys ...string) Input { return ask(token, "sts:AssumeRoleWithWebIdentity", target, keys...) }
	provider := `{"Federated":"` + token.ID + `"}`
	sub := func(operator, value string) string {
		return `{"` + operator + `":{"` + issuer + `:sub":"` + value + `"},"StringEqualsIgnoreCase":{"` + issuer + `:aud":"sts.amazonaws.com"}}`
	}
	pods := access.Principal{Kind: Service, ID: "pods.eks.amazonaws.com"}
	runScenarios(t, []scenario{
		{name: "A93_trust_names_the_role", doc: docTrust, want: access.Allowed, in: assume(aRole).resource(trust(aws(roleARN), "sts:AssumeRole"))},
		{name: "A94_trust_names_the_account_without_identity", doc: docTrust, want: access.Denied, in: assume(aRole).resource(trust(root, "sts:AssumeRole"))},
		{name: "A94_trust_names_the_account_with_identity", doc: docTrust, want: access.Allowed, in: assume(aRole).identity(all).resource(trust(root, "sts:AssumeRole"))},
		{name: "A95_identity_without_trust", doc: docTrust, want: access.Denied, in: assume(aRole).identity(all).resource(trust(aws("arn:aws:iam::111122223333:role/b"), "sts:AssumeRole"))},
		{name: "A95_no_trust_policy", doc: docTrust, want: access.Denied, in: assume(aRole).identity(all)},
		{name: "A96_trust_of_another_account_needs_identity", doc: docAcross, want: access.Denied, in: assume(aRole).in(abroad).resource(trust(aws(roleARN), "sts:AssumeRole"))},
		{name: "A96_trust_of_another_account", doc: docAcross, want: access.Allowed, in: assume(aRole).in(abroad).identity(all).resource(trust(aws(roleARN), "sts:AssumeRole"))},
		{
			name: "A97_external_id", doc: "IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html", want: access.Conditional,
			in: assume(aRole).identity(all).resource(trust(root, "sts:AssumeRole", "Condition", `{"StringEquals":{"sts:ExternalId":"42"}}`)).
				context(access.NewContext(access.UnknownState)), formula: `sts:ExternalId StringEquals "42"`,
		},
		{
			name: "A97_external_id_not_given", doc: "IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html", want: access.Denied,
			in: assume(aRole).identity(all).resource(trust(root, "sts:AssumeRole", "Condition", `{"StringEquals":{"sts:ExternalId":"42"}}`)),
		},
		{
			name: "R08_target_role_in_another_account", doc: "eks/latest/APIReference/API_CreatePodIdentityAssociation.html", want: access.Allowed,
			in: ask(aSession, "sts:AssumeRole", "arn:aws:iam::444455556666:role/target", "sts:ExternalId", "eu-west-1/111122223333/shop/apps/web").in(abroad).
				identity(allow("sts:AssumeRole", "arn:aws:iam::444455556666:role/target")).
				resource(trust(aws(roleARN), "sts:AssumeRole", "Condition", `{"StringEquals":{"sts:ExternalId":"eu-west-1/111122223333/shop/apps/web"}}`)),
		},
		{
			name: "R08_target_role_for_another_workload", doc: "eks/latest/APIReference/API_CreatePodIdentityAssociation.html", want: access.Denied,
			in: ask(aSession, "sts:AssumeRole", "arn:aws:iam::444455556666:role/target", "sts:ExternalId", "eu-west-1/111122223333/shop/apps/api").in(abroad).
				identity(allow("sts:AssumeRole", "arn:aws:iam::444455556666:role/target")).
				resource(trust(aws(roleARN), "sts:AssumeRole", "Condition", `{"StringEquals":{"sts:ExternalId":"eu-west-1/111122223333/shop/apps/web"}}`)),
		},
		{
			name: "A98_trust_names_a_service", doc: docPrincipal, want: access.Allowed,
			in: ask(access.Principal{Kind: Service, ID: "ecs-tasks.amazonaws.com"}, "sts:AssumeRole", target).resource(trust(`{"Service":"ecs-tasks.amazonaws.com"}`, "sts:AssumeRole")),
		},
		{
			name: "A98_trust_names_another_service", doc: docPrincipal, want: access.Denied,
			in: ask(access.Principal{Kind: Service, ID: "ecs-tasks.amazonaws.com"}, "sts:AssumeRole", target).resource(trust(`{"Service":"lambda.amazonaws.com"}`, "sts:AssumeRole")),
		},
		{name: "A98_root_user_cannot_assume", doc: "STS/latest/APIReference/API_AssumeRole.html", want: access.Denied, in: assume(aRoot).resource(trust(root, "sts:AssumeRole"))},
		{
			name: "A98_nobody_can_assume_without_credentials", doc: "STS/latest/APIReference/API_AssumeRole.html", want: access.Denied,
			in: assume(nobody).resource(trust("*", "sts:AssumeRole")),
		},
		{
			name: "A98_federated_user_cannot_assume", doc: "STS/latest/APIReference/API_GetFederationToken.html", want: access.Denied,
			in: assume(aFederated).identity(all).session(all).resource(trust(root, "sts:AssumeRole")),
		},
		{
			name: "A98_federated_user_may_ask_who_it_is", doc: "STS/latest/APIReference/API_GetFederationToken.html", want: access.Allowed,
			in: ask(aFederated, "sts:GetCallerIdentity", "*"),
		},
		{
			name: "R01_trust_of_another_service_account", doc: docIRSA, want: access.Denied,
			in: web(issuer+":sub", "system:serviceaccount:shop:web", issuer+":aud", "sts.amazonaws.com").resource(trust(provider, "sts:AssumeRoleWithWebIdentity", "Condition", sub("StringEquals", "system:serviceaccount:shop:api"))),
		},
		{
			name: "R01_trust_of_the_service_account", doc: docIRSA, want: access.Allowed,
			in: web(issuer+":sub", "system:serviceaccount:shop:web", issuer+":aud", "sts.amazonaws.com").resource(trust(provider, "sts:AssumeRoleWithWebIdentity", "Condition", sub("StringEquals", "system:serviceaccount:shop:web"))),
		},
		{
			name: "R02_trust_of_the_audience_alone", doc: docIRSA, want: access.Allowed,
			in: web(issuer+":sub", "system:serviceaccount:dev:any", issuer+":aud", "sts.amazonaws.com").resource(trust(provider, "sts:AssumeRoleWithWebIdentity", "Condition", `{"StringEquals":{"`+issuer+`:aud":"sts.amazonaws.com"}}`)),
		},
		{
			name: "R03_trust_of_the_provider_of_another_cluster", doc: docIRSA, want: access.Denied,
			in: web(issuer+":sub", "system:serviceaccount:shop:web").resource(trust(`{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/XYZ"}`, "sts:AssumeRoleWithWebIdentity")),
		},
		{
			name: "R04_trust_of_a_namespace", doc: docIRSA, want: access.Allowed,
			in: web(issuer+":sub", "system:serviceaccount:prod:web", issuer+":aud", "sts.amazonaws.com").resource(trust(provider, "sts:AssumeRoleWithWebIdentity", "Condition", sub("StringLike", "system:serviceaccount:prod:*"))),
		},
		{
			name: "R09_namespace_of_a_pod_identity", doc: "eks/latest/userguide/pod-id-role.html", want: access.Denied,
			in: ask(pods, "sts:AssumeRole", target, "aws:RequestTag/kubernetes-namespace", "prod").
				resource(trust(`{"Service":"pods.eks.amazonaws.com"}`, `["sts:AssumeRole","sts:TagSession"]`, "Condition", `{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"dev"}}`)),
		},
		{
			name: "R09_namespace_that_the_trust_asks_for", doc: "eks/latest/userguide/pod-id-role.html", want: access.Allowed,
			in: ask(pods, "sts:AssumeRole", target, "aws:RequestTag/kubernetes-namespace", "dev").
				resource(trust(`{"Service":"pods.eks.amazonaws.com"}`, `["sts:AssumeRole","sts:TagSession"]`, "Condition", `{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"dev"}}`)),
		},
		{
			name: "R09_tags_of_a_pod_identity", doc: "eks/latest/userguide/pod-id-role.html", want: access.Denied,
			in: ask(pods, "sts:TagSession", target).resource(trust(`{"Service":"pods.eks.amazonaws.com"}`, "sts:AssumeRole")),
		},
	})
}

func TestScenariosOfBuckets(t *testing.T) {
	t.Parallel()
	all := allow("*", "*")
	const point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports"
	through := func(vpc string, statements ...string) func(*Input) {
		return func(in *Input) {
			s := set(statements...)
			in.S3 = &S3{AccessPoint: &AccessPoint{ARN: point, Account: home, Policy: &s, VPC: vpc}}
		}
	}
	delegates := allow("*", `["arn:aws:s3:::records","arn:aws:s3:::records/*"]`, "Principal", "*", "Condition", `{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`)
	ofPoint := allow("s3:GetObject", point+"/object/2024/*", "Principal", aws(roleARN))
	acls := func(s S3) func(*Input) { return func(in *Input) { in.S3 = &s } }
	everybody := ACLGrant{Grantee: allUsers, Permission: "READ", Object: true}
	below := func(p access.Principal) Input {
		return read(p).with(func(in *Input) {
			in.Request.Resource = access.Resource{ID: "arn:aws:s3:::records/", Account: home, Below: true}
		})
	}
	runScenarios(t, []scenario{
		{
			name: "A99_tags_of_a_bucket_without_abac", doc: docABAC, want: access.Denied,
			in: ask(aRole, "s3:ListBucket", "arn:aws:s3:::records", "aws:ResourceTag/team", "blue").identity(allow("s3:*", "*", "Condition", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`)).with(acls(S3{})),
		},
		{
			name: "A99_tags_of_a_bucket_with_abac", doc: docABAC, want: access.Allowed,
			in: ask(aRole, "s3:ListBucket", "arn:aws:s3:::records", "aws:ResourceTag/team", "blue").identity(allow("s3:*", "*", "Condition", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`)).with(acls(S3{ABAC: true})),
		},
		{name: "R19_access_point_without_the_bucket", doc: docPoints, want: access.Denied, in: read(aRole).with(through("", ofPoint))},
		{name: "R19_access_point_and_bucket_that_delegates", doc: docPoints, want: access.Allowed, in: read(aRole).resource(delegates).with(through("", ofPoint))},
		{name: "R19_bucket_that_delegates_without_access_point", doc: docPoints, want: access.Denied, in: read(aRole).resource(delegates)},
		{
			name: "R19_access_point_whose_account_its_arn_tells", doc: docPoints, want: access.Allowed,
			in: read(aRole).resource(delegates).with(through("", ofPoint)).with(func(in *Input) { in.S3.AccessPoint.Account = "" }),
		},
		{
			name: "R19_rcp_denies_the_access_point", doc: docRCP, want: access.Denied,
			in: read(aRole).resource(delegates).with(through("", ofPoint)).rcp(deny("s3:*", "arn:aws:s3:*:*:accesspoint/*", "Principal", "*")),
		},
		{
			name: "R19_rcp_of_the_account_of_the_access_point", doc: docRCP, want: access.Unknown,
			in: read(aRole).identity(all).resource(delegates).with(through("", ofPoint)).with(func(in *Input) {
				in.Request.Resource.Account = abroad
			}),
			formula: "unknown: resource control policies: those of the account of the access point are not read",
		},
		{
			name: "R19_access_point_for_another_role", doc: docPoints, want: access.Denied,
			in: read(access.Principal{Kind: Role, ID: "arn:aws:iam::111122223333:role/b", Account: home}).resource(delegates).with(through("", ofPoint)),
		},
		{name: "R19_access_point_in_a_vpc", doc: docPoints, want: access.Denied, in: read(aRole, "aws:SourceVpc", "vpc-2").resource(delegates).with(through("vpc-1", ofPoint))},
		{name: "R19_access_point_in_the_vpc", doc: docPoints, want: access.Allowed, in: read(aRole, "aws:SourceVpc", "vpc-1").resource(delegates).with(through("vpc-1", ofPoint))},
		{
			name: "R19_access_point_denies", doc: docPoints, want: access.Denied,
			in: read(aRole).identity(all).resource(delegates).with(through("", ofPoint, deny("s3:*", "*", "Principal", "*"))),
		},
		{
			name: "R19_access_point_and_identity_that_names_the_bucket", doc: docPoints, want: access.Denied,
			in: read(aRole).identity(allow("s3:*", "arn:aws:s3:::records/*")).resource(delegates).with(through("")),
		},
		{
			name: "R19_access_point_and_identity_that_names_only_it", doc: docPoints, want: access.Unknown,
			in:      read(aRole).identity(allow("s3:*", point+"/*")).with(through("")),
			formula: "unknown: whether identity policies have to name the bucket behind an access point is not documented",
		},
		{name: "acl_for_everybody", doc: docACL, want: access.Allowed, in: read(nobody).with(acls(S3{ACLs: []ACLGrant{everybody}}))},
		{name: "acl_for_everybody_ignored", doc: docPublic, want: access.Denied, in: read(nobody).with(acls(S3{IgnorePublicACLs: true, ACLs: []ACLGrant{everybody}}))},
		{name: "acl_for_everybody_does_not_write", doc: docACL, want: access.Denied, in: ask(nobody, "s3:PutObject", object).with(acls(S3{ACLs: []ACLGrant{everybody}}))},
		{
			name: "acl_with_a_permission_that_is_not_known", doc: docACL, want: access.Unknown,
			in:      read(nobody).with(acls(S3{ACLs: []ACLGrant{{Grantee: allUsers, Permission: "LOOK", Object: true}}})),
			formula: `unknown: what the permission "LOOK" of an access control list permits`,
		},
		{
			name: "acl_for_some_objects", doc: docACL, want: access.Conditional, in: below(nobody).with(acls(S3{ACLs: []ACLGrant{everybody}})),
			formula: `resource object ACL "READ http://acs.amazonaws.com/groups/global/AllUsers"`,
		},
		{
			name: "acl_for_another_account", doc: docACL, want: access.Allowed,
			in: ask(aRole, "s3:ListBucket", "arn:aws:s3:::records").in(abroad).identity(all).with(acls(S3{ACLs: []ACLGrant{{Grantee: "79a5", Account: home, Permission: "FULL_CONTROL"}}})),
		},
		{
			name: "acl_for_another_account_without_identity", doc: docACL, want: access.Denied,
			in: ask(aRole, "s3:ListBucket", "arn:aws:s3:::records").in(abroad).with(acls(S3{ACLs: []ACLGrant{{Grantee: "79a5", Account: home, Permission: "READ"}}})),
		},
		{name: "D03_all_objects", doc: docResource, want: access.Allowed, in: below(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records/*"))},
		{
			name: "D03_some_objects", doc: docResource, want: access.Conditional, in: below(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records/2024/*")),
			formula: `resource ArnLike "arn:aws:s3:::records/2024/*"`,
		},
		{name: "D03_no_objects", doc: docResource, want: access.Denied, in: below(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::logs/*"))},
		{
			name: "D03_all_objects_but_some", doc: docResource, want: access.Conditional, in: below(aRole).identity(allow("s3:*", "*"), deny("s3:*", "arn:aws:s3:::*/private/*")),
			formula: `not (resource ArnLike "arn:aws:s3:::*/private/*")`,
		},
		{
			name: "root_user_repairs_a_policy", doc: "AmazonS3/latest/API/API_PutBucketPolicy.html", want: access.Allowed,
			in: ask(aRoot, "s3:DeleteBucketPolicy", "arn:aws:s3:::records").resource(deny("s3:*", "*", "Principal", "*")),
		},
		{
			name: "root_user_reads_no_more_than_the_policy_lets", doc: "AmazonS3/latest/API/API_PutBucketPolicy.html", want: access.Denied,
			in: read(aRoot).resource(deny("s3:*", "*", "Principal", "*")),
		},
	})
}

// TestPublicPolicies checks which statements Block Public Access takes for
// public: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func TestPublicPolicies(t *testing.T) {
	t.Parallel()
	condition := func(c string) []string { return []string{"Condition", c} }
	for _, test := range []struct {
		name, principal string
		more            []string
		accessPoint     bool
		want            access.Verdict
	}{
		{"everybody", "*", nil, false, access.Allowed},
		{"account", aws(home), nil, false, access.Denied},
		{"service", `{"Service":"cloudtrail.amazonaws.com"}`, nil, false, access.Denied},
		{"federated", `{"Federated":"graph.facebook.com"}`, nil, false, access.Allowed},
		{"any_vpc", "*", condition(`{"StringLike":{"aws:SourceVpc":"vpc-*"}}`), false, access.Allowed},
		{"one_vpc", "*", condition(`{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}`), false, access.Denied},
		{"other_vpcs", "*", condition(`{"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}}`), false, access.Allowed},
		{"one_vpc_if_exists", "*", condition(`{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}}`), false, access.Allowed},
		{"organization", "*", condition(`{"StringEquals":{"aws:PrincipalOrgID":"o-home"}}`), false, access.Denied},
		{"variable", "*", condition(`{"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}}`), false, access.Allowed},
		{"addresses", "*", condition(`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}`), false, access.Denied},
		{"half_of_all_addresses", "*", condition(`{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`), false, access.Allowed},
		{"more_than_private_addresses", "*", condition(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/7"}}`), false, access.Allowed},
		{"wide_range_of_local_addresses", "*", condition(`{"IpAddress":{"aws:SourceIp":"fc00::/7"}}`), false, access.Allowed},
		{"private_addresses", "*", condition(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), false, access.Denied},
		{"access_points", "*", condition(`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}`), false, access.Denied},
		{"access_points_of_all", "*", condition(`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}}`), false, access.Allowed},
		{"access_points_by_an_access_point", "*", condition(`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}`), true, access.Allowed},
		{"organization_path", "*", condition(`{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-home/r-a/"}}`), false, access.Unknown},
		{"other_key", "*", condition(`{"StringEquals":{"s3:ExistingObjectTag/public":"yes"}}`), false, access.Allowed},
	} {
		s := set(to(test.principal, test.more...))
		if got := newPolicySet(&s, compile).public(test.accessPoint); got.Verdict() != test.want {
			t.Errorf("%s: public is %v, want %v", test.name, got, test.want)
		}
	}
	s := set(deny("s3:*", "*", "Principal", "*"))
	if got := newPolicySet(&s, compile).public(false); !got.IsFalse() {
		t.Errorf("a denial is public: %v", got)
	}
}
