package awsiam

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// Where AWS documents how policies work together.
const (
	docPrincipal    = "IAM/latest/UserGuide/reference_policies_elements_principal.html"
	docNotPrincipal = "IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"
	docAcross       = "IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"
	docBoundary     = "IAM/latest/UserGuide/access_policies_boundaries.html"
	docSession      = "IAM/latest/UserGuide/access_policies.html#policies_session"
	docSCP          = "organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"
	docSCPs         = "organizations/latest/userguide/orgs_manage_policies_scps.html"
	docRCP          = "organizations/latest/userguide/orgs_manage_policies_rcps.html"
	docEndpoint     = "vpc/latest/privatelink/vpc-endpoints-access.html"
	docPublic       = "AmazonS3/latest/userguide/access-control-block-public-access.html"
)

// to returns a statement of a bucket policy that allows a principal to read.
func to(principal string, more ...string) string {
	return allow("s3:GetObject", "arn:aws:s3:::records/*", append([]string{"Principal", principal}, more...)...)
}

func aws(principal string) string { return `{"AWS":"` + principal + `"}` }

func TestScenariosOfResourcePolicies(t *testing.T) {
	t.Parallel()
	nothing := allow("ec2:*", "*")
	key, value := when("ArnEquals", "aws:PrincipalArn", roleARN)
	runScenarios(t, []scenario{
		{
			name: "A20_bucket_policy_names_the_role", doc: docLogic, want: access.Allowed,
			in: read(aSession).resource(to(aws(roleARN))),
		},
		{
			name: "A20_bucket_policy_names_another_role", doc: docLogic, want: access.Denied,
			in: read(aSession).resource(to(aws("arn:aws:iam::111122223333:role/app"))),
		},
		{
			name: "A21_root_in_bucket_policy", doc: docPrincipal, want: access.Denied,
			in: read(aRole).resource(to(aws("arn:aws:iam::111122223333:root"))),
		},
		{
			name: "A21_account_id_in_bucket_policy", doc: docPrincipal, want: access.Denied,
			in: read(aUser).resource(to(aws(home))),
		},
		{
			name: "A22_identity_policy_is_enough", doc: docLogic, want: access.Allowed,
			in: read(aRole).identity(allow("s3:GetObject", "*")).resource(to(aws(home))),
		},
		{
			name: "A22_bucket_policy_denies", doc: docLogic, want: access.Denied,
			in: read(aRole).identity(allow("s3:GetObject", "*")).resource(deny("s3:*", "*", "Principal", aws(home))),
		},
		{
			name: "A23_boundary_limits_a_grant_to_the_role", doc: docLogic, want: access.Denied,
			in: read(aSession).boundary(nothing).resource(to(aws(roleARN))),
		},
		{
			name: "A23_boundary_allows_a_grant_to_the_role", doc: docLogic, want: access.Allowed,
			in: read(aSession).boundary(allow("s3:*", "*")).resource(to(aws(roleARN))),
		},
		{
			name: "A24_boundary_does_not_limit_a_grant_to_the_session", doc: docLogic, want: access.Allowed,
			in: read(aSession).boundary(nothing).resource(to(aws(sessionARN))),
		},
		{
			name: "A24_grant_to_another_session", doc: docLogic, want: access.Denied,
			in: read(aSession).boundary(nothing).resource(to(aws("arn:aws:sts::111122223333:assumed-role/app/two"))),
		},
		{
			name: "D02_session_that_is_not_known", doc: docLogic, want: access.Conditional,
			in: read(aRole).boundary(nothing).resource(to(aws(sessionARN))), formula: `principal StringEquals "arn:aws:sts::111122223333:assumed-role/app/one"`,
		},
		{
			name: "A25_boundary_does_not_limit_a_grant_to_the_user", doc: docLogic, want: access.Allowed,
			in: read(aUser).boundary(nothing).resource(to(aws(userARN))),
		},
		{
			name: "A26_session_policy_does_not_limit_a_grant_to_the_session", doc: docSession, want: access.Allowed,
			in: read(aSession).session(nothing).resource(to(aws(sessionARN))),
		},
		{
			name: "A27_session_policy_limits_a_grant_to_the_role", doc: docSession, want: access.Denied,
			in: read(aSession).session(nothing).resource(to(aws(roleARN))),
		},
		{
			name: "A28_everybody_with_the_arn_of_the_role", doc: docPrincipal, want: access.Allowed,
			in: read(aSession).boundary(nothing).session(nothing).resource(to("*", key, value)),
		},
		{
			name: "A28_everybody_with_another_arn", doc: docPrincipal, want: access.Denied,
			in: read(access.Principal{Kind: Role, ID: "arn:aws:iam::111122223333:role/b", Account: home}).resource(to("*", key, value)),
		},
		{
			name: "A29_boundary_denies_a_grant_to_everybody", doc: docPrincipal, want: access.Denied,
			in: read(aSession).boundary(deny("s3:*", "*")).resource(to("*")),
		},
		{
			name: "A29_federated_user_by_its_own_arn", doc: docLogic, want: access.Allowed,
			in: read(aFederated).resource(to(aws(aFederated.ID))),
		},
		{
			name: "A29_federated_user_by_its_user_without_session_policy", doc: docLogic, want: access.Denied,
			in: read(aFederated).resource(to(aws(userARN))),
		},
		{
			name: "A29_federated_user_by_its_user_with_session_policy", doc: docLogic, want: access.Allowed,
			in: read(aFederated).session(allow("s3:*", "*")).resource(to(aws(userARN))),
		},
		{
			name: "A29_wildcard_in_a_principal_matches_nothing", doc: docPrincipal, want: access.Denied,
			in: read(aRole).resource(to(aws("arn:aws:iam::111122223333:role/*"))),
		},
		{
			name: "A30_boundary_limits_identity_policies", doc: docBoundary, want: access.Denied,
			in: read(aRole).identity(allow("*", "*")).boundary(nothing),
		},
		{
			name: "A30_boundary_gives_nothing", doc: docBoundary, want: access.Denied,
			in: read(aRole).boundary(allow("*", "*")),
		},
		{
			name: "A31_session_policy_limits_identity_policies", doc: docSession, want: access.Denied,
			in: read(aSession).identity(allow("*", "*")).session(nothing),
		},
		{
			name: "A32_all_three_allow", doc: docSession, want: access.Allowed,
			in: read(aSession).identity(allow("s3:*", "*")).boundary(allow("s3:Get*", "*")).session(allow("*", "arn:aws:s3:::records/*")),
		},
		{
			name: "R07_session_policy_of_a_pod_identity_reads", doc: "eks/latest/APIReference/API_CreatePodIdentityAssociation.html", want: access.Allowed,
			in: read(aSession).identity(allow("s3:*", "*")).session(allow("s3:GetObject", "*")),
		},
		{
			name: "R07_session_policy_of_a_pod_identity_does_not_write", doc: "eks/latest/APIReference/API_CreatePodIdentityAssociation.html", want: access.Denied,
			in: ask(aSession, "s3:PutObject", object).identity(allow("s3:*", "*")).session(allow("s3:GetObject", "*")),
		},
		{
			name: "R20_unique_id_of_a_deleted_role", doc: docPrincipal, want: access.Denied,
			in: read(aRole).resource(to(aws("AROADELETED"))).with(func(in *Input) { in.UniqueID = roleID }),
		},
		{
			name: "R20_unique_id_of_the_role", doc: docPrincipal, want: access.Allowed,
			in: read(aRole).resource(to(aws(roleID))).with(func(in *Input) { in.UniqueID = roleID }),
		},
		{
			name: "R20_unique_id_of_the_role_is_limited_by_the_boundary", doc: docPrincipal, want: access.Denied,
			in: read(aRole).boundary(nothing).resource(to(aws(roleID))).with(func(in *Input) { in.UniqueID = roleID }),
		},
		{
			name: "Q11_caller_identity_cannot_be_denied", doc: "STS/latest/APIReference/API_GetCallerIdentity.html", want: access.Allowed,
			in: ask(aRole, "sts:GetCallerIdentity", "*").identity(deny("*", "*")),
		},
	})
}

