package awsiam

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

const principalARN = "aws:principalarn"

// addARNs takes in how a statement looks at the ARN of the principal. Policies
// of whole organizations except principals by patterns of ARNs; if the ARN
// itself were a part of their classes, each principal would be one of its own.
func (d *estateDocument) addARNs(s *compiledStatement) {
	for i := range s.resource {
		d.variable = d.variable || slices.Contains(s.resource[i].keys(nil), principalARN)
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		keys := c.keys(nil)
		switch {
		case slices.Contains(keys[1:], principalARN):
			d.variable = true
		case c.key != principalARN:
		case len(keys) > 1:
			d.variable = true // The pattern has other variables.
		case c.listsARNs():
			for i := range c.operands {
				d.names = append(d.names, c.operands[i].text)
			}
			d.arns = append(d.arns, c)
		default:
			d.arns = append(d.arns, c)
		}
	}
}

// listsARNs reports whether the condition compares with ARNs that have no
// wildcards, so that who is not among them is like everybody else.
func (c *condition) listsARNs() bool {
	if c.problem != "" || len(c.operands) == 0 {
		return false
	}
	switch c.operator.name() {
	case "StringEquals", "StringLike", "ArnLike":
	default:
		return false
	}
	return !slices.ContainsFunc(c.operands, func(o operand) bool {
		return o.problem != "" || !o.whole.isLiteral() || string(o.whole) != o.text
	})
}

// arnConditions are the conditions of the policies of resources on the ARN of
// the principal, but those that list ARNs: who is listed is named.
type arnConditions struct {
	byHash   map[access.Class]*arnCondition
	variable int // documents that use it otherwise
}

type arnCondition struct {
	*condition
	uses int
}

func newARNConditions() arnConditions { return arnConditions{byHash: map[access.Class]*arnCondition{}} }

// add counts the conditions of a document, and reports whether some came or went.
func (a *arnConditions) add(d *estateDocument, by int) (changed bool) {
	if d.variable {
		a.variable += by
		changed = a.variable == 0 || a.variable == by
	}
	for _, c := range d.arns {
		if c.listsARNs() {
			continue
		}
		w := hasher{sha256.New()}
		w.texts([]string{c.source.Operator, c.source.Set}, c.source.Values)
		w.flag(c.source.IfExists)
		hash := w.class()
		known := a.byHash[hash]
		if known == nil {
			known = &arnCondition{condition: c}
			a.byHash[hash] = known
			changed = true
		}
		if known.uses += by; known.uses == 0 {
			delete(a.byHash, hash)
			changed = true
		}
	}
	return changed
}

// A principalARNs says which conditions on its ARN hold for a principal.
type principalARNs struct {
	request *request
	// whole: the ARN itself makes a difference.
	whole bool
}

// of returns the ARN of a principal.
func (a *arnConditions) of(p *estatePrincipal) *principalARNs {
	r := newPrincipalRequest(p)
	return &principalARNs{request: r, whole: a.variable > 0 || p.Context.Names(principalARN)}
}

// write writes which conditions of the policies of resources hold.
func (a *arnConditions) write(w hasher, p *principalARNs) {
	if p.whole {
		return
	}
	for _, hash := range slices.SortedFunc(maps.Keys(a.byHash), func(a, b access.Class) int { return slices.Compare(a[:], b[:]) }) {
		sum := a.byHash[hash].holds(p.request).Sum()
		w.Write(sum[:])
	}
}

// write writes which conditions of a document hold.
func (p *principalARNs) write(w hasher, d *estateDocument) {
	p.whole = p.whole || d.variable
	if p.whole {
		return
	}
	for _, c := range d.arns {
		sum := c.holds(p.request).Sum()
		w.Write(sum[:])
	}
}
