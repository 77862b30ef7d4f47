package access

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"
)

// The numbers of hops that ways are followed for. A way of many hops needs so
// much to come together that it tells nobody what to do first.
const (
	DefaultHops = 2
	MaxHops     = 4
)

// MaxSteps is how many edges a way has at most, with those that are no hops. A
// cycle of thousands of identities would have ways of thousands of edges.
// [Graph.Components] names all who are in it.
const MaxSteps = 16

// A Chain is a way from an identity to another one that it can act as, in the
// end.
type Chain struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Hops between identities that cannot plainly all become each other.
	Hops int `json:"hops"`
	// Edges from one to the other; none when an identity reaches everything
	// by itself.
	Edges []Edge `json:"edges"`
	// Formula is what has to hold for all edges [Together].
	Formula Formula `json:"formula"`
	// Administrator is set when the end can rewrite the permissions of an
	// account.
	Administrator *Administrator `json:"administrator,omitempty"`
}

// Verdict returns the short form of what has to hold.
func (c Chain) Verdict() Verdict { return c.Formula.Verdict() }

// String returns the way for people, as "a -assume-> b -pass-and-run-> c".
func (c Chain) String() string {
	var b strings.Builder
	b.WriteString(c.From)
	for _, e := range c.Edges {
		fmt.Fprintf(&b, " -%s-> %s", e.Kind, e.To)
	}
	return b.String()
}

// Reach returns the best way to each identity that an identity can act as
// within a number of hops, 0 for [DefaultHops] and at most [MaxHops], and within
// [MaxSteps], in the order of hops, edges and names. The best is the most certain; of those the one with
// the fewest hops, then the fewest edges, then the plainest kinds. An identity
// that can rewrite permissions by itself is its own first result.
func (g *Graph) Reach(from string, hops int) []Chain {
	start, known := slices.BinarySearch(g.ids, from)
	if !known {
		return nil
	}
	if hops <= 0 {
		hops = DefaultHops
	}
	hops = min(hops, MaxHops)
	w := g.walks.Get().(*walk)
	defer g.walks.Put(w)
	var chains []Chain
	if a := g.admins[int32(start)]; a != nil {
		chains = append(chains, Chain{From: from, To: from, Formula: True(), Administrator: a})
	}
	found := map[int32]bool{int32(start): true}
	// A certain way of many hops is better than a conditional one of few. But
	// it may be the one of few that leads further within the limit, so each
	// level of certainty is a search of its own.
	for _, least := range []Verdict{Allowed, Conditional, Unknown} {
		left := w.search(int32(start), hops, least)
		for _, id := range w.reached {
			if !found[id] {
				found[id] = true
				chains = append(chains, w.chain(id))
			}
		}
		if !left {
			break
		}
	}
	slices.SortFunc(chains, func(a, b Chain) int {
		return cmp.Or(cmp.Compare(a.Hops, b.Hops), cmp.Compare(len(a.Edges), len(b.Edges)), strings.Compare(a.To, b.To))
	})
	return chains
}

// A walk is a search from one identity. It is used again and again, as its
// arrays have an element for each identity.
type walk struct {
	g       *Graph
	round   uint32
	visit   []visit
	members []members
	queue   arrivals
	reached []int32 // in the order of the search
}

// members says of a component how many of its identities were come upon, and
// how far the farthest of them was.
type members struct {
	round    uint32
	count    int32
	farthest int64
}

// A visit is how an identity is best come upon.
type visit struct {
	round   uint32
	settled bool
	at      arrival
}

// An arrival is one way to an identity.
type arrival struct {
	id, edge           int32 // edge is -1 at the start
	from               int32
	hops, length, cost int32
}

// distance orders ways by hops and length.
func (a arrival) distance() int64 { return int64(a.hops)<<32 | int64(a.length) }

func newWalk(g *Graph) *walk {
	return &walk{g: g, visit: make([]visit, len(g.ids)), members: make([]members, len(g.size))}
}

