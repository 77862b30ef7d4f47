package awsiam

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// TestEvidence checks what a person reads who debugs a policy.
func TestEvidence(t *testing.T) {
	t.Parallel()
	in := read(aSession, "aws:SourceVpc", "vpc-2").
		identity(
			allow("s3:PutObject", "*"), allow("s3:GetObject", "arn:aws:s3:::logs/*"),
			allow("s3:*", "*", "Condition", `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`)).
		boundary(allow("s3:*", "*")).
		resource(to(aws("arn:aws:iam::111122223333:role/b")), to(aws(roleARN), "Sid", "App")).
		scp(allow("*", "*")).scp(allow("*", "*"), deny("iam:*", "*"))
	const want = `always
resource control policies: always (there are none: do not limit)
service control policies of the root: always ()
  test[0] denies=false: always: 
service control policies of the account: always ()
  test[0] denies=false: always: 
  test[1] denies=true: never: action s3:GetObject is not in iam:*
resource policy: always (gives access to the role: permissions boundary and session policy limit it)
  test[0] denies=false: never: principal arn:aws:sts::111122223333:assumed-role/app/one is not among those named
  test[1] denies=false: always: 
permissions boundary: always ()
  test[0] denies=false: always: 
session policy: always (there is none: does not limit)
identity policies: never (no statement allows the request)
  test[0] denies=false: never: action s3:GetObject is not in s3:PutObject
  test[1] denies=false: never: resource arn:aws:s3:::records/2024/a.txt does not match arn:aws:s3:::logs/*
  test[2] denies=false: never: condition StringEquals aws:SourceVpc vpc-1 does not hold: aws:SourceVpc is vpc-2
`
	d := Evaluate(in)
	if got := explain(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, s := range d.Evidence.Deciding() {
		if s.Denies || s.Line == 0 {
			t.Errorf("deciding statement %+v denies, or has no line", s)
		}
	}
}

// TestNotes checks that what a layer says of itself is no more certain than its
// result.
func TestNotes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, layer, want string
		in                Input
	}{
		{
			"policy_that_could_not_be_read", "resource policy",
			"unknown: resource policy: s3:GetBucketPolicy was denied; may give access to the principal itself: in the same account nothing else has to allow the request",
			read(aRole).with(func(in *Input) { in.Resource = &PolicySet{Missing: "s3:GetBucketPolicy was denied"} }),
		},
		{
			"settings_that_could_not_be_read", "Block Public Access",
			"the policy of the bucket is public; other accounts have no access if that is restricted",
			read(nobody).resource(to("*")).with(func(in *Input) { in.S3 = &S3{Missing: "s3:GetBucketPublicAccessBlock was denied"} }),
		},
		{
			"policy_that_may_be_public", "Block Public Access",
			"the policy of the bucket may be public; other accounts have no access if it is",
			read(nobody).with(func(in *Input) {
				in.Resource, in.S3 = &PolicySet{Missing: "s3:GetBucketPolicy was denied"}, &S3{RestrictPublicBuckets: true}
			}),
		},
	} {
		var notes []string
		for _, l := range Evaluate(test.in).Evidence.Layers {
			if l.Name == test.layer {
				notes = append(notes, l.Note)
			}
		}
		if len(notes) != 1 || notes[0] != test.want {
			t.Errorf("%s: layer says %q, want %q", test.name, notes, test.want)
		}
	}
}

// TestReasons checks why a statement does not apply, in words.
func TestReasons(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, statement, want string }{
		{"principal", to(aws(idX)), "principal " + roleARN + " is not among those named"},
		{
			"not_principal", statementText("Deny", []string{"NotPrincipal", `{"AWS":["111122223333","` + roleARN + `"]}`, "Action", "*", "Resource", "*"}),
			"principal " + roleARN + " is excluded by NotPrincipal",
		},
		{"no_actions", allow("[]", "*", "Principal", "*"), "the list of actions is empty"},
		{"no_resources", allow("*", "[]", "Principal", "*"), "the list of resources is empty"},
	} {
		for _, l := range Evaluate(read(aRole).resource(test.statement)).Evidence.Layers {
			if l.Name == "resource policy" && l.Statements[0].Reason != test.want {
				t.Errorf("%s: reason %q, want %q", test.name, l.Statements[0].Reason, test.want)
			}
		}
	}
}

// TestUnreadableDocuments checks that what could not be read, or is of no known
// kind, is unknown.
func TestUnreadableDocuments(t *testing.T) {
	t.Parallel()
	version := document("2012-10-17", allow("*", "*"))
	version.Version = "2031-01-01"
	for name, in := range map[string]Input{
		"no_document":  read(aRole).with(func(in *Input) { in.Identity.Policies = []Policy{{Name: "p"}} }),
		"version":      read(aRole).with(func(in *Input) { in.Identity.Policies = []Policy{{"p", version}} }),
		"principal":    read(aRole).identity(to("*")),
		"no_principal": read(aRole).resource(allow("*", "*")),
		"no_resource":  read(aRole).identity(`{"Effect":"Allow","Action":"*"}`),
		"variable":     read(aRole).identity(allow("*", "arn:aws:s3:::${aws:username")),
		"kind":         read(access.Principal{Kind: "robot", ID: "r"}).resource(to("*")),
		"action":       read(aRole).identity(allow("*:Get*", "*")),
		"canonical":    read(aRole).in(abroad).identity(allow("*", "*")).resource(to(`{"CanonicalUser":"79a5"}`)),
		"service":      read(access.Principal{Kind: Service, ID: "sns.amazonaws.com"}).resource(to(`{"Service":"*"}`)),
	} {
		if d := Evaluate(in); d.Verdict() != access.Unknown || d.Formula.MissingInputs() == nil {
			t.Errorf("%s: %s", name, explain(d))
		}
	}
}

