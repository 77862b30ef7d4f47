package azurerbac

import (
	"github.com/stowage-dev/stowage/internal/access"
)

// An operand is an attribute or values.
type operand struct {
	attribute *attribute
	values    []value
}

type valueKind int8

const (
	ofAttribute valueKind = iota
	quoted
	bare // a number, GUID, true or false
)

// A value is one side of a comparison.
type value struct {
	text string
	kind valueKind
	// folded: the case of the text is not known.
	folded bool
}

// A comparison of two operands.
type comparison struct {
	left, right operand
	operator    operator
	quantifier  quantifier
	text        string
}

// maxWork bounds the bytes that one comparison looks at. Azure stores no
// condition, and no attribute, that comes near it.
const maxWork = 1 << 22

// evaluate compares. An attribute that a request does not have makes a
// comparison fail: a request that the condition is not made for is refused
// (conditions on blob index tags are documented so). What it does to a negated
// operator, below a negation, or where all of its values are asked for, is not
// documented.
//
// https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#suboperations
func (c comparison) evaluate(e *evaluation, negated bool) access.Formula {
	left, leftOK := c.left.lookup(e)
	right, rightOK := c.right.lookup(e)
	switch {
	case !leftOK || !rightOK:
		return e.unknown("the source of an attribute is not documented: %s", shorten(c.text))
	case left.state == access.Absent || right.state == access.Absent:
		if negated || c.operator.negative || c.quantifier.allLeft || c.quantifier.allRight {
			return e.unknown("not documented for a request without the attribute: %s", shorten(c.text))
		}
		return access.False()
	case left.state == access.UnknownState || right.state == access.UnknownState:
		return access.If(c.term())
	case c.work(left.values, right.values) > maxWork:
		return e.unknown("too much to compare: %s", shorten(c.text))
	}
	switch c.compare(left.values, right.values) {
	case yes:
		return access.True()
	case no:
		return access.False()
	}
	return e.unknown("not documented for these values: %s", shorten(c.text))
}

// work returns about how many bytes comparing each with each looks at.
func (c comparison) work(left, right []value) int {
	l, r := size(left), size(right)
	if c.operator.slow {
		return l * r
	}
	return l*len(right) + r*len(left)
}

func size(values []value) int {
	n := len(values)
	for _, v := range values {
		n += len(v.text)
	}
	return n
}

// compare compares each value of the left side with each of the right.
func (c comparison) compare(left, right []value) answer {
	if c.quantifier.name == "" {
		if len(left) != 1 || len(right) != 1 {
			return unsure
		}
		return c.operator.apply(left[0], right[0])
	}
	if len(right) == 0 || len(left) == 0 && c.quantifier.allLeft {
		return unsure
	}
	outer := newFold(c.quantifier.allLeft)
	for _, l := range left {
		inner := newFold(c.quantifier.allRight)
		for _, r := range right {
			inner.add(c.operator.apply(l, r))
		}
		outer.add(inner.result)
	}
	return outer.result
}

// term returns the comparison as something that is not known.
func (c comparison) term() access.Term {
	if c.left.attribute == nil || c.right.attribute != nil {
		return access.Term{Operator: access.Expression, Values: []string{c.text}}
	}
	texts := make([]string, len(c.right.values))
	for i, v := range c.right.values {
		texts[i] = v.text
	}
	name := c.operator.name
	if c.quantifier.name != "" {
		name = c.quantifier.name + ":" + name
	}
	return access.Term{Key: c.left.attribute.text, Operator: name, Values: texts}
}

// lookup returns the values of an operand; false for an attribute of a source
// that is not known.
func (o operand) lookup(e *evaluation) (found, bool) {
	if o.attribute == nil {
		return found{access.Known, o.values}, true
	}
	if !o.attribute.known() {
		return found{}, false
	}
	return o.attribute.lookup(e), true
}

// An answer is that of a comparison of two values.
type answer int8

const (
	no answer = iota
	unsure
	yes
)

func answerOf(holds bool) answer {
	if holds {
		return yes
	}
	return no
}

// A fold joins answers: all of them have to hold, or one.
type fold struct {
	all    bool
	result answer
}

func newFold(all bool) fold {
	if all {
		return fold{all, yes}
	}
	return fold{all, no}
}

func (f *fold) add(a answer) {
	if f.all {
		f.result = min(f.result, a)
	} else {
		f.result = max(f.result, a)
	}
}
