package access

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGraph_Reach(t *testing.T) {
	t.Parallel()
	vpc := If(Term{Key: "aws:SourceVpc", Operator: "StringEquals", Values: []string{"vpc-1"}})
	external := If(Term{Key: "sts:ExternalId", Operator: "StringEquals", Values: []string{"x"}})
	unread := Missing("trust policy of c: access denied")
	edge := func(from, to string, f Formula) Edge { return Edge{From: from, To: to, Formula: f} }
	kind := func(from, to string, k EdgeKind) Edge { return Edge{From: from, To: to, Kind: k, Formula: True()} }
	for _, tt := range []struct {
		name   string
		edges  []Edge
		admins []Administrator
		from   string
		hops   int
		want   []string
	}{
		{name: "nobody_knows_it", edges: []Edge{edge("a", "b", True())}, from: "x"},
		{name: "no_edges_from_it", edges: []Edge{edge("a", "b", True())}, from: "b"},
		{name: "edge_that_never_holds", edges: []Edge{edge("a", "b", False()), edge("a", "a", True()), edge("a", "c", True())}, from: "a", want: []string{"1 a -assume-> c: always"}},
		{
			name: "R30_cycle_of_two", edges: []Edge{edge("a", "b", True()), edge("b", "a", True())}, from: "a",
			want: []string{"0 a -assume-> b: always"},
		},
		{
			name: "R30_conditional_cycle", edges: []Edge{edge("a", "b", vpc), edge("b", "a", vpc)}, from: "a", hops: 4,
			want: []string{`1 a -assume-> b: aws:SourceVpc StringEquals "vpc-1"`},
		},
		{
			name: "two_hops_by_default", edges: []Edge{edge("a", "b", True()), edge("b", "c", True()), edge("c", "d", True())}, from: "a",
			want: []string{"1 a -assume-> b: always", "2 a -assume-> b -assume-> c: always"},
		},
		{
			name:  "never_more_than_four",
			edges: []Edge{edge("a", "b", True()), edge("b", "c", True()), edge("c", "d", True()), edge("d", "e", True()), edge("e", "f", True())},
			from:  "a", hops: 99,
			want: []string{
				"1 a -assume-> b: always", "2 a -assume-> b -assume-> c: always", "3 a -assume-> b -assume-> c -assume-> d: always",
				"4 a -assume-> b -assume-> c -assume-> d -assume-> e: always",
			},
		},
		{
			name: "a_cycle_is_one_identity",
			edges: []Edge{
				edge("a", "r1", True()), edge("r1", "r2", True()), edge("r2", "r3", True()), edge("r3", "r1", True()), edge("r3", "b", True()),
				edge("b", "c", True()),
			},
			from: "a",
			want: []string{
				"1 a -assume-> r1: always", "1 a -assume-> r1 -assume-> r2: always", "1 a -assume-> r1 -assume-> r2 -assume-> r3: always",
				"2 a -assume-> r1 -assume-> r2 -assume-> r3 -assume-> b: always",
			},
		},
		{
			name:  "formulas_are_joined",
			edges: []Edge{edge("a", "b", vpc), edge("b", "c", external)}, from: "a",
			want: []string{
				`1 a -assume-> b: aws:SourceVpc StringEquals "vpc-1"`,
				`2 a -assume-> b -assume-> c: aws:SourceVpc StringEquals "vpc-1" and sts:ExternalId StringEquals "x"`,
			},
		},
		{
			name:  "each_edge_is_a_request",
			edges: []Edge{edge("a", "b", vpc), edge("b", "c", Not(vpc))}, from: "a",
			want: []string{
				`1 a -assume-> b: aws:SourceVpc StringEquals "vpc-1"`,
				`2 a -assume-> b -assume-> c: aws:SourceVpc of step 1 StringEquals "vpc-1" and not (aws:SourceVpc of step 2 StringEquals "vpc-1")`,
			},
		},
		{
			name:  "certain_before_short",
			edges: []Edge{edge("a", "c", unread), edge("a", "b", True()), edge("b", "c", True())}, from: "a",
			want: []string{"1 a -assume-> b: always", "2 a -assume-> b -assume-> c: always"},
		},
		{
			name: "short_leads_further",
			// Certainly c is two hops away, so d is only reached by the way
			// that is conditional.
			edges: []Edge{edge("a", "c", vpc), edge("a", "b", True()), edge("b", "c", True()), edge("c", "d", True())}, from: "a",
			want: []string{
				"1 a -assume-> b: always", "2 a -assume-> b -assume-> c: always", `2 a -assume-> c -assume-> d: aws:SourceVpc StringEquals "vpc-1"`,
			},
		},
		{
			name:  "conditional_before_unknown",
			edges: []Edge{edge("a", "b", unread), edge("a", "b", vpc)}, from: "a",
			want: []string{`1 a -assume-> b: aws:SourceVpc StringEquals "vpc-1"`},
		},
		{
			name:  "unknown",
			edges: []Edge{edge("a", "b", unread), edge("b", "c", True())}, from: "a",
			want: []string{
				"1 a -assume-> b: unknown: trust policy of c: access denied",
				"2 a -assume-> b -assume-> c: unknown: trust policy of c: access denied",
			},
		},
		{
			name:  "plainest_kind",
			edges: []Edge{kind("a", "b", Rewrite), kind("a", "b", PassAndRun), kind("a", "b", TakeOver)}, from: "a",
			want: []string{"1 a -take-over-> b: always"},
		},
		{
			name:  "plainest_kinds_of_two_ways",
			edges: []Edge{kind("a", "b", PassAndRun), kind("a", "c", Assume), kind("b", "d", Assume), kind("c", "d", Impersonate)}, from: "a",
			want: []string{"1 a -pass-and-run-> b: always", "1 a -assume-> c: always", "2 a -assume-> c -impersonate-> d: always"},
		},
		{
			name:   "stops_at_an_administrator",
			edges:  []Edge{edge("a", "admin", True()), edge("admin", "a", True()), edge("admin", "b", True())},
			admins: []Administrator{{ID: "admin", Account: "111122223333", Formula: True()}}, from: "a",
			want: []string{"1 a -assume-> admin: always; reaches everything in 111122223333"},
		},
		{
			name: "leaves_the_account_of_an_administrator",
			edges: []Edge{
				edge("a", "admin", True()),
				{From: "admin", To: "b", Account: "111122223333", Formula: True()},
				{From: "admin", To: "x", Account: "444455556666", Formula: True()},
			},
			admins: []Administrator{{ID: "admin", Account: "111122223333", Formula: True()}}, from: "a",
			want: []string{"1 a -assume-> admin: always; reaches everything in 111122223333", "2 a -assume-> admin -assume-> x: always"},
		},
		{
			name:   "goes_on_at_one_that_is_not_certain",
			edges:  []Edge{edge("a", "admin", True()), edge("admin", "b", True())},
			admins: []Administrator{{ID: "admin", Account: "111122223333", Formula: vpc}}, from: "a",
			want: []string{"1 a -assume-> admin: always; reaches everything in 111122223333", "2 a -assume-> admin -assume-> b: always"},
		},
		{
			name:   "starts_at_an_administrator",
			edges:  []Edge{edge("a", "b", True())},
			admins: []Administrator{{ID: "a", Account: "1", Formula: vpc}, {ID: "a", Account: "2", Formula: True()}, {ID: "a", Account: "3", Formula: False()}},
			from:   "a", want: []string{"0 a: always; reaches everything in 2"},
		},
		{
			name:   "administrator_without_edges",
			admins: []Administrator{{ID: "a", Account: "1", Formula: True()}}, from: "a",
			want: []string{"0 a: always; reaches everything in 1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range NewGraph(tt.edges, tt.admins).Reach(tt.from, tt.hops) {
				text := fmt.Sprintf("%d %s: %s", c.Hops, c, c.Formula)
				if c.Administrator != nil {
					text += "; reaches everything in " + c.Administrator.Account
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Reach(%s) mismatch (-want +got):\n%s", tt.from, diff)
			}
		})
	}
}

