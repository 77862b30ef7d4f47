package awsiam

import "github.com/stowage-dev/stowage/internal/access"

// An Identity is a role or a user with everything that decides on what it may
// do and who may act as it.
type Identity struct {
	// Principal is a [Role] or [User].
	Principal     access.Principal
	UniqueID      string
	ServiceLinked bool
	// Policies, Boundary and Trust are as Identity, Boundary and Resource in
	// [Input]. Users have no Trust.
	Policies        PolicySet
	Boundary, Trust *PolicySet
	// Groups are the ARNs of the groups of a user.
	Groups []string
	// Context is what is known of its requests, as aws:PrincipalTag/team, and
	// Tags of requests about it, as aws:ResourceTag/team.
	Context, Tags access.Context
}

// An EdgeInput is what the edges between identities follow from.
type EdgeInput struct {
	Identities []Identity
	// Accounts by their IDs; one that is not there is in no organisation.
	Accounts map[string]Account
	// Running is what runs with a role.
	Running []Running
	// Regions in which something can be started, as "eu-west-1".
	Regions []string
	// Context is what is known of all requests.
	Context access.Context
	// Explain fills in the evidence of the steps.
	Explain bool
}

// Edges returns which identities can act as which others, and which can rewrite
// the permissions of their account. Everything is decided as [Evaluate] does,
// each request by itself: what is conditional or unknown of one of them is so
// of the edge.
//
//   - assume: sts:AssumeRole, by the policies of both sides.
//   - pass-and-run: iam:PassRole to a service that the role trusts, and what it
//     takes to start something there, of any name and in any of the regions.
//   - take-over: running code in something that runs.
//   - rewrite: changing the trust policy of a role, or adding credentials to a
//     user.
//
// An identity that can plainly give itself more permissions has no other edges
// than those of assuming: it is an administrator, and ways end there.
//
// Whether code can be run in what was started depends on more than
// permissions: that a subnet leads out, or that an image can be had. That is
// not looked at.
func Edges(in EdgeInput) ([]access.Edge, []access.Administrator) {
	b := newEdgeBuilder(&in)
	for i := range in.Identities {
		b.certain[i] = b.administerItself(i)
	}
	for i := range in.Identities {
		b.assume(i)
	}
	for i := range in.Running {
		b.takeOver(&in.Running[i])
	}
	for i := range in.Identities {
		if !b.certain[i] {
			b.passAndRun(i)
			b.rewrite(i)
			b.administer(i)
		}
	}
	return b.edges, b.administrators
}

// An edgeBuilder collects edges. Identities are numbers in it.
type edgeBuilder struct {
	in       *EdgeInput
	compiled map[*Document]*compiledDocument
	allows   map[allowedAction]bool
	launches map[launchKey]launched
	trusts   map[trustKey]access.Step
	put      map[string]*PolicySet // trust policies by whom they trust
	ables    map[ableKey][]int
	trusting map[trustingKey][]trusting

	byID, byUniqueID, byRoleName map[string]int
	byAccount                    map[string][]int
	// administers is how certainly each is an administrator, and certain
	// whether it plainly is by itself.
	administers []access.Verdict
	certain     []bool
	// out is the edges of each.
	out [][]access.Edge

	edges          []access.Edge
	administrators []access.Administrator
}

func newEdgeBuilder(in *EdgeInput) *edgeBuilder {
	b := &edgeBuilder{
		in:          in,
		compiled:    make(map[*Document]*compiledDocument),
		allows:      make(map[allowedAction]bool),
		ables:       make(map[ableKey][]int),
		launches:    make(map[launchKey]launched),
		trusts:      make(map[trustKey]access.Step),
		trusting:    make(map[trustingKey][]trusting),
		put:         make(map[string]*PolicySet),
		byID:        make(map[string]int),
		byUniqueID:  make(map[string]int),
		byRoleName:  make(map[string]int),
		byAccount:   make(map[string][]int),
		administers: make([]access.Verdict, len(in.Identities)),
		certain:     make([]bool, len(in.Identities)),
		out:         make([][]access.Edge, len(in.Identities)),
	}
	for i := range in.Identities {
		d := &in.Identities[i]
		b.byID[d.Principal.ID] = i
		if d.UniqueID != "" {
			b.byUniqueID[d.UniqueID] = i
		}
		if d.Principal.Kind == Role {
			b.byRoleName[d.Principal.Account+"/"+lastName(d.Principal.ID)] = i
		}
		b.byAccount[d.Principal.Account] = append(b.byAccount[d.Principal.Account], i)
	}
	return b
}

// add adds an edge of steps that are all needed, if it can hold.
func (b *edgeBuilder) add(from, to int, kind access.EdgeKind, steps ...access.Step) {
	b.addEdge(from, to, access.Edge{Kind: kind, Formula: together(steps), Steps: steps})
}

// addEdge adds an edge, if it can hold.
func (b *edgeBuilder) addEdge(from, to int, e access.Edge) {
	if from == to || e.Formula.IsFalse() {
		return
	}
	e.From, e.To = b.in.Identities[from].Principal.ID, b.in.Identities[to].Principal.ID
	e.Account = b.in.Identities[to].Principal.Account
	b.edges = append(b.edges, e)
	b.out[from] = append(b.out[from], e)
}

// together returns what has to hold for all steps.
func together(steps []access.Step) access.Formula {
	formulas := make([]access.Formula, len(steps))
	for i, s := range steps {
		formulas[i] = s.Formula
	}
	return access.Together(formulas...)
}