func TestScenariosOfAccounts(t *testing.T) {
	t.Parallel()
	all := allow("*", "*")
	public := func(in *Input) { in.S3 = &S3{RestrictPublicBuckets: true} }
	runScenarios(t, []scenario{
		{
			name: "A40_other_account_both_allow", doc: docAcross, want: access.Allowed,
			in: read(aRole).in(abroad).identity(all).resource(to(aws(roleARN))),
		},
		{
			name: "A40_other_account_delegates_to_the_account", doc: docAcross, want: access.Allowed,
			in: read(aRole).in(abroad).identity(all).resource(to(aws(home))),
		},
		{
			name: "A41_other_account_only_the_identity_allows", doc: docAcross, want: access.Denied,
			in: read(aRole).in(abroad).identity(all),
		},
		{
			name: "A42_other_account_only_the_bucket_allows", doc: docAcross, want: access.Denied,
			in: read(aRole).in(abroad).resource(to(aws(roleARN))),
		},
		{
			name: "A43_other_account_boundary_limits", doc: docAcross, want: access.Denied,
			in: read(aRole).in(abroad).identity(all).boundary(allow("ec2:*", "*")).resource(to(aws(roleARN))),
		},
		{
			name: "A44_other_account_session_policy_limits", doc: docAcross, want: access.Denied,
			in: read(aSession).in(abroad).identity(all).session(allow("ec2:*", "*")).resource(to(aws(sessionARN))),
		},
		{
			name: "A44_account_of_the_bucket_is_not_known", doc: docAcross, want: access.Unknown,
			in: read(aRole).in("").identity(all), formula: "unknown: the account of the principal or that of the resource is not known",
		},
		{
			name: "A45_public_policy_for_another_account", doc: docPublic, want: access.Denied,
			in: read(aRole).in(abroad).identity(all).resource(to("*")).with(public),
		},
		{
			name: "A45_public_policy_hides_what_is_not", doc: docPublic, want: access.Denied,
			in: read(aRole).in(abroad).identity(all).resource(to(aws(home)), allow("s3:ListBucket", "*", "Principal", "*")).with(public),
		},
		{
			name: "A46_account_in_a_policy_that_is_not_public", doc: docPublic, want: access.Allowed,
			in: read(aRole).in(abroad).identity(all).resource(to(aws(home))).with(public),
		},
		{
			name: "A47_public_policy_for_the_account_itself", doc: docPublic, want: access.Allowed,
			in: read(aRole).resource(to("*")).with(public),
		},
		{name: "A48_anonymous", doc: docPublic, want: access.Allowed, in: read(nobody).resource(to("*"))},
		{name: "A48_anonymous_with_restriction", doc: docPublic, want: access.Denied, in: read(nobody).resource(to("*")).with(public)},
		{name: "A48_anonymous_is_in_no_account", doc: docPublic, want: access.Denied, in: read(nobody).resource(to(aws(home)))},
		{
			name: "A48_restriction_could_not_be_read", doc: docPublic, want: access.Unknown,
			in:      read(nobody).resource(to("*")).with(func(in *Input) { in.S3 = &S3{Missing: "s3:GetBucketPublicAccessBlock was denied"} }),
			formula: "unknown: settings of the bucket: s3:GetBucketPublicAccessBlock was denied",
		},
		{
			name: "A50_scp_allows_at_every_level", doc: docSCP, want: access.Allowed,
			in: read(aRole).identity(all).scp(all).scp(allow("s3:*", "*")).scp(all),
		},
		{
			name: "A50_scp_of_the_unit_lacks_the_action", doc: docSCP, want: access.Denied,
			in: read(aRole).identity(all).scp(all).scp(allow("ec2:*", "*")).scp(all),
		},
		{
			name: "A50_level_without_policies", doc: docSCP, want: access.Denied,
			in: read(aRole).identity(all).scp(all).scp(),
		},
		{
			name: "A51_scp_denies", doc: docSCP, want: access.Denied,
			in: read(aRole).identity(all).scp(all, deny("s3:*", "*")),
		},
		{
			name: "A51_scp_limits_the_root_user", doc: docSCPs, want: access.Denied,
			in: read(aRoot).scp(all, deny("s3:*", "*")),
		},
		{name: "A51_root_user_without_scp", doc: docLogic, want: access.Allowed, in: read(aRoot)},
		{
			name: "A52_scp_limits_a_grant_to_the_session", doc: docSCP, want: access.Denied,
			in: read(aSession).resource(to(aws(sessionARN))).scp(allow("ec2:*", "*")),
		},
		{
			name: "A53_perimeter_keeps_strangers_out", doc: docRCP, want: access.Denied,
			in: read(aRole, "aws:PrincipalOrgID", "o-other").in(abroad).identity(all).resource(to(aws(home))).rcp(perimeter()),
		},
		{
			name: "A54_perimeter_lets_the_organization_in", doc: docRCP, want: access.Allowed,
			in: read(aRole, "aws:PrincipalOrgID", "o-home").in(abroad).identity(all).resource(to(aws(home))).rcp(perimeter()),
		},
		{
			name: "A54_perimeter_and_organization_not_known", doc: docRCP, want: access.Conditional,
			in: read(aRole).in(abroad).identity(all).resource(to(aws(home))).rcp(perimeter()).
				context(access.NewContext(access.UnknownState)),
			formula: `aws:PrincipalOrgID StringEquals "o-home"`,
		},
		{
			name: "R21_scp_and_management_account", doc: docSCPs, want: access.Allowed,
			in: read(aRole).identity(all).scp(deny("*", "*")).with(func(in *Input) { in.PrincipalInManagementAccount = true }),
		},
		{
			name: "R21_scp_and_service_linked_role", doc: docSCPs, want: access.Allowed,
			in: read(aRole).identity(all).scp(deny("*", "*")).with(func(in *Input) { in.ServiceLinked = true }),
		},
		{
			name: "R21_rcp_and_management_account", doc: docRCP, want: access.Allowed,
			in: read(aRole).identity(all).rcp(deny("*", "*", "Principal", "*")).with(func(in *Input) { in.ResourceInManagementAccount = true }),
		},
		{
			name: "R22_rcp_and_a_service_that_has_none", doc: docRCP, want: access.Allowed,
			in: ask(aRole, "rds:DeleteDBInstance", "arn:aws:rds:eu-west-1:111122223333:db:orders").identity(all).rcp(deny("*", "*", "Principal", "*")),
		},
		{
			name: "R22_rcp_and_a_service_that_has_them", doc: docRCP, want: access.Denied,
			in: read(aRole).identity(all).rcp(deny("*", "*", "Principal", "*")),
		},
		{
			name: "R22_scp_could_not_be_read", doc: docSCPs, want: access.Unknown,
			in: read(aRole).identity(all).with(func(in *Input) {
				in.ServiceControl = []PolicySet{{Missing: "organizations:ListPolicies was denied"}}
			}), formula: "unknown: service control policies: organizations:ListPolicies was denied",
		},
		{
			name: "R22_scp_could_not_be_read_of_what_is_denied_anyway", doc: docSCPs, want: access.Denied,
			in: read(aRole).with(func(in *Input) {
				in.ServiceControl = []PolicySet{{Missing: "organizations:ListPolicies was denied"}}
			}),
		},
		{
			name: "R27_endpoint_that_the_workload_uses", doc: "AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html", want: access.Allowed,
			in: read(aRole, "aws:SourceVpce", "vpce-1").identity(all).resource(onlyFrom("vpce-1")),
		},
		{
			name: "R27_no_endpoint", doc: "AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html", want: access.Denied,
			in: read(aRole).identity(all).resource(onlyFrom("vpce-1")),
		},
		{
			name: "R27_endpoint_is_not_known", doc: "AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html", want: access.Conditional,
			in:      read(aRole).identity(all).resource(onlyFrom("vpce-1")).context(access.NewContext(access.UnknownState)),
			formula: `aws:SourceVpce StringEquals "vpce-1"`,
		},
		{
			name: "R27_endpoint_that_names_the_account", doc: docEndpoint, want: access.Unknown,
			in: read(aRole).identity(all).with(func(in *Input) {
				s := set(allow("s3:*", "*", "Principal", aws(home)))
				in.Endpoint = &s
			}),
			formula: "unknown: the type of the VPC endpoint, whose policy names an account: of a gateway endpoint that is its root user alone",
		},
		{
			name: "R27_endpoint_that_denies_the_account", doc: docEndpoint, want: access.Unknown,
			in: read(aRole).identity(all).with(func(in *Input) {
				s := set(allow("s3:*", "*", "Principal", "*"), deny("s3:*", "*", "Principal", aws(home)))
				in.Endpoint = &s
			}),
			formula: "unknown: the type of the VPC endpoint, whose policy names an account: of a gateway endpoint that is its root user alone",
		},
		{
			name: "R27_endpoint_that_denies_the_role", doc: docEndpoint, want: access.Denied,
			in: read(aRole).identity(all).with(func(in *Input) {
				s := set(allow("s3:*", "*", "Principal", "*"), deny("s3:*", "*", "Principal", aws(roleARN)))
				in.Endpoint = &s
			}),
		},
		{
			name: "R27_interface_endpoint_that_names_the_account", doc: docEndpoint, want: access.Allowed,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs").identity(all).with(func(in *Input) {
				s := set(allow("sqs:*", "*", "Principal", aws(home)))
				in.Endpoint = &s
			}),
		},
		{
			name: "R27_policy_of_the_endpoint", doc: docEndpoint, want: access.Denied,
			in: read(aRole).identity(all).with(func(in *Input) {
				s := set(allow("s3:*", "arn:aws:s3:::logs/*", "Principal", "*"))
				in.Endpoint = &s
			}),
		},
	})
}

// perimeter denies everybody who is of another organization.
func perimeter() string {
	key, value := when("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-home")
	return deny("s3:*", "*", "Principal", "*", key, value)
}

// onlyFrom denies what does not come through an endpoint.
func onlyFrom(endpoint string) string {
	key, value := when("StringNotEquals", "aws:SourceVpce", endpoint)
	return deny("s3:*", "*", "Principal", "*", key, value)
}
