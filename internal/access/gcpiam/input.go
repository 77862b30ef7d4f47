package gcpiam

import "github.com/stowage-dev/stowage/internal/access"

// The kinds of principals. The ID of a principal is what an allow policy calls
// it, as "serviceAccount:app@my-project.iam.gserviceaccount.com".
const (
	// User is a Google account.
	User = "user"
	// ServiceAccount is a service account.
	ServiceAccount = "serviceAccount"
	// Federated is an identity of a workload or workforce identity pool, as a
	// Kubernetes service account of a cluster of GKE,
	// "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/my-project.svc.id.goog/subject/ns/web/sa/app".
	Federated = "federated"
	// Anonymous is somebody without credentials; it has no ID.
	Anonymous = "anonymous"
)

// An Input is everything that bears on a request.
//
// The action of the request is a permission, as "storage.objects.get", the ID
// of the resource its full resource name, as
// "//storage.googleapis.com/projects/_/buckets/records". The context holds the
// attributes of conditions by their names ("request.time" in RFC 3339,
// "request.path", "destination.ip", and API attributes as
// "storage.googleapis.com/objectListPrefix") and those of a federated identity
// ("attribute.repository", "group"). A time that is known decides what a
// condition asks of hours and weekdays, too; leave it out to see what it asks.
// Values that the context has of "resource.name", "resource.type" and
// "resource.service" go before what follows from the ID.
type Input struct {
	Request  access.Request
	Identity Identity
	// Project that the resource is in; empty for one of an organization.
	Project Project
	// Hierarchy is everything above the resource, whether it has policies or
	// not, and the resource itself, the organization first.
	Hierarchy []Node
	// HierarchyMissing says why some level of the hierarchy could not be read;
	// empty when all could.
	HierarchyMissing string
	// CustomRoles by name, as "projects/my-project/roles/reader".
	CustomRoles map[string]Role
	// Tags that the resource has or inherits; nil when they were not read.
	Tags *TagSet
	// Boundaries are the principal access boundaries of the principal's
	// organization; nil when it has none.
	Boundaries *BoundarySet
	// PublicAccessPrevention is that setting of the bucket, from itself or its
	// organization.
	PublicAccessPrevention PublicAccess
	// KeyCreationDisabled is constraint iam.disableServiceAccountKeyCreation of
	// the project of a service account that is the resource.
	KeyCreationDisabled Constraint
	// ObjectACLs are the access control lists of the object that is asked for,
	// as policies; nil when the bucket has uniform bucket-level access, and for
	// all other resources. Of a question about any object they make what
	// nothing else grants unknown.
	ObjectACLs *PolicySet
	// Scopes are the access scopes of the token, that of a node or virtual
	// machine; nil for a token that they do not limit.
	Scopes *ScopeSet
}

// An Identity is what is known of the principal besides its name.
type Identity struct {
	// Groups are the email addresses of the groups that it is in, directly or
	// through others.
	Groups []string
	// GroupsMissing says why the groups could not be read, or not all; empty
	// when they were.
	GroupsMissing string
	// Domain is the primary domain of a user's organization, Customer its
	// Cloud Identity customer id, as "C01Abc35"; empty when not known.
	Domain, Customer string
	// Ancestors of the project of a service account or workload identity pool,
	// the project first and both by number and by id, as "projects/123",
	// "projects/my-project", "folders/7", "organizations/9"; for a user or
	// workforce identity the organization. Nil when they are not known.
	Ancestors []string
	// Cluster is the cluster that a Kubernetes service account is used in, as
	// "https://container.googleapis.com/v1/projects/my-project/locations/europe-west1/clusters/web";
	// empty when not known.
	Cluster string
	// ServiceAccountUID is the uid of the Kubernetes service account; empty
	// when not known.
	ServiceAccountUID string
}

// A Project has two names that policies do not take one for the other.
type Project struct{ ID, Number string }

// A Node is an organization, folder, project or resource, as the managed folder
// that an object is in.
type Node struct {
	// Name is "organizations/9", "folders/7", "projects/my-project" or
	// "projects/123", or a full resource name.
	Name string
	// Allow holds the allow policies: that of IAM and those that access
	// control lists amount to.
	Allow PolicySet
	// Deny holds the deny policies that are attached.
	Deny DenySet
}

