package awsiam

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// Evaluate decides a request, and says why.
func Evaluate(in Input) access.Decision {
	var d access.Decision
	d.Formula = newEvaluation(&in, compile).decide(&d.Evidence)
	return d
}

// An evaluation is an [Input] whose policies have been compiled.
type evaluation struct {
	in *Input
	r  *request
	// evidence is nil when nobody wants to know why.
	evidence *access.Evidence

	identity, boundary, session     *policySet
	endpoint, resource, accessPoint *policySet
	serviceControl, resourceControl []*policySet
}

// newEvaluation compiles the documents of an input by a function, which may
// have done so before.
func newEvaluation(in *Input, compile func(*Document) *compiledDocument) *evaluation {
	e := &evaluation{
		in: in, r: newRequest(in),
		identity: newPolicySet(&in.Identity, compile),
		boundary: newPolicySet(in.Boundary, compile),
		session:  newPolicySet(in.Session, compile),
		endpoint: newPolicySet(in.Endpoint, compile),
		resource: newPolicySet(in.Resource, compile),
	}
	for i := range in.ServiceControl {
		e.serviceControl = append(e.serviceControl, newPolicySet(&in.ServiceControl[i], compile))
	}
	for i := range in.ResourceControl {
		e.resourceControl = append(e.resourceControl, newPolicySet(&in.ResourceControl[i], compile))
	}
	if in.S3 != nil && in.S3.AccessPoint != nil {
		e.accessPoint = newPolicySet(in.S3.AccessPoint.Policy, compile)
	}
	return e
}

// decide returns what has to hold for the request to succeed. The layers are
// asked in the order in which AWS asks them:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (e *evaluation) decide(evidence *access.Evidence) access.Formula {
	e.evidence = evidence
	if f, ok := e.exception(); ok {
		return f
	}
	var limits, denies []access.Formula
	limit := func(v verdict) {
		limits = append(limits, v.allow.any())
		denies = append(denies, v.deny)
	}
	limit(e.byResourceControl())
	limit(e.byServiceControl())
	limit(e.byEndpoint())
	resource := e.byResource()
	boundary := e.byLimit(e.boundary, boundaryPolicy, "no permissions boundary: does not limit")
	session := e.bySession()
	identity := e.byIdentity()
	denies = append(denies, resource.deny, boundary.deny, session.deny, identity.deny)

	c := claims{
		identity: identity.allow.any(), boundary: boundary.allow.any(), session: session.allow.any(),
		resource: resource.allow, strict: e.isStrict(),
	}
	core := e.core(c, e.r.resource.Account)
	core = access.Or(core, e.byGrants(c))
	core = e.byAccessPoint(c, core, &denies)
	core = access.And(core, e.byPublicAccessBlock(), e.byManagedKey())
	return access.And(core, access.And(limits...), access.Not(access.Or(denies...)))
}

// Claims are what the layers say that can give access, or limit what others
// give.
type claims struct {
	identity, boundary, session access.Formula
	resource                    grantee
	// strict: identity policies count only when the resource's policy leaves
	// it to the account.
	strict bool
}

// core returns what has to hold for some policy to allow the request, and for
// those to allow it, too, that limit that policy.
func (e *evaluation) core(c claims, resourceAccount string) access.Formula {
	principalAccount := e.r.principal.Account
	switch e.r.principal.Kind {
	case Anonymous, Service, WebIdentity:
		return c.resource.direct
	case Role, Session, User, Root, FederatedUser:
	default:
		return access.Missing(fmt.Sprintf("principals of the kind %q are not known", e.r.principal.Kind))
	}
	identity := access.And(c.identity, c.boundary, c.session)
	across := access.And(c.resource.any(), identity)
	if c.strict {
		identity = access.And(identity, c.resource.account)
	}
	within := access.Or(identity, access.And(c.resource.role, c.boundary, c.session), c.resource.direct)
	switch {
	case principalAccount != "" && principalAccount == resourceAccount:
		return within
	case principalAccount != "" && resourceAccount != "":
		return across
	case within.Equal(across):
		return within
	}
	return access.And(access.Or(within, across), access.Missing("the account of the principal or that of the resource is not known"))
}

