package gcpiam

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// An AttachedDenyPolicy is a deny policy and what it is attached to.
type AttachedDenyPolicy struct {
	// Node as "projects/123", "folders/7" or "organizations/9".
	Node   string
	Policy DenyPolicy
}

// ParseDenyPolicies reads a deny policy of IAM's API v2, or a page of some. The
// pages of policies.listPolicies leave out the rules, so that each policy has to
// be got by itself; one without rules is kept as one that was not read.
//
// https://cloud.google.com/iam/docs/reference/rest/v2/policies
func ParseDenyPolicies(data []byte) ([]AttachedDenyPolicy, error) {
	var page struct {
		Policies []denyPolicyJSON
		denyPolicyJSON
	}
	if err := decode("deny policies", data, &page); err != nil {
		return nil, err
	}
	if page.Policies == nil && page.Name != "" {
		page.Policies = append(page.Policies, page.denyPolicyJSON)
	}
	var found []AttachedDenyPolicy
	for i, p := range page.Policies {
		node, err := p.node()
		if err != nil {
			return nil, fmt.Errorf("deny policies[%d]: %w", i, err)
		}
		policy, err := p.policy()
		if err != nil {
			return nil, fmt.Errorf("deny policy %s: %w", p.Name, err)
		}
		found = append(found, AttachedDenyPolicy{Node: node, Policy: policy})
	}
	return found, nil
}

type denyPolicyJSON struct {
	Name, Kind, DisplayName string
	Rules                   []json.RawMessage
}

type denyRuleJSON struct {
	Description string
	DenyRule    json.RawMessage
}

type denyJSON struct {
	DeniedPrincipals, ExceptionPrincipals   []string
	DeniedPermissions, ExceptionPermissions []string
	DenialCondition                         json.RawMessage
}

// node returns what the policy is attached to, which its name has encoded:
// "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123/denypolicies/id".
func (p denyPolicyJSON) node() (string, error) {
	rest, ok := strings.CutPrefix(p.Name, "policies/")
	point, _, ok2 := strings.Cut(rest, "/denypolicies/")
	decoded, err := url.PathUnescape(point)
	node, ok3 := strings.CutPrefix(decoded, "cloudresourcemanager.googleapis.com/")
	if !ok || !ok2 || !ok3 || err != nil || strings.Count(node, "/") != 1 {
		return "", fmt.Errorf("name %q does not say what the policy is attached to: want policies/<attachment point>/denypolicies/<id>", shorten(p.Name))
	}
	return node, nil
}

func (p denyPolicyJSON) policy() (DenyPolicy, error) {
	out := DenyPolicy{Name: p.Name}
	switch {
	case p.Kind != "" && p.Kind != "DenyPolicy":
		out.Rules = append(out.Rules, DenyRule{Unread: fmt.Sprintf("policy of kind %q", p.Kind)})
		return out, nil
	case len(p.Rules) == 0:
		out.Rules = append(out.Rules, DenyRule{Unread: "the answer has no rules, as that of a list: get the policy by its name"})
		return out, nil
	}
	for i, raw := range p.Rules {
		rule, err := readDenyRule(raw)
		if err != nil {
			return DenyPolicy{}, fmt.Errorf("rules[%d]: %w", i, err)
		}
		out.Rules = append(out.Rules, rule)
	}
	return out, nil
}

func readDenyRule(raw json.RawMessage) (DenyRule, error) {
	var outer denyRuleJSON
	unread, err := decodeStrict(raw, &outer)
	if err != nil || unread != "" {
		return DenyRule{Unread: unread}, err
	}
	if len(outer.DenyRule) == 0 {
		return DenyRule{Unread: "it has no denyRule"}, nil
	}
	var j denyJSON
	if unread, err = decodeStrict(outer.DenyRule, &j); err != nil {
		return DenyRule{}, err
	}
	rule := DenyRule{
		DeniedPrincipals: j.DeniedPrincipals, ExceptionPrincipals: j.ExceptionPrincipals,
		DeniedPermissions: j.DeniedPermissions, ExceptionPermissions: j.ExceptionPermissions,
		Unread: unread,
	}
	if rule.Condition, unread, err = readCondition(j.DenialCondition); err != nil {
		return DenyRule{}, fmt.Errorf("denialCondition: %w", err)
	}
	if unread != "" {
		rule.Unread = "denialCondition: " + unread
	}
	return rule, nil
}
