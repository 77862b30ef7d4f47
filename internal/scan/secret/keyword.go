package secret

import "sync"

// An automaton finds all of many keywords in one pass (Aho and Corasick,
// "Efficient string matching", 1975), with the failure links resolved so that
// each byte costs two look-ups. It folds the case of ASCII letters.
type automaton struct {
	// class maps a byte to its column.
	class [256]uint8
	width uint32
	// next has a row of width for each state; states are offsets of rows.
	next []uint32
	// final is the first state at which a keyword ends, the later ones all
	// are.
	final uint32
	// ends are the keywords that end at a state, longest first.
	ends map[uint32][]int32
}

// keywords finds the keywords of all rules; hits tells which rules they are of.
var keywords = sync.OnceValue(func() *automaton {
	var words []string
	for _, h := range hits() {
		words = append(words, h.word)
	}
	return newAutomaton(words)
})

// A hit is a keyword with the number of its rule.
type hit struct {
	word string
	rule int
	fold bool
}

var hits = sync.OnceValue(func() []hit {
	var all []hit
	for i, r := range rules {
		for _, word := range r.keywords {
			all = append(all, hit{word, i, r.fold})
		}
	}
	return all
})

// lower folds the case of an ASCII letter.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// newAutomaton returns the automaton of words; those are told by their index.
func newAutomaton(words []string) *automaton {
	a := &automaton{width: 1, ends: make(map[uint32][]int32)}
	for _, w := range words {
		for i := range len(w) {
			if c := lower(w[i]); a.class[c] == 0 {
				a.class[c] = uint8(a.width)
				a.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		a.class[c] = a.class[lower(c)]
	}
	t := newTrie(a, words)
	t.link()
	a.number(t)
	return a
}

// A trie is an automaton in the making: its states are numbers of rows.
type trie struct {
	width uint32
	next  [][]int32
	ends  [][]int32
	order []int32 // breadth first
}

func newTrie(a *automaton, words []string) *trie {
	t := &trie{width: a.width}
	t.add()
	for i, w := range words {
		state := int32(0)
		for j := range len(w) {
			c := a.class[lower(w[j])]
			if t.next[state][c] < 0 {
				t.next[state][c] = t.add()
			}
			state = t.next[state][c]
		}
		t.ends[state] = append(t.ends[state], int32(i))
	}
	return t
}

func (t *trie) add() int32 {
	row := make([]int32, t.width)
	for i := range row {
		row[i] = -1
	}
	t.next = append(t.next, row)
	t.ends = append(t.ends, nil)
	return int32(len(t.next) - 1)
}

// link puts the transitions of each state's longest proper suffix where it has
// none of its own.
func (t *trie) link() {
	suffix := make([]int32, len(t.next))
	t.order = append(t.order, 0)
	for i := 0; i < len(t.order); i++ {
		state := t.order[i]
		for c, child := range t.next[state] {
			fallback := int32(0)
			if state != 0 {
				fallback = t.next[suffix[state]][c]
			}
			if child < 0 {
				t.next[state][c] = fallback
				continue
			}
			suffix[child] = fallback
			t.ends[child] = append(t.ends[child], t.ends[fallback]...)
			t.order = append(t.order, child)
		}
	}
}

// number gives the states of t their final offsets: those at which nothing
// ends first.
func (a *automaton) number(t *trie) {
	offset := make([]uint32, len(t.next))
	count := uint32(0)
	for _, final := range []bool{false, true} {
		if final {
			a.final = count * a.width
		}
		for _, state := range t.order {
			if (len(t.ends[state]) > 0) == final {
				offset[state] = count * a.width
				count++
			}
		}
	}
	a.next = make([]uint32, count*a.width)
	for state, row := range t.next {
		for c, child := range row {
			a.next[offset[state]+uint32(c)] = offset[child]
		}
		if len(t.ends[state]) > 0 {
			a.ends[offset[state]] = t.ends[state]
		}
	}
}

// each calls f with every keyword in b and the position after it, until f
// returns false.
func (a *automaton) each(b []byte, f func(word int32, end int) bool) {
	state, next, final := uint32(0), a.next, a.final
	for i, c := range b {
		state = next[state+uint32(a.class[c])]
		if state < final {
			continue
		}
		for _, word := range a.ends[state] {
			if !f(word, i+1) {
				return
			}
		}
	}
}
