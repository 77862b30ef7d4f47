package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

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
			Context: b.context(d.Principal.Account, q.resource.Account).Merge(d.Context).Merge(q.context),
		},
		UniqueID: d.UniqueID, ServiceLinked: d.ServiceLinked, Identity: d.Policies, Boundary: d.Boundary, Resource: q.policy,
	}
	return b.decide(&in, q.note)
}

// context returns what is known of all requests from an account to one.
func (b *edgeBuilder) context(principal, resource string) access.Context {
	return b.in.Context.Merge(b.in.Accounts[principal].Principals).Merge(b.in.Accounts[resource].Resources)
}

// decide returns the step that an input is, with the policies of the
// organisation.
func (b *edgeBuilder) decide(in *Input, note string) access.Step {
	principal, resource := b.in.Accounts[in.Request.Principal.Account], b.in.Accounts[in.Request.Resource.Account]
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
	step.Formula = newEvaluation(in, b.layers(in), evidence).decide()
	return step
}

// layers are the policies of an input, which has no other kinds. Each document
// is compiled once.
func (b *edgeBuilder) layers(in *Input) layers {
	l := layers{
		identity: newPolicySet(&in.Identity, b.compile),
		boundary: newPolicySet(in.Boundary, b.compile),
		resource: newPolicySet(in.Resource, b.compile),
	}
	for i := range in.ServiceControl {
		l.serviceControl = append(l.serviceControl, newPolicySet(&in.ServiceControl[i], b.compile))
	}
	for i := range in.ResourceControl {
		l.resourceControl = append(l.resourceControl, newPolicySet(&in.ResourceControl[i], b.compile))
	}
	return l
}

func (b *edgeBuilder) compile(d *Document) *compiledDocument {
	c := b.compiled[d]
	if c == nil {
		c = compile(d)
		b.compiled[d] = c
	}
	return c
}

// ableKey asks for the identities of an account that may do something.
type ableKey struct{ account, action string }

// able returns the identities of an account whose policies may allow an
// action.
func (b *edgeBuilder) able(account, action string) []int {
	key := ableKey{account, action}
	list, known := b.ables[key]
	if !known {
		for _, i := range b.byAccount[account] {
			if b.may(i, action) {
				list = append(list, i)
			}
		}
		b.ables[key] = list
	}
	return list
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

// fill puts the parts of the ARN of a thing into that of a resource.
func fill(resource string, of arn, cluster string) string {
	return strings.NewReplacer("{partition}", of.partition, "{region}", of.region, "{account}", of.account, "{cluster}", cluster).Replace(resource)
}