// A PolicySet is the allow policies of a node.
type PolicySet struct {
	Policies []Policy
	// Missing says why they could not be read, or not all; empty when they were.
	Missing string
}

// A Policy is an allow policy.
type Policy struct {
	// Name in the evidence, as "allow policy of projects/my-project".
	Name     string
	Bindings []Binding
}

// A Binding grants a role to members.
type Binding struct {
	Role    string
	Members []string
	// Condition is nil when there is none.
	Condition *Condition
	// Unread says what of the binding was not understood, so that nobody knows
	// what it grants; empty when all was.
	Unread string
}

// A Condition is an expression in the Common Expression Language.
type Condition struct {
	Title      string
	Expression string
}

// A Role is a custom role.
type Role struct {
	Permissions []string
	// Off: the role is disabled or deleted, and grants nothing.
	Off bool
	// Missing says why the role could not be read; empty when it was.
	Missing string
}

// A DenySet is the deny policies of a node.
type DenySet struct {
	Policies []DenyPolicy
	// Missing says why they could not be read, or not all; empty when they were.
	Missing string
}

// A DenyPolicy takes permissions away.
type DenyPolicy struct {
	Name  string
	Rules []DenyRule
}

// A DenyRule is one rule of a deny policy, in the notation of IAM's API v2.
type DenyRule struct {
	// DeniedPrincipals and ExceptionPrincipals as
	// "principalSet://goog/public:all".
	DeniedPrincipals, ExceptionPrincipals []string
	// DeniedPermissions and ExceptionPermissions as
	// "storage.googleapis.com/objects.get".
	DeniedPermissions, ExceptionPermissions []string
	// Condition is nil when there is none.
	Condition *Condition
	// Unread says what of the rule was not understood; empty when all was.
	Unread string
}

// A TagSet is the tags of a resource.
type TagSet struct {
	Tags []Tag
	// Missing says why the tags could not be read; empty when they were.
	Missing string
}

// A Tag is a tag that a resource has or inherits. Conditions name it in one of
// two ways; a way that is not known is empty.
type Tag struct {
	// Key is the namespaced name, "123456789012/env"; Value the short name,
	// "prod".
	Key, Value string
	// KeyID is "tagKeys/123", ValueID "tagValues/456".
	KeyID, ValueID string
}

// A BoundarySet is the principal access boundaries that may apply.
type BoundarySet struct {
	Bindings []BoundaryBinding
	// Missing says why they could not be read, or not all; empty when they were.
	Missing string
}

// A BoundaryBinding puts the principals of a set under a policy.
type BoundaryBinding struct {
	Name string
	// PrincipalSet as "//cloudresourcemanager.googleapis.com/organizations/9".
	PrincipalSet string
	Condition    *Condition
	// Policy that is bound; nil when it was deleted, and the binding has no
	// effect.
	Policy *BoundaryPolicy
	// Missing says why the policy could not be read; empty when it was.
	Missing string
}

// A BoundaryPolicy names the resources that principals are eligible to access.
type BoundaryPolicy struct {
	Name string
	// Resources as "//cloudresourcemanager.googleapis.com/organizations/9".
	Resources []string
	// EnforcementVersion decides which permissions the policy can block: "1"
	// to "4", or "latest" or empty for the default.
	EnforcementVersion string
}

// PublicAccess says whether public access prevention is on.
type PublicAccess int8

// The states of public access prevention. One that says "inherited" is that of
// the organization policy constraint storage.publicAccessPrevention.
const (
	PublicAccessUnknown PublicAccess = iota
	PublicAccessNotPrevented
	PublicAccessPrevented
)

// A Constraint of the organization policy that says yes or no, as it is in
// effect for a resource.
type Constraint int8

// The states of a constraint.
const (
	ConstraintUnknown Constraint = iota
	NotEnforced
	Enforced
)

// A ScopeSet is the OAuth scopes of a token.
type ScopeSet struct {
	// Scopes as "https://www.googleapis.com/auth/devstorage.read_only".
	Scopes []string
	// Missing says why the scopes could not be read; empty when they were.
	Missing string
}