func TestGraph_Reach_of_a_long_cycle(t *testing.T) {
	t.Parallel()
	const n = 100_000
	edges := make([]Edge, n)
	for i := range edges {
		edges[i] = Edge{From: fmt.Sprintf("%06d", i), To: fmt.Sprintf("%06d", (i+1)%n), Formula: True()}
	}
	g := NewGraph(edges, nil)
	chains := g.Reach("000000", 4)
	if len(chains) != MaxSteps || len(chains[MaxSteps-1].Edges) != MaxSteps || chains[MaxSteps-1].To != "000016" {
		t.Errorf("Reach() has %d ways, want one to each of the next %d", len(chains), MaxSteps)
	}
	if line := NewGraph(edges[1:], nil); len(line.Components()) != 0 || len(line.Reach("000001", 4)) != 4 {
		t.Errorf("a line has components %v", line.Components())
	}
	if components := g.Components(); len(components) != 1 || len(components[0]) != n {
		t.Errorf("there are %d components, want one of %d", len(components), n)
	}
}

func TestGraph_Components(t *testing.T) {
	t.Parallel()
	conditional := If(Term{Key: "k", Operator: "Bool", Values: []string{"true"}})
	g := NewGraph([]Edge{
		{From: "b", To: "a", Formula: True()},
		{From: "a", To: "c", Formula: True()},
		{From: "c", To: "b", Formula: True()},
		{From: "c", To: "d", Formula: True()},
		{From: "d", To: "c", Formula: conditional},
		{From: "y", To: "x", Formula: True()},
		{From: "x", To: "y", Formula: True()},
		{From: "x", To: "admin", Formula: True()},
		{From: "admin", To: "x", Formula: True()},
	}, []Administrator{{ID: "admin", Formula: True()}})
	if diff := cmp.Diff([][]string{{"a", "b", "c"}, {"x", "y"}}, g.Components()); diff != "" {
		t.Errorf("Components() mismatch (-want +got):\n%s", diff)
	}
}

