package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// gcpFile is the policies of Google Cloud as they are written: what its APIs
// return, in files or in line.
type gcpFile struct {
	Project struct {
		ID     string `yaml:"id"`
		Number string `yaml:"number"`
	} `yaml:"project"`
	// Hierarchy has the organization first and the resource last.
	Hierarchy        []nodeFile `yaml:"hierarchy"`
	HierarchyMissing string     `yaml:"hierarchy_missing"`
	CustomRoles      policySet  `yaml:"custom_roles"`
	Tags             *policySet `yaml:"tags"`
	Boundaries       *struct {
		Policies policySet `yaml:"policies"`
		Bindings policySet `yaml:"bindings"`
	} `yaml:"boundaries"`
	PublicAccessPrevention string `yaml:"public_access_prevention"`
	// KeyCreationDisabled is the constraint iam.disableServiceAccountKeyCreation.
	KeyCreationDisabled *bool `yaml:"key_creation_disabled"`
	Scopes              *list `yaml:"scopes"`

	Groups            list     `yaml:"groups"`
	Domain            string   `yaml:"domain"`
	Customer          string   `yaml:"customer"`
	Ancestors         []string `yaml:"ancestors"`
	Cluster           string   `yaml:"cluster"`
	ServiceAccountUID string   `yaml:"service_account_uid"`
}

type nodeFile struct {
	Name  string    `yaml:"name"`
	Allow policySet `yaml:"allow"`
	Deny  policySet `yaml:"deny"`
	// ACL of a bucket and of the object that is asked for, and the entries of a
	// dataset.
	BucketACL *policySet `yaml:"bucket_acl"`
	ObjectACL *policySet `yaml:"object_acl"`
	Dataset   policySet  `yaml:"dataset"`
}

// gcpQuestion is a request to the engine of Google Cloud.
type gcpQuestion struct{ in gcpiam.Input }

func (q *gcpQuestion) decide(c access.Context) access.Decision {
	in := q.in
	in.Request.Context = c
	return gcpiam.Evaluate(in)
}

// gcp makes a scenario one of Google Cloud.
func (r *reader) gcp(s *Scenario, file gcpFile) error {
	p := &s.Request.Principal
	if p.Kind == "" {
		p.Kind = memberKind(p.ID)
	}
	if p.Kind == "" {
		return fmt.Errorf("request.principal %q is no member as serviceAccount:…, user:…, principal://… and not anonymous", p.ID)
	}
	if p.Kind == gcpiam.Anonymous {
		p.ID = ""
	}
	in := gcpiam.Input{
		Request: s.Request, Project: gcpiam.Project{ID: file.Project.ID, Number: file.Project.Number}, HierarchyMissing: file.HierarchyMissing,
		Identity: gcpiam.Identity{
			Groups: file.Groups.names, GroupsMissing: file.Groups.missing, Domain: file.Domain, Customer: file.Customer,
			Ancestors: file.Ancestors, Cluster: file.Cluster, ServiceAccountUID: file.ServiceAccountUID,
		},
		CustomRoles: map[string]gcpiam.Role{},
	}
	switch file.PublicAccessPrevention {
	case "enforced":
		in.PublicAccessPrevention = gcpiam.PublicAccessPrevented
	case "unspecified":
		in.PublicAccessPrevention = gcpiam.PublicAccessNotPrevented
	case "", "inherited":
	default:
		return fmt.Errorf(`gcp.public_access_prevention is %q: want "enforced", "unspecified" or "inherited"`, file.PublicAccessPrevention)
	}
	if file.KeyCreationDisabled != nil {
		in.KeyCreationDisabled = gcpiam.NotEnforced
		if *file.KeyCreationDisabled {
			in.KeyCreationDisabled = gcpiam.Enforced
		}
	}
	if file.Scopes != nil {
		in.Scopes = &gcpiam.ScopeSet{Scopes: file.Scopes.names, Missing: file.Scopes.missing}
	}
	for i := range file.Hierarchy {
		node, err := r.gcpNode(fmt.Sprintf("gcp.hierarchy[%d]", i), &file.Hierarchy[i])
		if err != nil {
			return err
		}
		in.Hierarchy = append(in.Hierarchy, node)
	}
	err := r.objectACLs(&in, file.Hierarchy)
	if err != nil {
		return err
	}
	err = r.each("gcp.custom_roles", &file.CustomRoles, func(_ string, data []byte) error {
		roles, err := gcpiam.ParseRoles(data)
		maps.Copy(in.CustomRoles, roles)
		return err
	})
	if err == nil && file.Tags != nil {
		in.Tags = &gcpiam.TagSet{Missing: file.Tags.missing}
		err = r.each("gcp.tags", file.Tags, func(_ string, data []byte) error { return add(&in.Tags.Tags, gcpiam.ParseEffectiveTags)(data) })
	}
	if err == nil && file.Boundaries != nil {
		in.Boundaries, err = r.boundaries(&file.Boundaries.Policies, &file.Boundaries.Bindings)
	}
	s.question = &gcpQuestion{in}
	return err
}

