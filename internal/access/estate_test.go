package access

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A toyEngine gives a principal a grant on a store when both are of one color;
// everybody has one on stores that are open.
type toyEngine struct {
	principals, stores []toy
	changedPrincipals  []int
	changedStores      []int
	decided            int
}

type toy struct{ id, color string }

func (e *toyEngine) Principals() int { return len(e.principals) }
func (e *toyEngine) Stores() int     { return len(e.stores) }

func (t toy) class() Class {
	var c Class
	copy(c[:], t.color)
	return c
}

func (e *toyEngine) Principal(n int) (string, Class) {
	return e.principals[n].id, e.principals[n].class()
}
func (e *toyEngine) Store(n int) (string, Class) { return e.stores[n].id, e.stores[n].class() }

func (e *toyEngine) PrincipalNumber(id string) int {
	return slices.IndexFunc(e.principals, func(t toy) bool { return t.id == id })
}

func (e *toyEngine) StoreNumber(id string) int {
	return slices.IndexFunc(e.stores, func(t toy) bool { return t.id == id })
}

func (e *toyEngine) Changed() (principals, stores []int) {
	principals, stores = e.changedPrincipals, e.changedStores
	e.changedPrincipals, e.changedStores = nil, nil
	return principals, stores
}

func (e *toyEngine) set(list *[]toy, changed *[]int, id, color string) {
	n := slices.IndexFunc(*list, func(t toy) bool { return t.id == id })
	if n < 0 {
		n = len(*list)
		*list = append(*list, toy{})
	}
	(*list)[n] = toy{id, color}
	*changed = append(*changed, n)
	slices.Sort(*changed)
}

func (e *toyEngine) principal(id, color string) {
	e.set(&e.principals, &e.changedPrincipals, id, color)
}

func (e *toyEngine) store(id, color string) { e.set(&e.stores, &e.changedStores, id, color) }

func (e *toyEngine) PrincipalBefore(int) Class { return Class{} }
func (e *toyEngine) StoreBefore(int) Class     { return Class{} }

func (e *toyEngine) Round(principals []int, _ bool) Round { return &toyRound{e, principals} }

type toyRound struct {
	e          *toyEngine
	principals []int
}

func (r *toyRound) Units(stores []int) [][]int { return [][]int{stores} }
func (r *toyRound) Decider() Decider           { return r }

func (r *toyRound) Decide(store int, all bool, found func(int, []Grant)) bool {
	s := r.e.stores[store]
	if s.color == "open" && !all {
		return true
	}
	for _, p := range r.principals {
		r.e.decided++
		if s.color == "open" || r.e.principals[p].color == s.color {
			found(p, []Grant{{Level: Read, Formula: If(Term{Key: s.color})}})
		}
	}
	return s.color == "open"
}

func grantTexts(seq Seq) []string {
	var texts []string
	for g := range seq {
		texts = append(texts, fmt.Sprintf("%s %v %s: %v", g.Principal, g.Level, g.Store, g.Formula))
	}
	return texts
}

func changeTexts(c *Changes) []string {
	var texts []string
	for c := range c.All() {
		texts = append(texts, fmt.Sprintf("%s %s: %d to %d", c.Principal, c.Store, len(c.Before), len(c.After)))
	}
	return texts
}

