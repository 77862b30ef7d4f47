package awsiam

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A reason is why a statement does not apply, in words. A nil one collects
// nothing and costs nothing.
type reason struct{ text string }

func (w *reason) action(s *compiledStatement, r *request) {
	switch {
	case w == nil:
	case len(s.action) == 0:
		w.text = "the list of actions is empty"
	case s.notAction:
		w.text = fmt.Sprintf("action %s is excluded by NotAction %s", r.written, listText(s.source.NotAction))
	default:
		w.text = fmt.Sprintf("action %s is not in %s", r.written, listText(s.source.Action))
	}
}

func (w *reason) resource(s *compiledStatement, r *request) {
	switch {
	case w == nil:
	case len(s.resource) == 0:
		w.text = "the list of resources is empty"
	case s.notResource:
		w.text = fmt.Sprintf("resource %s is excluded by NotResource %s", resourceText(r), listText(s.source.NotResource))
	default:
		w.text = fmt.Sprintf("resource %s does not match %s", resourceText(r), listText(s.source.Resource))
	}
}

func resourceText(r *request) string {
	if r.resource.Below {
		return "below " + r.resource.ID
	}
	return r.resource.ID
}

func (w *reason) principal(s *compiledStatement, r *request) {
	if w == nil {
		return
	}
	who, why := "principal "+r.principal.ID, " is not among those named"
	if r.principal.ID == "" {
		who = "an " + r.principal.Kind + " principal"
	}
	if s.principals.negated {
		why = " is excluded by NotPrincipal"
	}
	w.text = who + why
}

func (w *reason) condition(c *condition, r *request) {
	if w != nil {
		w.text = fmt.Sprintf("condition %s does not hold: %s", c.describe(), c.state(r))
	}
}

// open says on what a statement depends that may apply.
func (w *reason) open(g grantee) {
	if w == nil {
		return
	}
	if f := g.named(); !f.IsTrue() {
		w.text = "depends on: " + f.String()
	}
}

// shownValues is how many values of a list are shown in a reason.
const shownValues = 5

func listText(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i == shownValues {
			fmt.Fprintf(&b, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v)
	}
	return b.String()
}

// describe returns the condition as it was written.
func (c *condition) describe() string {
	name := c.source.Operator
	if c.source.Set != "" {
		name = c.source.Set + ":" + name
	}
	if c.source.IfExists {
		name += "IfExists"
	}
	return fmt.Sprintf("%s %s %s", name, c.source.Key, listText(c.source.Values))
}

// state returns what is known of the key of the condition, in words.
func (c *condition) state(r *request) string {
	v := r.lookup(c.key)
	switch {
	case v.State == access.Absent:
		return c.source.Key + " is absent"
	case v.State == access.UnknownState:
		return "whatever " + c.source.Key + " is"
	case v.prefix:
		return c.source.Key + " begins with " + listText(v.Values)
	}
	return c.source.Key + " is " + listText(v.Values)
}
