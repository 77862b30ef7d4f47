package awsiam

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An actionPattern is one value of an Action or NotAction element: "*", or the
// prefix of a service and the name of its action, in which wildcards may be.
// Upper and lower case make no difference.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
type actionPattern struct {
	text    string
	service string
	pattern glob
	problem string
}

func newActionPattern(text string) actionPattern {
	lower := asciiLower(text)
	p := actionPattern{text: text, pattern: newGlob(lower)}
	service, _, found := strings.Cut(lower, ":")
	switch {
	case p.pattern.isStars():
	case !found:
		p.problem = fmt.Sprintf("action %q is neither \"*\" nor the action of a service", text)
	case strings.ContainsAny(service, "*?"):
		p.problem = fmt.Sprintf("action %q has a wildcard for the service, where none is valid", text)
	default:
		p.service = service
	}
	return p
}

func (p *actionPattern) match(r *request) access.Formula {
	switch {
	case p.service != "" && p.service != r.service || !p.pattern.match(r.action):
		return access.False()
	case p.problem != "":
		return access.Missing(p.problem)
	}
	return access.True()
}

// asciiLower is strings.ToLower without the letters of other alphabets, some
// of which would become one of ours.
func asciiLower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + ('a' - 'A')
		}
		return c
	}, s)
}
