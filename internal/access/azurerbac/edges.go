package azurerbac

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Estate is what edges are looked for in. Identities go by their object
// ids, in lower case in what Edges returns.
type Estate struct {
	Policy        *Policy
	Principals    []Actor
	Subscriptions []Subscription
	// Identities are the user-assigned managed identities.
	Identities []Identity
	// Hosts are what runs with identities.
	Hosts []Host
	// Evidence: steps come with the evidence of their decisions.
	Evidence bool
}

// An Actor is a principal that may come to act as others.
type Actor struct {
	ID     string
	Groups Groups
}

// A Subscription with what is above and below it.
type Subscription struct {
	// ID is the resource id, "/subscriptions/…".
	ID               string
	ManagementGroups ManagementGroups
	// ResourceGroups are resource ids.
	ResourceGroups []string
}

// An Identity is a user-assigned managed identity.
type Identity struct {
	// ID is the object id of its principal.
	ID string
	// Resource is its resource id.
	Resource string
}

// A Host is a virtual machine, scale set, container group or cluster of
// Kubernetes whose workloads can act as identities.
type Host struct {
	// Resource is its resource id.
	Resource string
	// Identities are the object ids of all of them.
	Identities []string
	// LocalAccounts says of a cluster whether it has accounts of its own,
	// which its administrator's credentials are for: the contrary of the
	// property disableLocalAccounts.
	LocalAccounts Setting
	// EntraID says of a cluster whether it takes the principals of Entra ID
	// for its users, so that Kubernetes decides what they may do.
	EntraID Setting
}

// Edges returns how principals can come to act as managed identities, and who
// can give itself roles in a subscription:
//
//   - rewrite: by writing a federated identity credential of the identity, which
//     makes tokens of any issuer good for it, or by assigning roles at it;
//   - pass and run: by assigning the identity to something that may be started
//     somewhere;
//   - take over: by running commands where something runs with the identity, or
//     by assigning roles there.
//
// What else starting something takes, as a network interface to join, is not
// looked at. Nor are roles whose definition can be changed, and ways by
// administrators of Entra ID.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
func Edges(e Estate) ([]access.Edge, []access.Administrator) {
	f := newEdgeFinder(e)
	for _, actor := range e.Principals {
		f.of(actor)
	}
	return f.edges, f.admins
}

const (
	identityActions = "Microsoft.ManagedIdentity/userAssignedIdentities/"
	assignAction    = "/assign/action"

	actionAssignRole     = "Microsoft.Authorization/roleAssignments/write"
	actionFederate       = identityActions + "federatedIdentityCredentials/write"
	actionAssignIdentity = identityActions + "assign/action"
	actionClusterAdmin   = "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"
	actionClusterCommand = "Microsoft.ContainerService/managedClusters/runCommand/action"
)

// launches start something that an identity can be assigned to.
var launches = []string{
	"Microsoft.ContainerInstance/containerGroups/write",
	"Microsoft.Resources/deploymentScripts/write",
	"Microsoft.App/containerApps/write",
	"Microsoft.App/jobs/write",
	"Microsoft.Compute/virtualMachines/write",
	"Microsoft.Compute/virtualMachineScaleSets/write",
	"Microsoft.Web/sites/write",
	"Microsoft.ContainerService/managedClusters/write",
}

// takeovers run commands on hosts, by the type of the host in lower case.
var takeovers = map[string][]string{
	"microsoft.compute/virtualmachines": {
		"Microsoft.Compute/virtualMachines/runCommand/action",
		"Microsoft.Compute/virtualMachines/runCommands/write",
		"Microsoft.Compute/virtualMachines/extensions/write",
	},
	"microsoft.compute/virtualmachinescalesets": {
		"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action",
		"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/write",
		"Microsoft.Compute/virtualMachineScaleSets/extensions/write",
	},
	"microsoft.containerinstance/containergroups": {"Microsoft.ContainerInstance/containerGroups/containers/exec/action"},
	"microsoft.containerservice/managedclusters":  {actionClusterAdmin, actionClusterCommand},
}

// edgeActions are the operations that edges are made of, in lower case, but for
// those that have the name of an identity.
var edgeActions = func() []string {
	all := []string{actionAssignRole, actionFederate, actionAssignIdentity}
	for _, actions := range takeovers {
		all = append(all, actions...)
	}
	for i, a := range all {
		all[i] = lowerASCII(a)
	}
	return all
}()

// mayMakeEdge reports whether one of some assignments can have one of the
// operations that edges are made of. It saves asking for each of them at each
// scope.
func (p *Policy) mayMakeEdge(grants []int) bool {
	return p.assignmentsMissing != "" || slices.ContainsFunc(grants, func(i int) bool {
		a := &p.assignments[i]
		return !a.Eligible && (a.role == nil || a.role.conflict != "" || slices.ContainsFunc(a.role.blocks, block.mayMakeEdge))
	})
}

func (b block) mayMakeEdge() bool {
	return b.unsupported != "" || slices.ContainsFunc(b.actions, func(p pattern) bool {
		return p.mayAssignByName() || slices.ContainsFunc(edgeActions, p.match)
	})
}

// mayAssignByName reports whether a pattern may match what assignByName returns
// for some identity.
func (p pattern) mayAssignByName() bool {
	before, after := lowerASCII(identityActions), assignAction
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return strings.HasPrefix(first, before) && strings.HasSuffix(first, after)
	}
	return (strings.HasPrefix(first, before) || strings.HasPrefix(before, first)) &&
		(strings.HasSuffix(last, after) || strings.HasSuffix(after, last))
}

// admits returns what has to hold of a host for an operation to run commands.
//
// https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
// https://learn.microsoft.com/azure/aks/access-private-cluster
func (h Host) admits(action string) access.Formula {
	switch action {
	case actionClusterAdmin:
		if h.LocalAccounts == SettingUnknown {
			return access.Missing("whether " + h.Resource + " has local accounts")
		}
		return access.Of(h.LocalAccounts == On)
	case actionClusterCommand:
		switch h.EntraID {
		case SettingUnknown:
			return access.Missing("whether " + h.Resource + " takes users of Entra ID")
		case On:
			return access.If(access.Term{Key: "kubernetes", Operator: "permits", Values: []string{h.Resource}})
		}
	}
	return access.True()
}
