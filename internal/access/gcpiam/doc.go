// Package gcpiam evaluates requests against the policies of Google Cloud's
// Identity and Access Management.
//
// [Evaluate] asks four layers, and all have to let a request through:
//
//   - Deny policies of the organization, folders and project. A rule applies
//     to its denied principals but the exceptions, for its denied permissions
//     but the exceptions, when its condition is met or cannot be evaluated:
//     https://cloud.google.com/iam/docs/deny-overview.
//   - Principal access boundaries, which block permissions on resources that a
//     principal is not eligible to access, if the version of the enforcement
//     has the permission: https://cloud.google.com/iam/docs/principal-access-boundary-policies.
//   - Allow policies of the resource and everything above it. They only add:
//     one binding is enough, of a role with the permission, to members with the
//     principal, whose condition is met:
//     https://cloud.google.com/iam/docs/policies. The access control lists of
//     buckets and objects and the access entries of datasets are read as
//     policies: https://cloud.google.com/storage/docs/access-control/lists.
//   - Access scopes, for the token of a node or virtual machine:
//     https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam.
//
// Public access prevention of a bucket makes bindings to allUsers and
// allAuthenticatedUsers count for nothing:
// https://cloud.google.com/storage/docs/public-access-prevention. A constraint of
// the organization policy keeps everybody from creating keys of service accounts:
// https://cloud.google.com/iam/docs/manage-service-account-key-creation.
//
// # Members
//
// All forms of https://cloud.google.com/iam/docs/principal-identifiers are
// known: accounts, groups (with the groups in them), domains, everybody,
// identities of workload and workforce pools and their attributes, the
// Kubernetes service accounts, namespaces and clusters of GKE in both notations,
// and all service accounts below a project, folder or organization. A project's
// number and its id are two names; a policy that has one where the other
// belongs matches nobody. A member of any other form makes the answer unknown.
// projectViewer:, projectEditor: and projectOwner: are the holders of the basic
// role on the project; whether those who hold it on a folder or the
// organization are among them is not written, and makes the answer unknown.
//
// # Roles
//
// What the predefined and basic roles permit is in a table with a date
// ([RolesDate]), written by the command in the folder generate from what the
// IAM API's roles.list returns. A role or permission that it does not have
// makes the answer unknown. Custom roles are an input.
//
// # Conditions
//
// Conditions are in the Common Expression Language, with the attributes of
// https://cloud.google.com/iam/docs/conditions-attribute-reference. The logical
// operators are taken apart and each part is evaluated by itself; a part that
// asks for something that only the request has stays in the answer as a term,
// with its text. Of a question about anything below a resource the start of
// resource.name is known, which decides most comparisons of prefixes. A part
// that asks for an attribute that the resource or request does not have never
// grants, whether it is negated or not, and never spares from a deny rule. An
// expression that is not understood, is longer than 16 KiB or costs too much
// makes the answer unknown.
//
// # Identities
//
// [Edges] returns how a principal can act as a service account: by its tokens,
// signatures or keys, by its allow policy, or by starting something that runs
// as it. [Delegation] is the way through a delegate, and [Administers] tells who
// can rewrite the permissions of a project. Chains are followed by
// [access.Graph]. Taking over what runs already, as by submitting a job to a
// cluster, is not among them.
//
// # Reading
//
// The functions whose names start with Parse read what the APIs return, with
// errors that have the place. A field that is not known of a binding or rule
// makes what it says unknown, not the rest of the policy.
//
// # Not evaluated
//
// VPC Service Controls, organization policies other than the two constraints of
// [Input], credential access boundaries of downscoped tokens, row, column
// and data policies of BigQuery, and the access policies of Eventarc.
package gcpiam
