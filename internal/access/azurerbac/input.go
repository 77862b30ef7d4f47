package azurerbac

import "github.com/stowage-dev/stowage/internal/access"

// The kinds of principals.
const (
	User             = "user"
	Group            = "group"
	ServicePrincipal = "service-principal"
	ManagedIdentity  = "managed-identity"
)

// An Input is everything that bears on a request.
type Input struct {
	// Request has the object id of the principal, one operation without
	// wildcards, and the Azure resource id of what is asked for. Its context
	// has the attributes of conditions by the names that AttributeKey gives.
	//
	// A question about any object below a resource (Resource.Below) also
	// takes in what is assigned to parts of it; the answer then says which.
	Request access.Request
	// DataAction: the operation is one of the data plane. The same name may
	// exist on both planes.
	DataAction bool
	// SubOperation of the action, as "Blob.List", that conditions tell apart.
	SubOperation access.Value
	// Groups that the principal is in.
	Groups Groups
	// ManagementGroups above the subscription of the resource.
	ManagementGroups ManagementGroups
	// Policy is what Compile made of the definitions and assignments.
	Policy *Policy
}

// Groups are the security groups that a principal is in, directly or by other
// groups.
type Groups struct {
	// IDs are object ids.
	IDs []string
	// Missing says why the groups could not be read, or not all; empty when
	// they were.
	Missing string
}

// ManagementGroups are those above a resource, in any order.
type ManagementGroups struct {
	// IDs are resource ids,
	// "/providers/Microsoft.Management/managementGroups/name".
	IDs []string
	// Missing says why they could not be read, or not all; empty when they
	// were.
	Missing string
}
