package access

import (
	"iter"
	"maps"
	"slices"
)

// Changes are what an update of an [Estate] changed.
type Changes struct {
	before, after      *snapshot
	principals, stores []move
}

// A Change is the grants of a principal on a store, before and after.
type Change struct {
	Principal, Store string
	Before, After    []Grant
}

// Len returns how many principals, and how many stores, are in another class
// than before, are new or are gone.
func (c *Changes) Len() (principals, stores int) { return len(c.principals), len(c.stores) }

// All yields every change: of the stores that are what they were, then of the
// others. Grants that are not kept, as those on stores whose policies could not
// be read, are not among them.
func (c *Changes) All() iter.Seq[Change] {
	return func(yield func(Change) bool) { _ = c.ofPrincipals(yield) && c.ofStores(yield) }
}

// ofPrincipals yields the changes on stores that did not change.
func (c *Changes) ofPrincipals(yield func(Change) bool) bool {
	if len(c.principals) == 0 {
		return true
	}
	byMove := map[[2]uint32][]uint32{}
	from, to := map[uint32][][2]uint32{}, map[uint32][][2]uint32{}
	for _, m := range c.principals {
		key := [2]uint32{m.from, m.to}
		if byMove[key] == nil {
			from[m.from], to[m.to] = append(from[m.from], key), append(to[m.to], key)
		}
		byMove[key] = append(byMove[key], m.member)
	}
	moved := c.movedStores()
	for _, class := range c.after.stores.live() {
		affected := map[[2]uint32]bool{}
		before, after := c.before.rows[class], c.after.rows[class]
		for _, cell := range before.cells {
			for _, key := range from[cell.principal] {
				affected[key] = true
			}
		}
		for _, cell := range after.cells {
			for _, key := range to[cell.principal] {
				affected[key] = true
			}
		}
		for _, key := range slices.SortedFunc(maps.Keys(affected), func(a, b [2]uint32) int { return slices.Compare(a[:], b[:]) }) {
			old, now := c.before.find(before, key[0]), c.after.find(after, key[1])
			if EqualGrants(old, now) {
				continue
			}
			for _, store := range c.after.stores.members[class] {
				if moved[store] {
					continue
				}
				for _, principal := range byMove[key] {
					if !c.yield(principal, store, old, now, yield) {
						return false
					}
				}
			}
		}
	}
	return true
}

// ofStores yields the changes on stores that changed.
func (c *Changes) ofStores(yield func(Change) bool) bool {
	for _, m := range c.stores {
		before, after := c.before.byMember(m.from), c.after.byMember(m.to)
		who := maps.Clone(before)
		maps.Copy(who, after)
		for _, principal := range slices.Sorted(maps.Keys(who)) {
			if !EqualGrants(before[principal], after[principal]) && !c.yield(principal, m.member, before[principal], after[principal], yield) {
				return false
			}
		}
	}
	return true
}

// byMember returns the grants on a class of stores by the numbers of principals.
func (s *snapshot) byMember(class uint32) map[uint32][]Grant {
	grants := map[uint32][]Grant{}
	if class == gone {
		return grants
	}
	for _, c := range s.rows[class].cells {
		for _, principal := range s.principals.members[c.principal] {
			grants[principal] = s.outcomes.grants(c.grants)
		}
	}
	return grants
}

func (c *Changes) movedStores() map[uint32]bool {
	moved := make(map[uint32]bool, len(c.stores))
	for _, m := range c.stores {
		moved[m.member] = true
	}
	return moved
}

func (c *Changes) yield(principal, store uint32, before, after []Grant, yield func(Change) bool) bool {
	p, _ := c.after.engine.Principal(int(principal))
	s, _ := c.after.engine.Store(int(store))
	return yield(Change{Principal: p, Store: s, Before: before, After: after})
}
