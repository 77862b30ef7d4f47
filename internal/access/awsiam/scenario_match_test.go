package awsiam

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// Where AWS documents elements.
const (
	docAction      = "IAM/latest/UserGuide/reference_policies_elements_action.html"
	docNotAction   = "IAM/latest/UserGuide/reference_policies_elements_notaction.html"
	docResource    = "IAM/latest/UserGuide/reference_policies_elements_resource.html"
	docNotResource = "IAM/latest/UserGuide/reference_policies_elements_notresource.html"
	docChecks      = "IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
	docLogic       = "IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"
)

func TestScenariosOfMatching(t *testing.T) {
	t.Parallel()
	secret := "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf"
	table := "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
	runScenarios(t, []scenario{
		{
			name: "A01_action_and_resource", doc: docLogic, want: access.Allowed,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records/*")),
		},
		{name: "A01_no_policy", doc: docLogic, want: access.Denied, in: read(aRole).identity()},
		{
			name: "A02_bucket_arn_is_no_object", doc: docResource, want: access.Denied,
			in: read(aRole).identity(allow("s3:*", "arn:aws:s3:::records")),
		},
		{
			name: "A03_objects_are_no_bucket", doc: docResource, want: access.Denied,
			in: ask(aRole, "s3:ListBucket", "arn:aws:s3:::records").identity(allow("s3:*", "arn:aws:s3:::records/*")),
		},
		{
			name: "A04_explicit_deny_wins", doc: docLogic, want: access.Denied,
			in: read(aRole).identity(allow("*", "*"), deny("s3:Get*", "arn:aws:s3:::records/2024/*")),
		},
		{
			name: "A04_narrower_deny_leaves_the_rest", doc: docLogic, want: access.Allowed,
			in: read(aRole).identity(allow("*", "*"), deny("s3:Get*", "arn:aws:s3:::records/2023/*")),
		},
		{
			name: "A05_not_action_allows_the_others", doc: docNotAction, want: access.Allowed,
			in: read(aRole).identity(statementText("Allow", []string{"NotAction", "iam:*", "Resource", "*"})),
		},
		{
			name: "A05_not_action_excludes", doc: docNotAction, want: access.Denied,
			in: read(aRole).identity(statementText("Allow", []string{"NotAction", `["iam:*","s3:Get*"]`, "Resource", "*"})),
		},
		{
			name: "A06_action_in_other_case", doc: docAction, want: access.Allowed,
			in: read(aRole).identity(allow("S3:getobject", "*")),
		},
		{
			name: "A06_look_alike_letter", doc: docAction, want: access.Denied,
			in: read(aRole).identity(allow("ſ3:GetObject", "*")),
		},
		{
			name: "A07_arn_in_other_case", doc: docResource, want: access.Denied,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::Records/*")),
		},
		{
			name: "A08_wildcards_in_action", doc: docAction, want: access.Allowed,
			in: read(aRole).identity(allow("s3:?et*ject", "*")),
		},
		{
			name: "A08_wildcard_does_not_match_another", doc: docAction, want: access.Denied,
			in: read(aRole).identity(allow("s3:Get*Version", "*")),
		},
		{
			name: "A09_star_crosses_slashes", doc: docResource, want: access.Allowed,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records*txt")),
		},
		{
			name: "A09_star_inside_a_segment_stays_in_it", doc: docResource, want: access.Denied,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs").
				identity(allow("sqs:*", "arn:aws:sqs:eu*3333:jobs")),
		},
		{
			name: "A09_star_for_region_and_account", doc: docResource, want: access.Allowed,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs").
				identity(allow("sqs:*", "arn:aws:sqs:*:*:jobs")),
		},
		{
			name: "A10_not_resource_excludes", doc: docNotResource, want: access.Denied,
			in: read(aRole).identity(statementText("Allow", []string{"Action", "s3:*", "NotResource", "arn:aws:s3:::records/*"})),
		},
		{
			name: "A10_not_resource_allows_the_others", doc: docNotResource, want: access.Allowed,
			in: read(aRole).identity(statementText("Allow", []string{"Action", "s3:*", "NotResource", `["arn:aws:s3:::logs/*","arn:aws:s3:::records/2023/*"]`})),
		},
		{
			name: "A11_deny_not_resource", doc: docNotResource, want: access.Denied,
			in: read(aRole).identity(allow("s3:*", "*"), statementText("Deny", []string{"Action", "s3:*", "NotResource", "arn:aws:s3:::logs/*"})),
		},
		{
			name: "A12_question_mark_is_one_character", doc: docResource, want: access.Allowed,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records/????/?.txt")),
		},
		{
			name: "A12_question_mark_is_not_none", doc: docResource, want: access.Denied,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3:::records/2024/a.txt?")),
		},
		{
			name: "A13_short_arn", doc: docResource, want: access.Allowed,
			in: read(aRole).identity(allow("s3:GetObject", "arn:aws:s3")),
		},
		{
			name: "A13_short_arn_of_a_region", doc: docResource, want: access.Denied,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs").identity(allow("sqs:*", "arn:aws:sqs:us-east-1")),
		},
		{
			name: "A13_short_arn_in_a_bucket_policy", doc: docResource, want: access.Unknown,
			in:      read(aUser).resource(allow("s3:GetObject", "arn:aws:s3", "Principal", "*")),
			formula: `unknown: resource "arn:aws:s3" has too few segments, and what that means in a resource policy is not documented`,
		},
		{
			name: "A14_star_that_ends_a_segment_crosses_colons", doc: docResource, want: access.Allowed,
			in: ask(aRole, "dynamodb:GetItem", table).identity(allow("dynamodb:*", "arn:aws:dynamodb:*:table/orders")),
		},
		{
			name: "A14_secret_without_account", doc: docResource, want: access.Allowed,
			in: ask(aRole, "secretsmanager:GetSecretValue", secret).identity(allow("secretsmanager:*", "arn:aws:secretsmanager:*:secret:prod/*")),
		},
		{
			name: "A15_star_alone_is_every_resource", doc: docResource, want: access.Allowed,
			in: ask(aRole, "s3:ListAllMyBuckets", "*").identity(allow("s3:*", "*")),
		},
		{
			name: "A15_no_wildcard_for_the_service", doc: docResource, want: access.Unknown,
			in:      read(aRole).identity(allow("s3:*", "arn:aws:*:::records/*")),
			formula: `unknown: resource "arn:aws:*:::records/*" has a wildcard for the service, where none is valid`,
		},
		{
			name: "A15_service_of_another_arn", doc: docResource, want: access.Denied,
			in: ask(aRole, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs").identity(allow("sqs:*", "arn:aws:s3:::*")),
		},
		{name: "A15_no_actions", doc: docChecks, want: access.Denied, in: read(aRole).identity(allow("[]", "*"))},
		{name: "A15_no_resources", doc: docChecks, want: access.Denied, in: read(aRole).resource(allow("*", "[]", "Principal", "*"))},
		{
			name: "A15_denial_of_no_resources", doc: docChecks, want: access.Allowed,
			in: read(aRole).identity(allow("*", "*")).resource(deny("*", "[]", "Principal", "*")),
		},
		{
			name: "A15_no_resources_excluded", doc: docChecks, want: access.Unknown,
			in:      read(aRole).resource(statementText("Allow", []string{"Principal", "*", "Action", "*", "NotResource", "[]"})),
			formula: "unknown: what a statement is about whose NotResource is empty is not documented",
		},
		{
			name: "R26_action_with_a_typo", doc: docAction, want: access.Denied,
			in: read(aRole).identity(allow("s3:GetObjekt", "*")),
		},
	})
}
