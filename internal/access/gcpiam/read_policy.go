package gcpiam

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// An AssetPolicy is the allow policy of one resource in the Cloud Asset
// Inventory.
type AssetPolicy struct {
	// Resource is the full resource name, Type as "storage.googleapis.com/Bucket".
	Resource, Type string
	// Ancestors from the project to the organization, by number, as far as the
	// answer has them.
	Ancestors []string
	Policy    Policy
}

// ParsePolicy reads an allow policy as getIamPolicy returns it. The policy has
// to be asked for in version 3: in others conditions are left out.
//
// https://cloud.google.com/iam/docs/reference/rest/v1/Policy
func ParsePolicy(resource string, data []byte) (Policy, error) {
	what := "allow policy of " + resource
	var p policyJSON
	if err := decode(what, data, &p); err != nil {
		return Policy{}, err
	}
	return p.policy(what)
}

// ParseAssetPolicies reads a page of the Cloud Asset Inventory's
// searchAllIamPolicies or assets.list with content IAM_POLICY, or an export of
// the latter with an asset on each line. Results of a search with a query on
// the policy only have the bindings that match it.
//
// https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllIamPolicies
func ParseAssetPolicies(data []byte) ([]AssetPolicy, error) {
	var found []AssetPolicy
	add := func(a assetJSON) error {
		resource := a.Resource + a.Name
		if a.Policy == nil {
			a.Policy = a.IAMPolicy
		}
		if resource == "" || a.Policy == nil {
			return nil // An asset without a policy.
		}
		p, err := a.Policy.policy("allow policy of " + resource)
		if err != nil {
			return err
		}
		ancestors := a.Ancestors
		for _, node := range append(append([]string{a.Project}, a.Folders...), a.Organization) {
			if node != "" {
				ancestors = append(ancestors, node)
			}
		}
		found = append(found, AssetPolicy{Resource: resource, Type: a.AssetType, Ancestors: ancestors, Policy: p})
		return nil
	}
	for i, document := range documents(data) {
		var page struct {
			Results, Assets []assetJSON
			assetJSON
		}
		if err := decode(fmt.Sprintf("asset policies, document %d", i+1), document, &page); err != nil {
			return nil, err
		}
		for _, a := range append(append(page.Results, page.Assets...), page.assetJSON) {
			if err := add(a); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// documents returns the lines of an export, each of which is a document of its
// own, or the whole of a page.
func documents(data []byte) [][]byte {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if !json.Valid(first) {
		return [][]byte{data}
	}
	var lines [][]byte
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

type assetJSON struct {
	Name, Resource string
	AssetType      string
	Project        string
	Folders        []string
	Organization   string
	Ancestors      []string
	Policy         *policyJSON
	IAMPolicy      *policyJSON
}

type policyJSON struct {
	Version  int
	Bindings []json.RawMessage
}

type bindingJSON struct {
	Role      string
	Members   []string
	Condition json.RawMessage
	BindingID string `json:"bindingId"`
}

type conditionJSON struct{ Title, Description, Expression, Location string }

func (p policyJSON) policy(what string) (Policy, error) {
	if p.Version != 0 && p.Version != 1 && p.Version != 3 {
		return Policy{}, fmt.Errorf("%s: version %d is not known: want 1 or 3", what, p.Version)
	}
	out := Policy{Name: what}
	for i, raw := range p.Bindings {
		var b bindingJSON
		unread, err := decodeStrict(raw, &b)
		if err != nil {
			return Policy{}, fmt.Errorf("%s: bindings[%d]: %w", what, i, err)
		}
		binding := Binding{Role: b.Role, Members: b.Members, Unread: unread}
		if b.Role == "" {
			return Policy{}, fmt.Errorf("%s: bindings[%d] has no role", what, i)
		}
		if binding.Condition, unread, err = readCondition(b.Condition); err != nil {
			return Policy{}, fmt.Errorf("%s: bindings[%d].condition: %w", what, i, err)
		}
		if unread != "" {
			binding.Unread = "condition: " + unread
		}
		out.Bindings = append(out.Bindings, binding)
	}
	return out, nil
}

// readCondition reads a condition; nil when there is none.
func readCondition(raw json.RawMessage) (c *Condition, unread string, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, "", nil
	}
	var j conditionJSON
	if unread, err = decodeStrict(raw, &j); err != nil {
		return nil, "", err
	}
	return &Condition{Title: j.Title, Expression: j.Expression}, unread, nil
}
