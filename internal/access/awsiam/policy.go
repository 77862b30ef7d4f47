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

// evaluate compares a request with all statements. Those that were looked at
// go into the layer, if there is one.
func (s *policySet) evaluate(r *request, kind policyKind, layer *access.Layer) verdict {
	var direct, role, account, deny []access.Formula
	if s.missing != "" {
		unknown := access.Missing(layerName(kind) + ": " + s.missing)
		direct, deny = append(direct, unknown), append(deny, unknown)
	}
	for i := range s.policies {
		p := &s.policies[i]
		if p.problem != "" {
			unknown := access.Missing(fmt.Sprintf("%v %s: %s", kind, p.name, p.problem))
			direct, deny = append(direct, unknown), append(deny, unknown)
			continue
		}
		for j := range p.statements {
			st := &p.statements[j]
			g := st.evaluate(r, kind, p.name, layer)
			if st.source.Deny {
				deny = append(deny, g.any())
				continue
			}
			direct, role, account = append(direct, g.direct), append(role, g.role), append(account, g.account)
		}
	}
	return verdict{grantee{access.Or(direct...), access.Or(role...), access.Or(account...)}, access.Or(deny...)}
}

// evaluate returns what has to hold for the statement to apply, by how it names
// the principal.
func (s *compiledStatement) evaluate(r *request, kind policyKind, policy string, layer *access.Layer) grantee {
	var why *reason
	if layer != nil {
		why = new(reason)
	}
	g := s.names(r, kind, why)
	if !g.any().IsFalse() {
		if f := s.applies(r, kind, why); !f.IsTrue() {
			g = grantee{access.And(g.direct, f), access.And(g.role, f), access.And(g.account, f)}
		}
	}
	if layer != nil {
		layer.Statements = append(layer.Statements, access.Statement{
			Policy: policy, ID: s.source.Sid, Index: s.index, Line: s.source.Line, Denies: s.source.Deny,
			Applies: g.any(), Reason: why.text,
		})
	}
	return g
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
