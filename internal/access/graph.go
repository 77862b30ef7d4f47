package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// An EdgeKind says how one identity comes to act as another.
type EdgeKind int8

// The kinds of edges, the plainest first: of two ways that are as long and as
// certain, the one whose kinds come first is the one that is shown.
const (
	// Assume: the cloud lets it take on the other identity, as sts:AssumeRole.
	Assume EdgeKind = iota
	// Impersonate: it can mint credentials of the other identity, as
	// iam.serviceAccounts.getAccessToken or a token of a service account.
	Impersonate
	// TakeOver: it can run code where something runs with the other identity.
	TakeOver
	// PassAndRun: it can start something that runs with the other identity.
	PassAndRun
	// Rewrite: it can change who may act as the other identity, or what that
	// one may do.
	Rewrite
)

var edgeKindNames = []string{"assume", "impersonate", "take-over", "pass-and-run", "rewrite"}

// String returns the kind's name, as "pass-and-run".
func (k EdgeKind) String() string { return nameOf(edgeKindNames, k) }

// MarshalText returns the kind's name.
func (k EdgeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (k *EdgeKind) UnmarshalText(text []byte) error {
	return parseName(k, edgeKindNames, text, "kind of edge")
}

// An Edge says that one identity can act as another.
type Edge struct {
	From string   `json:"from"`
	To   string   `json:"to"`
	Kind EdgeKind `json:"kind"`
	// Account of the other identity, where it makes a difference: beyond an
	// [Administrator], ways are only followed into other accounts.
	Account string `json:"account,omitempty"`
	// Formula is what has to hold.
	Formula Formula `json:"formula"`
	// Steps are what it would do, in order.
	Steps []Step `json:"steps,omitempty"`
}

// A Step is one request of an edge.
type Step struct {
	// Action and Resource of the request, as "iam:PassRole" of the ARN of a
	// role.
	Action   string `json:"action"`
	Resource string `json:"resource,omitempty"`
	// Note says in words what the step is for.
	Note string `json:"note,omitempty"`
	// Formula is what has to hold for the step.
	Formula Formula `json:"formula"`
	// Evidence of the decision on the step, when it was asked for.
	Evidence Evidence `json:"evidence,omitzero"`
}

// An Administrator is an identity that can rewrite permissions, and so reaches
// everything in an account that the account's organisation does not forbid.
// Ways beyond it are not followed in that account. What others of the account
// reach outside is not told of it.
type Administrator struct {
	ID string `json:"id"`
	// Account that it can rewrite the permissions of.
	Account string `json:"account"`
	// Formula is what has to hold. Unless that is plainly so, the ways beyond
	// the identity are followed, too.
	Formula Formula `json:"formula"`
	// Steps are the requests by which it would.
	Steps []Step `json:"steps,omitempty"`
}

// A Graph holds which identities can act as which others. It cannot be
// changed and can be used by several goroutines.
//
// Identities that can plainly all become each other are one for it: the steps
// between them are shown but are no hops. Without that, what is reached would
// depend on where in a cycle one starts.
type Graph struct {
	ids    []string // in order
	edges  []Edge   // by From; of each, those within its component first
	starts []int32  // of each identity, where its edges start; one more for the end
	cross  []int32  // of each identity, where the edges start that leave its component
	to     []int32  // of each edge
	// component of each identity, and how many identities it has.
	component, size []int32
	admins          map[int32]*Administrator

	walks sync.Pool // of *walk
}

// NewGraph returns the graph of edges. Those that never hold and those of an
// identity to itself are left out. Of several admins with the same identity
// the first one that is the most certain counts.
func NewGraph(edges []Edge, admins []Administrator) *Graph {
	g := &Graph{edges: make([]Edge, 0, len(edges)), ids: make([]string, 0, 2*len(edges)+len(admins)), admins: make(map[int32]*Administrator)}
	for _, e := range edges {
		if e.From != e.To && !e.Formula.IsFalse() {
			g.edges = append(g.edges, e)
			g.ids = append(g.ids, e.From, e.To)
		}
	}
	for _, a := range admins {
		g.ids = append(g.ids, a.ID)
	}
	slices.Sort(g.ids)
	g.ids = slices.Compact(g.ids)
	index := make(map[string]int32, len(g.ids))
	for i, id := range g.ids {
		index[id] = int32(i)
	}
	for _, a := range admins {
		i := index[a.ID]
		if known := g.admins[i]; !a.Formula.IsFalse() && (known == nil || a.Formula.Verdict() > known.Formula.Verdict()) {
			g.admins[i] = &a
		}
	}
	g.order(index)
	g.collapse()
	g.walks.New = func() any { return newWalk(g) }
	return g
}

// Components returns the identities that can plainly all become each other, in
// order, where there are several.
func (g *Graph) Components() [][]string {
	found := make(map[int32][]string)
	for i, c := range g.component {
		if g.size[c] > 1 {
			found[c] = append(found[c], g.ids[i])
		}
	}
	components := make([][]string, 0, len(found))
	for _, ids := range found {
		components = append(components, ids)
	}
	slices.SortFunc(components, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return components
}

// order sorts the edges, so that nothing depends on the order in which they
// came, and indexes them.
func (g *Graph) order(index map[string]int32) {
	type key struct {
		edge, from, to int32
		verdict        Verdict
	}
	keys := make([]key, len(g.edges))
	for i, e := range g.edges {
		keys[i] = key{int32(i), index[e.From], index[e.To], e.Formula.Verdict()}
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		if c := cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.verdict, a.verdict),
			cmp.Compare(g.edges[a.edge].Kind, g.edges[b.edge].Kind), cmp.Compare(a.to, b.to)); c != 0 {
			return c
		}
		return compareEdges(g.edges[a.edge], g.edges[b.edge])
	})
	sorted := make([]Edge, len(keys))
	g.to = make([]int32, len(keys))
	g.starts = make([]int32, len(g.ids)+1)
	for i, k := range keys {
		sorted[i], g.to[i] = g.edges[k.edge], k.to
		g.starts[k.from+1]++
	}
	for i := range g.ids {
		g.starts[i+1] += g.starts[i]
	}
	g.edges = sorted
}

