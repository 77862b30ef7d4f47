package access

import (
	"encoding/json"
	"maps"
	"slices"
)

// gone is the class of a number that has none.
const gone = ^uint32(0)

// ClassOf returns the class that is a hash of values, in the form that
// encoding/json gives them.
func ClassOf(values ...any) Class {
	data, err := json.Marshal(values)
	if err != nil {
		panic(err) // Of texts, numbers and what is made of them there is always a form.
	}
	return sha256sum(data)
}

// A classTable gives small numbers to classes and says who is in each.
type classTable struct {
	numbers map[Class]uint32
	classes []Class
	of      []uint32   // the class of each member, by its number
	members [][]uint32 // by class, in order; none when the class is gone
}

func newClassTable() *classTable { return &classTable{numbers: map[Class]uint32{}} }

func (t *classTable) clone() *classTable {
	return &classTable{
		numbers: maps.Clone(t.numbers), classes: slices.Clone(t.classes), of: slices.Clone(t.of), members: slices.Clone(t.members),
	}
}

// A move is a member whose class changed.
type move struct {
	member   uint32
	from, to uint32 // gone for none
}

// update looks up the classes of members, which are in order, again. It returns the classes that
// had no members before.
func (t *classTable) update(members []int, lookup func(int) (string, Class), moves *[]move) []uint32 {
	left, entered := map[uint32][]uint32{}, map[uint32][]uint32{}
	for _, n := range members {
		for len(t.of) <= n {
			t.of = append(t.of, gone)
		}
		from, to := t.of[n], gone
		if _, class := lookup(n); class != (Class{}) {
			to = t.number(class)
		}
		if from == to {
			continue
		}
		t.of[n] = to
		*moves = append(*moves, move{uint32(n), from, to})
		if from != gone {
			left[from] = append(left[from], uint32(n))
		}
		if to != gone {
			entered[to] = append(entered[to], uint32(n))
		}
	}
	var fresh []uint32
	for _, class := range slices.Sorted(maps.Keys(entered)) {
		if len(t.members[class]) == 0 {
			fresh = append(fresh, class)
		}
		t.members[class] = slices.Concat(t.members[class], entered[class])
		slices.Sort(t.members[class])
	}
	for class, who := range left {
		rest := slices.Clone(t.members[class])
		t.members[class] = slices.DeleteFunc(rest, func(n uint32) bool {
			_, found := slices.BinarySearch(who, n)
			return found
		})
	}
	return slices.DeleteFunc(fresh, func(class uint32) bool { return len(t.members[class]) == 0 })
}

func (t *classTable) number(class Class) uint32 {
	n, ok := t.numbers[class]
	if !ok {
		n = uint32(len(t.classes))
		t.numbers[class] = n
		t.classes = append(t.classes, class)
		t.members = append(t.members, nil)
	}
	return n
}

// head returns the member that stands for a class, or -1 when it has none.
func (t *classTable) head(class uint32) int {
	if int(class) >= len(t.members) || len(t.members[class]) == 0 {
		return -1
	}
	return int(t.members[class][0])
}

// live returns the classes that have members, in order.
func (t *classTable) live() []uint32 {
	live := make([]uint32, 0, len(t.members))
	for class, members := range t.members {
		if len(members) > 0 {
			live = append(live, uint32(class))
		}
	}
	return live
}

// heads returns the members that stand for all classes.
func (t *classTable) heads() []int {
	heads := make([]int, 0, len(t.members))
	for _, class := range t.live() {
		heads = append(heads, t.head(class))
	}
	return heads
}
