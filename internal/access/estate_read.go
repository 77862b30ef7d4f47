package access

import (
	"iter"
	"slices"
)

// Grants yields every grant of every principal. Those on stores of one class
// come together, which is an order that does not change from run to run.
func (e *Estate) Grants() Seq {
	s := e.current.Load()
	return func(yield func(EstateGrant) bool) {
		for _, class := range s.stores.live() {
			cells := s.cells(class)
			for _, store := range s.stores.members[class] {
				if !s.expand(cells, store, yield) {
					return
				}
			}
		}
	}
}

// Kept yields the grants that are kept: all but those that are decided again
// by Grants while somebody reads them.
func (e *Estate) Kept() Seq {
	s := e.current.Load()
	return func(yield func(EstateGrant) bool) {
		for _, class := range s.stores.live() {
			for _, store := range s.stores.members[class] {
				if !s.expand(s.rows[class].cells, store, yield) {
					return
				}
			}
		}
	}
}

// GrantsTo yields the grants of all principals on a store.
func (e *Estate) GrantsTo(store string) Seq {
	s := e.current.Load()
	return func(yield func(EstateGrant) bool) {
		n := s.engine.StoreNumber(store)
		if n < 0 || n >= len(s.stores.of) || s.stores.of[n] == gone {
			return
		}
		s.expand(s.cells(s.stores.of[n]), uint32(n), yield)
	}
}

// GrantsOf yields the grants of a principal on all stores.
func (e *Estate) GrantsOf(principal string) Seq {
	s := e.current.Load()
	return func(yield func(EstateGrant) bool) {
		n := s.engine.PrincipalNumber(principal)
		if n < 0 || n >= len(s.principals.of) || s.principals.of[n] == gone {
			return
		}
		class := s.principals.of[n]
		var decider Decider
		for _, of := range s.stores.live() {
			r, ok := s.rows[of]
			if !ok {
				continue
			}
			grants := s.find(r, class)
			if r.open && grants == nil {
				if decider == nil {
					decider = s.engine.Round([]int{s.principals.head(class)}, false).Decider()
				}
				decider.Decide(s.stores.head(of), true, func(_ int, found []Grant) { grants = found })
			}
			for _, store := range s.stores.members[of] {
				if !s.yield(uint32(n), store, grants, yield) {
					return
				}
			}
		}
	}
}

// Classes yields what is kept: every pair of a class of principals and a class
// of stores with grants, with how many members each has.
func (e *Estate) Classes() iter.Seq[ClassGrants] {
	s := e.current.Load()
	return func(yield func(ClassGrants) bool) {
		for _, class := range s.stores.live() {
			for _, c := range s.rows[class].cells {
				if !yield(ClassGrants{len(s.principals.members[c.principal]), len(s.stores.members[class]), s.outcomes.grants(c.grants)}) {
					return
				}
			}
		}
	}
}

// ClassGrants are the grants of every principal of a class on every store of a
// class.
type ClassGrants struct {
	Principals, Stores int
	Grants             []Grant
}

// Size returns how many classes there are, how many classes of stores have
// grants that are not kept, and how many pairs of classes have grants.
func (e *Estate) Size() (principals, stores, open, pairs int) {
	s := e.current.Load()
	for _, r := range s.rows {
		pairs += len(r.cells)
		if r.open {
			open++
		}
	}
	return len(s.principals.live()), len(s.stores.live()), open, pairs
}

// cells returns all grants on a class of stores, those that are not kept, too.
func (s *snapshot) cells(class uint32) []cell {
	r := s.rows[class]
	if !r.open {
		return r.cells
	}
	var cells []cell
	s.engine.Round(s.principals.heads(), false).Decider().Decide(s.stores.head(class), true, func(p int, grants []Grant) {
		if len(grants) > 0 {
			cells = append(cells, cell{s.principals.of[p], s.outcomes.number(grants)})
		}
	})
	slices.SortFunc(cells, byPrincipal)
	return cells
}

// expand yields the grants of the members of classes on a store.
func (s *snapshot) expand(cells []cell, store uint32, yield func(EstateGrant) bool) bool {
	for _, c := range cells {
		grants := s.outcomes.grants(c.grants)
		for _, principal := range s.principals.members[c.principal] {
			if !s.yield(principal, store, grants, yield) {
				return false
			}
		}
	}
	return true
}

func (s *snapshot) yield(principal, store uint32, grants []Grant, yield func(EstateGrant) bool) bool {
	if len(grants) == 0 {
		return true
	}
	p, _ := s.engine.Principal(int(principal))
	to, _ := s.engine.Store(int(store))
	for _, g := range grants {
		if !yield(EstateGrant{Principal: p, Store: to, Grant: g}) {
			return false
		}
	}
	return true
}