// compareEdges orders edges between the same identities by what is shown of
// them.
func compareEdges(a, b Edge) int {
	byStep := func(a, b Step) int {
		return cmp.Or(strings.Compare(a.Action, b.Action), strings.Compare(a.Resource, b.Resource), strings.Compare(a.Note, b.Note))
	}
	if c := slices.CompareFunc(a.Steps, b.Steps, byStep); c != 0 {
		return c
	}
	if a.Formula.Equal(b.Formula) {
		return 0
	}
	return strings.Compare(a.Formula.String(), b.Formula.String())
}

// isCertain reports whether an edge is one that makes its ends one identity
// when there is a way back.
func (g *Graph) isCertain(from int32, edge int32) bool {
	return g.edges[edge].Formula.IsTrue() && !g.endsAt(from, edge)
}

// endsAt reports whether a way ends at an identity before an edge, because the
// identity reaches everything that is there.
func (g *Graph) endsAt(from int32, edge int32) bool {
	a := g.admins[from]
	if a == nil || !a.Formula.IsTrue() {
		return false
	}
	to := g.edges[edge].Account
	return to == "" || to == a.Account
}

// Together returns what has to hold for several requests to succeed, each with
// what it asks for. That is [And], but that one request can have what another
// one has not: where the formulas exclude each other, the keys say which of
// them they are about, as "aws:SourceVpc of step 2".
func Together(formulas ...Formula) Formula {
	all := And(formulas...)
	if !all.IsFalse() || slices.ContainsFunc(formulas, Formula.IsFalse) {
		return all
	}
	apart := make([]Formula, len(formulas))
	for i, f := range formulas {
		apart[i] = f.Map(func(t Term) Formula {
			if t.Missing == "" {
				t.Key = fmt.Sprintf("%s of step %d", t.Key, i+1)
			}
			return If(t)
		})
	}
	return And(apart...)
}
