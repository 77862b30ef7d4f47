package awsiam

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// A scenario is a request and what AWS documents as its outcome.
type scenario struct {
	name string
	doc  string // the page of AWS that says so, below https://docs.aws.amazon.com/
	in   Input
	want access.Verdict
	// formula is what remains, of an answer that is not plain.
	formula string
}

func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	seen := make(map[string]bool)
	for _, s := range scenarios {
		if seen[s.name] || s.doc == "" || (s.formula != "") != (s.want == access.Conditional || s.want == access.Unknown) {
			t.Fatalf("scenario %s: comes twice, has no page, or has a formula only where it should not", s.name)
		}
		seen[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := Evaluate(s.in)
			if got := d.Verdict(); got != s.want {
				t.Errorf("verdict %v, want %v (https://docs.aws.amazon.com/%s)\n%s", got, s.want, s.doc, explain(d))
			}
			if got := d.Formula.String(); s.formula != "" && got != s.formula {
				t.Errorf("formula\n%s\nwant\n%s", got, s.formula)
			}
			if f := newEvaluation(&s.in, newLayers(&s.in, compile), nil).decide(); !f.Equal(d.Formula) {
				t.Errorf("without evidence the answer is %v, want %v", f, d.Formula)
			}
		})
	}
}

// explain writes the evidence of a decision for people.
func explain(d access.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n", d.Formula)
	for _, l := range d.Evidence.Layers {
		fmt.Fprintf(&b, "%s: %v (%s)\n", l.Name, l.Result, l.Note)
		for _, s := range l.Statements {
			fmt.Fprintf(&b, "  %s[%d] denies=%v: %v: %s\n", s.Policy, s.Index, s.Denies, s.Applies, s.Reason)
		}
	}
	return b.String()
}

// The accounts, principals and resources of the tests.
const (
	home       = "111122223333"
	abroad     = "444455556666"
	roleARN    = "arn:aws:iam::111122223333:role/service/app"
	sessionARN = "arn:aws:sts::111122223333:assumed-role/app/one"
	userARN    = "arn:aws:iam::111122223333:user/people/ana"
	object     = "arn:aws:s3:::records/2024/a.txt"
	roleID     = "AROAEXAMPLE1"
)

var (
	aRole      = access.Principal{Kind: Role, ID: roleARN, Account: home}
	aSession   = access.Principal{Kind: Session, ID: sessionARN, Parent: roleARN, Account: home}
	aUser      = access.Principal{Kind: User, ID: userARN, Account: home}
	aRoot      = access.Principal{Kind: Root, ID: "arn:aws:iam::111122223333:root", Account: home}
	aFederated = access.Principal{Kind: FederatedUser, ID: "arn:aws:sts::111122223333:federated-user/bob", Parent: userARN, Account: home}
	nobody     = access.Principal{Kind: Anonymous}
)

// ask makes an input of a request about a resource of the account home. The
// context has the keys and values given and no others.
func ask(p access.Principal, action, resource string, keys ...string) Input {
	c := access.NewContext(access.Absent)
	for i := 0; i < len(keys); i += 2 {
		c = c.With(keys[i], keys[i+1])
	}
	return Input{Request: access.Request{
		Principal: p, Action: action, Resource: access.Resource{ID: resource, Account: home}, Context: c,
	}}
}

// read asks to read an object.
func read(p access.Principal, keys ...string) Input { return ask(p, "s3:GetObject", object, keys...) }

func (in Input) in(account string) Input {
	in.Request.Resource.Account = account
	return in
}

func (in Input) identity(statements ...string) Input {
	in.Identity = set(statements...)
	return in
}

func (in Input) boundary(statements ...string) Input {
	s := set(statements...)
	in.Boundary = &s
	return in
}

func (in Input) session(statements ...string) Input {
	s := set(statements...)
	in.Session = &s
	return in
}

func (in Input) resource(statements ...string) Input {
	s := set(statements...)
	in.Resource = &s
	return in
}

func (in Input) scp(statements ...string) Input {
	in.ServiceControl = append(in.ServiceControl, set(statements...))
	return in
}

func (in Input) rcp(statements ...string) Input {
	in.ResourceControl = append(in.ResourceControl, set(statements...))
	return in
}

func (in Input) context(c access.Context) Input {
	in.Request.Context = c
	return in
}

func (in Input) with(change func(*Input)) Input {
	change(&in)
	return in
}

// set returns one policy of the version 2012-10-17.
func set(statements ...string) PolicySet {
	return PolicySet{Policies: []Policy{{"test", document("2012-10-17", statements...)}}}
}

// document reads a document. It is for the tables of tests.
func document(version string, statements ...string) *Document {
	d, err := Parse([]byte(`{"Version":"` + version + `","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		panic(err)
	}
	return d
}

// allow and deny return a statement. What follows are pairs of a name and a
// value; one of several has brackets.
func allow(action, resource string, more ...string) string {
	return statementText("Allow", append([]string{"Action", action, "Resource", resource}, more...))
}

func deny(action, resource string, more ...string) string {
	return statementText("Deny", append([]string{"Action", action, "Resource", resource}, more...))
}

func statementText(effect string, pairs []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"Effect":%q`, effect)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		fmt.Fprintf(&b, `,%q:%s`, pairs[i], jsonValue(pairs[i+1]))
	}
	return b.String() + "}"
}

// jsonValue returns a value that is JSON already as it is, and others as a
// string.
func jsonValue(v string) string {
	if strings.HasPrefix(v, "[") || strings.HasPrefix(v, "{") {
		return v
	}
	return fmt.Sprintf("%q", v)
}

// when returns a Condition element of one condition.
func when(operator, key string, values ...string) (name, value string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return "Condition", fmt.Sprintf(`{%q:{%q:[%s]}}`, operator, key, strings.Join(quoted, ","))
}
