package azurerbac

// A RoleDefinition is a role: what holders of it may do.
//
// https://learn.microsoft.com/azure/role-based-access-control/role-definitions
type RoleDefinition struct {
	// ID is the resource id, which ends in the GUID that assignments name; the
	// GUID alone does, too.
	ID string
	// Name for people, as "Storage Blob Data Reader".
	Name string
	// Permissions are evaluated one by one: what one of them excludes, another
	// may grant.
	Permissions []Permission
}

// A Permission is one block of a role definition or deny assignment: the
// actions less those that are excluded, and the same for data actions.
type Permission struct {
	Actions, NotActions, DataActions, NotDataActions []string
	// Condition that limits this block; empty for none.
	Condition        string
	ConditionVersion string
	// Unsupported names a part of the block that is not understood; it makes
	// every answer unknown that the block could change.
	Unsupported string
}

// A RoleAssignment gives a role to a principal at a scope.
//
// https://learn.microsoft.com/azure/role-based-access-control/role-assignments
type RoleAssignment struct {
	ID string
	// RoleID is the id of the role definition.
	RoleID    string
	Principal Principal
	// Scope is a resource id, "/" for the whole tenant.
	Scope string
	// Condition that limits the assignment; empty for none.
	Condition        string
	ConditionVersion string
	// Eligible: the principal may ask Privileged Identity Management to
	// activate the assignment. Until then it gives no access.
	Eligible bool
}

// A DenyAssignment takes actions away from principals at a scope, whatever
// their roles.
//
// https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
type DenyAssignment struct {
	ID, Name          string
	Scope             string
	Permissions       []Permission
	Principals        []Principal
	ExcludePrincipals []Principal
	// DoNotApplyToChildScopes: only the scope itself is protected.
	DoNotApplyToChildScopes bool
	Condition               string
	ConditionVersion        string
	// Effect is "enforced", as also when it is empty, or "audit", which does
	// not block.
	Effect string
}

// A Principal is whom an assignment names, by object id.
type Principal struct {
	ID string
	// Type as "User", "Group" or "ServicePrincipal"; empty when the API did
	// not say.
	Type string
}

// Documents are the definitions and assignments that an answer rests on: of a
// tenant, or of everything at, above and below the scopes that are asked for.
// Each Missing says why that part could not be read, or not whole; empty when
// it was.
type Documents struct {
	Roles        []RoleDefinition
	RolesMissing string
	// Assignments of roles, of all principals or of those asked for and their
	// groups.
	Assignments        []RoleAssignment
	AssignmentsMissing string
	Denies             []DenyAssignment
	DeniesMissing      string
}
