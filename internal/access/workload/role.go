package workload

import (
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
// policy of the role, for all of the actions. It asks the trust policy alone,
// which is enough for services and tokens of an OIDC provider.
func (r Role) Trusts(p access.Principal, c access.Context, actions ...string) access.Formula {
	in := awsiam.Input{Resource: &r.Trust, ResourceControl: r.ResourceControl}
	return r.assumed(in, p, c, actions)
}

// LetsIn returns what has to hold for a session of another role to assume this
// one: by the policies of both sides.
func (r Role) LetsIn(from Role, c access.Context, actions ...string) access.Formula {
	if from.Acts == nil {
		return access.Missing("the policies of role " + from.ARN)
	}
	in := *from.Acts
	in.UniqueID = from.UniqueID
	in.Session, in.Endpoint, in.S3, in.KMS = nil, nil, nil, nil
	in.Resource, in.ResourceControl = &r.Trust, r.ResourceControl
	p := access.Principal{Kind: awsiam.Role, ID: from.ARN, Account: from.Account()}
	return r.assumed(in, p, c, actions)
}

func (r Role) assumed(in awsiam.Input, p access.Principal, c access.Context, actions []string) access.Formula {
	all := make([]access.Formula, 0, len(actions))
	for _, action := range actions {
		in.Request = access.Request{
			Principal: p,
			Action:    action,
			Resource:  access.Resource{ID: r.ARN, Account: r.Account()},
			Context:   c,
		}
		all = append(all, awsiam.Evaluate(in).Formula)
	}
	return access.And(all...)
}

// arnPart returns a part of an ARN, or nothing when there is none.
func arnPart(arn string, index int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[index]
}