// The search finds what looking at every way finds, whatever the order of the
// edges.
func TestGraph_Reach_is_exact(t *testing.T) {
	t.Parallel()
	formulas := []Formula{True(), True(), If(Term{Key: "k", Operator: "Bool", Values: []string{"true"}}), Missing("something")}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		n := 2 + random.IntN(6)
		var edges []Edge
		for range random.IntN(3 * n) {
			edges = append(edges, Edge{
				From: fmt.Sprint(random.IntN(n)), To: fmt.Sprint(random.IntN(n)),
				Kind: EdgeKind(random.IntN(5)), Formula: formulas[random.IntN(len(formulas))], Account: []string{"", "own", "other"}[random.IntN(3)],
			})
		}
		var admins []Administrator
		if random.IntN(3) == 0 {
			admins = append(admins, Administrator{ID: fmt.Sprint(random.IntN(n)), Account: "own", Formula: formulas[random.IntN(len(formulas))]})
		}
		hops := 1 + random.IntN(4)
		chains := NewGraph(edges, admins).Reach("0", hops)

		want := allWays(edges, admins, "0", hops)
		got := make(map[string]way)
		for _, c := range chains {
			if len(c.Edges) > 0 {
				got[c.To] = wayOf(c.Verdict(), c.Hops, c.Edges)
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(way{})); diff != "" {
			t.Fatalf("round %d, %d hops of %v, admins %v: mismatch (-want +got):\n%s", round, hops, edges, admins, diff)
		}
		shuffled := slices.Clone(edges)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := NewGraph(shuffled, admins).Reach("0", hops)
		if diff := cmp.Diff(texts(chains), texts(again)); diff != "" {
			t.Fatalf("round %d: depends on the order of the edges:\n%s", round, diff)
		}
	}
}

func texts(chains []Chain) []string {
	var list []string
	for _, c := range chains {
		list = append(list, c.String()+": "+c.Formula.String())
	}
	return list
}

// A way is how good a chain is: the certainty, and the numbers that are to be
// small.
type way struct {
	verdict            Verdict
	hops, length, cost int
}

func wayOf(v Verdict, hops int, edges []Edge) way {
	w := way{verdict: v, hops: hops, length: len(edges)}
	for _, e := range edges {
		w.cost += int(e.Kind)
	}
	return w
}