// search finds the best ways whose edges are all at least as certain as a
// verdict. It reports whether less certain edges were left out.
func (w *walk) search(start int32, hops int, least Verdict) (left bool) {
	if w.round++; w.round == 0 { // the counter went round
		clear(w.visit)
		clear(w.members)
		w.round = 1
	}
	w.queue, w.reached = w.queue[:0], w.reached[:0]
	w.arrive(arrival{id: start, edge: -1, from: -1})
	for len(w.queue) > 0 {
		at := heap.Pop(&w.queue).(arrival)
		if w.visit[at.id].settled || w.visit[at.id].at != at {
			continue
		}
		w.visit[at.id].settled = true
		w.reached = append(w.reached, at.id)
		if at.length == MaxSteps {
			continue
		}
		w.within(at)
		if int(at.hops) == hops {
			continue
		}
		for e := w.g.cross[at.id]; e < w.g.starts[at.id+1]; e++ {
			if w.g.edges[e].Formula.Verdict() < least {
				// Edges are in the order of certainty.
				left = true
				break
			}
			if w.g.endsAt(at.id, e) {
				continue
			}
			w.follow(at, e, 1)
		}
	}
	return left
}

// within follows the edges in a component, unless all its identities were come
// upon and none of them is farther than this one. In a component in which
// everybody can become everybody else at once, that is so after the first.
func (w *walk) within(at arrival) {
	m := &w.members[w.g.component[at.id]]
	for e := w.g.starts[at.id]; e < w.g.cross[at.id]; e++ {
		if m.count == w.g.size[w.g.component[at.id]] && m.farthest <= at.distance() {
			return
		}
		w.follow(at, e, 0)
	}
}

func (w *walk) follow(at arrival, edge, hops int32) {
	w.arrive(arrival{
		id: w.g.to[edge], edge: edge, from: at.id,
		hops: at.hops + hops, length: at.length + 1, cost: at.cost + int32(w.g.edges[edge].Kind),
	})
}

// arrive takes a way to an identity when it is better than the one that is
// known.
func (w *walk) arrive(at arrival) {
	v, m := &w.visit[at.id], &w.members[w.g.component[at.id]]
	switch {
	case v.round != w.round:
		if m.round != w.round {
			*m = members{round: w.round}
		}
		m.count++
	case v.settled || compareArrivals(at, v.at) >= 0:
		return
	}
	m.farthest = max(m.farthest, at.distance())
	*v = visit{round: w.round, at: at}
	heap.Push(&w.queue, at)
}

// chain returns the way to an identity that was reached.
func (w *walk) chain(id int32) Chain {
	c := Chain{To: w.g.ids[id], Hops: int(w.visit[id].at.hops), Administrator: w.g.admins[id]}
	for w.visit[id].at.edge >= 0 {
		c.Edges = append(c.Edges, w.g.edges[w.visit[id].at.edge])
		id = w.visit[id].at.from
	}
	slices.Reverse(c.Edges)
	formulas := make([]Formula, len(c.Edges))
	for i, e := range c.Edges {
		formulas[i] = e.Formula
	}
	c.From, c.Formula = w.g.ids[id], Together(formulas...)
	return c
}

// compareArrivals orders ways, the better first.
func compareArrivals(a, b arrival) int {
	return cmp.Or(cmp.Compare(a.hops, b.hops), cmp.Compare(a.length, b.length), cmp.Compare(a.cost, b.cost),
		cmp.Compare(a.id, b.id), cmp.Compare(a.from, b.from), cmp.Compare(a.edge, b.edge))
}

// arrivals is a heap.
type arrivals []arrival

func (a arrivals) Len() int           { return len(a) }
func (a arrivals) Less(i, j int) bool { return compareArrivals(a[i], a[j]) < 0 }
func (a arrivals) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)        { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
