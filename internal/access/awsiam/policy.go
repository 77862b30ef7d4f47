package awsiam

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// A policySet is a compiled [PolicySet].
type policySet struct {
	policies []policy
	missing  string
}

// A policy is a compiled [Policy].
type policy struct {
	name string
	*compiledDocument
}

func newPolicySet(source *PolicySet, compile func(*Document) *compiledDocument) *policySet {
	if source == nil {
		return nil
	}
	s := &policySet{missing: source.Missing}
	for i := range source.Policies {
		p := &source.Policies[i]
		if p.Document == nil {
			s.policies = append(s.policies, policy{p.Name, &compiledDocument{problem: "it has no document"}})
			continue
		}
		s.policies = append(s.policies, policy{p.Name, compile(p.Document)})
	}
	return s
}

// A verdict is what the policies of one layer say.
type verdict struct {
	// allow says by whom the principal is named; of policies that name nobody
	// it is direct.
	allow grantee
	deny  access.Formula
}

// evaluate compares a request with all statements. They go into the evidence of
// the layer.
func (s *policySet) evaluate(r *request, kind policyKind, l *layerEvidence) verdict {
	var direct, role, account, deny []access.Formula
	if s.missing != "" {
		unknown := access.Missing(layerName(kind) + ": " + s.missing)
		direct, deny = append(direct, unknown), append(deny, unknown)
		l.missing(unknown)
	}
	for i := range s.policies {
		p := &s.policies[i]
		if p.problem != "" {
			unknown := access.Missing(fmt.Sprintf("%v %s: %s", kind, p.name, p.problem))
			direct, deny = append(direct, unknown), append(deny, unknown)
			l.missing(unknown)
			continue
		}
		for j := range p.statements {
			st := &p.statements[j]
			why := l.reason()
			g := st.evaluate(r, kind, why)
			l.statement(p.name, st, g, why)
			if st.source.Deny {
				deny = append(deny, g.named())
				continue
			}
			direct, role, account = append(direct, g.direct), append(role, g.role), append(account, g.account)
		}
	}
	return verdict{grantee{access.Or(direct...), access.Or(role...), access.Or(account...)}, access.Or(deny...)}
}

// layerName is what evidence calls the layer of a kind of policies.
func layerName(kind policyKind) string {
	switch kind {
	case identityPolicy:
		return "identity policies"
	case sessionPolicy, resourcePolicy, boundaryPolicy:
		return kind.String()
	case endpointPolicy:
		return "VPC endpoint policy"
	case serviceControlPolicy:
		return "service control policies"
	}
	return "resource control policies"
}