// FuzzEvaluate looks for documents that stop the evaluation, and compares the
// answers with and without evidence.
func FuzzEvaluate(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[`+allow("s3:*", "arn:aws:s3:::records/${aws:username, 'x'}*")+`]}`,
		`{"Statement":[`+to(aws(roleARN))+`]}`, "s3:GetObject", "arn:aws:s3:::records/a", "team")
	f.Add(`{"Version":"2012-10-17","Statement":[`+deny("kms:*", "*", "Condition", `{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`)+`]}`,
		`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"s3:*","NotResource":"arn:aws:kms"}]}`, "kms:Decrypt", key, "")
	f.Fuzz(func(t *testing.T, first, second, action, resource, value string) {
		a, err := Parse([]byte(first))
		if err != nil {
			return
		}
		b, err := Parse([]byte(second))
		if err != nil {
			return
		}
		for _, p := range []access.Principal{aRole, aSession, aUser, aRoot, aFederated, nobody, {Kind: Service, ID: value}, {Kind: value}} {
			in := ask(p, action, resource)
			in.Request.Context = access.NewContext(access.UnknownState).With("aws:PrincipalTag/team", value)
			in.Request.Resource.Below = len(value)%2 == 1
			one, other := PolicySet{Policies: []Policy{{"a", a}}}, PolicySet{Policies: []Policy{{"b", b}}}
			in.Identity, in.Boundary, in.Resource, in.Endpoint = one, &one, &other, &other
			in.ServiceControl, in.ResourceControl = []PolicySet{one}, []PolicySet{other}
			in.S3 = &S3{RestrictPublicBuckets: true, AccessPoint: &AccessPoint{ARN: resource, Account: abroad, Policy: &other}}
			in.KMS = &KMS{Grants: []KeyGrant{{Grantee: value, Operations: []string{action}, EncryptionContextEquals: map[string]string{value: value}}}}
			d := Evaluate(in)
			if without := newEvaluation(&in, newLayers(&in, compile), nil).decide(); !without.Equal(d.Formula) {
				t.Errorf("with evidence %v, without %v", d.Formula, without)
			}
		}
	})
}

// benchmarkInput is a request with all layers, whose identity has some managed
// policies of many statements.
func benchmarkInput() Input {
	var statements []string
	for i := range 40 {
		name, value := when("StringEquals", "aws:PrincipalTag/team", "blue", "green")
		statements = append(statements, allow(fmt.Sprintf(`["dynamodb:Get%d*","dynamodb:Query","s3:List*"]`, i), fmt.Sprintf("arn:aws:dynamodb:*:*:table/t%d-*", i), name, value))
	}
	statements = append(statements, allow("s3:Get*", "arn:aws:s3:::records/${aws:PrincipalTag/team}/*"), deny("s3:*", "arn:aws:s3:::*/secret/*"))
	in := ask(aSession, "s3:GetObject", "arn:aws:s3:::records/blue/2024/a.txt", "aws:PrincipalTag/team", "blue", "aws:SourceVpc", "vpc-1").
		identity(statements...).boundary(allow("*", "*")).scp(allow("*", "*")).scp(allow("*", "*"), deny("organizations:*", "*")).
		rcp(perimeter()).resource(onlyFrom("vpc-1"), to(aws(home)))
	in.Request.Context = in.Request.Context.With("aws:PrincipalOrgID", "o-home").With("aws:SourceVpce", "vpc-1")
	return in
}

func BenchmarkEvaluate(b *testing.B) {
	in := benchmarkInput()
	if d := Evaluate(in); d.Verdict() != access.Allowed {
		b.Fatal(explain(d))
	}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(in)
	}
}

// BenchmarkDecide is what is left of it when the policies have been compiled
// and nobody wants to know why.
func BenchmarkDecide(b *testing.B) {
	in := benchmarkInput()
	compiled := newLayers(&in, compile)
	b.ReportAllocs()
	for b.Loop() {
		newEvaluation(&in, compiled, nil).decide()
	}
}

func BenchmarkCompile(b *testing.B) {
	in := benchmarkInput()
	b.ReportAllocs()
	for b.Loop() {
		newLayers(&in, compile)
	}
}

func BenchmarkHostilePattern(b *testing.B) {
	s := "arn:aws:s3:" + strings.Repeat("a", 2048) + "::x"
	for name, pattern := range map[string]string{
		"last_segment": "arn:aws:s3:" + strings.Repeat("a", 2048) + "::" + strings.Repeat("*a", 200) + "b",
		"region":       "arn:aws:s3:" + strings.Repeat("*a", 200) + "b::x",
	} {
		b.Run(name, func(b *testing.B) {
			p := newResourcePattern(pattern, true)
			r := request{resource: access.Resource{ID: s}}
			for b.Loop() {
				if !p.match(&r, identityPolicy).IsFalse() {
					b.Fatal("it matches")
				}
			}
		})
	}
}