// gcpNode reads the policies of one node of the hierarchy.
func (r *reader) gcpNode(field string, file *nodeFile) (gcpiam.Node, error) {
	node := gcpiam.Node{Name: file.Name, Allow: gcpiam.PolicySet{Missing: file.Allow.missing}, Deny: gcpiam.DenySet{Missing: file.Deny.missing}}
	if file.Name == "" {
		return node, fmt.Errorf(`%s.name is missing: want "organizations/9", "folders/7", "projects/my-project" or a full resource name`, field)
	}
	for _, part := range []struct {
		name  string
		set   *policySet
		parse func(data []byte) (gcpiam.Policy, error)
	}{
		{"allow", &file.Allow, func(data []byte) (gcpiam.Policy, error) { return gcpiam.ParsePolicy(file.Name, data) }},
		{"bucket_acl", file.BucketACL, func(data []byte) (gcpiam.Policy, error) { return gcpiam.ParseBucketACL(file.Name, data) }},
		{"dataset", &file.Dataset, gcpiam.ParseDataset},
	} {
		if part.set == nil {
			continue
		}
		err := r.each(field+"."+part.name, part.set, func(_ string, data []byte) error {
			policy, err := part.parse(data)
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
	err := r.each(field+".deny", &file.Deny, func(_ string, data []byte) error {
		policies, err := gcpiam.ParseDenyPolicies(data)
		for _, p := range policies {
			node.Deny.Policies = append(node.Deny.Policies, p.Policy)
		}
		return err
	})
	return node, err
}

// objectACLs reads the access control lists of the object that is asked for. A
// bucket that has a list has no uniform access, so its objects have lists, too.
func (r *reader) objectACLs(in *gcpiam.Input, nodes []nodeFile) error {
	for i, node := range nodes {
		if node.ObjectACL == nil {
			continue
		}
		if in.ObjectACLs == nil {
			in.ObjectACLs = &gcpiam.PolicySet{}
		}
		in.ObjectACLs.Missing = node.ObjectACL.missing
		err := r.each(fmt.Sprintf("gcp.hierarchy[%d].object_acl", i), node.ObjectACL, func(_ string, data []byte) error {
			policy, err := gcpiam.ParseObjectACL(node.Name, data)
			in.ObjectACLs.Policies = append(in.ObjectACLs.Policies, policy)
			return err
		})
		if err != nil {
			return err
		}
	}
	if in.ObjectACLs == nil && slices.ContainsFunc(nodes, func(n nodeFile) bool { return n.BucketACL != nil }) {
		in.ObjectACLs = &gcpiam.PolicySet{Missing: "the scenario has a bucket_acl and no object_acl"}
	}
	return nil
}

func (r *reader) boundaries(policies, bindings *policySet) (*gcpiam.BoundarySet, error) {
	set := &gcpiam.BoundarySet{Missing: bindings.missing}
	known := map[string]*gcpiam.BoundaryPolicy{}
	err := r.each("gcp.boundaries.policies", policies, func(_ string, data []byte) error {
		read, err := gcpiam.ParseBoundaryPolicies(data)
		maps.Copy(known, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, r.each("gcp.boundaries.bindings", bindings, func(_ string, data []byte) error {
		read, err := gcpiam.ParseBoundaryBindings(data, known, policies.missing == "")
		set.Bindings = append(set.Bindings, read...)
		return err
	})
}

// memberKind returns what a member is; empty for one that cannot ask.
func memberKind(id string) string {
	prefix, _, _ := strings.Cut(id, ":")
	switch prefix {
	case gcpiam.User, gcpiam.ServiceAccount:
		return prefix
	case "principal":
		return gcpiam.Federated
	case gcpiam.Anonymous:
		return gcpiam.Anonymous
	}
	return ""
}

func (q *gcpQuestion) statements() int {
	n := 0
	for _, node := range q.in.Hierarchy {
		for _, p := range node.Allow.Policies {
			n += len(p.Bindings)
		}
		for _, p := range node.Deny.Policies {
			n += len(p.Rules)
		}
	}
	if q.in.ObjectACLs != nil {
		for _, p := range q.in.ObjectACLs.Policies {
			n += len(p.Bindings)
		}
	}
	return n
}

func (q *gcpQuestion) without(i int) (other question, policy, statement string) {
	in := q.in
	in.Hierarchy = slices.Clone(in.Hierarchy)
	for n := range in.Hierarchy {
		node := &in.Hierarchy[n]
		if node.Allow, i, policy, statement = withoutBinding(node.Allow, i); policy != "" {
			return &gcpQuestion{in}, policy, statement
		}
		for j, p := range node.Deny.Policies {
			if i < len(p.Rules) {
				node.Deny.Policies = slices.Clone(node.Deny.Policies)
				node.Deny.Policies[j].Rules = slices.Delete(slices.Clone(p.Rules), i, i+1)
				return &gcpQuestion{in}, p.Name, fmt.Sprintf("rule %d", i)
			}
			i -= len(p.Rules)
		}
	}
	if in.ObjectACLs != nil {
		var acls gcpiam.PolicySet
		if acls, _, policy, statement = withoutBinding(*in.ObjectACLs, i); policy != "" {
			in.ObjectACLs = &acls
			return &gcpQuestion{in}, policy, statement
		}
	}
	return q, "", ""
}

// withoutBinding returns policies without one binding and what it is called;
// when they do not have as many, the number that is left for the next ones.
func withoutBinding(set gcpiam.PolicySet, i int) (rest gcpiam.PolicySet, left int, policy, statement string) {
	for j, p := range set.Policies {
		if i < len(p.Bindings) {
			set.Policies = slices.Clone(set.Policies)
			set.Policies[j].Bindings = slices.Delete(slices.Clone(p.Bindings), i, i+1)
			return set, 0, p.Name, "binding " + p.Bindings[i].Role
		}
		i -= len(p.Bindings)
	}
	return set, i, "", ""
}
