package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

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

// A Control is the policies of the organisation that limit an account, as in
// [Input].
type Control struct {
	ServiceControl, ResourceControl []PolicySet
	// Management: it is the account that manages the organisation.
	Management bool
}

// An EdgeInput is what the edges between identities follow from.
type EdgeInput struct {
	Identities []Identity
	// Controls by account; an account without is in no organisation.
	Controls map[string]Control
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
		b.assume(i)
	}
	for i := range in.Identities {
		if b.administerItself(i) {
			continue
		}
		b.passAndRun(i)
		b.takeOver(i)
		b.rewrite(i)
		b.administer(i)
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

	byID, byUniqueID, byRoleName map[string]int
	byAccount                    map[string][]int
	// out is the identities that each can act as.
	out [][]access.Edge

	edges          []access.Edge
	administrators []access.Administrator
}

func newEdgeBuilder(in *EdgeInput) *edgeBuilder {
	b := &edgeBuilder{
		in: in, compiled: make(map[*Document]*compiledDocument), allows: make(map[allowedAction]bool),
		launches: make(map[launchKey]launched), trusts: make(map[trustKey]access.Step),
		byID: make(map[string]int), byUniqueID: make(map[string]int), byRoleName: make(map[string]int),
		byAccount: make(map[string][]int), out: make([][]access.Edge, len(in.Identities)),
	}
	for i := range in.Identities {
		d := &in.Identities[i]
		b.byID[d.Principal.ID] = i
		if d.UniqueID != "" {
			b.byUniqueID[d.UniqueID] = i
		}
		if d.Principal.Kind == Role {
			b.byRoleName[d.Principal.Account+"/"+lastSegment(d.Principal.ID)] = i
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

// A question is a request of an identity, besides what is known of it and of
// its account.
type question struct {
	action   string
	resource access.Resource
	policy   *PolicySet
	// context is what is known of the request alone.
	context access.Context
	note    string
}

// ask returns the step that a request of an identity is.
func (b *edgeBuilder) ask(from int, q question) access.Step {
	d := &b.in.Identities[from]
	in := Input{
		Request: access.Request{
			Principal: d.Principal, Action: q.action, Resource: q.resource,
			Context: b.in.Context.Merge(d.Context).Merge(q.context),
		},
		UniqueID: d.UniqueID, ServiceLinked: d.ServiceLinked, Identity: d.Policies, Boundary: d.Boundary, Resource: q.policy,
	}
	return b.decide(&in, q.note)
}

// decide returns the step that an input is, with the policies of the
// organisation.
func (b *edgeBuilder) decide(in *Input, note string) access.Step {
	principal, resource := b.in.Controls[in.Request.Principal.Account], b.in.Controls[in.Request.Resource.Account]
	in.ServiceControl, in.PrincipalInManagementAccount = principal.ServiceControl, principal.Management
	in.ResourceControl, in.ResourceInManagementAccount = resource.ResourceControl, resource.Management
	if strings.HasPrefix(in.Request.Action, "iam:") {
		// IAM has one endpoint:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
		if a, _ := parseARN(in.Request.Resource.ID); a.partition == "aws" {
			in.Request.Context = in.Request.Context.With("aws:RequestedRegion", "us-east-1")
		}
	}
	step := access.Step{Action: in.Request.Action, Resource: in.Request.Resource.ID, Note: note}
	if in.Request.Resource.Below {
		step.Resource += "*"
	}
	var evidence *access.Evidence
	if b.in.Explain {
		evidence = &step.Evidence
	}
	step.Formula = newEvaluation(in, b.compile).decide(evidence)
	return step
}

func (b *edgeBuilder) compile(d *Document) *compiledDocument {
	c := b.compiled[d]
	if c == nil {
		c = compile(d)
		b.compiled[d] = c
	}
	return c
}

// allowedAction asks whether a document has a statement that allows an action.
type allowedAction struct {
	document *Document
	action   string
}

// may reports whether the policies of an identity may allow an action, on some
// resource and some condition. Where they do not, and the resource has no
// policy, nothing has to be evaluated.
func (b *edgeBuilder) may(i int, action string) bool {
	policies := &b.in.Identities[i].Policies
	if policies.Missing != "" {
		return true
	}
	for _, p := range policies.Policies {
		if p.Document == nil {
			return true
		}
		key := allowedAction{p.Document, action}
		allows, known := b.allows[key]
		if !known {
			allows = mayAllow(b.compile(p.Document), action)
			b.allows[key] = allows
		}
		if allows {
			return true
		}
	}
	return false
}

func mayAllow(d *compiledDocument, action string) bool {
	if d.problem != "" {
		return true
	}
	r := &request{action: asciiLower(action)}
	r.service, r.name, _ = strings.Cut(r.action, ":")
	for i := range d.statements {
		s := &d.statements[i]
		if !s.source.Deny && !s.matchAction(r).IsFalse() {
			return true
		}
	}
	return false
}

// lastSegment returns what follows the last slash: the name of an identity.
func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// fill puts the parts of the ARN of a thing into that of a resource.
func fill(resource string, of arn, cluster string) string {
	return strings.NewReplacer("{partition}", of.partition, "{region}", of.region, "{account}", of.account, "{cluster}", cluster).Replace(resource)
}
