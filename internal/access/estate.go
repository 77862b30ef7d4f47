package access

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// An Estate is the grants of all principals of an [Engine] on all its stores.
//
// Nothing is enumerated that needs not be: it keeps grants between classes of
// principals and classes of stores, and only where there are some. They are
// expanded while somebody reads them.
type Estate struct {
	engine Engine

	current atomic.Pointer[snapshot]

	mu sync.Mutex // of Update
	// principals and stores are what changed before an update that was not
	// finished.
	principals, stores []int
}

// NewEstate returns the estate of an engine. Nothing is decided before Update
// is called.
func NewEstate(e Engine) *Estate {
	estate := &Estate{engine: e}
	estate.current.Store(&snapshot{
		engine: e, outcomes: &outcomes{numbers: map[[16]byte]uint32{}}, principals: newClassTable(), stores: newClassTable(), rows: map[uint32]row{},
	})
	return estate
}

// A snapshot is a whole state of an estate. It does not change.
type snapshot struct {
	engine             Engine
	outcomes           *outcomes
	principals, stores *classTable
	rows               map[uint32]row // by the class of a store
}

// A row is the grants on a class of stores, by class of principals.
type row struct {
	cells []cell // in the order of their classes
	// open: there are more than cells has.
	open bool
}

type cell struct {
	principal uint32 // class
	grants    uint32 // by number in outcomes
}

// Outcomes are lists of grants, each once.
type outcomes struct {
	mu      sync.Mutex
	numbers map[[16]byte]uint32
	list    [][]Grant
}

// number returns the number of a list of grants.
func (o *outcomes) number(grants []Grant) uint32 {
	h := make([]byte, 0, 18*len(grants))
	for _, g := range grants {
		sum := g.Formula.Sum()
		h = append(append(h, byte(g.Level), byte(g.Channel)), sum[:]...)
	}
	sum := sha256sum(h)
	o.mu.Lock()
	defer o.mu.Unlock()
	n, ok := o.numbers[sum]
	if !ok {
		n = uint32(len(o.list))
		o.numbers[sum] = n
		o.list = append(o.list, grants)
	}
	return n
}

// grants returns the grants behind a number.
func (o *outcomes) grants(n uint32) []Grant {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list[n]
}

// Update decides what is new since it was called before, and nothing else. It
// returns what that changed. It uses as many processors as there are.
func (e *Estate) Update(ctx context.Context) (*Changes, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.current.Load()
	interrupted := len(e.principals) > 0 || len(e.stores) > 0
	principals, stores := e.engine.Changed()
	e.principals, e.stores = union(e.principals, principals), union(e.stores, stores)
	next := &snapshot{engine: e.engine, outcomes: old.outcomes, principals: old.principals.clone(), stores: old.stores.clone()}
	changes := &Changes{before: old, after: next}
	newPrincipals := next.principals.update(e.principals, e.engine.Principal, &changes.principals)
	newStores := next.stores.update(e.stores, e.engine.Store, &changes.stores)

	next.rows = old.keep(next)
	heir := &heritage{rows: old.rows, principals: map[int]uint32{}, stores: map[uint32]uint32{}}
	isNew := make(map[uint32]bool, len(newStores))
	for _, class := range newStores {
		before, ok := old.stores.numbers[e.engine.StoreBefore(next.stores.head(class))]
		if !ok || interrupted {
			isNew[class] = true
			continue
		}
		heir.stores[class] = before
		if r, ok := old.rows[before]; ok {
			next.rows[class] = r.keep(next)
		}
	}
	newStores = slices.DeleteFunc(newStores, func(class uint32) bool { return !isNew[class] })
	// New stores among all principals, then the other stores among new principals.
	if err := next.decide(ctx, next.principals.heads(), newStores, nil); err != nil {
		return nil, err
	}
	if len(newPrincipals) > 0 {
		var others []uint32
		for _, class := range next.stores.live() {
			if !isNew[class] {
				others = append(others, class)
			}
		}
		var heads, revised []int
		for _, class := range newPrincipals {
			n := next.principals.head(class)
			if before, ok := old.principals.numbers[e.engine.PrincipalBefore(n)]; ok && !interrupted {
				heir.principals[n] = before
				revised = append(revised, n)
			} else {
				heads = append(heads, n)
			}
		}
		if err := next.decide(ctx, heads, others, nil); err != nil {
			return nil, err
		}
		if err := next.decide(ctx, revised, others, heir); err != nil {
			return nil, err
		}
	}
	e.current.Store(next)
	e.principals, e.stores = nil, nil
	return changes, nil
}

