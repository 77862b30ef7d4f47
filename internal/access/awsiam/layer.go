package awsiam

import "github.com/stowage-dev/stowage/internal/access"

// noLimit is the verdict of a layer that is not there.
var noLimit = verdict{allow: grantee{direct: access.True()}}

// byResource asks the policy of the resource, and the ACLs of a bucket.
func (e *evaluation) byResource() verdict {
	o := e.byResourcePolicy(layerName(resourcePolicy), e.resource)
	if e.rootMayRepair() {
		o.deny = access.False()
	}
	o.allow = e.byACLs(o.allow)
	return o
}

func (e *evaluation) byResourcePolicy(name string, s *policySet) verdict {
	if s == nil {
		e.note(name, access.False(), "there is no policy: it gives nothing")
		return verdict{}
	}
	l := e.layer(name)
	o := s.evaluate(e.r, resourcePolicy, l)
	e.end(l, access.And(o.allow.named(), access.Not(o.deny)), granteeNote(o))
	return o
}

// granteeNote says in words what a grant of the resource's policy needs besides.
func granteeNote(o verdict) string {
	gives := func(f access.Formula) string {
		if f.IsTrue() {
			return "gives"
		}
		return "may give"
	}
	switch g := o.allow; {
	case o.deny.IsTrue():
		return "a statement denies the request"
	case !g.direct.IsFalse():
		return gives(g.direct) + " access to the principal itself: in the same account nothing else has to allow the request"
	case !g.role.IsFalse():
		return gives(g.role) + " access to the role: permissions boundary and session policy limit it"
	case !g.account.IsFalse():
		return gives(g.account) + " access to the account: its identity policies have to allow the request, too"
	}
	return "no statement allows the request"
}

// byBoundary asks the permissions boundary.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (e *evaluation) byBoundary() verdict {
	return e.byLimit(e.boundary, boundaryPolicy, "there is none: does not limit")
}

// bySession asks the session policies. A session of GetFederationToken without
// one has no permissions by identity policies.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
func (e *evaluation) bySession() verdict {
	if e.session == nil && e.r.principal.Kind == FederatedUser {
		e.note(layerName(sessionPolicy), access.False(), "there is none, and a federated user has no permissions but those of its session policies")
		return verdict{}
	}
	return e.byLimit(e.session, sessionPolicy, "there is none: does not limit")
}

// byIdentity asks the identity policies. The root user needs none, and those
// who belong to no account have none that could allow anything.
func (e *evaluation) byIdentity() verdict {
	switch e.r.principal.Kind {
	case Root:
		e.note(layerName(identityPolicy), access.True(), "the root user has full access to its account")
		return noLimit
	case Anonymous, Service, WebIdentity:
		if len(e.identity.policies) == 0 && e.identity.missing == "" {
			return verdict{}
		}
	}
	return e.byLimit(e.identity, identityPolicy, "")
}

// byLimit asks policies that have to allow the request if there are any.
func (e *evaluation) byLimit(s *policySet, kind policyKind, none string) verdict {
	if s == nil {
		e.note(layerName(kind), access.True(), none)
		return noLimit
	}
	l := e.layer(layerName(kind))
	o := s.evaluate(e.r, kind, l)
	e.endLimit(l, o)
	return o
}

// byEndpoint asks the policies of the VPC endpoints, each of which has to allow
// the request.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func (e *evaluation) byEndpoint() verdict {
	if e.endpoint == nil {
		return noLimit
	}
	l := e.layer(layerName(endpointPolicy))
	var allow, deny []access.Formula
	if e.endpoint.missing != "" {
		unknown := access.Missing(layerName(endpointPolicy) + ": " + e.endpoint.missing)
		l.missing(unknown)
		allow, deny = append(allow, unknown), append(deny, unknown)
	}
	for i := range e.endpoint.policies {
		one := policySet{policies: e.endpoint.policies[i : i+1]}
		o := one.evaluate(e.r, endpointPolicy, l)
		allow, deny = append(allow, o.allow.named()), append(deny, o.deny)
	}
	all := verdict{allow: grantee{direct: access.And(allow...)}, deny: access.Or(deny...)}
	e.endLimit(l, all)
	return all
}
