package awsiamtest

import "strings"

// operators suit a kind of key.
var operators = map[kind][]string{
	text: {
		"StringEquals", "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
		"StringLike", "StringNotLike",
	},
	arn:     {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals"},
	boolean: {"Bool", "Bool", "StringEquals"},
	number: {
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
		"NumericGreaterThanEquals",
	},
	date: {
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	},
	binary:  {"BinaryEquals", "BinaryEquals", "StringEquals"},
	address: {"IpAddress", "NotIpAddress"},
	list:    {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"},
}

// variables are written for values.
var variables = []string{
	"${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'blue'}", "${aws:username}", "${aws:ResourceTag/team}", "bl${*}", "${aws:username, 'alice'}",
}

// condition adds a condition to a statement, unless it has one like it.
func (g *generator) condition(s *Statement, version string) {
	k := g.asked()
	operator := pick(g, operators[k.kind]...)
	values := g.values(k, operator, version)
	switch {
	case g.often(8):
		operator, values = "Null", Strings{pick(g, "true", "false")}
	case k.kind == list:
		operator = pick(g, "ForAllValues:", "ForAnyValue:") + operator
	case g.often(4):
		operator = pick(g, "ForAllValues:", "ForAnyValue:") + operator
	}
	if operator != "Null" && g.often(22) {
		operator += "IfExists"
	}
	name := k.name
	if g.often(5) {
		name = strings.ToLower(name)
	}
	if s.Condition == nil {
		s.Condition = make(map[string]map[string]Strings)
	}
	if s.Condition[operator] == nil {
		s.Condition[operator] = make(map[string]Strings)
	}
	for used := range s.Condition[operator] {
		if strings.EqualFold(used, name) {
			return
		}
	}
	s.Condition[operator][name] = values
}

// asked returns a key to ask for, mostly one that the request has.
func (g *generator) asked() contextKey {
	keys := g.keys
	if len(g.target.keys) > 0 && g.often(30) {
		keys = g.target.keys
	}
	var k contextKey
	for range 3 {
		k = pick(g, keys...)
		for g.options.Plain && k.name == "aws:EpochTime" {
			k = pick(g, keys...)
		}
		if g.c.Context[k.name] != nil {
			break
		}
	}
	return k
}

// values makes what a key is compared with: in half of the cases with a value
// that the request has.
func (g *generator) values(k contextKey, operator, version string) Strings {
	values := Strings{pick(g, k.values...)}
	if has := g.c.Context[k.name]; has != nil && g.often(50) {
		values = Strings{pick(g, has...)}
	}
	if g.often(25) {
		if more := pick(g, k.values...); more != values[0] {
			values = append(values, more)
		}
	}
	if k.kind == text && strings.HasPrefix(operator, "String") && g.often(10) && (version == "2012-10-17" || !g.options.Plain) {
		values[0] = pick(g, variables...)
	}
	return values
}
