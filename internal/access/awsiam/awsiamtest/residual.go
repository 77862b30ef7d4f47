package awsiamtest

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// Resolve returns what becomes of a formula that remained of a case once all
// keys are known as in another. Each of its terms is a condition, and decided as
// the only one of a policy. What is missing stays missing.
func Resolve(f access.Formula, known Case) (access.Formula, error) {
	var failed error
	resolved := f.Map(func(t access.Term) access.Formula {
		if t.Missing != "" {
			return access.If(t)
		}
		value, err := termHolds(t, known)
		if err != nil {
			failed = err
		}
		return access.Of(value)
	})
	return resolved, failed
}

// termHolds reports whether a term holds.
func termHolds(t access.Term, known Case) (bool, error) {
	if t.Key == "resource" && t.Operator == "ArnLike" {
		return holds(known, awsiam.Statement{Resource: t.Values})
	}
	return ConditionHolds(known, t.Operator, t.Key, t.Values)
}

// ConditionHolds reports whether one condition holds in the context of a case.
// The operator is as it is written in a policy.
func ConditionHolds(known Case, operator, key string, values []string) (bool, error) {
	c := awsiam.Condition{Operator: operator, Key: key, Values: values}
	if set, base, found := strings.Cut(operator, ":"); found {
		c.Set, c.Operator = set, base
	}
	c.Operator, c.IfExists = strings.CutSuffix(c.Operator, "IfExists")
	return holds(known, awsiam.Statement{Resource: []string{"*"}, Conditions: []awsiam.Condition{c}})
}

// holds reports whether a statement of a resource policy applies that would
// give everybody everything. It is not one of the service of the case, which
// might decide by more than that.
func holds(known Case, s awsiam.Statement) (bool, error) {
	s.Principal, s.Action = &awsiam.Principals{Any: true, AWS: []string{"*"}}, []string{"*"}
	account := known.Principal.Account
	if known.Principal.Kind == awsiam.Root { // Who is allowed everything in his own.
		account = strange
	}
	d := awsiam.Evaluate(awsiam.Input{
		Request: access.Request{
			Principal: access.Principal(known.Principal),
			Action:    "sns:Publish",
			Resource:  access.Resource{ID: known.Resource, Account: account},
			Context:   known.RequestContext(),
		},
		Resource: &awsiam.PolicySet{Policies: []awsiam.Policy{{
			Name: "condition", Document: &awsiam.Document{Version: "2012-10-17", Statements: []awsiam.Statement{s}},
		}}},
	})
	value, plain := d.Formula.Value()
	if !plain {
		return false, fmt.Errorf("%+v remains %s when all keys are known", s, d.Formula)
	}
	return value, nil
}
