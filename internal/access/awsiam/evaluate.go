package awsiam

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// Evaluate decides a request, and says why.
func Evaluate(in Input) access.Decision {
	var d access.Decision
	d.Formula = newEvaluation(&in, newLayers(&in, compile), &d.Evidence).decide()
	return d
}

// layers are the compiled policies of an [Input]. They know nothing of the
// request: whoever decides on many makes each set of policies once, and the
// layers of each request from them.
type layers struct {
	identity, boundary, session     *policySet
	endpoint, resource, accessPoint *policySet
	serviceControl, resourceControl []*policySet
}

// newLayers compiles the policies of an input by a function, which may have done
// so before.
func newLayers(in *Input, compile func(*Document) *compiledDocument) layers {
	l := layers{
		identity: newPolicySet(&in.Identity, compile),
		boundary: newPolicySet(in.Boundary, compile),
		session:  newPolicySet(in.Session, compile),
		endpoint: newPolicySet(in.Endpoint, compile),
		resource: newPolicySet(in.Resource, compile),
	}
	for i := range in.ServiceControl {
		l.serviceControl = append(l.serviceControl, newPolicySet(&in.ServiceControl[i], compile))
	}
	for i := range in.ResourceControl {
		l.resourceControl = append(l.resourceControl, newPolicySet(&in.ResourceControl[i], compile))
	}
	if in.S3 != nil && in.S3.AccessPoint != nil {
		l.accessPoint = newPolicySet(in.S3.AccessPoint.Policy, compile)
	}
	return l
}

// An evaluation decides one request. Of the input it uses everything but the
// policies, which are in the layers.
type evaluation struct {
	in *Input
	r  *request
	layers
	// evidence is nil when nobody wants to know why.
	evidence *access.Evidence
	// place is what the names of layers say besides, when the same policies
	// are asked twice.
	place string
}

func newEvaluation(in *Input, l layers, evidence *access.Evidence) *evaluation {
	return &evaluation{in: in, r: newRequest(in), layers: l, evidence: evidence}
}

// decide returns what has to hold for the request to succeed. The layers are
// asked in the order in which AWS asks them:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (e *evaluation) decide() access.Formula {
	if f, ok := e.exception(); ok {
		return f
	}
	c := e.ask(e.byResource)
	permitted := access.Or(e.permitted(c), e.byGrants(c))
	permitted, denied := e.throughAccessPoint(c, permitted)
	return access.And(permitted, e.byPublicAccessBlock(), e.byManagedKey(), c.limits, access.Not(access.Or(c.denied, denied)))
}

// claims are what all layers say to a request.
type claims struct {
	identity, boundary, session access.Formula
	resource                    grantee
	// limits has to hold whoever permits the request.
	limits access.Formula
	// denied: a statement of some layer denies it.
	denied access.Formula
}

// ask asks all layers.
func (e *evaluation) ask(byResource func() verdict) claims {
	rcp, scp, endpoint := e.byResourceControl(), e.byServiceControl(), e.byEndpoint()
	resource := byResource()
	boundary, session, identity := e.byBoundary(), e.bySession(), e.byIdentity()
	return claims{
		identity: identity.allow.named(), boundary: boundary.allow.named(), session: session.allow.named(),
		resource: resource.allow,
		limits:   access.And(rcp.allow.named(), scp.allow.named(), endpoint.allow.named()),
		denied:   access.Or(rcp.deny, scp.deny, endpoint.deny, resource.deny, boundary.deny, session.deny, identity.deny),
	}
}

// permitted returns what has to hold for some policy to allow the request, and
// for those to allow it, too, that limit that policy.
//
//	the resource's policy names …    in the same account             in another account
//	the session, user or everybody   nothing else is needed          identity, boundary, session
//	the role, or the session's user  boundary, session               identity, boundary, session
//	the account                      identity, boundary, session     identity, boundary, session
//	nobody                           identity, boundary, session;    never
//	                                 never for roles and keys
//
// Those without an account have only what is given to them.
func (e *evaluation) permitted(c claims) access.Formula {
	switch e.r.principal.Kind {
	case Anonymous, Service, WebIdentity:
		return c.resource.direct
	case Role, Session, User, Root, FederatedUser:
	default:
		return access.Missing(fmt.Sprintf("principals of the kind %q are not known", e.r.principal.Kind))
	}
	identity := access.And(c.identity, c.boundary, c.session)
	across := access.And(c.resource.named(), identity)
	if e.isStrict() {
		identity = access.And(identity, c.resource.account)
	}
	within := access.Or(identity, access.And(c.resource.role, c.boundary, c.session), c.resource.direct)
	switch by, of := e.r.principal.Account, e.r.resource.Account; {
	case by != "" && by == of:
		return within
	case by != "" && of != "":
		return across
	case within.Equal(across):
		return within
	}
	return access.And(access.Or(within, across), unknownAccounts())
}

// unknownAccounts is what depends on whether two accounts are the same.
func unknownAccounts() access.Formula {
	return access.Missing("the account of the principal or that of the resource is not known")
}
