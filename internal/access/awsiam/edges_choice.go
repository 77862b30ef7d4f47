package awsiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// byName returns what has to hold for a request on some resource of a type
// whose names have a number of colons at most. What is asked of the name and
// only longer ARNs have does not hold: a "*" that may take colons matches ARNs
// that no resource has. Nor does what is asked of an identity that is there
// already, as the question is about a new one.
func (b *edgeBuilder) byName(f access.Formula, r access.Resource, colons int) access.Formula {
	if !r.Below {
		return f
	}
	return f.Map(func(t access.Term) access.Formula {
		if t.Key == resourceKey && t.Operator == "ArnLike" && len(t.Values) == 1 {
			if _, taken := b.byID[t.Values[0]]; taken || !isNameable(t.Values[0], r.ID, colons) {
				return access.False()
			}
		}
		return access.If(t)
	})
}

// resourceKey is the key of terms about the resource itself.
const resourceKey = "resource"

// isNameable reports whether an ARN that begins with a prefix and has a number
// of colons more, at most, is one that a pattern may describe.
func isNameable(pattern, prefix string, colons int) bool {
	p := newResourcePattern(pattern, false)
	if strings.Contains(pattern, "${") || p.everything || p.problem != "" {
		return true // not known, or all
	}
	t := p.resolve(&request{})
	g := t.glob()
	for at, reached := range g.after(prefix)[:len(g)] {
		if reached && strings.Count(string(g[at:]), ":") <= colons {
			return true
		}
	}
	return false
}

// byChoice returns what has to hold for a request when the name of its
// resource is the caller's choice: what is asked of the name holds when there
// is one name that is enough. Names that have to match two patterns, or must
// not match one, are not looked for; what is asked of them stays.
func byChoice(f access.Formula) access.Formula {
	var patterns []access.Formula
	for t, negated := range f.Terms() {
		if t.Key != resourceKey {
			continue
		}
		if negated {
			return f
		}
		pattern := access.If(t)
		if !slices.ContainsFunc(patterns, pattern.Equal) {
			patterns = append(patterns, pattern)
		}
	}
	if len(patterns) == 0 {
		return f
	}
	choices := []access.Formula{f}
	for _, chosen := range patterns {
		choices = append(choices, f.Map(func(t access.Term) access.Formula {
			if t.Key == resourceKey {
				return access.Of(access.If(t).Equal(chosen))
			}
			return access.If(t)
		}))
	}
	return access.Or(choices...)
}
