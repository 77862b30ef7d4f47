package gcpiam

import (
	"encoding/json"
	"fmt"
)

// ParseBoundaryPolicies reads a principal access boundary policy of IAM's API
// v3, or a page of some, by name.
//
// https://cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.principalAccessBoundaryPolicies
func ParseBoundaryPolicies(data []byte) (map[string]*BoundaryPolicy, error) {
	var page struct {
		PrincipalAccessBoundaryPolicies []boundaryJSON
		boundaryJSON
	}
	if err := decode("principal access boundary policies", data, &page); err != nil {
		return nil, err
	}
	list := page.PrincipalAccessBoundaryPolicies
	if list == nil && page.Name != "" {
		list = append(list, page.boundaryJSON)
	}
	policies := make(map[string]*BoundaryPolicy, len(list))
	for i, b := range list {
		if b.Name == "" {
			return nil, fmt.Errorf("principal access boundary policies[%d] has no name", i)
		}
		p := &BoundaryPolicy{Name: b.Name, EnforcementVersion: b.Details.EnforcementVersion}
		for j, r := range b.Details.Rules {
			if r.Effect != "ALLOW" {
				return nil, fmt.Errorf("principal access boundary policy %s: rules[%d].effect is %q, want ALLOW", b.Name, j, shorten(r.Effect))
			}
			p.Resources = append(p.Resources, r.Resources...)
		}
		policies[b.Name] = p
	}
	return policies, nil
}

// ParseBoundaryBindings reads a page of policy bindings of IAM's API v3, and
// gives each its policy. One that is bound and not among the policies was
// deleted if all policies were read, which the caller knows.
//
// https://cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.policyBindings
func ParseBoundaryBindings(data []byte, policies map[string]*BoundaryPolicy, all bool) ([]BoundaryBinding, error) {
	var page struct{ PolicyBindings []policyBindingJSON }
	if err := decode("policy bindings", data, &page); err != nil {
		return nil, err
	}
	var bindings []BoundaryBinding
	for i, b := range page.PolicyBindings {
		if b.PolicyKind != "" && b.PolicyKind != "PRINCIPAL_ACCESS_BOUNDARY" {
			continue // Access policies do not bear on data.
		}
		binding := BoundaryBinding{Name: b.Name, PrincipalSet: b.Target.PrincipalSet, Policy: policies[b.Policy]}
		if binding.Policy == nil && !all {
			binding.Missing = b.Policy + " was not read"
		}
		var err error
		var unread string
		if binding.Condition, unread, err = readCondition(b.Condition); err != nil {
			return nil, fmt.Errorf("policy bindings[%d].condition: %w", i, err)
		}
		if unread != "" {
			binding.Missing = "condition: " + unread
		}
		bindings = append(bindings, binding)
	}
	return bindings, nil
}

type boundaryJSON struct {
	Name    string
	Details struct {
		Rules []struct {
			Resources []string
			Effect    string
		}
		EnforcementVersion string
	}
}

type policyBindingJSON struct {
	Name, PolicyKind, Policy string
	Target                   struct{ PrincipalSet string }
	Condition                json.RawMessage
}
