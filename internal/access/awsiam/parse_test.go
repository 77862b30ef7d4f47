package awsiam

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   string
		want *Document
	}{
		{
			name: "all_elements",
			in: `{
  "Version": "2012-10-17",
  "Id": "policy",
  "Statement": [
    {
      "Sid": "read",
      "Effect": "Allow",
      "Principal": {
        "AWS": ["arn:aws:iam::111122223333:root", "*", "444455556666"],
        "Service": "ecs-tasks.amazonaws.com",
        "Federated": ["cognito-identity.amazonaws.com"],
        "CanonicalUser": "79a59df900b949e5"
      },
      "Action": ["s3:GetObject", "s3:Get*"],
      "Resource": "arn:aws:s3:::records/*",
      "Condition": {
        "StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"], "aws:PrincipalTag/team": "blue"},
        "ForAllValues:StringLikeIfExists": {"aws:TagKeys": "a*"}
      }
    },
    {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "iam:*", "NotResource": "*"}
  ]
}`,
			want: &Document{
				Version: "2012-10-17", ID: "policy",
				Statements: []Statement{
					{
						Sid: "read",
						Principal: &Principals{
							Any: true, AWS: []string{"arn:aws:iam::111122223333:root", "444455556666"},
							Service: []string{"ecs-tasks.amazonaws.com"}, Federated: []string{"cognito-identity.amazonaws.com"},
							CanonicalUser: []string{"79a59df900b949e5"},
						},
						Action: []string{"s3:GetObject", "s3:Get*"}, Resource: []string{"arn:aws:s3:::records/*"},
						Conditions: []Condition{
							{Operator: "StringEquals", Key: "aws:SourceVpc", Values: []string{"vpc-1", "vpc-2"}, Line: 17, Column: 26},
							{Operator: "StringEquals", Key: "aws:PrincipalTag/team", Values: []string{"blue"}, Line: 17, Column: 63},
							{Set: "ForAllValues", Operator: "StringLike", IfExists: true, Key: "aws:TagKeys", Values: []string{"a*"}, Line: 18, Column: 45},
						},
						Line: 5, Column: 5,
					},
					{
						Deny: true, NotPrincipal: &Principals{Any: true}, NotAction: []string{"iam:*"}, NotResource: []string{"*"},
						Line: 21, Column: 5,
					},
				},
			},
		},
		{
			name: "one_statement_without_version",
			in:   `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
			want: &Document{Version: "2008-10-17", Statements: []Statement{
				{Action: []string{"*"}, Resource: []string{"*"}, Line: 1, Column: 14},
			}},
		},
		{
			name: "older_version",
			in:   `{"Version":"2008-10-17","Statement":[]}`,
			want: &Document{Version: "2008-10-17", Statements: []Statement{}},
		},
		{
			name: "empty_lists_are_not_nil",
			in:   `{"Statement":{"Effect":"Deny","NotAction":[],"Resource":[],"Principal":{},"Condition":{"StringEquals":{"a:b":[]},"Bool":{}}}}`,
			want: &Document{Version: "2008-10-17", Statements: []Statement{{
				Deny: true, NotAction: []string{}, Resource: []string{}, Principal: &Principals{},
				Conditions: []Condition{{Operator: "StringEquals", Key: "a:b", Values: []string{}, Line: 1, Column: 104}},
				Line:       1, Column: 14,
			}}},
		},
		{
			name: "scalars_of_conditions_keep_their_text",
			in: `{"Statement":{"Effect":"Allow","Action":"a:b","Condition":
{"NumericLessThan":{"a:n":[10, 1.50, -1e400, "7"]},"Bool":{"a:t":true,"a:f":[false]}}}}`,
			want: &Document{Version: "2008-10-17", Statements: []Statement{{
				Action: []string{"a:b"},
				Conditions: []Condition{
					{Operator: "NumericLessThan", Key: "a:n", Values: []string{"10", "1.50", "-1e400", "7"}, Line: 2, Column: 21},
					{Operator: "Bool", Key: "a:t", Values: []string{"true"}, Line: 2, Column: 60},
					{Operator: "Bool", Key: "a:f", Values: []string{"false"}, Line: 2, Column: 71},
				},
				Line: 1, Column: 14,
			}}},
		},
		{
			name: "columns_are_characters",
			in:   `{"Id":"äöü😀","Statement":{"Effect":"Allow","Action":"a:b"}}`,
			want: &Document{Version: "2008-10-17", ID: "äöü😀", Statements: []Statement{{Action: []string{"a:b"}, Line: 1, Column: 26}}},
		},
		{
			name: "escapes",
			in:   `{"Statement":{"\u0045ffect":"Allow","Action":"a:\u0062","Resource":"\ud83d\ude00 \\ud83d \ufffd"}}`,
			want: &Document{Version: "2008-10-17", Statements: []Statement{{
				Action: []string{"a:b"}, Resource: []string{`😀 \ud83d ` + "\ufffd"}, Line: 1, Column: 14,
			}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(tt.in))
			if err != nil {
				t.Fatalf("Parse() = %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse() mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse_errors(t *testing.T) {
	t.Parallel()
	statement := func(elements string) string { return `{"Statement":[{` + elements + `}]}` }
	valid := `"Effect":"Allow","Action":"a:b"`
	for _, tt := range []struct {
		name, in, want string
	}{
		{"empty", ``, `line 1, column 1: the document is not valid JSON: unexpected end of JSON input`},
		{"cut_short", "{\n \"Statement\": [", `line 2, column 15: the document is not valid JSON: unexpected end of JSON input`},
		{"not_json", "{\n  Statement: []}", `line 2, column 3: the document is not valid JSON: invalid character 'S' looking for beginning of object key string`},
		{"not_ascii", `{“Statement”:[]}`, `line 1, column 2: the document is not valid JSON: the character "\u201c" is not in a string; remove it or put it into one`},
		{"trailing_comma", `{"Statement":[],}`, `line 1, column 17: the document is not valid JSON: invalid character '}' looking for beginning of object key string`},
		{"trailing_data", "{\"Statement\":[]}\n{}", `line 2, column 1: the document is not valid JSON: invalid character '{' after top-level value`},
		{"byte_order_mark", "\ufeff{}", `line 1, column 1: the document starts with a byte order mark; remove these three bytes`},
		{"invalid_utf8", "{\"Id\":\n\"ä\xff\"}", `line 2, column 3: the byte 0xff is not UTF-8; save the document in that encoding`},
		{"lone_surrogate", `{"Id":"ab\ud83dc"}`, `line 1, column 10: Id: the escape \ud83d is half of a character; write both halves, or the character itself`},
		{"swapped_surrogates", `{"Id":"\ude00\ud83d"}`, `line 1, column 8: Id: the escape \ude00 is half of a character; write both halves, or the character itself`},
		{"nesting", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), `line 1, column 10001: the document is not valid JSON: invalid character '[' exceeded max depth`},
		{"not_an_object", ` [1]`, `line 1, column 2: a policy document has to be an object, not an array`},
		{"null", `null`, `line 1, column 1: a policy document has to be an object, not null`},
		{"no_statement", `{"Version":"2012-10-17"}`, `line 1, column 1: the document has no "Statement"; add a list of statements`},
		{"unknown_element", `{"Statements":[]}`, `line 1, column 2: Statements: "Statements" is not an element of a policy document; use "Version", "Id", "Statement", or remove it`},
		{"element_in_lower_case", `{"statement":[]}`, `line 1, column 2: statement: "statement" is not an element of a policy document; write "Statement", in exactly these letters`},
		{"element_that_looks_alike", statement(`"Effect":"Allow","` + "Actіon" + `":"a:b"`), `line 1, column 33: Statement[0]["Act\u0456on"]: "Act\u0456on" is not an element of a statement; use "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition", or remove it`},
		{"duplicate_element", "{\"Statement\":[],\n\"Statement\":[]}", `line 2, column 1: Statement: "Statement" is there twice, first on line 1; keep one of them`},
		{"duplicate_by_escape", statement(`"Effect":"Deny","\u0045ffect":"Allow","Action":"a:b"`), `line 1, column 32: Statement[0].Effect: "Effect" is there twice, first on line 1; keep one of them`},
		{"duplicate_operator", statement(valid + `,"Condition":{"Bool":{},"Bool":{}}`), `line 1, column 71: Statement[0].Condition.Bool: "Bool" is there twice, first on line 1; keep one of them`},
		{"duplicate_condition_key", statement(valid + `,"Condition":{"Bool":{"a:b":true,"a:b":true}}`), `line 1, column 80: Statement[0].Condition.Bool["a:b"]: "a:b" is there twice, first on line 1; keep one of them`},
		{"duplicate_principal_kind", statement(valid + `,"Principal":{"AWS":[],"AWS":[]}`), `line 1, column 70: Statement[0].Principal.AWS: "AWS" is there twice, first on line 1; keep one of them`},
		{"version_of_the_future", `{"Version":"2030-01-01","Statement":[]}`, `line 1, column 12: Version: "2030-01-01" is no known version of the policy language; write "2012-10-17" (or "2008-10-17", without variables)`},
		{"version_is_a_number", `{"Version":2012,"Statement":[]}`, `line 1, column 12: Version: a version has to be a string, not a number`},
		{"id_is_a_number", `{"Id":1,"Statement":[]}`, `line 1, column 7: Id: the value has to be a string, not a number`},
		{"statement_is_a_string", `{"Statement":"x"}`, `line 1, column 14: Statement: Statement has to be an object or an array of objects, not a string`},
		{"statement_in_two_arrays", `{"Statement":[[{}]]}`, `line 1, column 15: Statement[0]: a statement has to be an object, not an array`},
		{"no_effect", "{\"Statement\":[\n{" + valid + "},\n  {\"Action\":\"a:b\"}]}", `line 3, column 3: Statement[1]: the statement has no "Effect"; write "Effect": "Allow" or "Effect": "Deny"`},
		{"effect_in_lower_case", statement(`"Effect":"allow","Action":"a:b"`), `line 1, column 25: Statement[0].Effect: "allow" is no effect; write "Allow" or "Deny", in exactly these letters`},
		{"effect_that_looks_alike", statement(`"Effect":"` + "Аllow" + `","Action":"a:b"`), `line 1, column 25: Statement[0].Effect: "\u0410llow" is no effect; write "Allow" or "Deny", in exactly these letters`},
		{"effect_is_a_list", statement(`"Effect":["Allow"],"Action":"a:b"`), `line 1, column 25: Statement[0].Effect: an effect has to be a string, not an array`},
		{"no_action", statement(`"Effect":"Allow","Resource":"*"`), `line 1, column 15: Statement[0]: the statement has neither "Action" nor "NotAction"; add the actions that it is about`},
		{"action_and_not_action", statement(valid + `,"NotAction":"a:c"`), `line 1, column 48: Statement[0].NotAction: the statement has "Action" and "NotAction"; a statement can have one of them, so remove one or write two statements`},
		{"empty_not_action_and_action", statement(`"Effect":"Allow","NotAction":[],"Action":"a:c"`), `line 1, column 48: Statement[0].Action: the statement has "NotAction" and "Action"; a statement can have one of them, so remove one or write two statements`},
		{"resource_and_not_resource", statement(valid + `,"Resource":"*","NotResource":"*"`), `line 1, column 63: Statement[0].NotResource: the statement has "Resource" and "NotResource"; a statement can have one of them, so remove one or write two statements`},
		{"principal_and_not_principal", statement(valid + `,"NotPrincipal":"*","Principal":"*"`), `line 1, column 67: Statement[0].Principal: the statement has "NotPrincipal" and "Principal"; a statement can have one of them, so remove one or write two statements`},
		{"sid_is_null", statement(valid + `,"Sid":null`), `line 1, column 54: Statement[0].Sid: the value has to be a string, not null`},
		{"action_is_a_number", statement(`"Effect":"Allow","Action":["a:b",3]`), `line 1, column 49: Statement[0].Action[1]: the value has to be a string or an array of strings, not a number`},
		{"resource_is_an_object", statement(valid + `,"Resource":{}`), `line 1, column 59: Statement[0].Resource: the value has to be a string or an array of strings, not an object`},
		{"principal_is_an_arn", statement(valid + `,"Principal":"arn:aws:iam::1:root"`), `line 1, column 60: Statement[0].Principal: the only principal that is a plain string is "*", not "arn:aws:iam::1:root"; name the kind of principal, as {"AWS": …}, {"Service": …}`},
		{"principal_is_a_list", statement(valid + `,"Principal":["*"]`), `line 1, column 60: Statement[0].Principal: principals have to be "*" or an object, not an array`},
		{"principal_of_unknown_kind", statement(valid + `,"Principal":{"Aws":"*"}`), `line 1, column 61: Statement[0].Principal.Aws: "Aws" is not an element of a list of principals; write "AWS", in exactly these letters`},
		{"condition_is_a_list", statement(valid + `,"Condition":[]`), `line 1, column 60: Statement[0].Condition: Condition has to be an object of operators, not an array`},
		{"operator_is_a_string", statement(valid + `,"Condition":{"StringEquals":"x"}`), `line 1, column 76: Statement[0].Condition.StringEquals: an operator has to be an object of condition keys, not a string`},
		{"condition_value_is_null", statement(valid + `,"Condition":{"Null":{"a:b":[true,null]}}`), `line 1, column 81: Statement[0].Condition.Null["a:b"][1]: the value has to be a string, number or boolean, or an array of them, not null`},
		{"long_text_is_cut", `{"` + strings.Repeat("x", 1000) + `":1}`, `line 1, column 2: ["` + strings.Repeat("x", 80) + `"…]: "` + strings.Repeat("x", 80) + `"… is not an element of a policy document; use "Version", "Id", "Statement", or remove it`},
		{"long_name", statement(valid + `,"Condition":{"` + strings.Repeat("x", 2049) + `":{}}`), `line 1, column 61: Statement[0].Condition: the name "` + strings.Repeat("x", 80) + `"… has 2049 bytes, more than 2048; no name that AWS knows is as long, so correct it`},
		{"too_many_values", statement(`"Effect":"Allow","Action":["` + strings.Repeat(`","`, MaxDocumentValues) + `"]`), `line 1, column 196639: Statement[0].Action[65532]: the document has more than 65536 values; no policy that AWS takes has as many, so make sure that it is one`},
		{"too_large", strings.Repeat(" ", MaxDocumentSize) + "{}", `line 1, column 1: the document has 1048578 bytes, more than 1048576; AWS takes no policy of that size, so make sure that it is one`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse([]byte(tt.in))
			if doc != nil || err == nil {
				t.Fatalf("Parse() = %v, %v, want an error", doc, err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("Parse() error mismatch (-want +got):\n%s", diff)
			}
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Errorf("Parse() error is a %T, want a *SyntaxError", err)
			}
		})
	}
}

// Operators are known as AWS spells them; all others are kept as they are.
func TestParse_operators(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want Condition
	}{
		{"Null", Condition{Operator: "Null"}},
		{"BoolIfExists", Condition{Operator: "Bool", IfExists: true}},
		{"ForAnyValue:ArnLike", Condition{Operator: "ArnLike", Set: "ForAnyValue"}},
		{"ForAllValues:StringEqualsIfExists", Condition{Operator: "StringEquals", Set: "ForAllValues", IfExists: true}},
		{"stringEquals", Condition{Operator: "stringEquals"}},
		{"forallvalues:StringEquals", Condition{Operator: "forallvalues:StringEquals"}},
		{"ForAllValues:ForAnyValue:Bool", Condition{Operator: "ForAllValues:ForAnyValue:Bool"}},
		{"BoolIfExistsIfExists", Condition{Operator: "BoolIfExistsIfExists"}},
		{"NullIfExists", Condition{Operator: "NullIfExists"}},
		{"SemVerGreaterThanIfExists", Condition{Operator: "SemVerGreaterThanIfExists"}},
		{"IfExists", Condition{Operator: "IfExists"}},
		{"", Condition{}},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(fmt.Appendf(nil, `{"Statement":{"Effect":"Allow","Action":"a:b","Condition":{%q:{"k":1}}}}`, tt.in))
			if err != nil {
				t.Fatal(err)
			}
			got := doc.Statements[0].Conditions[0]
			got.Key, got.Values, got.Line, got.Column = "", nil, 0, 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseEncoded(t *testing.T) {
	t.Parallel()
	const plain = "{\"Statement\":{\"Effect\":\"Allow\",\n\"Action\":\"a:b\",\"Resource\":\"50%+ä\"}}"
	want, err := Parse([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseEncoded(url.PathEscape(plain))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct{ in, want string }{
		"not_encoded": {"ä\nab%zz", `line 2, column 3: "%zz" is no percent-encoding; a document that is not encoded is read without decoding`},
		"cut_short":   {"%7", `line 1, column 1: "%7" is no percent-encoding; a document that is not encoded is read without decoding`},
		"position":    {"%7B%0A%22x", `line 2, column 2: the document is not valid JSON: unexpected end of JSON input`},
		"too_large":   {strings.Repeat("%20", MaxDocumentSize) + "%20", `line 1, column 1: the document has 3145731 bytes, more than 3145728; AWS takes no policy of that size, so make sure that it is one`},
	} {
		if _, err := ParseEncoded(tt.in); err == nil || err.Error() != tt.want {
			t.Errorf("%s: ParseEncoded() = %v, want %s", name, err, tt.want)
		}
	}
}
