package awsiam

import (
	"fmt"
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
		if isName(t) {
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
	g, ok := globOfResource(pattern)
	if !ok {
		return true // not known
	}
	_, found := g.rest(prefix, colons)
	return found
}

// globOfResource returns the pattern of a term about the resource, unless it
// depends on what is not known.
func globOfResource(pattern string) (glob, bool) {
	p := newResourcePattern(pattern, false)
	if strings.Contains(pattern, "${") || p.everything || p.problem != "" {
		return nil, false
	}
	t := p.resolve(&request{})
	return t.glob(), true
}

// rest returns a part of the pattern that describes what may follow a prefix,
// with a number of colons at most.
func (g glob) rest(prefix string, colons int) (glob, bool) {
	for at := range g.after(prefix) {
		if at < len(g) && strings.Count(string(g[at:]), ":") <= colons {
			return g[at:], true
		}
	}
	return nil, false
}

// example returns a text that the pattern describes.
func (g glob) example() string {
	var b strings.Builder
	for _, u := range g {
		if u < 0 {
			u = 'x'
		}
		b.WriteRune(u)
	}
	return b.String()
}

// maxNames is how many names of a resource are tried, as each is tried on the
// whole formula.
const maxNames = 64

// byChoice returns what has to hold for requests on one resource, whose name
// is the caller's choice: what is asked of the name holds when there is one
// name that is enough. Those that are tried are one for each pattern and one
// that nobody thought of; where none is enough, what is asked of the name stays.
func byChoice(requests []access.Formula, r access.Resource, colons int) access.Formula {
	choices := []access.Formula{onOneResource(requests)}
	if !r.Below {
		return choices[0]
	}
	globs := make(map[string]glob)
	names := []string{r.ID + "any-other-name"}
	for _, f := range requests {
		for t := range f.Terms() {
			if !isName(t) || globs[t.Values[0]] != nil {
				continue
			}
			if g, ok := globOfResource(t.Values[0]); ok {
				globs[t.Values[0]] = g
				if rest, ok := g.rest(r.ID, colons); ok && len(names) < maxNames {
					names = append(names, r.ID+rest.example())
				}
			}
		}
	}
	if len(globs) == 0 {
		return choices[0]
	}
	for _, name := range names {
		named := make([]access.Formula, len(requests))
		for i, f := range requests {
			named[i] = f.Map(func(t access.Term) access.Formula {
				if isName(t) && globs[t.Values[0]] != nil {
					return access.Of(globs[t.Values[0]].match(name))
				}
				return access.If(t)
			})
		}
		choices = append(choices, access.Together(named...))
	}
	return access.Or(choices...)
}

// isName reports whether a term asks something of the name of the resource.
func isName(t access.Term) bool {
	return t.Key == resourceKey && t.Operator == "ArnLike" && len(t.Values) == 1
}

// onOneResource is [access.Together] for requests on the same resource, of
// which one cannot have another name than another.
func onOneResource(requests []access.Formula) access.Formula {
	all := access.And(requests...)
	if !all.IsFalse() {
		return all
	}
	apart := make([]access.Formula, len(requests))
	for i, f := range requests {
		apart[i] = f.Map(func(t access.Term) access.Formula {
			if t.Missing == "" && t.Key != resourceKey {
				t.Key = fmt.Sprintf("%s of step %d", t.Key, i+1)
			}
			return access.If(t)
		})
	}
	return access.And(apart...)
}
