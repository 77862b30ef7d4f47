package access

import (
	"cmp"
	"slices"
)

// A Grant is what a principal may do with the content of a store.
type Grant struct {
	Level   Level   `json:"level"`
	Channel Channel `json:"channel"`
	// Formula is what has to hold; a grant that never holds is none.
	Formula Formula `json:"formula"`
}

// Verdict returns the short form of the grant.
func (g Grant) Verdict() Verdict { return g.Formula.Verdict() }

// Decide returns the grants that the rules of the type give on a store, one
// for each level and channel that is not denied, in their order. It asks about
// every operation by itself, so that the best answer counts and a denial of
// one operation hides no other.
func (t *StoreType) Decide(s *Store, ask func(operation string, data bool, r Resource) Formula) []Grant {
	results := make([]Formula, len(t.Rules))
	for i := range t.Rules {
		results[i] = t.Rules[i].decide(s, ask)
	}
	return t.Grants(results)
}

// Grants folds what the rules of the type give into grants: results has a
// formula for each rule.
func (t *StoreType) Grants(results []Formula) []Grant {
	var grants []Grant
	for i := range t.Rules {
		if results[i].IsFalse() {
			continue
		}
		for _, level := range t.Rules[i].Levels {
			grants = addGrant(grants, Grant{Level: level, Channel: t.Rules[i].Channel, Formula: results[i]})
		}
	}
	return grants
}

// MergeGrants adds grants to others.
func MergeGrants(a, b []Grant) []Grant {
	if len(a) == 0 {
		return b
	}
	merged := slices.Clone(a)
	for _, g := range b {
		merged = addGrant(merged, g)
	}
	return merged
}

// EqualGrants reports whether grants are the same by their form.
func EqualGrants(a, b []Grant) bool {
	return slices.EqualFunc(a, b, func(a, b Grant) bool {
		return a.Level == b.Level && a.Channel == b.Channel && a.Formula.Equal(b.Formula)
	})
}

// addGrant adds a grant to those that are in order.
func addGrant(grants []Grant, g Grant) []Grant {
	i, found := slices.BinarySearchFunc(grants, g, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Channel, b.Channel))
	})
	if found {
		grants[i].Formula = Or(grants[i].Formula, g.Formula)
		return grants
	}
	return slices.Insert(grants, i, g)
}

func (r *Rule) decide(s *Store, ask func(string, bool, Resource) Formula) Formula {
	f := r.Conditions(s)
	if f.IsFalse() {
		return f
	}
	parts := []Formula{f, r.Demand.decide(s, ask)}
	for i := range r.Needs {
		need := &r.Needs[i]
		parts = append(parts, Or(Not(need.Set(s)), need.decide(s, ask)))
	}
	return And(parts...)
}

// Conditions returns what has to hold of the store, and of what is never read,
// for the rule to give anything.
func (r *Rule) Conditions(s *Store) Formula {
	parts := []Formula{r.Set(s)}
	for _, g := range r.Gates {
		parts = append(parts, g.Open(s))
	}
	if r.Unread != "" {
		parts = append(parts, Missing(r.Unread))
	}
	return And(parts...)
}

func (d *Demand) decide(s *Store, ask func(string, bool, Resource) Formula) Formula {
	resource, missing := d.Resource.Resource(s)
	if resource.ID == "" && missing == "" {
		return False() // The store has no such resource.
	}
	answers := make([]Formula, len(d.AnyOf))
	for i, operation := range d.AnyOf {
		answers[i] = ask(operation, d.Data, resource)
	}
	if missing != "" {
		return And(Or(answers...), Missing(missing))
	}
	return Or(answers...)
}
