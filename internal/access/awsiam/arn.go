package awsiam

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// arnSegments is how many segments an ARN has:
// arn:partition:service:region:account:resource.
const arnSegments = 6

// An arn is an ARN by its segments. Those of something that is none are empty.
type arn struct{ partition, service, region, account, resource string }

func parseARN(s string) (arn, bool) {
	parts := strings.SplitN(s, ":", arnSegments)
	if len(parts) < arnSegments || parts[0] != "arn" {
		return arn{}, false
	}
	return arn{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// A resourcePattern is one value of a Resource or NotResource element.
//
// Wildcards are used within the segments of an ARN; in the last one they may
// take colons, as the names of resources have them. A "*" that ends a segment
// may take what is beyond the colon, too. There are none in the segment of the
// service.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type resourcePattern struct {
	template
	// everything: "*", which also means what is not named by an ARN.
	everything bool
	// short: the ARN has less than six segments.
	short bool
	// literal is what the pattern begins with, as far as it has no wildcard or
	// variable.
	literal string
	// doubt says why nothing can be said of a resource that would match.
	doubt string
}

// shortARN is what may follow an ARN with less than six segments.
var shortARN = glob{':', anyMany}

func newResourcePattern(text string, variables bool) resourcePattern {
	p := resourcePattern{template: newTemplate(text, variables, true)}
	if p.problem != "" {
		return p
	}
	if p.everything = !p.hasVariables() && p.whole.isStars(); p.everything {
		return p
	}
	colons, early := p.confine()
	if len(p.pieces) > 0 {
		p.literal = p.pieces[0].pattern.prefix()
	}
	p.short = colons < arnSegments-1
	switch parts := strings.SplitN(text, ":", 4); {
	case parts[0] != "arn":
		p.doubt = fmt.Sprintf("resource %q is neither an ARN nor \"*\"", text)
	case len(parts) < 3 || strings.ContainsAny(parts[2], "*?"):
		p.doubt = fmt.Sprintf("resource %q has a wildcard for the service, where none is valid", text)
	case early:
		p.doubt = fmt.Sprintf("resource %q has a policy variable before its fifth colon, where none is valid", text)
	}
	return p
}

// confine keeps the wildcards of all segments but the last, except the stars
// that end a segment, from taking colons. It returns the number of colons that
// part the segments, five at most, and whether a variable is before the last.
func (p *resourcePattern) confine() (colons int, early bool) {
	for i, piece := range p.pieces {
		if piece.variable != nil {
			early = true
		}
		g := piece.pattern
		for j, u := range g {
			last := j+1 == len(g) && i+1 == len(p.pieces) || j+1 < len(g) && g[j+1] == ':'
			switch {
			case u == ':':
				colons++
			case u == anyOne:
				g[j] = oneInside
			case u == anyMany && !last:
				g[j] = manyInside
			}
			if colons == arnSegments-1 {
				return colons, early
			}
		}
	}
	return colons, early
}

// match returns what has to hold for the pattern to describe the resource of a
// request. Where a policy of the kind completes short ARNs, they are completed
// with a star.
func (p *resourcePattern) match(r *request, kind policyKind) access.Formula {
	if p.everything {
		return access.True()
	}
	if p.problem == "" && !p.begins(r.resource) {
		return access.False()
	}
	t := p.resolve(r)
	switch {
	case t.problem != "":
		return access.Missing(t.problem)
	case t.void:
		return access.False()
	}
	found := matchResource(&t, t.glob(), r)
	if p.short && !found.IsTrue() {
		t.add(shortARN)
		if long := matchResource(&t, t.glob(), r); kind.completesARN() {
			found = access.Or(found, long)
		} else if !long.IsFalse() {
			found = access.Missing(fmt.Sprintf("resource %q has too few segments, and what that means in a %v is not documented", p.text, kind))
		}
	}
	if p.doubt != "" && !found.IsFalse() {
		return access.Missing(p.doubt)
	}
	return found
}

// begins reports whether a resource, or one below it, can begin as the pattern
// does, which most do not.
func (p *resourcePattern) begins(r access.Resource) bool {
	return strings.HasPrefix(r.ID, p.literal) || r.Below && strings.HasPrefix(p.literal, r.ID)
}

// matchResource compares a pattern with the resource, or with everything below
// it.
func matchResource(t *resolved, g glob, r *request) access.Formula {
	if !r.resource.Below {
		switch {
		case !g.match(r.resource.ID):
			return access.False()
		case len(t.open) == 0:
			return access.True()
		}
		if v, is, ok := t.solve(r.resource.ID); ok {
			return isEqual(v.key, is)
		}
		return access.And(t.present(), isResource(t))
	}
	all, some := g.below(r.resource.ID)
	switch {
	case !some:
		return access.False()
	case all && len(t.open) == 0:
		return access.True()
	}
	return access.And(t.present(), isResource(t))
}

// isResource returns the formula that the resource is one that a pattern
// describes. The pattern is one of a Resource element, whose stars may take
// colons.
func isResource(t *resolved) access.Formula {
	return access.If(access.Term{Key: "resource", Operator: "ArnLike", Values: []string{t.String(true)}})
}

// An arnPattern is one value of an Arn condition: six segments, each of which
// is compared by itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
type arnPattern [arnSegments]glob

// newARNPattern parts a pattern by its colons. That of less than six segments
// is none.
func newARNPattern(g glob) (p arnPattern, ok bool) {
	segment := 0
	for _, u := range g {
		if u == ':' && segment < arnSegments-1 {
			segment++
			continue
		}
		p[segment] = append(p[segment], u)
	}
	return p, segment == arnSegments-1
}

func (p *arnPattern) match(s string) bool {
	parts := strings.SplitN(s, ":", arnSegments)
	if len(parts) < arnSegments {
		return false
	}
	for i := range p {
		if !p[i].match(parts[i]) {
			return false
		}
	}
	return true
}