// union returns the numbers of both, in order.
func union(a, b []int) []int {
	if len(a) == 0 {
		return b
	}
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

// keep returns the rows that are still right: those of classes of stores that
// are left, without the classes of principals that are gone.
func (s *snapshot) keep(next *snapshot) map[uint32]row {
	rows := make(map[uint32]row, len(s.rows))
	for class, r := range s.rows {
		if next.stores.head(class) < 0 {
			continue
		}
		rows[class] = r.keep(next)
	}
	return rows
}

// keep returns the row without the classes of principals that are gone.
func (r row) keep(next *snapshot) row {
	gone := func(c cell) bool { return next.principals.head(c.principal) < 0 }
	if slices.ContainsFunc(r.cells, gone) {
		r.cells = slices.DeleteFunc(slices.Clone(r.cells), gone)
	}
	return r
}

// A heritage is what there was before an update.
type heritage struct {
	rows       map[uint32]row
	principals map[int]uint32    // the class before, by the number of a principal
	stores     map[uint32]uint32 // the class before, by the present one where it differs
}

// cell returns what a principal had on what is a class of stores now.
func (h *heritage) cell(store uint32, principal int) (number uint32, ok bool) {
	if before, ok := h.stores[store]; ok {
		store = before
	}
	return h.rows[store].number(h.principals[principal])
}

// decide fills in what principals have on classes of stores. Both are given by
// numbers that stand for their classes. There is a heritage when the principals
// are revised.
func (s *snapshot) decide(ctx context.Context, principals []int, classes []uint32, heir *heritage) error {
	if len(principals) == 0 || len(classes) == 0 {
		return ctx.Err()
	}
	stores := make([]int, len(classes))
	for i, class := range classes {
		stores[i] = s.stores.head(class)
	}
	round := s.engine.Round(principals, heir != nil)
	units := round.Units(stores)
	var next atomic.Int64
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(units)) {
		wait.Go(func() {
			decider := round.Decider()
			known := map[*Grant]uint32{} // by the first of each list
			for {
				i := int(next.Add(1)) - 1
				if i >= len(units) || ctx.Err() != nil {
					return
				}
				found := s.unit(ctx, decider, known, heir, units[i])
				mu.Lock()
				for class, r := range found {
					s.rows[class] = s.rows[class].with(r)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

// unit decides about stores one after the other.
func (s *snapshot) unit(ctx context.Context, decider Decider, known map[*Grant]uint32, heir *heritage, stores []int) map[uint32]row {
	found := make(map[uint32]row, len(stores))
	for _, n := range stores {
		if ctx.Err() != nil {
			return nil
		}
		var r row
		r.open = decider.Decide(n, false, func(p int, grants []Grant) {
			if len(grants) == 0 {
				return
			}
			if isAsBefore(grants) {
				if number, ok := heir.cell(s.stores.of[n], p); ok {
					r.cells = append(r.cells, cell{s.principals.of[p], number})
				}
				return
			}
			number, ok := known[&grants[0]]
			if !ok {
				number = s.outcomes.number(grants)
				known[&grants[0]] = number
			}
			r.cells = append(r.cells, cell{s.principals.of[p], number})
		})
		if len(r.cells) == 0 && !r.open {
			continue
		}
		r.cells = slices.Clone(r.cells) // Without room for more.
		slices.SortFunc(r.cells, byPrincipal)
		found[s.stores.of[n]] = r
	}
	return found
}

// with returns the row with the cells of another one, which has none of the
// same principals.
func (r row) with(other row) row {
	if len(r.cells) == 0 {
		return row{other.cells, r.open || other.open}
	}
	cells := slices.Concat(r.cells, other.cells)
	slices.SortFunc(cells, byPrincipal)
	return row{cells, r.open || other.open}
}

// find returns the grants of a class of principals.
func (s *snapshot) find(r row, principal uint32) []Grant {
	n, ok := r.number(principal)
	if !ok {
		return nil
	}
	return s.outcomes.grants(n)
}

// number returns the number of the grants of a class of principals.
func (r row) number(principal uint32) (number uint32, ok bool) {
	i, ok := slices.BinarySearchFunc(r.cells, principal, func(c cell, p uint32) int { return cmp.Compare(c.principal, p) })
	if !ok {
		return 0, false
	}
	return r.cells[i].grants, true
}

func byPrincipal(a, b cell) int { return cmp.Compare(a.principal, b.principal) }
