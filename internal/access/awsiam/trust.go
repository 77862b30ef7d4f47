package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// isStrict reports whether identity policies count only when the policy of the
// resource leaves it to the account: for KMS keys, and for roles, whose policy
// is their trust policy.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (e *evaluation) isStrict() bool {
	a, ok := parseARN(e.r.resource.ID)
	if !ok {
		return false
	}
	switch e.r.service {
	case "kms":
		return a.service == "kms" && strings.HasPrefix(a.resource, "key/")
	case "sts":
		return a.service == "iam" && strings.HasPrefix(a.resource, "role/")
	}
	return false
}

// exception returns the answer to requests that policies do not decide.
func (e *evaluation) exception() (access.Formula, bool) {
	switch kind := e.r.principal.Kind; {
	case e.r.action == "sts:getcalleridentity" && kind != Anonymous && kind != WebIdentity:
		// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
		e.note("exception", access.True(), "sts:GetCallerIdentity needs no permission and cannot be denied")
		return access.True(), true
	case e.r.action == "sts:assumerole" && kind == Root:
		// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
		e.note("exception", access.False(), "sts:AssumeRole cannot be called by a root user")
		return access.False(), true
	case e.r.service == "sts" && kind == Anonymous && !strings.HasPrefix(e.r.name, "assumerolewith"):
		// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
		e.note("exception", access.False(), "nothing of sts can be called without credentials but what takes a token for them")
		return access.False(), true
	case e.r.service == "kms" && kind == Anonymous:
		// https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
		e.note("exception", access.False(), "nothing of kms can be called without credentials")
		return access.False(), true
	case e.r.service == "sts" && kind == FederatedUser:
		// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
		e.note("exception", access.False(), "a federated user can call nothing of sts but sts:GetCallerIdentity")
		return access.False(), true
	}
	return access.False(), false
}
