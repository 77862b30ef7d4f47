package scenario

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// gcpFile is the policies of Google Cloud as they are written: what its APIs
// return, in files or in line.
type gcpFile struct {
	Project projectFile `yaml:"project"`
	// Hierarchy has the organization first and the resource last.
	Hierarchy              []nodeFile      `yaml:"hierarchy"`
	HierarchyMissing       string          `yaml:"hierarchy_missing"`
	CustomRoles            policySet       `yaml:"custom_roles"`
	Tags                   *policySet      `yaml:"tags"`
	Boundaries             *boundariesFile `yaml:"boundaries"`
	PublicAccessPrevention string          `yaml:"public_access_prevention"`
	Scopes                 *list           `yaml:"scopes"`

	Groups            *list    `yaml:"groups"`
	Domain            string   `yaml:"domain"`
	Customer          string   `yaml:"customer"`
	Ancestors         []string `yaml:"ancestors"`
	Cluster           string   `yaml:"cluster"`
	ServiceAccountUID string   `yaml:"service_account_uid"`
}

type projectFile struct {
	ID     string `yaml:"id"`
	Number string `yaml:"number"`
}

type boundariesFile struct {
	Policies policySet `yaml:"policies"`
	Bindings policySet `yaml:"bindings"`
}

type nodeFile struct {
	Name  string    `yaml:"name"`
	Allow policySet `yaml:"allow"`
	Deny  policySet `yaml:"deny"`
	// ACL of a bucket and of an object, and the entries of a dataset.
	BucketACL policySet `yaml:"bucket_acl"`
	ObjectACL policySet `yaml:"object_acl"`
	Dataset   policySet `yaml:"dataset"`
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
	if err := completeGCP(s, &file); err != nil {
		return err
	}
	in := gcpiam.Input{
		Request: s.Request, Project: gcpiam.Project(file.Project), HierarchyMissing: file.HierarchyMissing,
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
	if file.Scopes != nil {
		in.Scopes = &gcpiam.ScopeSet{Scopes: file.Scopes.names, Missing: file.Scopes.missing}
	}
	for i := range file.Hierarchy {
		node, err := r.gcpNode(s, fmt.Sprintf("gcp.hierarchy[%d]", i), &file.Hierarchy[i])
		if err != nil {
			return err
		}
		in.Hierarchy = append(in.Hierarchy, node)
	}
	err := r.each("gcp.custom_roles", &file.CustomRoles, func(from source) error {
		if err := isKind(from, "custom_roles", []string{"name", "roles"}); err != nil {
			return err
		}
		roles, err := gcpiam.ParseRoles(from.data)
		maps.Copy(in.CustomRoles, roles)
		return err
	})
	if err == nil && file.Tags != nil {
		in.Tags = &gcpiam.TagSet{Missing: file.Tags.missing}
		err = r.each("gcp.tags", file.Tags, func(from source) error { return add(&in.Tags.Tags, gcpiam.ParseEffectiveTags)(from.data) })
	}
	if err == nil && file.Boundaries != nil {
		in.Boundaries, err = r.boundaries(&file.Boundaries.Policies, &file.Boundaries.Bindings)
	}
	s.question = &gcpQuestion{in}
	return err
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
	return n
}

func (q *gcpQuestion) without(i int) (other question, policy, statement string) {
	in := q.in
	in.Hierarchy = slices.Clone(in.Hierarchy)
	for n := range in.Hierarchy {
		node := &in.Hierarchy[n]
		for j, p := range node.Allow.Policies {
			if i < len(p.Bindings) {
				statement = p.Bindings[i].Role
				node.Allow.Policies = slices.Clone(node.Allow.Policies)
				node.Allow.Policies[j].Bindings = slices.Delete(slices.Clone(p.Bindings), i, i+1)
				return &gcpQuestion{in}, p.Name, statement
			}
			i -= len(p.Bindings)
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
	return q, "", ""
}