// byResource asks the policy of the resource, and the ACLs of a bucket.
func (e *evaluation) byResource() verdict {
	if e.resource == nil {
		e.note("resource policy", access.False(), "the resource has no policy: it gives nothing")
		v := verdict{}
		v.allow = e.byACLs(v.allow)
		return v
	}
	layer := e.layer("resource policy")
	v := e.resource.evaluate(e.r, resourcePolicy, layer)
	if e.rootMayRepair() {
		v.deny = access.False()
	}
	e.add(layer, access.And(v.allow.any(), access.Not(v.deny)), resourceNote(v.allow))
	v.allow = e.byACLs(v.allow)
	return v
}

// resourceNote says in words what a grant of the resource's policy needs besides.
func resourceNote(g grantee) string {
	switch {
	case !g.direct.IsFalse():
		return "names the principal itself: in the same account nothing else has to allow the request"
	case !g.role.IsFalse():
		return "names the role: permissions boundary and session policy limit it"
	case !g.account.IsFalse():
		return "names the account: its identity policies have to allow the request, too"
	}
	return ""
}

// byLimit asks policies that only limit what others give.
func (e *evaluation) byLimit(s *policySet, kind policyKind, none string) verdict {
	if s == nil {
		e.note(layerName(kind), access.True(), none)
		return verdict{allow: grantee{direct: access.True()}}
	}
	layer := e.layer(layerName(kind))
	v := s.evaluate(e.r, kind, layer)
	e.add(layer, access.And(v.allow.any(), access.Not(v.deny)), "")
	return v
}

// bySession asks the session policies. A session of GetFederationToken without
// one has no permissions by identity policies.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
func (e *evaluation) bySession() verdict {
	if e.session == nil && e.r.principal.Kind == FederatedUser {
		e.note(layerName(sessionPolicy), access.False(), "a federated user has no permissions but those of its session policies, and there are none")
		return verdict{}
	}
	return e.byLimit(e.session, sessionPolicy, "no session policy: does not limit")
}

// byIdentity asks the identity policies. The root user needs none.
func (e *evaluation) byIdentity() verdict {
	if e.r.principal.Kind == Root {
		e.note(layerName(identityPolicy), access.True(), "the root user has full access to its account")
		return verdict{allow: grantee{direct: access.True()}}
	}
	return e.byLimit(e.identity, identityPolicy, "")
}

// byEndpoint asks the policies of the VPC endpoints, each of which has to
// allow the request.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func (e *evaluation) byEndpoint() verdict {
	all := verdict{allow: grantee{direct: access.True()}}
	if e.endpoint == nil {
		return all
	}
	layer := e.layer(layerName(endpointPolicy))
	allow, deny := []access.Formula{}, []access.Formula{}
	if e.endpoint.missing != "" {
		allow = append(allow, access.Missing(layerName(endpointPolicy)+": "+e.endpoint.missing))
		deny = append(deny, allow[0])
	}
	for i := range e.endpoint.policies {
		one := &policySet{policies: e.endpoint.policies[i : i+1]}
		v := one.evaluate(e.r, endpointPolicy, layer)
		allow = append(allow, e.throughEndpoint(v.allow))
		deny = append(deny, v.deny)
	}
	all = verdict{allow: grantee{direct: access.And(allow...)}, deny: access.Or(deny...)}
	e.add(layer, access.And(all.allow.direct, access.Not(all.deny)), "")
	return all
}

// throughEndpoint returns what a grant of an endpoint policy is worth. S3 and
// DynamoDB have gateway endpoints besides the others. In the policy of one, an
// account stands for its root user alone.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
func (e *evaluation) throughEndpoint(g grantee) access.Formula {
	if e.r.service != "s3" && e.r.service != "dynamodb" || e.r.principal.Kind == Root {
		return g.any()
	}
	unclear := access.Missing("the type of the VPC endpoint, whose policy names an account: of a gateway endpoint that is its root user alone")
	return access.Or(g.direct, g.role, access.And(g.account, unclear))
}

// layer begins the evidence of a layer, if there is to be any.
func (e *evaluation) layer(name string) *access.Layer {
	if e.evidence == nil {
		return nil
	}
	return &access.Layer{Name: name}
}

// add ends the evidence of a layer.
func (e *evaluation) add(layer *access.Layer, result access.Formula, note string) {
	if layer == nil {
		return
	}
	layer.Result, layer.Note = result, note
	e.evidence.Layers = append(e.evidence.Layers, *layer)
}

// note is the evidence of a layer without statements.
func (e *evaluation) note(name string, result access.Formula, note string) {
	e.add(e.layer(name), result, note)
}
