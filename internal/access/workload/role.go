package workload

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A Role is an IAM role and what is needed to know who can assume it.
type Role struct {
	ARN string
	// UniqueID as "AROAEXAMPLEID".
	UniqueID string
	// Trust is the trust policy.
	Trust awsiam.PolicySet
	// ResourceControl is the resource control policies of the role's account,
	// as in [awsiam.Input].
	ResourceControl []awsiam.PolicySet
	// Acts holds the policies that bear on what the role itself does: its
	// identity policies, boundary, and the service control policies of its
	// account. Nil when they were not read. Nothing else in it is used.
	Acts *awsiam.Input
}

// Account returns the id of the account of the role.
func (r Role) Account() string { return arnPart(r.ARN, 4) }

// Partition returns the partition of the role, as "aws" or "aws-cn".
func (r Role) Partition() string { return arnPart(r.ARN, 1) }

// Trusts returns what has to hold for a principal to be let in by the trust
// policy of the role, for all of the actions, and why it does not hold in the
// words of the statements. It asks the trust policy alone, which is enough for
// services and tokens of an OIDC provider.
func (r Role) Trusts(p access.Principal, c access.Context, actions ...string) (access.Formula, string) {
	in := awsiam.Input{Resource: &r.Trust, ResourceControl: r.ResourceControl}
	return r.assumed(in, p, c, actions)
}

// trustsService returns what has to hold for a service of AWS to assume the
// role, without tags, on behalf of an account.
func (r Role) trustsService(service, account string) (access.Formula, string) {
	c := access.NewContext(access.UnknownState).WithAbsent("sts:ExternalId", "aws:TagKeys").
		WithPrefix("aws:RequestTag/", access.Absent)
	if account != "" {
		c = c.With("aws:SourceAccount", account)
	}
	return r.Trusts(access.Principal{Kind: awsiam.Service, ID: service}, c, "sts:AssumeRole")
}

// untrusting is the broken link to a role that does not trust a service.
func untrusting(how How, arn, service, fault string) BrokenLink {
	return BrokenLink{
		Cloud: AWS, How: how, ID: arn,
		Problem: "the trust policy of the role does not let " + service + " assume it: " + fault,
		Remedy:  "allow sts:AssumeRole to the service " + service + " in the trust policy of the role",
	}
}

// LetsIn returns what has to hold for a session of another role to assume this
// one, by the policies of both sides, and why it does not hold.
func (r Role) LetsIn(from Role, c access.Context, actions ...string) (access.Formula, string) {
	if from.Acts == nil {
		return access.Missing("the policies of role " + from.ARN), ""
	}
	in := *from.Acts
	in.UniqueID = from.UniqueID
	in.Session, in.Endpoint, in.S3, in.KMS = nil, nil, nil, nil
	in.Resource, in.ResourceControl = &r.Trust, r.ResourceControl
	p := access.Principal{Kind: awsiam.Role, ID: from.ARN, Account: from.Account()}
	return r.assumed(in, p, c, actions)
}

func (r Role) assumed(in awsiam.Input, p access.Principal, c access.Context, actions []string) (access.Formula, string) {
	result := access.True()
	for _, action := range actions {
		in.Request = access.Request{
			Principal: p,
			Action:    action,
			Resource:  access.Resource{ID: r.ARN, Account: r.Account()},
			Context:   c,
		}
		d := awsiam.Evaluate(in)
		if d.Formula.IsFalse() {
			return d.Formula, action + ": " + reasons(d.Evidence)
		}
		result = access.And(result, d.Formula)
	}
	return result, ""
}

// maxReasons bounds how many statements are named as a reason: a trust policy
// may have one for each cluster of a company.
const maxReasons = 3

// reasons returns why nothing was allowed, or what denied it.
func reasons(e access.Evidence) string {
	var found []string
	for _, l := range e.Layers {
		for _, s := range l.Statements {
			switch {
			case s.Denies && !s.Applies.IsFalse():
				found = append(found, fmt.Sprintf("statement %d of %s denies it", s.Index+1, s.Policy))
			case !s.Denies && s.Applies.IsFalse() && s.Reason != "":
				found = append(found, fmt.Sprintf("statement %d of %s: %s", s.Index+1, s.Policy, s.Reason))
			}
		}
	}
	if len(found) == 0 {
		return "no statement allows it"
	}
	if more := len(found) - maxReasons; more > 0 {
		found = append(found[:maxReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(found, "; ")
}

// arnPart returns a part of an ARN, or nothing when there is none.
func arnPart(arn string, index int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[index]
}
