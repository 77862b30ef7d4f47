package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A condition is a [Condition] whose values have been read.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
type condition struct {
	source   *Condition
	key      string // in lower case
	operator operator
	negated  bool
	operands []operand
	// problem says why nothing can be said about the condition at all.
	problem string
}

// An operand is one value of a condition.
type operand struct {
	template
	// parsed is the value in the form that its operator compares.
	parsed any
}

func newCondition(source *Condition, variables bool) condition {
	c := condition{source: source, key: strings.ToLower(source.Key)}
	spec, known := operators[source.Operator]
	switch {
	case !known:
		c.problem = fmt.Sprintf("condition operator %q of %s is not known", source.Operator, source.Key)
		return c
	case source.Set != "" && source.Set != forAllValues && source.Set != forAnyValue:
		c.problem = fmt.Sprintf("set operator %q of %s is not known", source.Set, source.Key)
		return c
	case spec.operator == nullOperator && (source.Set != "" || source.IfExists):
		c.problem = fmt.Sprintf("condition operator Null of %s has a modifier, which is not documented", source.Key)
		return c
	}
	c.operator, c.negated = spec.operator, spec.negated
	for _, text := range source.Values {
		o := operand{template: newTemplate(text, variables && c.operator.variables(), c.operator.wildcards())}
		if o.problem == "" {
			o.parsed, o.problem = c.operator.parse(o.template)
		}
		if o.problem != "" {
			o.problem = fmt.Sprintf("condition %s of %s: %s", source.Operator, source.Key, o.problem)
		}
		c.operands = append(c.operands, o)
	}
	return c
}

// The set operators.
const (
	forAllValues = "ForAllValues"
	forAnyValue  = "ForAnyValue"
)

// holds returns what has to hold for the condition to be true.
func (c *condition) holds(r *request) access.Formula {
	if c.problem != "" {
		return access.Missing(c.problem)
	}
	v := r.lookup(c.key)
	if c.operator == nullOperator {
		return c.null(v)
	}
	switch {
	case v.State == access.Absent:
		return access.Of(c.source.IfExists || c.withoutValue())
	case v.State == access.UnknownState:
		return c.unknown(r)
	case len(v.Values) == 0:
		return access.Of(c.withoutValue())
	}
	return c.known(r, v)
}

// withoutValue returns the value of the condition for a key that is not there,
// apart from IfExists.
func (c *condition) withoutValue() bool {
	switch c.source.Set {
	case forAllValues:
		return true
	case forAnyValue:
		return false
	}
	return c.negated
}

// null is the operator Null, whose value says whether the key is absent.
func (c *condition) null(v value) access.Formula {
	null := isNull(c.key)
	switch {
	case v.State == access.Absent, v.State == access.Known && len(v.Values) == 0:
		null = access.True()
	case v.State == access.Known:
		null = access.False()
	}
	var parts []access.Formula
	for _, o := range c.operands {
		switch {
		case o.problem != "":
			parts = append(parts, access.Missing(o.problem))
		case o.parsed == true:
			parts = append(parts, null)
		default:
			parts = append(parts, access.Not(null))
		}
	}
	return access.Or(parts...)
}

// known compares the values of a key, of which there are some.
func (c *condition) known(r *request, v value) access.Formula {
	each := make([]access.Formula, len(v.Values))
	for i, s := range v.Values {
		each[i] = c.one(r, s, v.prefix)
	}
	all, any := access.And(each...), access.Or(each...)
	switch {
	case c.source.Set == forAllValues:
		return all
	case c.source.Set == forAnyValue || len(each) == 1 || all.Equal(any):
		return any
	}
	return access.Missing(fmt.Sprintf("condition %s of %s: the key has several values and the condition no set operator, which is not documented",
		c.source.Operator, c.source.Key))
}

