package awsiamtest

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// Holds reports whether a formula that remained of a case holds once all keys
// are known as in another. Each of its terms is a condition, and decided as the
// only one of a policy.
func Holds(f access.Formula, known Case) (bool, error) {
	var failed error
	holds, plain := f.Map(func(t access.Term) access.Formula {
		value, err := termHolds(t, known)
		if err != nil {
			failed = err
		}
		return access.Of(value)
	}).Value()
	if failed == nil && !plain {
		failed = fmt.Errorf("formula %s is not decided by its terms", f)
	}
	return holds, failed
}

// termHolds reports whether a term holds.
func termHolds(t access.Term, known Case) (bool, error) {
	if t.Missing != "" || t.Key == "" {
		return false, fmt.Errorf("term %s cannot be decided", t)
	}
	return ConditionHolds(known, t.Operator, t.Key, t.Values)
}

// ConditionHolds reports whether one condition holds in the context of a case,
// with everybody allowed everything if it does.
func ConditionHolds(known Case, operator, key string, values []string) (bool, error) {
	return StatementHolds(known, "2012-10-17", Statement{Condition: map[string]map[string]Strings{operator: {key: values}}})
}

// StatementHolds is ConditionHolds for all conditions of a statement.
func StatementHolds(known Case, version string, s Statement) (bool, error) {
	c := Case{
		Principal: known.Principal, Context: known.Context,
		// Nothing follows from this action and this resource.
		Action: "sns:Publish", Resource: "arn:aws:sns:::any", Account: known.Principal.Account,
		ResourcePolicy: []Policy{{Version: version, Statement: []Statement{{
			Effect: "Allow", Principal: &Principals{Any: true}, Action: Strings{"*"}, Resource: Strings{"*"}, Condition: s.Condition,
		}}}},
	}
	d, err := c.Evaluate()
	if err != nil {
		return false, err
	}
	value, plain := d.Formula.Value()
	if !plain {
		return false, fmt.Errorf("conditions %v remain %s when all keys are known", s.Condition, d.Formula)
	}
	return value, nil
}
