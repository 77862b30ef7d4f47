package awsiam

import (
	"fmt"
	"maps"
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
		return access.Of(c.excuses() || c.withoutValue())
	case v.State == access.UnknownState:
		return c.unknown(r)
	case len(v.Values) == 0:
		return access.Of(c.withoutValue())
	}
	return c.known(r, v)
}

// excuses reports whether the condition holds for a key that is not there by
// its IfExists. With ForAnyValue it does not: the page of set operators says
// that ForAnyValue is false without a key, that of IfExists makes no exception
// for it, and AWS denies such a request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
// https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w/foranyvalue-stringequalsifexists-behaving-unexpectedly
func (c *condition) excuses() bool { return c.source.IfExists && c.source.Set != forAnyValue }

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
	for i := range c.operands {
		o := &c.operands[i]
		t, f := o.ready(r)
		if t != nil && !t.void {
			f = c.compare(o, t, s, prefix)
		}
		if f.IsTrue() && !c.negated {
			return f
		}
		found = append(found, f)
	}
	if c.negated {
		return access.Not(access.Or(found...))
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
		return c.compareBelow(o, t, s)
	}
	matches, problem := c.operator.match(o, t, s)
	switch {
	case problem != "":
		return c.missing(problem)
	case !matches:
		return access.False()
	case len(t.open) == 0:
		return access.True()
	}
	name, text, problem := c.operator.term(o, t)
	if problem != "" {
		return c.missing(problem)
	}
	if v, is, ok := t.solve(s); ok && c.operator != ignoreCaseOperator {
		return isEqual(v.key, is)
	}
	return access.And(t.present(), c.term("", name, []string{text}))
}

// compareBelow compares a value of which only the beginning is known.
func (c *condition) compareBelow(o *operand, t *resolved, prefix string) access.Formula {
	all, some := t.glob().below(prefix)
	name, text, problem := c.operator.term(o, t)
	switch {
	case problem != "":
		return c.missing(problem)
	case c.operator.name() == "StringLike" && all && len(t.open) == 0:
		return access.True()
	case (c.operator.name() == "StringLike" || c.operator.name() == "StringEquals") && !some:
		return access.False()
	}
	return access.And(t.present(), c.term("", name, []string{text}))
}

// unknown returns the condition as terms about a key of which nothing is
// known. Whatever operator was written, they are about the operator that is
// not negated and about the absence of the key, so that the conditions of an
// Allow and of a Deny meet in the same terms.
func (c *condition) unknown(r *request) access.Formula {
	values := make(map[string][]string) // by the operator of the term
	var found []access.Formula
	everything := false
	for i := range c.operands {
		o := &c.operands[i]
		t, f := o.ready(r)
		switch {
		case t == nil:
			found = append(found, f)
			continue
		case t.void:
			continue
		}
		everything = everything || c.operator.name() == "StringLike" && t.glob().isStars() && len(t.open) == 0
		name, value, problem := c.operator.term(o, t)
		if problem != "" {
			found = append(found, c.missing(problem))
			continue
		}
		values[name] = append(values[name], value)
	}
	// The set operator of a term that is negated is the other one: that some
	// value is none of these means that not all values are one of them.
	set := c.source.Set
	if c.negated && set != "" {
		set = map[string]string{forAllValues: forAnyValue, forAnyValue: forAllValues}[set]
	}
	null := isNull(c.key)
	switch {
	case everything && set == forAllValues:
		found = append(found, access.True())
	case everything:
		found = append(found, access.Not(null))
	case set == forAllValues && len(values) == 0:
		found = append(found, null)
	case set == forAllValues:
		found = append(found, c.allOf(values)) // which holds without a value, too
	default:
		for _, name := range slices.Sorted(maps.Keys(values)) {
			found = append(found, c.term(set, name, values[name]))
		}
	}
	f := access.Or(found...)
	if c.negated {
		f = access.Not(f)
	}
	if c.excuses() && !c.withoutValue() {
		f = access.Or(f, null)
	}
	return f
}

// allOf returns the term that all values of a key are among some.
func (c *condition) allOf(values map[string][]string) access.Formula {
	names := slices.Sorted(maps.Keys(values))
	if len(names) == 1 {
		return c.term(forAllValues, names[0], values[names[0]])
	}
	// Values with wildcards and without are one list, of patterns.
	var all []string
	for _, name := range names {
		for _, v := range values[name] {
			if name == "StringEquals" {
				v = escapeWildcards(v)
			}
			all = append(all, v)
		}
	}
	return c.term(forAllValues, c.operator.name(), all)
}

// term returns the term that the key has one of some values.
func (c *condition) term(set, operator string, values []string) access.Formula {
	slices.Sort(values)
	if set != "" {
		operator = set + ":" + operator
	}
	return access.If(access.Term{Key: keyName(c.key), Operator: operator, Values: slices.Compact(values)})
}

// missing returns the formula of a condition of which nothing can be said.
func (c *condition) missing(problem string) access.Formula {
	return access.Missing(fmt.Sprintf("condition %s of %s: %s", c.source.Operator, c.source.Key, problem))
}

// isNull returns the formula that the request does not have a key.
func isNull(key string) access.Formula {
	return access.If(access.Term{Key: keyName(key), Operator: "Null", Values: []string{"true"}})
}

// isEqual returns the formula that a key has a value.
func isEqual(key, value string) access.Formula {
	return access.If(access.Term{Key: keyName(key), Operator: "StringEquals", Values: []string{value}})
}

// escapeWildcards writes a text so that it has no wildcards.
func escapeWildcards(s string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}").Replace(s)
}
