package awsiam

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// Where AWS documents conditions.
const (
	docOperators = "IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	docSets      = "IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
	docLists     = "IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html"
	docVariables = "IAM/latest/UserGuide/reference_policies_variables.html"
	docKeys      = "IAM/latest/UserGuide/reference_policies_condition-keys.html"
)

// readIf asks to read an object that a statement with a condition allows.
func readIf(operator, key string, values []string, context ...string) Input {
	name, value := when(operator, key, values...)
	return read(aRole, context...).identity(allow("s3:GetObject", "*", name, value))
}

// readUnless is readIf of a statement that denies.
func readUnless(operator, key string, values []string, context ...string) Input {
	name, value := when(operator, key, values...)
	return read(aRole, context...).identity(allow("s3:GetObject", "*"), deny("s3:GetObject", "*", name, value))
}

// tagKeys makes aws:TagKeys have some values.
func tagKeys(values ...string) func(*Input) {
	return func(in *Input) { in.Request.Context = in.Request.Context.With("aws:TagKeys", values...) }
}

func list(values ...string) []string { return values }

func TestScenariosOfConditions(t *testing.T) {
	t.Parallel()
	const vpc, team = "aws:SourceVpc", "aws:PrincipalTag/team"
	two := `{"StringEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalTag/team":"blue"}}`
	both := `{"StringEquals":{"aws:SourceVpc":"vpc-1"},"StringNotEquals":{"aws:PrincipalTag/team":"red"}}`
	unknown := access.NewContext(access.UnknownState)
	runScenarios(t, []scenario{
		{name: "A60_missing_key_string_equals", doc: docOperators, want: access.Denied, in: readIf("StringEquals", vpc, list("vpc-1"))},
		{name: "A61_missing_key_string_not_equals", doc: docOperators, want: access.Allowed, in: readIf("StringNotEquals", vpc, list("vpc-1"))},
		{name: "A61_missing_key_not_ip_address", doc: docOperators, want: access.Allowed, in: readIf("NotIpAddress", "aws:SourceIp", list("10.0.0.0/8"))},
		{name: "A62_missing_key_if_exists", doc: docOperators, want: access.Allowed, in: readIf("StringEqualsIfExists", vpc, list("vpc-1"))},
		{name: "A62_present_key_if_exists", doc: docOperators, want: access.Denied, in: readIf("StringEqualsIfExists", vpc, list("vpc-1"), vpc, "vpc-2")},
		{name: "A63_deny_if_exists_and_missing_key", doc: docOperators, want: access.Denied, in: readUnless("BoolIfExists", "aws:MultiFactorAuthPresent", list("false"))},
		{name: "A63_deny_without_if_exists_and_missing_key", doc: docOperators, want: access.Allowed, in: readUnless("Bool", "aws:MultiFactorAuthPresent", list("false"))},
		{name: "A64_list_of_a_negation_holds_for_none", doc: docLists, want: access.Denied, in: readIf("StringNotEquals", vpc, list("vpc-1", "vpc-2"), vpc, "vpc-2")},
		{name: "A64_list_of_a_negation", doc: docLists, want: access.Allowed, in: readIf("StringNotEquals", vpc, list("vpc-1", "vpc-2"), vpc, "vpc-3")},
		{name: "A64_list_is_any_of_them", doc: docLists, want: access.Allowed, in: readIf("StringEquals", vpc, list("vpc-1", "vpc-2"), vpc, "vpc-2")},
		{name: "A65_all_keys_of_an_operator", doc: docLists, want: access.Denied, in: read(aRole, vpc, "vpc-1").identity(allow("s3:*", "*", "Condition", two))},
		{name: "A65_all_operators", doc: docLists, want: access.Allowed, in: read(aRole, vpc, "vpc-1", team, "blue").identity(allow("s3:*", "*", "Condition", both))},
		{name: "A66_for_all_values_and_missing_key", doc: docSets, want: access.Allowed, in: readIf("ForAllValues:StringEquals", "aws:TagKeys", list("a"))},
		{name: "A66_for_all_values", doc: docSets, want: access.Denied, in: readIf("ForAllValues:StringEquals", "aws:TagKeys", list("a")).with(tagKeys("a", "b"))},
		{name: "A66_for_all_values_of_none", doc: docSets, want: access.Allowed, in: readIf("ForAllValues:StringEquals", "aws:TagKeys", list("a")).with(tagKeys())},
		{name: "A66_for_all_values_of_a_negation", doc: docSets, want: access.Denied, in: readIf("ForAllValues:StringNotEquals", "aws:TagKeys", list("a")).with(tagKeys("a", "b"))},
		{name: "A67_for_any_value_and_missing_key", doc: docSets, want: access.Denied, in: readIf("ForAnyValue:StringEquals", "aws:TagKeys", list("a"))},
		{name: "A67_for_any_value", doc: docSets, want: access.Allowed, in: readIf("ForAnyValue:StringEquals", "aws:TagKeys", list("a")).with(tagKeys("b", "a"))},
		{name: "A67_for_any_value_of_a_negation", doc: docSets, want: access.Allowed, in: readIf("ForAnyValue:StringNotEquals", "aws:TagKeys", list("a")).with(tagKeys("b", "a"))},
		{name: "A67_for_any_value_if_exists_and_missing_key", doc: docSets, want: access.Denied, in: readIf("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", list("a"))},
		{name: "A67_for_any_value_of_a_negation_and_missing_key", doc: docSets, want: access.Denied, in: readIf("ForAnyValue:StringNotEquals", "aws:TagKeys", list("a"))},
		{name: "A68_null_true_and_missing_key", doc: docOperators, want: access.Allowed, in: readIf("Null", "aws:TokenIssueTime", list("true"))},
		{name: "A68_null_false_and_missing_key", doc: docOperators, want: access.Denied, in: readIf("Null", "aws:TokenIssueTime", list("false"))},
		{name: "A68_null_false_and_present_key", doc: docOperators, want: access.Allowed, in: readIf("Null", "aws:TokenIssueTime", list("false"), "aws:TokenIssueTime", "2026-01-01T00:00:00Z")},
		{
			name: "A69_several_values_without_set_operator", doc: docSets, want: access.Unknown, in: readIf("StringEquals", "aws:TagKeys", list("a")).with(tagKeys("a", "b")),
			formula: "unknown: condition StringEquals of aws:TagKeys: the key has several values and the condition no set operator, which is not documented",
		},
		{name: "A70_key_in_other_case", doc: docKeys, want: access.Allowed, in: readIf("StringEquals", "AWS:sourcevpc", list("vpc-1"), vpc, "vpc-1")},
		{name: "A70_value_in_other_case", doc: docOperators, want: access.Denied, in: readIf("StringEquals", vpc, list("VPC-1"), vpc, "vpc-1")},
		{name: "A70_value_in_other_case_ignored", doc: docOperators, want: access.Allowed, in: readIf("StringEqualsIgnoreCase", vpc, list("VPC-1"), vpc, "vpc-1")},
		{name: "A71_string_like", doc: docOperators, want: access.Allowed, in: readIf("StringLike", vpc, list("vpc-?", "x*"), vpc, "vpc-1")},
		{name: "A71_string_equals_has_no_wildcards", doc: docOperators, want: access.Denied, in: readIf("StringEquals", vpc, list("vpc-*"), vpc, "vpc-1")},
		{name: "A71_arn_like_is_compared_by_segments", doc: docOperators, want: access.Denied, in: readIf("ArnLike", "aws:SourceArn", list("arn:aws:someservice:*:111122223333:finance/*"),
			"aws:SourceArn", "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt")},
		{name: "A71_string_like_crosses_segments", doc: docOperators, want: access.Allowed, in: readIf("StringLike", "aws:SourceArn", list("arn:aws:someservice:*:111122223333:finance/*"),
			"aws:SourceArn", "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt")},
		{name: "A72_variable_in_a_resource", doc: docVariables, want: access.Allowed, in: ask(aUser, "s3:GetObject", "arn:aws:s3:::home/ana/x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:username}/*"))},
		{name: "A72_variable_in_a_condition", doc: docVariables, want: access.Allowed, in: readIf("StringEquals", "s3:ExistingObjectTag/team", list("${aws:PrincipalTag/team}"), "s3:ExistingObjectTag/team", "blue", team, "blue")},
		{name: "A73_variable_without_value", doc: docVariables, want: access.Denied, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::home//x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:username}/*"))},
		{name: "A73_variable_without_value_in_not_resource", doc: docVariables, want: access.Unknown, formula: `unknown: what "arn:aws:s3:::home/${aws:username}/*" of NotResource excludes when its variable has no value is not documented`, in: read(aRole).identity(allow("s3:*", "*"),
			statementText("Deny", []string{"Action", "s3:*", "NotResource", "arn:aws:s3:::home/${aws:username}/*"}))},
		{name: "A73_variable_without_value_in_a_negation", doc: docVariables, want: access.Allowed, in: readIf("StringNotEquals", vpc, list("${aws:PrincipalTag/team}"), vpc, "vpc-1")},
		{name: "A74_default_value", doc: docVariables, want: access.Allowed, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::home/shared/x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:username, 'shared'}/*"))},
		{name: "A75_older_version_has_no_variables", doc: docVariables, want: access.Denied, in: ask(aUser, "s3:GetObject", "arn:aws:s3:::home/ana/x").with(func(in *Input) {
			in.Identity.Policies = []Policy{{"old", document("2008-10-17", allow("s3:*", "arn:aws:s3:::home/${aws:username}/*"))}}
		})},
		{name: "A76_star_in_a_value_is_no_wildcard", doc: docVariables, want: access.Denied, in: read(aRole, team, "*").identity(allow("s3:*", "arn:aws:s3:::records/${aws:PrincipalTag/team}"))},
		{name: "A76_star_in_a_value_is_a_star", doc: docVariables, want: access.Allowed, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::records/*", team, "*").identity(allow("s3:*", "arn:aws:s3:::records/${aws:PrincipalTag/team}"))},
		{name: "A77_escaped_star", doc: docVariables, want: access.Denied, in: read(aRole).identity(allow("s3:*", "arn:aws:s3:::records/${*}"))},
		{name: "A77_escaped_characters", doc: docVariables, want: access.Allowed, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::records/*?$").identity(allow("s3:*", "arn:aws:s3:::records/${*}${?}${$}"))},
		{
			name: "A78_variable_that_is_not_known", doc: docVariables, want: access.Conditional, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::home/blue/x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:PrincipalTag/team}/x")).context(unknown),
			formula: `aws:PrincipalTag/team StringEquals "blue"`,
		},
		{name: "A78_variable_that_is_not_known_elsewhere", doc: docVariables, want: access.Denied, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::other/blue/x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:PrincipalTag/team}/x")).context(unknown)},
		{
			name: "A78_variable_that_is_not_known_and_wildcard", doc: docVariables, want: access.Conditional, in: ask(aRole, "s3:GetObject", "arn:aws:s3:::home/blue/x").identity(allow("s3:*", "arn:aws:s3:::home/${aws:PrincipalTag/team}*")).context(unknown),
			formula: `aws:PrincipalTag/team is present and resource ArnLike "arn:aws:s3:::home/${aws:PrincipalTag/team}*"`,
		},
		{name: "A79_deny_not_equals_if_exists_and_missing_key", doc: docOperators, want: access.Denied, in: readUnless("StringNotEqualsIfExists", vpc, list("vpc-1"))},
		{name: "A79_unknown_key_of_allow_and_deny_cancels_out", doc: docOperators, want: access.Denied, in: read(aRole).identity(
			allow("s3:*", "*", "Condition", `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`), deny("s3:*", "*", "Condition", `{"StringLike":{"AWS:SourceVPC":"vpc-1"}}`)).context(unknown)},
		{
			name: "A79_unknown_key_if_exists", doc: docOperators, want: access.Conditional, in: readIf("StringEqualsIfExists", vpc, list("vpc-1")).context(unknown),
			formula: `aws:SourceVpc StringEquals "vpc-1" or aws:SourceVpc is absent`,
		},
		{
			name: "A79_unknown_key_for_all_values_of_a_negation", doc: docSets, want: access.Conditional, in: readIf("ForAllValues:StringNotEquals", "aws:TagKeys", list("b", "a")).context(unknown),
			formula: `not (aws:TagKeys ForAnyValue:StringEquals ["a", "b"])`,
		},
		{
			name: "A79_unknown_key_and_star", doc: docOperators, want: access.Conditional, in: readIf("StringLike", vpc, list("*")).context(unknown),
			formula: `aws:SourceVpc is present`,
		},
		{
			name: "A79_operator_that_is_not_known", doc: docOperators, want: access.Unknown, in: readIf("StringSounds", vpc, list("x")),
			formula: `unknown: condition operator "StringSounds" of aws:SourceVpc is not known`,
		},
		{
			name: "A79_session_name_in_userid", doc: docVariables, want: access.Allowed,
			in: readIf("StringLike", "aws:userid", list(roleID+":*")).context(unknown).with(func(in *Input) { in.UniqueID = roleID }),
		},
		{
			name: "A79_session_name_in_userid_of_another_role", doc: docVariables, want: access.Denied,
			in: readIf("StringLike", "aws:userid", list("AROAOTHER:*")).context(unknown).with(func(in *Input) { in.UniqueID = roleID }),
		},
		{
			name: "A79_userid_that_is_not_known_is_not_absent", doc: docVariables, want: access.Conditional,
			in:      readUnless("StringNotLike", "aws:userid", list(roleID+":*")),
			formula: `aws:userid StringLike "AROAEXAMPLE1:*"`,
		},
		{
			name: "A79_role_that_is_not_known_is_not_absent", doc: docKeys, want: access.Conditional,
			in: readUnless("ArnNotEquals", "aws:PrincipalArn", list(roleARN)).with(func(in *Input) {
				in.Request.Principal = access.Principal{Kind: Session, ID: sessionARN, Account: home}
			}),
			formula: `aws:PrincipalArn StringEquals "` + roleARN + `"`,
		},
		{
			name: "D01_conditions_that_remain", doc: docOperators, want: access.Conditional,
			in: read(aRole).identity(
				allow("s3:*", "*", "Condition", `{"StringEquals":{"aws:SourceVpc":"vpc-1"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}`),
				allow("s3:Get*", "*", "Condition", `{"IpAddress":{"aws:SourceIp":["203.0.113.7/24","198.51.100.1"]}}`),
				deny("s3:*", "*", "Condition", `{"Bool":{"aws:SecureTransport":"false"}}`)).context(unknown),
			formula: `((aws:SourceVpc StringEquals "vpc-1" and aws:MultiFactorAuthPresent Bool "true") or aws:SourceIp IpAddress ["198.51.100.1/32", "203.0.113.0/24"]) and not (aws:SecureTransport Bool "false")`,
		},
		{
			name: "R10_session_tags_disabled", doc: "eks/latest/userguide/pod-id-abac.html", want: access.Denied,
			in: readIf("StringEquals", "aws:PrincipalTag/kubernetes-namespace", list("shop")),
		},
		{
			name: "R10_session_tags", doc: "eks/latest/userguide/pod-id-abac.html", want: access.Allowed,
			in: readIf("StringEquals", "aws:PrincipalTag/kubernetes-namespace", list("shop"), "aws:PrincipalTag/kubernetes-namespace", "shop"),
		},
	})
}

// TestConditionOperators compares one value of a key with a condition, for
// each operator and its negation.
func TestConditionOperators(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		operator, condition, value string
		want                       access.Verdict
	}{
		{"NumericEquals", "10", "10.0", access.Allowed},
		{"NumericEquals", "10", "1e1", access.Unknown},
		{"NumericNotEquals", "10", "10", access.Denied},
		{"NumericLessThan", "10", "9", access.Allowed},
		{"NumericLessThan", "10", "10", access.Denied},
		{"NumericLessThanEquals", "10", "10", access.Allowed},
		{"NumericGreaterThan", "-1.5", "-1.25", access.Allowed},
		{"NumericGreaterThanEquals", "0.1", "0.10", access.Allowed},
		{"NumericGreaterThanEquals", "ten", "10", access.Unknown},
		{"DateEquals", "2026-01-01T00:00:00Z", "1767225600", access.Allowed},
		{"DateEquals", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", access.Allowed},
		{"DateNotEquals", "2026-01-01", "2026-01-01T00:00Z", access.Denied},
		{"DateLessThan", "2026-01", "2025-12-31T23:59:59.9Z", access.Allowed},
		{"DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", access.Allowed},
		{"DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", access.Allowed},
		{"DateGreaterThanEquals", "2026-01-01T00:00:00Z", "2025-01-01T00:00:01Z", access.Denied},
		{"DateGreaterThan", "2026", "2026-01-01T00:00:01Z", access.Unknown},
		{"DateGreaterThan", "2026-13-01", "2026-01-01T00:00:01Z", access.Unknown},
		{"Bool", "true", "True", access.Allowed},
		{"Bool", "false", "true", access.Denied},
		{"Bool", "yes", "true", access.Unknown},
		{"BinaryEquals", "QmluYXJ5", "QmluYXJ5", access.Allowed},
		{"BinaryEquals", "QmluYXJ5", "QmluYXJ6", access.Denied},
		{"BinaryEquals", "?", "QmluYXJ6", access.Unknown},
		{"IpAddress", "203.0.113.0/24", "203.0.113.255", access.Allowed},
		{"IpAddress", "203.0.113.0/24", "203.0.114.1", access.Denied},
		{"IpAddress", "203.0.113.7", "203.0.113.7", access.Allowed},
		{"IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", access.Allowed},
		{"IpAddress", "2001:db8::1", "2001:db8::2", access.Denied},
		{"IpAddress", "203.0.113.0/33", "203.0.113.1", access.Unknown},
		{"IpAddress", "203.0.113.0/24", "somewhere", access.Unknown},
		{"NotIpAddress", "10.0.0.0/8", "10.1.2.3", access.Denied},
		{"NotIpAddress", "10.0.0.0/8", "2001:db8::2", access.Allowed},
		{"ArnEquals", "arn:aws:sns:*:111122223333:t?pic", "arn:aws:sns:eu-west-1:111122223333:topic", access.Allowed},
		{"ArnNotEquals", "arn:aws:sns:*:111122223333:topic", "arn:aws:sns:eu-west-1:111122223333:topic", access.Denied},
		{"ArnNotLike", "arn:aws:sns:*:111122223333:topic", "arn:aws:sqs:eu-west-1:111122223333:topic", access.Allowed},
		{"ArnLike", "arn:aws:sns:*", "arn:aws:sns:eu-west-1:111122223333:topic", access.Unknown},
		{"ArnLike", "arn:aws:sns:*:111122223333:topic", "topic", access.Denied},
		{"StringEqualsIgnoreCase", "BLUE", "blue", access.Allowed},
		{"StringEqualsIgnoreCase", "É", "é", access.Unknown},
		{"StringNotEqualsIgnoreCase", "BLUE", "blue", access.Denied},
		{"StringNotLike", "b*", "blue", access.Denied},
		{"Null", "maybe", "blue", access.Unknown},
	} {
		d := Evaluate(readIf(test.operator, "s3:some", list(test.condition), "s3:some", test.value))
		if got := d.Verdict(); got != test.want {
			t.Errorf("%s %q of %q is %v, want %v\n%s", test.operator, test.condition, test.value, got, test.want, explain(d))
		}
	}
}
