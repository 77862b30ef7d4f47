package scenario

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// gcpNode reads the policies of one node of the hierarchy.
func (r *reader) gcpNode(s *Scenario, field string, file *nodeFile) (gcpiam.Node, error) {
	node := gcpiam.Node{Name: file.Name, Allow: gcpiam.PolicySet{Missing: file.Allow.missing}, Deny: gcpiam.DenySet{Missing: file.Deny.missing}}
	if file.Name == "" {
		return node, fmt.Errorf(`%s.name is missing: want "organizations/9", "folders/7", "projects/my-project" or a full resource name`, field)
	}
	for _, part := range []struct {
		name string
		set  *policySet
		// has names fields of which an answer of the API has at least one.
		has   []string
		parse func(data []byte) (gcpiam.Policy, error)
	}{
		{"allow", &file.Allow, []string{"bindings", "etag"}, func(data []byte) (gcpiam.Policy, error) { return gcpiam.ParsePolicy(file.Name, data) }},
		{"bucket_acl", &file.BucketACL, []string{"items", "acl"}, func(data []byte) (gcpiam.Policy, error) { return gcpiam.ParseBucketACL(file.Name, data) }},
		{"object_acl", &file.ObjectACL, []string{"items", "acl"}, func(data []byte) (gcpiam.Policy, error) { return gcpiam.ParseObjectACL(file.Name, data) }},
		{"dataset", &file.Dataset, []string{"access"}, gcpiam.ParseDataset},
	} {
		err := r.each(field+"."+part.name, part.set, func(from source) error {
			if err := isKind(from, part.name, part.has); err != nil {
				return err
			}
			policy, err := part.parse(from.data)
			node.Allow.Policies = append(node.Allow.Policies, policy)
			return err
		})
		if err != nil {
			return node, err
		}
		if node.Allow.Missing == "" {
			node.Allow.Missing = part.set.missing
		}
	}
	err := r.each(field+".deny", &file.Deny, func(from source) error {
		if err := isKind(from, "deny", []string{"rules", "policies"}); err != nil {
			return err
		}
		policies, err := gcpiam.ParseDenyPolicies(from.data)
		for _, p := range policies {
			node.Deny.Policies = append(node.Deny.Policies, p.Policy)
			if kind, _, _ := strings.Cut(p.Node, "/"); p.Node != file.Name && (kind != "projects" || !strings.HasPrefix(file.Name, kind+"/")) {
				s.Problems = append(s.Problems, fmt.Sprintf("%s: %s is attached to %s and stands at %s", from.name, p.Policy.Name, p.Node, file.Name))
			}
		}
		return err
	})
	return node, err
}

// isKind refuses a document of another kind, which would be read as an empty
// policy: one that says what it is by other fields. An empty object is none.
func isKind(from source, field string, has []string) error {
	all, err := membersOf(from.data, 0)
	if err != nil || len(all) == 0 {
		return nil // The parser of policies says it better.
	}
	for _, name := range has {
		if _, ok := all.find(name); ok {
			foreign := map[string][]string{"allow": {"rules", "includedPermissions"}, "custom_roles": {"rules", "bindings"}}[field]
			for _, other := range foreign {
				if _, ok := all.find(other); ok {
					return fmt.Errorf("the field %s says that it is of another kind than what %s takes", other, field)
				}
			}
			return nil
		}
	}
	return fmt.Errorf("want one of the fields %s, as what %s takes has", strings.Join(has, ", "), field)
}

func (r *reader) boundaries(policies, bindings *policySet) (*gcpiam.BoundarySet, error) {
	set := &gcpiam.BoundarySet{Missing: bindings.missing}
	known := map[string]*gcpiam.BoundaryPolicy{}
	err := r.each("gcp.boundaries.policies", policies, func(from source) error {
		read, err := gcpiam.ParseBoundaryPolicies(from.data)
		maps.Copy(known, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, r.each("gcp.boundaries.bindings", bindings, func(from source) error {
		read, err := gcpiam.ParseBoundaryBindings(from.data, known, policies.missing == "")
		set.Bindings = append(set.Bindings, read...)
		return err
	})
}