// one compares one value of the key with those of the condition.
func (c *condition) one(r *request, s string, prefix bool) access.Formula {
	var found []access.Formula
	usable := access.True()
	for i := range c.operands {
		o := &c.operands[i]
		t, f := o.ready(r)
		if t != nil {
			f = c.compare(o, t, s, prefix)
			usable = access.And(usable, t.present())
			if t.void != nil {
				f, usable = access.False(), access.False()
			}
		}
		if f.IsTrue() && !c.negated {
			return f
		}
		found = append(found, f)
	}
	if c.negated {
		return access.And(access.Not(access.Or(found...)), usable)
	}
	return access.Or(found...)
}

// ready returns the operand with its variables replaced, or what its problem
// makes of the comparison.
func (o *operand) ready(r *request) (*resolved, access.Formula) {
	if o.problem != "" {
		return nil, access.Missing(o.problem)
	}
	t := o.resolve(r)
	if t.problem != "" {
		return nil, access.Missing(t.problem)
	}
	return &t, access.False()
}

// compare compares one value of the key with one of the condition.
func (c *condition) compare(o *operand, t *resolved, s string, prefix bool) access.Formula {
	if prefix {
		// Strings only: of nothing else is a part of the value known.
		g := t.glob()
		switch all, some := g.below(s); {
		case !some && c.operator != ignoreCaseOperator:
			return access.False()
		case all && len(t.open) == 0:
			return access.True()
		}
		return access.And(t.present(), c.term(c.operator.name(), []string{t.String(c.operator.wildcards())}))
	}
	matches, problem := c.operator.match(o, t, s)
	switch {
	case problem != "":
		return access.Missing(fmt.Sprintf("condition %s of %s: %s", c.source.Operator, c.source.Key, problem))
	case !matches:
		return access.False()
	case len(t.open) == 0:
		return access.True()
	case c.operator == ignoreCaseOperator:
		return access.And(t.present(), c.term(c.operator.name(), []string{t.String(false)}))
	}
	return t.term(s, keyName(c.key), c.operator.name(), c.operator.wildcards())
}

// unknown returns the condition as terms about a key of which nothing is
// known. Whatever operator was written, they are about the operator that is
// not negated and about the absence of the key, so that the conditions of an
// Allow and of a Deny meet in the same terms.
func (c *condition) unknown(r *request) access.Formula {
	var values []string
	var others []access.Formula
	usable, everything := access.True(), false
	for i := range c.operands {
		o := &c.operands[i]
		t, f := o.ready(r)
		switch {
		case t == nil:
			others = append(others, f)
		case t.void != nil:
			usable = access.False()
		default:
			usable = access.And(usable, t.present())
			everything = everything || c.operator.wildcards() && t.glob().isStars() && len(t.open) == 0 && c.operator != arnOperator
			values = append(values, c.operator.canonical(o, t))
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	null := isNull(c.key)
	// The set operator of the term that is negated is the other one: some
	// value is none of these when not all values are.
	set := c.source.Set
	if c.negated && set != "" {
		set = map[string]string{forAllValues: forAnyValue, forAnyValue: forAllValues}[set]
	}
	f := access.Of(set == forAllValues)
	switch {
	case len(values) == 0 && set == forAllValues:
		f = null
	case everything && set != forAllValues:
		f = access.Not(null)
	case len(values) > 0 && !everything:
		name := c.operator.name()
		if set != "" {
			name = set + ":" + name
		}
		f = c.term(name, values)
	}
	f = access.Or(append(others, f)...)
	if c.negated {
		f = access.Not(f)
		if c.source.Set == forAnyValue {
			f = access.And(f, usable)
		} else if !usable.IsTrue() {
			f = access.And(f, access.Or(null, usable))
		}
	}
	if c.source.IfExists && !c.withoutValue() {
		f = access.Or(f, null)
	}
	return f
}

func (c *condition) term(operator string, values []string) access.Formula {
	return access.If(access.Term{Key: keyName(c.key), Operator: operator, Values: values})
}

// isNull returns the formula that the request does not have a key.
func isNull(key string) access.Formula {
	return access.If(access.Term{Key: keyName(key), Operator: "Null", Values: []string{"true"}})
}
