package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A grantee is how the Principal element of a statement names the principal of
// a request. It makes a difference for what else has to permit the request:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
type grantee struct {
	// direct: as the session, the user, the service, or as everybody.
	direct access.Formula
	// role: as the role of the session, or as the user of a federated session.
	role access.Formula
	// account: as the account, which leaves it to the account's policies.
	account access.Formula
}

// named returns the formula that the principal is named at all.
func (g grantee) named() access.Formula { return access.Or(g.direct, g.role, g.account) }

// A principalSet is a Principal or NotPrincipal element.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principalSet struct {
	source  *Principals
	aws     []awsPrincipal
	negated bool
}

// An awsPrincipal is one value of the type AWS.
type awsPrincipal struct {
	text    string
	account string // of an account or its root
	session bool   // of a role, by its name
	role    string // the name of the role of a session
}

func newPrincipalSet(source *Principals, negated bool) *principalSet {
	s := &principalSet{source: source, negated: negated}
	for _, text := range source.AWS {
		p := awsPrincipal{text: text}
		if a, ok := parseARN(text); ok {
			switch rest, session := strings.CutPrefix(a.resource, "assumed-role/"); {
			case a.service == "iam" && a.resource == "root":
				p.account = a.account
			case a.service == "sts" && session:
				p.session, p.account = true, a.account
				p.role, _, _ = strings.Cut(rest, "/")
			}
		} else if isAccount(text) {
			p.account = text
		}
		s.aws = append(s.aws, p)
	}
	return s
}

// match returns how a Principal element names the principal of a request.
func (s *principalSet) match(r *request) grantee {
	var g grantee
	switch r.principal.Kind {
	case Anonymous:
		g.direct = access.Of(s.source.Any)
	case Service:
		g.direct = s.list(s.source.Service, r.principal.ID)
	case WebIdentity:
		g.direct = s.list(s.source.Federated, r.principal.ID)
	default:
		g = s.matchAWS(r)
		if len(s.source.CanonicalUser) > 0 {
			g.account = access.Or(g.account, access.Missing(fmt.Sprintf(
				"the account of canonical user %s, which a policy names", s.source.CanonicalUser[0])))
		}
	}
	if s.source.Any {
		g.direct = access.True()
	}
	return g
}

func (s *principalSet) list(names []string, id string) access.Formula {
	switch {
	case slices.Contains(names, id):
		return access.True()
	case slices.Contains(names, "*"):
		return access.Missing("the principal \"*\" of a type other than AWS is not documented")
	}
	return access.False()
}

func (s *principalSet) matchAWS(r *request) grantee {
	var direct, role, account []access.Formula
	for i := range s.aws {
		p := &s.aws[i]
		switch {
		case p.session:
			direct = append(direct, p.isSession(r))
		case p.account != "":
			account = append(account, access.Of(p.account == r.principal.Account))
		case p.text == r.principal.ID && r.principal.Kind != Role || p.text == r.uniqueID && r.uniqueID != "" && r.principal.Kind == User:
			direct = append(direct, access.True())
		case p.isRoleOf(r):
			role = append(role, access.Missing("the path of the role of "+r.principal.ID))
		case p.text == r.roleARN && r.roleARN != "" || p.text == r.uniqueID && r.uniqueID != "":
			role = append(role, access.True())
		case r.principal.Kind == FederatedUser && p.text == r.principal.Parent:
			role = append(role, access.True())
		}
	}
	return grantee{access.Or(direct...), access.Or(role...), access.Or(account...)}
}

// throughEndpoint returns what the names in an endpoint policy are worth. S3 and
// DynamoDB have gateway endpoints besides the others. In the policy of one, an
// account stands for its root user alone.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
func (g grantee) throughEndpoint(r *request) grantee {
	if (r.service == "s3" || r.service == "dynamodb") && r.principal.Kind != Root {
		g.account = access.And(g.account, access.Missing(
			"the type of the VPC endpoint, whose policy names an account: of a gateway endpoint that is its root user alone"))
	}
	return g
}

// isRoleOf reports whether the value may be the role of a session of which only
// the name of the role is known, not its path.
func (p *awsPrincipal) isRoleOf(r *request) bool {
	if r.principal.Kind != Session || r.roleARN != "" || lastName(p.text) != r.roleName {
		return false
	}
	a, ok := parseARN(p.text)
	return ok && a.service == "iam" && a.account == r.principal.Account && strings.HasPrefix(a.resource, "role/")
}

// isSession compares the session that a policy names with the principal. Which
// session uses a role is not known; sts:RoleSessionName would be the one that
// is asked for.
func (p *awsPrincipal) isSession(r *request) access.Formula {
	switch {
	case r.principal.Kind == Session:
		return access.Of(p.text == r.principal.ID)
	case r.principal.Kind != Role || p.account != r.principal.Account || p.role != r.roleName:
		return access.False()
	}
	return access.If(access.Term{Key: "principal", Operator: "StringEquals", Values: []string{p.text}})
}

// except returns what has to hold for a statement with NotPrincipal to be
// about the principal: that it is not among those named.
//
// A statement that denies has to name the account besides the user or role; it
// denies everybody who has a permissions boundary. What happens when it names
// only a part of that is not documented.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (s *principalSet) except(r *request, deny bool) access.Formula {
	f := s.exceptNamed(r)
	switch {
	case !deny || !r.bounded || !slices.Contains([]string{Role, Session, User}, r.principal.Kind):
		return f
	case r.unbounded != "":
		return access.Or(f, access.Missing(layerName(boundaryPolicy)+": "+r.unbounded))
	}
	return access.True()
}

func (s *principalSet) exceptNamed(r *request) access.Formula {
	g := s.match(r)
	self := access.Or(g.direct, g.role)
	switch r.principal.Kind {
	case Anonymous, Service, WebIdentity:
		return access.Not(g.direct)
	case Root:
		return access.Not(g.named())
	}
	switch {
	case s.source.Any || self.IsTrue() && g.account.IsTrue():
		return access.False()
	case self.IsFalse() && g.account.IsFalse():
		return access.True()
	}
	return access.Missing("NotPrincipal names only the account, or only a user, role or session without its account, whose effect is not documented")
}
