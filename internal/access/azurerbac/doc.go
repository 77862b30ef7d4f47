// Package azurerbac answers whether a principal of Microsoft Entra ID may do
// something to a resource of Azure, and why. This page says what is evaluated;
// sources are pages below https://learn.microsoft.com/azure/.
//
// # Order
//
// Deny assignments come first: when one applies, access is blocked. Else one
// role assignment that applies is enough, as they add up.
// (role-based-access-control/overview)
//
// A role assignment applies when it is made to the principal or to a group that
// the principal is in, directly or by other groups; when its scope is that of
// the resource or one above (a management group, the subscription, the resource
// group, the resource that it is a part of); when a permission of its role has
// the operation; and when its condition holds. An assignment that the principal
// is only eligible for is no access.
//
// Permissions of a role are evaluated one by one: the operation has to match
// one of Actions and none of NotActions of the same permission, or DataActions
// and NotDataActions when it is one of the data plane, and the condition of the
// permission has to hold. What NotActions excludes, another permission or role
// may grant. "*" stands for any characters, slashes too; case does not matter.
// Actions never grant data actions. (role-based-access-control/role-definitions)
//
// A deny assignment applies to the principals that it names, or to everyone,
// less those that it excludes, by the same rules for scopes, groups and
// permissions. One that does not apply to child scopes protects its own scope
// only; whether it protects data in a resource that is its scope is not
// documented, so that is unknown. One with the effect "audit" does not block.
// (role-based-access-control/deny-assignments)
//
// # Parts of a resource
//
// A question is about one resource: a role on one container gives nothing on
// the storage account. A question about any object below a resource
// ([access.Resource].Below) takes in assignments to its parts, and has the
// answer that access depends on the part: the term "resource within …".
//
// # Conditions
//
// Conditions (role-based-access-control/conditions-format) are evaluated in
// three-valued logic. What the resource id says is known: the names of storage
// accounts, containers and other resources. All else comes by the context, and
// a comparison with an attribute that it does not know stays in the answer as a
// term. An operation that a condition does not name is not limited by it.
//
// These are unknown, as they are not documented: functions, operators, sources
// of attributes and versions other than those of that page; the effect of an
// attribute that a request does not have on a negated comparison; AND beside OR
// without parentheses, where the order matters; several values with an operator
// that is made for one; texts that differ by the case of letters outside ASCII.
//
// # The data plane beside Azure RBAC
//
// Keys of a store ([EvaluateKey]) give access to all of its content to whom may
// list them, unless the store does not take keys. A key vault ([Vault]) uses
// either Azure RBAC or access policies for its data, never both. The data of
// Cosmos DB for NoSQL has a native access control of its own ([Cosmos]). Blob
// containers may be open to everybody ([Anonymous]). Which operations mean what
// on which store is not decided here.
//
// # Acting as others
//
// [Edges] finds who can come to act as managed identities, by operations that
// are evaluated as all others.
//
// # Not evaluated
//
// Classic administrators, who ended in 2024; delegations of Azure Lighthouse;
// resource locks, which block changes by everybody; Azure Policy; networks;
// access control lists of hierarchical namespaces and SFTP users of storage
// accounts; the local access control of managed HSMs; access policies of Redis;
// rights inside databases.
package azurerbac
