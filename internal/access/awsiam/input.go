package awsiam

import "github.com/stowage-dev/stowage/internal/access"

// The kinds of principals.
const (
	// Role is a role of which a session is used whose name is not known. The
	// ID is the ARN of the role, with its path.
	Role = "role"
	// Session is a session of a role. The ID is the ARN of the session,
	// "arn:aws:sts::111122223333:assumed-role/app/name", the Parent the ARN of
	// the role.
	Session = "assumed-role"
	// User is an IAM user.
	User = "user"
	// Root is the root user of an account, "arn:aws:iam::111122223333:root".
	Root = "root"
	// FederatedUser is a session of sts:GetFederationToken; its Parent is the
	// user.
	FederatedUser = "federated-user"
	// WebIdentity is a token of an OIDC provider that asks for a role. The ID
	// is the ARN of the provider; what the token says is in the context, as
	// "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub".
	WebIdentity = "web-identity"
	// Service is a service of AWS, as "ecs-tasks.amazonaws.com".
	Service = "service"
	// Anonymous is somebody without credentials.
	Anonymous = "anonymous"
)

// A Policy is a policy document and the name that evidence calls it by, an ARN
// where it has one.
type Policy struct {
	Name     string
	Document *Document
}

// A PolicySet is the policies of one layer.
type PolicySet struct {
	Policies []Policy
	// Missing says why the layer could not be read, or not whole; empty when
	// it was. It makes every answer unknown that the layer could change.
	Missing string
}

// An Input is everything that bears on a request.
type Input struct {
	Request access.Request
	// UniqueID of the role or user, as "AROAEXAMPLEID"; a policy that names a
	// principal by such an id means one that was deleted, unless it is this.
	UniqueID string
	// ServiceLinked: the principal is a service-linked role, which service
	// control policies do not limit.
	ServiceLinked bool
	// ManagementAccount: the account of the principal, and that of the
	// resource, is the management account of its organisation, which service
	// and resource control policies do not limit.
	PrincipalInManagementAccount, ResourceInManagementAccount bool

	// Identity is the policies attached to the principal and to its groups,
	// and those written into it.
	Identity PolicySet
	// Boundary is its permissions boundary; nil when it has none.
	Boundary *PolicySet
	// Session is the policies of the session; nil when it has none. That of an
	// EKS Pod Identity association is one.
	Session *PolicySet
	// ServiceControl is the service control policies of the principal's
	// account, a set for the root, each organizational unit and the account,
	// in this order; nil when the account is in no organisation.
	ServiceControl []PolicySet
	// ResourceControl is the resource control policies of the account of the
	// resource, in the same order.
	ResourceControl []PolicySet
	// Endpoint is the policies of the VPC endpoints that the request goes
	// through; nil when it goes through none, or that is not known.
	Endpoint *PolicySet

	// Resource is the policy of the resource: of a bucket, key, secret or
	// queue, or the trust policy of a role; nil when it has none.
	Resource *PolicySet
	// S3 is set for requests to a bucket or its objects.
	S3 *S3
	// KMS is set for requests to a key.
	KMS *KMS
}

// S3 is what decides on access to a bucket besides its policy.
type S3 struct {
	// RestrictPublicBuckets is that setting of Block Public Access, of the
	// bucket, its account or the access point; IgnorePublicACLs too.
	RestrictPublicBuckets, IgnorePublicACLs bool
	// ACLs of the bucket and, for objects, its objects as far as they are
	// known; nil when they are disabled (BucketOwnerEnforced) or private.
	ACLs []ACLGrant
	// ABAC: tags of the bucket count as aws:ResourceTag.
	ABAC bool
	// AccessPoint is the access point that the request uses; nil when it
	// names the bucket. The resource of the request is the bucket or object
	// behind it in any case.
	AccessPoint *AccessPoint
	// Missing says why the settings could not be read; empty when they were.
	Missing string
}

// An ACLGrant is one grant of an access control list.
type ACLGrant struct {
	// Grantee is a canonical user id, or the URI of a group, as
	// "http://acs.amazonaws.com/groups/global/AllUsers".
	Grantee string
	// Account is the account whose canonical user id the grantee is; empty
	// for a group, or when it is not known.
	Account string
	// Permission is READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL.
	Permission string
	// Object: the grant is of an object, not of the bucket.
	Object bool
}

// An AccessPoint is an access point of S3, whose policy and the bucket's both
// have to permit a request.
type AccessPoint struct {
	// ARN of the access point, "arn:aws:s3:eu-west-1:111122223333:accesspoint/name".
	ARN string
	// Account of the access point; that of its ARN when it is empty.
	Account string
	// Policy of the access point; nil when it has none.
	Policy *PolicySet
	// VPC is the only one that the access point takes requests from; empty
	// for the internet.
	VPC string
}

// KMS is what decides on the use of a key besides its policy.
type KMS struct {
	// Grants of the key.
	Grants []KeyGrant
	// AWSManaged: the key is managed by a service of AWS. Resource control
	// policies do not limit it and other accounts cannot use it.
	AWSManaged bool
	// Missing says why the grants could not be read; empty when they were.
	Missing string
}

// A KeyGrant is one grant of a key.
type KeyGrant struct {
	ID string
	// Grantee is the ARN of the principal.
	Grantee string
	// Operations as "Decrypt", "GenerateDataKey".
	Operations []string
	// EncryptionContextEquals and EncryptionContextSubset constrain the
	// encryption context of the request; nil when they do not.
	EncryptionContextEquals, EncryptionContextSubset map[string]string
}
