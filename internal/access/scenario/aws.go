package scenario

import (
	"fmt"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// awsFile is the policies of AWS as they are written.
type awsFile struct {
	Identity        policySet  `yaml:"identity"`
	Boundary        *policySet `yaml:"boundary"`
	Session         *policySet `yaml:"session"`
	ServiceControl  levels     `yaml:"service_control"`
	ResourceControl levels     `yaml:"resource_control"`
	Endpoint        *policySet `yaml:"endpoint"`
	Resource        *policySet `yaml:"resource"`

	UniqueID                     string `yaml:"unique_id"`
	ServiceLinked                bool   `yaml:"service_linked"`
	PrincipalInManagementAccount bool   `yaml:"principal_in_management_account"`
	ResourceInManagementAccount  bool   `yaml:"resource_in_management_account"`

	S3  *s3File  `yaml:"s3"`
	KMS *kmsFile `yaml:"kms"`
}

type s3File struct {
	RestrictPublicBuckets bool             `yaml:"restrict_public_buckets"`
	IgnorePublicACLs      bool             `yaml:"ignore_public_acls"`
	ABAC                  bool             `yaml:"abac"`
	Missing               string           `yaml:"missing"`
	ACLs                  []aclFile        `yaml:"acls"`
	AccessPoint           *accessPointFile `yaml:"access_point"`
}

type aclFile struct {
	Grantee    string `yaml:"grantee"`
	Account    string `yaml:"account"`
	Permission string `yaml:"permission"`
	Object     bool   `yaml:"object"`
}

type accessPointFile struct {
	ARN     string     `yaml:"arn"`
	Account string     `yaml:"account"`
	VPC     string     `yaml:"vpc"`
	Policy  *policySet `yaml:"policy"`
}

type kmsFile struct {
	AWSManaged bool        `yaml:"aws_managed"`
	Missing    string      `yaml:"missing"`
	Grants     []grantFile `yaml:"grants"`
}

type grantFile struct {
	ID         string            `yaml:"id"`
	Grantee    string            `yaml:"grantee"`
	Operations []string          `yaml:"operations"`
	Equals     map[string]string `yaml:"encryption_context_equals"`
	Subset     map[string]string `yaml:"encryption_context_subset"`
}

// awsQuestion is a request to the engine of AWS.
type awsQuestion struct{ in awsiam.Input }

func (q *awsQuestion) decide(c access.Context) access.Decision {
	in := q.in
	in.Request.Context = c
	return awsiam.Evaluate(in)
}

// aws makes a scenario one of AWS.
func (r *reader) aws(s *Scenario, file awsFile) error {
	if err := completeAWS(s); err != nil {
		return err
	}
	in := awsiam.Input{
		Request: s.Request, UniqueID: file.UniqueID, ServiceLinked: file.ServiceLinked,
		PrincipalInManagementAccount: file.PrincipalInManagementAccount, ResourceInManagementAccount: file.ResourceInManagementAccount,
	}
	resourceType := awsiam.ResourcePolicy
	if arnPart(s.Request.Resource.ID, 2) == "iam" {
		resourceType = awsiam.TrustPolicy
	}
	sets := awsSets{r: r, s: s}
	in.Identity = sets.one("identity", awsiam.IdentityPolicy, &file.Identity)
	in.Boundary = sets.optional("boundary", awsiam.IdentityPolicy, file.Boundary)
	in.Session = sets.optional("session", awsiam.IdentityPolicy, file.Session)
	in.Endpoint = sets.optional("endpoint", awsiam.ResourcePolicy, file.Endpoint)
	in.Resource = sets.optional("resource", resourceType, file.Resource)
	in.ServiceControl = sets.levels("service_control", awsiam.ServiceControlPolicy, file.ServiceControl)
	in.ResourceControl = sets.levels("resource_control", awsiam.ResourceControlPolicy, file.ResourceControl)
	if f := file.S3; f != nil {
		in.S3 = &awsiam.S3{RestrictPublicBuckets: f.RestrictPublicBuckets, IgnorePublicACLs: f.IgnorePublicACLs, ABAC: f.ABAC, Missing: f.Missing}
		for _, g := range f.ACLs {
			in.S3.ACLs = append(in.S3.ACLs, awsiam.ACLGrant(g))
		}
		if p := f.AccessPoint; p != nil {
			in.S3.AccessPoint = &awsiam.AccessPoint{ARN: p.ARN, Account: p.Account, VPC: p.VPC, Policy: sets.optional("s3.access_point.policy", awsiam.ResourcePolicy, p.Policy)}
		}
	}
	if f := file.KMS; f != nil {
		in.KMS = &awsiam.KMS{AWSManaged: f.AWSManaged, Missing: f.Missing}
		for _, g := range f.Grants {
			in.KMS.Grants = append(in.KMS.Grants, awsiam.KeyGrant{
				ID: g.ID, Grantee: g.Grantee, Operations: g.Operations, EncryptionContextEquals: g.Equals, EncryptionContextSubset: g.Subset,
			})
		}
	}
	s.question = &awsQuestion{in}
	return sets.err
}

// awsSets reads sets of policies until one cannot be read.
type awsSets struct {
	r   *reader
	s   *Scenario
	err error
}

func (a *awsSets) one(field string, t awsiam.PolicyType, set *policySet) awsiam.PolicySet {
	out := awsiam.PolicySet{Missing: set.missing}
	if a.err == nil {
		a.err = a.r.each("aws."+field, set, func(from source) error {
			from, err := unwrapAWS(from)
			if err != nil {
				return err
			}
			parsed, problems, err := awsiam.CheckText(from.data, t)
			for _, p := range problems {
				a.s.Problems = append(a.s.Problems, from.name+": "+p.String())
			}
			if parsed != nil && !from.placed {
				// Lines of a text within a file are found nowhere.
				for i := range parsed.Statements {
					parsed.Statements[i].Line = 0
				}
			}
			out.Policies = append(out.Policies, awsiam.Policy{Name: from.name, Document: parsed})
			return err
		})
	}
	return out
}

func (a *awsSets) optional(field string, t awsiam.PolicyType, set *policySet) *awsiam.PolicySet {
	if set == nil {
		return nil
	}
	out := a.one(field, t, set)
	return &out
}

func (a *awsSets) levels(field string, t awsiam.PolicyType, sets levels) []awsiam.PolicySet {
	var out []awsiam.PolicySet
	for i := range sets {
		place := field
		if len(sets) > 1 {
			place = fmt.Sprintf("%s[%d]", field, i)
		}
		out = append(out, a.one(place, t, &sets[i]))
	}
	return out
}

// copied returns a copy of the input and its sets of policies, which can be
// changed.
func (q *awsQuestion) copied() (in *awsiam.Input, sets []*awsiam.PolicySet) {
	c := q.in
	in = &c
	for _, p := range []**awsiam.PolicySet{&in.Boundary, &in.Session, &in.Endpoint, &in.Resource} {
		if *p != nil {
			set := **p
			*p = &set
			sets = append(sets, &set)
		}
	}
	sets = append(sets, &in.Identity)
	in.ServiceControl = slices.Clone(in.ServiceControl)
	for i := range in.ServiceControl {
		sets = append(sets, &in.ServiceControl[i])
	}
	in.ResourceControl = slices.Clone(in.ResourceControl)
	for i := range in.ResourceControl {
		sets = append(sets, &in.ResourceControl[i])
	}
	return in, sets
}

func (q *awsQuestion) statements() int {
	_, sets := q.copied()
	n := 0
	for _, set := range sets {
		for _, p := range set.Policies {
			n += len(p.Document.Statements)
		}
	}
	return n
}

func (q *awsQuestion) without(i int) (other question, policy, statement string) {
	in, sets := q.copied()
	for _, set := range sets {
		for j, p := range set.Policies {
			if i >= len(p.Document.Statements) {
				i -= len(p.Document.Statements)
				continue
			}
			s := p.Document.Statements[i]
			doc := *p.Document
			doc.Statements = slices.Delete(slices.Clone(doc.Statements), i, i+1)
			set.Policies = slices.Clone(set.Policies)
			set.Policies[j].Document = &doc
			name := s.Sid
			if name == "" {
				name = fmt.Sprintf("statement %d", i)
			}
			return &awsQuestion{*in}, p.Name, name
		}
	}
	return q, "", ""
}
