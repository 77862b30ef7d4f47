package awsiamtest

import (
	"iter"
	"maps"
	"slices"
)

// Shrink makes a case smaller for as long as it still shows what it was made
// for: it takes out layers, policies, statements, conditions, values, keys and
// settings, one after the other.
func Shrink(c Case, shows func(Case) bool) Case {
	for again := true; again; {
		again = false
		for _, part := range Parts(c) {
			if smaller := part.Without(c); shows(smaller) {
				c, again = smaller, true
				break
			}
		}
	}
	return c
}

// A Part is something of a case.
type Part struct {
	// Kind is "layer", "policy", "statement", "condition", "value", "key" or
	// "setting", Name which one: the name of a layer, the operator of a condition.
	Kind, Name string
	// Statement is the one that the part is, of a statement.
	Statement Statement
	takeOut   func(*Case)
}

// Without returns the case that the part is of, without it.
func (p Part) Without(c Case) Case {
	c = c.Clone()
	p.takeOut(&c)
	return c
}

// Parts returns the parts of a case, the large ones first.
func Parts(c Case) []Part {
	var parts []Part
	without := func(kind, name string, takeOut func(*Case)) {
		parts = append(parts, Part{Kind: kind, Name: name, takeOut: takeOut})
	}
	for name, l := range Layers(&c) {
		if len(*l) > 0 && (name != "resource" || !c.hasPolicy()) {
			without("layer", name, func(s *Case) { *layerOf(s, name) = nil })
		}
	}
	if c.ServiceControl != nil {
		without("layer", "service control", func(s *Case) { s.ServiceControl = nil })
	}
	if c.ResourceControl != nil {
		without("layer", "resource control", func(s *Case) { s.ResourceControl = nil })
	}
	for i := range c.ServiceControl {
		without("policy", "service control", func(s *Case) { s.ServiceControl = slices.Delete(s.ServiceControl, i, i+1) })
	}
	for i := range c.ResourceControl {
		without("policy", "resource control", func(s *Case) { s.ResourceControl = slices.Delete(s.ResourceControl, i, i+1) })
	}
	for name, l := range Layers(&c) {
		for i, p := range *l {
			if len(*l) > 1 {
				without("policy", name, func(s *Case) { m := layerOf(s, name); *m = slices.Delete(*m, i, i+1) })
			}
			for j, st := range p.Statement {
				in := func(s *Case) *Policy { return &(*layerOf(s, name))[i] }
				if len(p.Statement) > 1 {
					without("statement", name, func(s *Case) { in(s).Statement = slices.Delete(in(s).Statement, j, j+1) })
					parts[len(parts)-1].Statement = st
				}
				for operator, key := range conditions(st) {
					without("condition", operator, func(s *Case) { drop(&in(s).Statement[j], operator, key) })
					for v := range st.Condition[operator][key] {
						if len(st.Condition[operator][key]) > 1 {
							without("value", operator, func(s *Case) {
								keys := in(s).Statement[j].Condition[operator]
								keys[key] = slices.Delete(keys[key], v, v+1)
							})
						}
					}
				}
				for name, pick := range elements {
					for v := range *pick(&st) {
						if len(*pick(&st)) > 1 {
							without("value", name, func(s *Case) { e := pick(&in(s).Statement[j]); *e = slices.Delete(*e, v, v+1) })
						}
					}
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Context)) {
		without("key", key, func(s *Case) { delete(s.Context, key) })
	}
	for i, key := range c.Unknown {
		without("key", key, func(s *Case) { s.Unknown = slices.Delete(s.Unknown, i, i+1) })
	}
	if c.RestrictPublicBuckets {
		without("setting", "block public access", func(s *Case) { s.RestrictPublicBuckets = false })
	}
	if c.ABAC {
		without("setting", "bucket tags", func(s *Case) { s.ABAC = false })
	}
	return parts
}

// elements are the lists of a statement.
var elements = map[string]func(*Statement) *Strings{
	"Action":      func(s *Statement) *Strings { return &s.Action },
	"NotAction":   func(s *Statement) *Strings { return &s.NotAction },
	"Resource":    func(s *Statement) *Strings { return &s.Resource },
	"NotResource": func(s *Statement) *Strings { return &s.NotResource },
}

// Layers yields the layers of a case that are a list of policies, each level of
// control policies by itself.
func Layers(c *Case) iter.Seq2[string, *[]Policy] {
	return func(yield func(string, *[]Policy) bool) {
		for _, l := range []struct {
			name     string
			policies *[]Policy
		}{
			{"identity", &c.Identity},
			{"boundary", &c.Boundary},
			{"session", &c.Session},
			{"endpoint", &c.Endpoint},
			{"resource", &c.ResourcePolicy},
		} {
			if !yield(l.name, l.policies) {
				return
			}
		}
		for i := range c.ServiceControl {
			if !yield("service control "+string(rune('0'+i)), &c.ServiceControl[i]) {
				return
			}
		}
		for i := range c.ResourceControl {
			if !yield("resource control "+string(rune('0'+i)), &c.ResourceControl[i]) {
				return
			}
		}
	}
}

// layerOf returns the layer with a name.
func layerOf(c *Case, name string) *[]Policy {
	for n, l := range Layers(c) {
		if n == name {
			return l
		}
	}
	return new([]Policy)
}

// conditions yields operators and keys of the conditions of a statement.
func conditions(s Statement) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				if !yield(operator, key) {
					return
				}
			}
		}
	}
}

// drop takes a condition out of a statement.
func drop(s *Statement, operator, key string) {
	delete(s.Condition[operator], key)
	if len(s.Condition[operator]) == 0 {
		delete(s.Condition, operator)
	}
	if len(s.Condition) == 0 {
		s.Condition = nil
	}
}