func update(t *testing.T, e *Estate) *Changes {
	t.Helper()
	c, err := e.Update(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEstate(t *testing.T) {
	t.Parallel()
	engine := &toyEngine{}
	for i, color := range []string{"red", "blue", "red", "red"} {
		engine.principal(fmt.Sprint("p", i), color)
	}
	for i, color := range []string{"red", "red", "blue", "open", "green"} {
		engine.store(fmt.Sprint("s", i), color)
	}
	e := NewEstate(engine)
	if got := grantTexts(e.Grants()); got != nil {
		t.Errorf("grants before the first update are %q", got)
	}
	update(t, e)
	red, blue, open := ` read s%d: red  []`, "p1 read s2: blue  []", ` read s3: open  []`
	want := []string{
		"p0" + fmt.Sprintf(red, 0), "p2" + fmt.Sprintf(red, 0), "p3" + fmt.Sprintf(red, 0),
		"p0" + fmt.Sprintf(red, 1), "p2" + fmt.Sprintf(red, 1), "p3" + fmt.Sprintf(red, 1),
		blue, "p0" + open, "p2" + open, "p3" + open, "p1" + open,
	}
	if diff := cmp.Diff(want, grantTexts(e.Grants())); diff != "" {
		t.Errorf("grants mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:7], grantTexts(e.Kept())); diff != "" {
		t.Errorf("kept grants mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[3:6], grantTexts(e.GrantsTo("s1"))); diff != "" {
		t.Errorf("grants to s1 mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{blue, "p1" + open}, grantTexts(e.GrantsOf("p1"))); diff != "" {
		t.Errorf("grants of p1 mismatch (-want +got):\n%s", diff)
	}
	for _, seq := range []Seq{e.GrantsTo("s4"), e.GrantsTo("nothing"), e.GrantsOf("nobody")} {
		if got := grantTexts(seq); got != nil {
			t.Errorf("unexpected grants %q", got)
		}
	}
	principals, stores, open1, pairs := e.Size()
	if principals != 2 || stores != 4 || open1 != 1 || pairs != 2 {
		t.Errorf("size is %d, %d, %d, %d", principals, stores, open1, pairs)
	}
}

func TestEstateUpdate(t *testing.T) {
	t.Parallel()
	engine := &toyEngine{}
	for i := range 10 {
		engine.principal(fmt.Sprint("p", i), []string{"red", "blue"}[i%2])
		engine.store(fmt.Sprint("s", i), []string{"red", "green"}[i%2])
	}
	e := NewEstate(engine)
	update(t, e)
	for _, step := range []struct {
		name    string
		change  func()
		want    []string
		decided int
	}{
		{"nothing", func() {}, nil, 0},
		{"a_principal_joins_a_class", func() { engine.principal("p1", "red") }, []string{
			"p1 s0: 0 to 1", "p1 s2: 0 to 1", "p1 s4: 0 to 1", "p1 s6: 0 to 1", "p1 s8: 0 to 1",
		}, 0},
		{"a_principal_is_alone", func() { engine.principal("p1", "green") }, []string{
			"p1 s0: 1 to 0", "p1 s2: 1 to 0", "p1 s4: 1 to 0", "p1 s6: 1 to 0", "p1 s8: 1 to 0",
			"p1 s1: 0 to 1", "p1 s3: 0 to 1", "p1 s5: 0 to 1", "p1 s7: 0 to 1", "p1 s9: 0 to 1",
		}, 2},
		{"a_principal_is_gone", func() { engine.principal("p1", "") }, []string{
			"p1 s1: 1 to 0", "p1 s3: 1 to 0", "p1 s5: 1 to 0", "p1 s7: 1 to 0", "p1 s9: 1 to 0",
		}, 0},
		{"a_store_is_new", func() { engine.store("s10", "blue") }, []string{
			"p3 s10: 0 to 1", "p5 s10: 0 to 1", "p7 s10: 0 to 1", "p9 s10: 0 to 1",
		}, 2},
		{"both", func() { engine.store("s10", "red"); engine.principal("p0", "blue") }, []string{
			"p0 s0: 1 to 0", "p0 s2: 1 to 0", "p0 s4: 1 to 0", "p0 s6: 1 to 0", "p0 s8: 1 to 0",
			"p2 s10: 0 to 1", "p3 s10: 1 to 0", "p4 s10: 0 to 1", "p5 s10: 1 to 0", "p6 s10: 0 to 1", "p7 s10: 1 to 0",
			"p8 s10: 0 to 1", "p9 s10: 1 to 0",
		}, 0},
		{"a_store_is_gone", func() { engine.store("s10", "") }, []string{
			"p2 s10: 1 to 0", "p4 s10: 1 to 0", "p6 s10: 1 to 0", "p8 s10: 1 to 0",
		}, 0},
	} {
		step.change()
		engine.decided = 0
		c := update(t, e)
		if diff := cmp.Diff(step.want, changeTexts(c)); diff != "" {
			t.Errorf("%s: changes mismatch (-want +got):\n%s", step.name, diff)
		}
		if engine.decided != step.decided {
			t.Errorf("%s: %d pairs of classes were decided, want %d", step.name, engine.decided, step.decided)
		}
		again := NewEstate(&toyEngine{
			principals: engine.principals, stores: engine.stores, changedPrincipals: numbers(len(engine.principals)), changedStores: numbers(len(engine.stores)),
		})
		update(t, again)
		if diff := cmp.Diff(slices.Sorted(slices.Values(grantTexts(again.Grants()))), slices.Sorted(slices.Values(grantTexts(e.Grants())))); diff != "" {
			t.Errorf("%s: grants mismatch (-from scratch +updated):\n%s", step.name, diff)
		}
	}
}

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func TestEstateUpdateIsCancelled(t *testing.T) {
	t.Parallel()
	engine := &toyEngine{}
	engine.principal("p", "red")
	engine.store("s", "red")
	e := NewEstate(engine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Update(ctx); err == nil {
		t.Error("a cancelled update gives no error")
	}
	if got := grantTexts(e.Grants()); got != nil {
		t.Errorf("a cancelled update left grants %q", got)
	}
	update(t, e)
	if got := grantTexts(e.Grants()); len(got) != 1 {
		t.Errorf("grants after the next update are %q, want one", got)
	}
}
