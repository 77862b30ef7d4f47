package access

import "slices"

// collapse finds the strongly connected components of the certain edges, by
// Tarjan's algorithm without recursion, and moves the edges within them to the
// front of those of each identity.
func (g *Graph) collapse() {
	t := tarjan{
		g: g, order: make([]int32, len(g.ids)), low: make([]int32, len(g.ids)), next: slices.Clone(g.starts[:len(g.ids)]),
	}
	g.component = make([]int32, len(g.ids))
	for i := range g.component {
		g.component[i] = -1
	}
	for i := range g.ids {
		if t.order[i] == 0 {
			t.visit(int32(i))
		}
	}
	g.cross = make([]int32, len(g.ids))
	for i := range g.ids {
		g.partition(int32(i))
	}
}

// partition moves the certain edges within a component to the front, and
// leaves their order as it is otherwise.
func (g *Graph) partition(id int32) {
	start, end := g.starts[id], g.starts[id+1]
	g.cross[id] = start
	if g.size[g.component[id]] == 1 {
		return
	}
	edges, to := slices.Clone(g.edges[start:end]), slices.Clone(g.to[start:end])
	inner := make([]bool, end-start)
	for i := range inner {
		inner[i] = g.isCertain(id, start+int32(i)) && g.component[to[i]] == g.component[id]
		if inner[i] {
			g.cross[id]++
		}
	}
	first, second := start, g.cross[id]
	for i := range inner {
		at := &second
		if inner[i] {
			at = &first
		}
		g.edges[*at], g.to[*at] = edges[i], to[i]
		*at++
	}
}

// tarjan is the state of the search for components.
type tarjan struct {
	g          *Graph
	order, low []int32 // order in which an identity was first seen, from 1
	next       []int32 // edge that is looked at next
	seen       int32
	stack      []int32 // identities without a component
	calls      []int32 // identities that are being visited
}

func (t *tarjan) visit(root int32) {
	t.enter(root)
	for len(t.calls) > 0 {
		id := t.calls[len(t.calls)-1]
		if t.next[id] < t.g.starts[id+1] {
			edge := t.next[id]
			t.next[id]++
			to := t.g.to[edge]
			switch {
			case !t.g.isCertain(id, edge):
			case t.order[to] == 0:
				t.enter(to)
			case t.g.component[to] < 0:
				t.low[id] = min(t.low[id], t.order[to])
			}
			continue
		}
		t.calls = t.calls[:len(t.calls)-1]
		if len(t.calls) > 0 {
			caller := t.calls[len(t.calls)-1]
			t.low[caller] = min(t.low[caller], t.low[id])
		}
		if t.low[id] == t.order[id] {
			t.leave(id)
		}
	}
}

func (t *tarjan) enter(id int32) {
	t.seen++
	t.order[id], t.low[id] = t.seen, t.seen
	t.stack = append(t.stack, id)
	t.calls = append(t.calls, id)
}

// leave makes a component of the identities on the stack down to one.
func (t *tarjan) leave(id int32) {
	at, component := len(t.stack), int32(len(t.g.size))
	for done := false; !done; done = t.stack[at] == id {
		at--
		t.g.component[t.stack[at]] = component
	}
	t.g.size = append(t.g.size, int32(len(t.stack)-at))
	t.stack = t.stack[:at]
}
