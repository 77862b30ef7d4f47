package access

import (
	"maps"
	"slices"
)

// A RequestEngine is an [Engine] that decides by single requests. It is for
// clouds in which a principal has what is assigned to it at places, so that
// most pairs have no place in common, and which are quick to answer.
//
// It is for one goroutine, but for its rounds.
type RequestEngine struct {
	types map[string]StoreType
	ask   Ask

	principals, stores               []party
	principalNumber, storeNumber     map[string]int
	changedPrincipals, changedStores map[int]bool
}

// Ask answers a single request, by the ID of a principal and with a resource
// that follows from a store. Only when explain is true, the decision has
// evidence. It may be called by several goroutines.
type Ask func(principal string, s *Store, operation string, data bool, r Resource, explain bool) Decision

// A Place is where a principal has something, and where a store is: a
// subscription, folder, project or the store itself.
type Place string

// A party is a principal or a store.
type party struct {
	id         string
	class      Class
	places     []Place
	everywhere bool
	store      *Store
}

// NewRequestEngine returns an engine without principals and stores, which asks
// for every answer.
func NewRequestEngine(types []StoreType, ask Ask) *RequestEngine {
	e := &RequestEngine{
		types: make(map[string]StoreType, len(types)), ask: ask, principalNumber: map[string]int{}, storeNumber: map[string]int{},
		changedPrincipals: map[int]bool{}, changedStores: map[int]bool{},
	}
	for _, t := range types {
		e.types[t.ID] = t
	}
	return e
}

// SetPrincipal adds a principal or replaces it. Its class is a hash of
// everything about it that makes a difference to any answer, and its places are
// where it has something: on stores in none of them it has nothing. No places
// mean that it may have something everywhere.
func (e *RequestEngine) SetPrincipal(id string, class Class, places ...Place) {
	set(&e.principals, e.principalNumber, e.changedPrincipals, party{id: id, class: class, places: places, everywhere: len(places) == 0})
}

// RemovePrincipal removes a principal.
func (e *RequestEngine) RemovePrincipal(id string) {
	if _, ok := e.principalNumber[id]; ok {
		set(&e.principals, e.principalNumber, e.changedPrincipals, party{id: id})
	}
}

// SetStore adds a store or replaces it. Its class is a hash of everything about
// it that makes a difference to any answer, its places are those it is in.
func (e *RequestEngine) SetStore(s *Store, class Class, places ...Place) {
	set(&e.stores, e.storeNumber, e.changedStores, party{id: s.ID, class: class, places: places, store: s})
}

// RemoveStore removes a store.
func (e *RequestEngine) RemoveStore(id string) {
	if _, ok := e.storeNumber[id]; ok {
		set(&e.stores, e.storeNumber, e.changedStores, party{id: id})
	}
}

func set(list *[]party, numbers map[string]int, changed map[int]bool, p party) {
	n, ok := numbers[p.id]
	if !ok {
		n = len(*list)
		numbers[p.id] = n
		*list = append(*list, party{})
	}
	(*list)[n] = p
	changed[n] = true
}

// Principals returns how many numbers of principals there are.
func (e *RequestEngine) Principals() int { return len(e.principals) }

// Stores returns how many numbers of stores there are.
func (e *RequestEngine) Stores() int { return len(e.stores) }

// Principal returns the ID and class of a principal.
func (e *RequestEngine) Principal(n int) (string, Class) {
	return e.principals[n].id, e.principals[n].class
}

// Store returns the ID and class of a store.
func (e *RequestEngine) Store(n int) (string, Class) { return e.stores[n].id, e.stores[n].class }

// PrincipalNumber returns the number of a principal, or -1.
func (e *RequestEngine) PrincipalNumber(id string) int { return number(e.principalNumber, id) }

// StoreNumber returns the number of a store, or -1.
func (e *RequestEngine) StoreNumber(id string) int { return number(e.storeNumber, id) }

func number(numbers map[string]int, id string) int {
	if n, ok := numbers[id]; ok {
		return n
	}
	return -1
}

// Changed returns what was set or removed.
func (e *RequestEngine) Changed() (principals, stores []int) {
	principals, stores = slices.Sorted(maps.Keys(e.changedPrincipals)), slices.Sorted(maps.Keys(e.changedStores))
	clear(e.changedPrincipals)
	clear(e.changedStores)
	return principals, stores
}

// Explain decides about one pair and calls found, if it is not nil, with every
// request that it makes and the decision with its evidence. It returns the
// grants.
func (e *RequestEngine) Explain(principal, store string, found func(Request, Decision)) []Grant {
	n, ok := e.storeNumber[store]
	if !ok || e.stores[n].store == nil || number(e.principalNumber, principal) < 0 {
		return nil
	}
	s := e.stores[n].store
	t := e.types[s.Type]
	return t.Decide(s, func(operation string, data bool, r Resource) Formula {
		d := e.ask(principal, s, operation, data, r, found != nil)
		if found != nil {
			found(Request{Principal: Principal{ID: principal}, Action: operation, Resource: r}, d)
		}
		return d.Formula
	})
}

// Round prepares deciding about some principals.
func (e *RequestEngine) Round(principals []int, _ bool) Round {
	r := &requestRound{e: e, at: map[Place][]int{}}
	for _, n := range principals {
		p := &e.principals[n]
		if p.everywhere {
			r.everywhere = append(r.everywhere, n)
		}
		for _, place := range p.places {
			r.at[place] = append(r.at[place], n)
		}
	}
	return r
}

// A requestRound is some principals by where they have something.
type requestRound struct {
	e          *RequestEngine
	everywhere []int
	at         map[Place][]int
}

// requestUnit is how many stores are decided together.
const requestUnit = 16

// Units puts stores together.
func (r *requestRound) Units(stores []int) [][]int {
	return slices.Collect(slices.Chunk(stores, requestUnit))
}

// Decider returns what decides; it keeps nothing.
func (r *requestRound) Decider() Decider { return r }

// Decide asks for everybody who has something where the store is.
func (r *requestRound) Decide(store int, _ bool, found func(int, []Grant)) bool {
	s := &r.e.stores[store]
	t := r.e.types[s.store.Type]
	candidates := slices.Clone(r.everywhere)
	for _, place := range s.places {
		candidates = append(candidates, r.at[place]...)
	}
	slices.Sort(candidates)
	for _, n := range slices.Compact(candidates) {
		id := r.e.principals[n].id
		grants := t.Decide(s.store, func(operation string, data bool, resource Resource) Formula {
			return r.e.ask(id, s.store, operation, data, resource, false).Formula
		})
		if len(grants) > 0 {
			found(n, grants)
		}
	}
	return false
}

// PrincipalBefore returns the zero Class: nothing is known of what changed.
func (e *RequestEngine) PrincipalBefore(int) Class { return Class{} }

// StoreBefore returns the zero Class.
func (e *RequestEngine) StoreBefore(int) Class { return Class{} }
