package awsiam

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const allow = `"Effect":"Allow","Action":"s3:GetObject"`
	for _, tt := range []struct {
		name       string
		policyType PolicyType
		in         string
		want       []string
	}{
		{name: "identity", policyType: IdentityPolicy, in: statement(allow + `,"Resource":"arn:aws:s3:::b/*"`)},
		{
			name: "identity_with_principal", policyType: IdentityPolicy, in: statement(allow + `,"Resource":"*","Principal":"*"`),
			want: []string{`line 3, column 71: error: Statement[0].Principal: policies of this type apply to what they are attached to; remove "Principal"`},
		},
		{
			name: "identity_without_resource", policyType: IdentityPolicy, in: statement(allow),
			want: []string{`line 3, column 2: error: Statement[0]: the statement has neither "Resource" nor "NotResource"; write "Resource": "*" if it is about all`},
		},
		{
			name: "identity_with_id", policyType: IdentityPolicy, in: `{"Id":"x","Statement":[]}`,
			want: []string{
				`line 1, column 7: error: Id: policies of identities have no "Id"; remove it, or use the Sid of a statement`,
				`line 1, column 23: warning: Statement: the document has no statements and does nothing; add one`,
			},
		},
		{
			name: "sids", policyType: IdentityPolicy,
			in: statement(`"Sid":"a b",` + allow + `,"Resource":"*"},` + "\n" + `{"Sid":"c",` + allow + `,"Resource":"*"},{"Sid":"c",` + allow + `,"Resource":"*"`),
			want: []string{
				`line 3, column 9: error: Statement[0].Sid: the Sid "a b" has other characters than letters and digits; remove them`,
				`line 4, column 76: error: Statement[2].Sid: the Sid "c" is that of Statement[1], too; give each statement its own`,
			},
		},
		{name: "resource", policyType: ResourcePolicy, in: statement(`"Sid":"with spaces",` + allow + `,"Principal":"*"`)},
		{
			name: "resource_without_principal", policyType: ResourcePolicy, in: statement(allow + `,"Resource":"*"`),
			want: []string{`line 3, column 2: error: Statement[0]: the statement has neither "Principal" nor "NotPrincipal"; say whom it is about, "*" for everybody`},
		},
		{
			name: "allow_with_not_principal", policyType: ResourcePolicy, in: statement(allow + `,"NotPrincipal":{"AWS":"111122223333"}`),
			want: []string{`line 3, column 59: warning: Statement[0].NotPrincipal: "Allow" with "NotPrincipal" also allows those without an account; list whom to allow in "Principal"`},
		},
		{name: "trust", policyType: TrustPolicy, in: statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}`)},
		{
			name: "trust_with_what_it_has_not", policyType: TrustPolicy, in: statement(allow + `,"NotPrincipal":"*","NotResource":"*"`),
			want: []string{
				`line 3, column 2: error: Statement[0]: the statement of a trust policy has no "Principal"; say who may assume the role`,
				`line 3, column 59: error: Statement[0].NotPrincipal: trust policies have no "NotPrincipal"; list those who may assume the role in "Principal"`,
				`line 3, column 77: error: Statement[0].NotResource: trust policies are about their role alone; remove "NotResource"`,
				`line 3, column 59: warning: Statement[0].NotPrincipal: "Allow" with "NotPrincipal" also allows those without an account; list whom to allow in "Principal"`,
				`line 3, column 29: warning: Statement[0].Action[0]: "s3:GetObject" has no effect in a trust policy, which is about actions of sts`,
			},
		},
		{
			name: "trust_in_everybody", policyType: TrustPolicy, in: statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}`),
			want: []string{`line 3, column 58: warning: Statement[0].Principal: everybody in all accounts may assume the role; name principals, or add a condition`},
		},
		{
			name: "service_control", policyType: ServiceControlPolicy,
			in: statement(`"Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}`),
		},
		{
			name: "service_control_with_principal", policyType: ServiceControlPolicy, in: statement(allow + `,"Resource":"*","NotPrincipal":{"AWS":"111122223333"}`),
			want: []string{
				`line 3, column 74: error: Statement[0].NotPrincipal: policies of this type apply to what they are attached to; remove "NotPrincipal"`,
				`line 3, column 74: warning: Statement[0].NotPrincipal: "Allow" with "NotPrincipal" also allows those without an account; list whom to allow in "Principal"`,
			},
		},
		{name: "resource_control", policyType: ResourceControlPolicy, in: statement(`"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"`)},
		{name: "RCPFullAWSAccess", policyType: ResourceControlPolicy, in: statement(`"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"`)},
		{
			name: "resource_control_that_allows", policyType: ResourceControlPolicy, in: `{"Statement":` + "\n" + `{"Effect":"Allow","NotAction":"s3:*","Principal":{"AWS":["*","111122223333"]}}}`,
			want: []string{
				`line 1, column 1: error: Version: resource control policies have version "2012-10-17"; write it`,
				`line 2, column 50: error: Statement[0].Principal: the principal of a resource control policy is "*"; write that, and a condition on whom it is about`,
				`line 2, column 31: error: Statement[0].NotAction: resource control policies have no "NotAction"; list what to deny in "Action"`,
				`line 2, column 1: error: Statement[0]: the statement has neither "Resource" nor "NotResource"; write "Resource": "*" if it is about all`,
				`line 2, column 11: error: Statement[0].Effect: only the policy RCPFullAWSAccess of AWS allows; write "Effect": "Deny"`,
			},
		},
		{
			name: "actions", policyType: IdentityPolicy,
			in: statement(`"Effect":"Allow","Resource":"*","Action":["*","s3:Get*","s3","s3:"," s3:x","s3:Gеt","*:x","a:b:c","s3:${x}"]`),
			want: []string{
				`line 3, column 59: error: Statement[0].Action[2]: "s3" has no service; write it before the action, as "s3:GetObject"`,
				`line 3, column 64: error: Statement[0].Action[3]: "s3:" is no action; write service, colon and action, as "s3:GetObject"`,
				`line 3, column 70: error: Statement[0].Action[4]: " s3:x" has a character that no action has; actions are letters, digits, hyphens and wildcards, and variables do not work in them`,
				`line 3, column 78: error: Statement[0].Action[5]: "s3:G\u0435t" has a character that no action has; actions are letters, digits, hyphens and wildcards, and variables do not work in them`,
				`line 3, column 87: warning: Statement[0].Action[6]: "*:x" has a wildcard in its service, and so is about services that are not known yet; name the services`,
				`line 3, column 93: error: Statement[0].Action[7]: "a:b:c" is no action; write service, colon and action, as "s3:GetObject"`,
				`line 3, column 101: error: Statement[0].Action[8]: "s3:${x}" has a character that no action has; actions are letters, digits, hyphens and wildcards, and variables do not work in them`,
			},
		},
		{
			name: "resources", policyType: IdentityPolicy,
			in: statement(`"Effect":"Allow","Action":"*","Resource":["*","arn:aws:s3:::b","arn:*:s3:::b","b","arn:aws:s*:::b","arn:aws:S3:::b","arn:aws:s3","arn:aws:s3:::${","arn:aws:s3:::${ }/"]`),
			want: []string{
				`line 3, column 81: error: Statement[0].Resource[3]: "b" is no ARN; write "*" or an ARN, as "arn:aws:s3:::bucket/*"`,
				`line 3, column 85: error: Statement[0].Resource[4]: the service of "arn:aws:s*:::b" has a wildcard, and every decision that depends on it is unknown; write an ARN for each service`,
				`line 3, column 102: error: Statement[0].Resource[5]: the service of "arn:aws:S3:::b" has capital letters; write "s3"`,
				`line 3, column 119: warning: Statement[0].Resource[6]: "arn:aws:s3" has 3 of the six fields of an ARN; write all, as policies differ in how they complete it`,
				`line 3, column 132: error: Statement[0].Resource[7]: a variable in "arn:aws:s3:::${" is not closed; add the brace`,
				`line 3, column 150: error: Statement[0].Resource[8]: a variable in "arn:aws:s3:::${ }/" has no name; add one, or remove the variable`,
			},
		},
		{
			name: "variables_of_2008", policyType: IdentityPolicy,
			in: `{"Version":"2008-10-17","Statement":{` + allow + `,"Resource":"arn:aws:s3:::${aws:username}"}}`,
			want: []string{
				`line 1, column 90: warning: Statement[0].Resource[0]: the variable in "arn:aws:s3:::${aws:username}" is taken as it is written in version 2008-10-17; write "Version": "2012-10-17"`,
			},
		},
		{
			name: "principals", policyType: ResourcePolicy,
			in: statement(allow + `,"Principal":{
"AWS":["*","111122223333","arn:aws:iam::111122223333:root","arn:aws-cn:iam::111122223333:user/a/b","arn:aws:sts::111122223333:assumed-role/a/b","AROAEXAMPLE","arn:aws:iam::111122223333:role/*","arn:aws:iam::111122223333:group/g","1234"],
"Service":["ec2.amazonaws.com","ec2","*"],
"Federated":["accounts.google.com","arn:aws:iam::111122223333:saml-provider/a","arn:aws:iam::111122223333:role/a"],
"CanonicalUser":["79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be","x"]}`),
			want: []string{
				`line 4, column 7: warning: Statement[0].Principal.AWS: "AROAEXAMPLE" is the id of a user or role that was deleted, and that another one of the same name is not; name the one that is meant, or remove it`,
				`line 4, column 7: error: Statement[0].Principal.AWS: "arn:aws:iam::111122223333:role/*" has a wildcard, which names of principals cannot have; write "*" and a condition on aws:PrincipalArn`,
				`line 4, column 7: error: Statement[0].Principal.AWS: "arn:aws:iam::111122223333:group/g" is no principal; write an account id, or the ARN of an account ("…:root"), user, role or session`,
				`line 4, column 7: error: Statement[0].Principal.AWS: "1234" is no principal; write an account id, or the ARN of an account ("…:root"), user, role or session`,
				`line 5, column 11: error: Statement[0].Principal.Service: "ec2" is no service; write it as "ecs-tasks.amazonaws.com"`,
				`line 5, column 11: error: Statement[0].Principal.Service: "*" is no service; write it as "ecs-tasks.amazonaws.com"`,
				`line 6, column 13: error: Statement[0].Principal.Federated: "arn:aws:iam::111122223333:role/a" is no identity provider; write the ARN of an OIDC or SAML provider, or its domain`,
				`line 7, column 17: error: Statement[0].Principal.CanonicalUser: "x" is no canonical user id, which has 64 hexadecimal digits; copy it from the account`,
			},
		},
		{
			name: "conditions", policyType: IdentityPolicy,
			in: statement(allow + `,"Resource":"*","Condition":{
"stringEquals":{"a:b":"x"},
"NullIfExists":{"a:b":true},
"StringEquals":{"aws:SourceVpc":"v","AWS:sourcevpc":"w","key":"x","aws:PrincipalTag/":"x","a:empty":[]},
"ForAllValues:BoolIfExists":{"a:b":["true","FALSE","${a:b}","yes"]},
"NumericLessThan":{"a:b":[1,"1e3","x"]},
"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::1","10.0.0"]}}`),
			want: []string{
				`line 4, column 23: error: Statement[0].Condition.stringEquals["a:b"]: "stringEquals" is no operator (but "StringEquals" is one); AWS does not take the policy, and every decision that depends on it is unknown`,
				`line 5, column 23: error: Statement[0].Condition.NullIfExists["a:b"]: "NullIfExists" is no operator; AWS does not take the policy, and every decision that depends on it is unknown`,
				`line 6, column 53: error: Statement[0].Condition.StringEquals["AWS:sourcevpc"]: the key "AWS:sourcevpc" is there twice, as keys do not differ by case; join the values`,
				`line 6, column 63: error: Statement[0].Condition.StringEquals.key: "key" is no condition key; write service, colon and name, as "aws:SourceVpc"`,
				`line 6, column 87: error: Statement[0].Condition.StringEquals["aws:PrincipalTag/"]: "aws:PrincipalTag/" has no tag; write its key after a slash, as "aws:PrincipalTag/team"`,
				`line 6, column 101: warning: Statement[0].Condition.StringEquals["a:empty"]: the list of values is empty; add one`,
				`line 7, column 61: error: Statement[0].Condition["ForAllValues:BoolIfExists"]["a:b"][3]: "yes" is neither true nor false, and every decision that depends on it is unknown; correct it`,
				`line 8, column 29: error: Statement[0].Condition.NumericLessThan["a:b"][1]: "1e3" is not a number, and every decision that depends on it is unknown; correct it`,
				`line 8, column 35: error: Statement[0].Condition.NumericLessThan["a:b"][2]: "x" is not a number, and every decision that depends on it is unknown; correct it`,
				`line 9, column 57: error: Statement[0].Condition.IpAddress["aws:SourceIp"][2]: "10.0.0" is neither an IP address nor a range in CIDR notation, and every decision that depends on it is unknown; correct it`,
			},
		},
		{
			name: "empty_lists", policyType: ResourcePolicy, in: statement(`"Effect":"Deny","Action":[],"Resource":[],"Principal":{}`),
			want: []string{
				`line 3, column 57: warning: Statement[0].Principal: nobody is named; name a principal`,
				`line 3, column 28: warning: Statement[0].Action: the list is empty; a statement with no actions does nothing, and what one with an empty NotAction is about is not documented`,
				`line 3, column 42: warning: Statement[0].Resource: the list is empty; name the resources`,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, problems, err := CheckText([]byte(tt.in), tt.policyType)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("CheckText() mismatch (-want +got):\n%s", diff)
			}
			// The position of an action or resource is that of its text.
			for _, p := range problems {
				if !strings.HasPrefix(p.Message, `"`) || !actionOrResource.MatchString(p.Path) {
					continue
				}
				value, _, _ := strings.Cut(p.Message[1:], `"`)
				line := strings.Split(tt.in, "\n")[p.Line-1]
				if at := strconv.QuoteToASCII(string([]rune(line)[p.Column:])); !strings.HasPrefix(at[1:], value) {
					t.Errorf("%v: there is %s", p, at)
				}
			}
			// Without the text the problems are the same, and in the lines of
			// their statements.
			for i, p := range Check(doc, tt.policyType) {
				if p.Path != problems[i].Path || p.Message != problems[i].Message || p.Line > problems[i].Line {
					t.Errorf("Check() has %v, CheckText() %v", p, problems[i])
				}
			}
		})
	}
}

var actionOrResource = regexp.MustCompile(`(Action|Resource)\[\d+\]$`)

func TestCheck_of_many_problems(t *testing.T) {
	t.Parallel()
	_, problems, err := CheckText([]byte(statement(`"Effect":"Allow","Resource":"*","Action":["`+strings.Repeat(`","`, 5000)+`"]`)), IdentityPolicy)
	if err != nil || len(problems) != MaxProblems {
		t.Errorf("CheckText() has %d problems, %v, want %d", len(problems), err, MaxProblems)
	}
}

// statement returns a document with one statement, on its third line.
func statement(elements string) string {
	return "{\"Version\":\"2012-10-17\",\n\"Statement\":[\n {" + elements + "}]}"
}
