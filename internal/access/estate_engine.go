package access

import "iter"

// A Class is a hash of everything about a principal, or about a store, that can
// make a difference to any decision. Those that have the same class have the
// same grants. The zero Class is nobody's.
type Class [16]byte

// An Engine knows the principals and the data stores of one cloud, each by a
// number from 0, and decides between them. Numbers stay what they are when
// others come and go.
type Engine interface {
	// Principals and Stores return how many numbers there are.
	Principals() int
	Stores() int
	// Principal and Store return the id and class behind a number; the zero
	// Class when it is gone.
	Principal(n int) (id string, class Class)
	Store(n int) (id string, class Class)
	// PrincipalNumber and StoreNumber return the number of an id, or -1.
	PrincipalNumber(id string) int
	StoreNumber(id string) int
	// Changed returns the numbers behind which something may have changed since
	// it was called before, in order.
	Changed() (principals, stores []int)
	// PrincipalBefore returns the class that a principal had before Changed was
	// called last, if it is in another one only by policies that say nothing of
	// most stores; the zero Class otherwise.
	PrincipalBefore(n int) Class
	// StoreBefore returns the class that a store had before Changed was called
	// last, if principals that did not change have on it what they had; the zero
	// Class otherwise.
	StoreBefore(n int) Class
	// Round prepares deciding about some principals. The engine must not be
	// changed while a round is in use. When they are revised, all have a class
	// that PrincipalBefore returns, and deciders call found with AsBefore for stores of
	// which the policies that changed say nothing.
	Round(principals []int, revised bool) Round
}

// AsBefore stands for the grants that a principal had on a store when it was in
// the class that [Engine.PrincipalBefore] returns.
var AsBefore = []Grant{{}}

// isAsBefore reports whether a list of grants is [AsBefore].
func isAsBefore(grants []Grant) bool { return len(grants) == 1 && &grants[0] == &AsBefore[0] }

// A Round decides about some principals.
type Round interface {
	// Units puts stores into groups that are best decided one after the other.
	Units(stores []int) [][]int
	// Decider returns what decides; each goroutine needs its own.
	Decider() Decider
}

// A Decider decides about one store at a time.
type Decider interface {
	// Decide calls found with every principal of the round that has grants on a
	// store, in any order, once for each. Grants that are the same should be
	// the same slice, which nobody changes.
	//
	// When open is true, the store has grants for so many principals that they
	// are better decided again than kept, as those whose policy could not be
	// read; found is called with the others only. With all, it is called with
	// everybody.
	Decide(store int, all bool, found func(principal int, grants []Grant)) (open bool)
}

// Seq is a sequence of grants with whose they are.
type Seq = iter.Seq[EstateGrant]

// An EstateGrant is a grant of a principal on a store, by their ids.
type EstateGrant struct {
	Principal, Store string
	Grant
}