// allWays returns the best way to every identity, by looking at all of them.
func allWays(edges []Edge, admins []Administrator, from string, hops int) map[string]way {
	stops := make(map[string]bool)
	for _, a := range admins {
		stops[a.ID] = a.Formula.IsTrue()
	}
	// certain holds what can plainly become what.
	certain := make(map[[2]string]bool)
	for range edges {
		for _, e := range edges {
			if !e.Formula.IsTrue() || stops[e.From] && e.Account != "other" {
				continue
			}
			certain[[2]string{e.From, e.To}] = true
			for pair := range certain {
				if pair[1] == e.From {
					certain[[2]string{pair[0], e.To}] = true
				}
			}
		}
	}
	best := make(map[string]way)
	var follow func(at string, path []Edge, hop int)
	follow = func(at string, path []Edge, hop int) {
		if len(path) > 0 {
			formulas := make([]Formula, len(path))
			for i, e := range path {
				formulas[i] = e.Formula
			}
			w := wayOf(And(formulas...).Verdict(), hop, path)
			known, ok := best[at]
			if !ok || w.verdict > known.verdict || w.verdict == known.verdict &&
				slices.Compare([]int{w.hops, w.length, w.cost}, []int{known.hops, known.length, known.cost}) < 0 {
				best[at] = w
			}
		}
		for _, e := range edges {
			if e.From != at || stops[at] && e.Account != "other" || e.To == from || slices.ContainsFunc(path, func(p Edge) bool { return p.To == e.To }) {
				continue
			}
			next := hop
			inside := e.Formula.IsTrue() && certain[[2]string{e.From, e.To}] && certain[[2]string{e.To, e.From}]
			if !inside {
				next++
			}
			if next <= hops {
				follow(e.To, append(slices.Clone(path), e), next)
			}
		}
	}
	follow(from, nil, 0)
	return best
}

func BenchmarkGraph(b *testing.B) {
	edges, admins := benchmarkEdges(200_000, 1_000_000)
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			NewGraph(edges, admins)
		}
	})
	g := NewGraph(edges, admins)
	b.Run("reach_of_all", func(b *testing.B) {
		chains := 0
		for b.Loop() {
			chains = 0
			for _, id := range g.ids {
				chains += len(g.Reach(id, 2))
			}
		}
		b.ReportMetric(float64(chains), "chains")
	})
}

// benchmarkEdges returns edges of accounts with 400 identities: a tenth are
// roles for others to assume, some of them everybody's, and a thousandth can
// rewrite permissions. In some accounts the roles can all become each other.
func benchmarkEdges(identities, n int) ([]Edge, []Administrator) {
	const account = 400
	random := rand.New(rand.NewPCG(3, 4))
	conditional := If(Term{Key: "sts:ExternalId", Operator: "StringEquals", Values: []string{"x"}})
	ids := make([]string, identities)
	for i := range ids {
		ids[i] = fmt.Sprintf("arn:aws:iam::%012d:role/%s-%d", i/account, strings.Repeat("r", i%20), i)
	}
	var edges []Edge
	for first := 0; first < identities; first += account {
		for i := range account / 10 {
			for j := range account / 10 {
				if first%(10*account) == 0 && i != j {
					edges = append(edges, Edge{From: ids[first+i], To: ids[first+j], Formula: True()})
				}
			}
		}
	}
	for len(edges) < n {
		from := random.IntN(identities)
		home := from / account * account
		if random.IntN(20) == 0 {
			home = random.IntN(identities/account) * account // the role of another account
		}
		if from%account < account/10 && random.IntN(10) > 0 {
			continue // few roles are there to assume others
		}
		e := Edge{From: ids[from], To: ids[home+random.IntN(account/10)], Kind: EdgeKind(random.IntN(5)), Formula: True()}
		if random.IntN(3) == 0 {
			e.Formula = conditional
		}
		edges = append(edges, e)
	}
	admins := make([]Administrator, identities/1000)
	for i := range admins {
		admins[i] = Administrator{ID: ids[random.IntN(identities)], Formula: True()}
	}
	return edges, admins
}
