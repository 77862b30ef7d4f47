package kubernetes

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Selector is a label selector. An empty one matches everything.
type Selector struct {
	MatchLabels      map[string]string
	MatchExpressions []Requirement
}

// A Requirement is an expression of a label selector.
type Requirement struct {
	Key string
	// Operator is In, NotIn, Exists or DoesNotExist.
	Operator string
	Values   []string
}

// Matches returns whether labels are what a selector asks for. An operator that
// is not known makes it unknown.
//
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
func (s Selector) Matches(labels map[string]string) access.Formula {
	result := access.True()
	for key, value := range s.MatchLabels {
		got, ok := labels[key]
		if !ok || got != value {
			return access.False()
		}
	}
	for _, r := range s.MatchExpressions {
		got, ok := labels[r.Key]
		var holds bool
		switch r.Operator {
		case "In":
			holds = ok && slices.Contains(r.Values, got)
		case "NotIn":
			holds = !ok || !slices.Contains(r.Values, got)
		case "Exists":
			holds = ok
		case "DoesNotExist":
			holds = !ok
		default:
			result = access.And(result, access.Missing("what the operator "+r.Operator+" of a label selector means"))
			continue
		}
		if !holds {
			return access.False()
		}
	}
	return result
}
