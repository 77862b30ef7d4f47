package azurerbac

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

const (
	identity = "dddddddd-0000-0000-0000-000000000001"
	uami     = group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/payments"
	machine  = group + "/providers/Microsoft.Compute/virtualMachines/vm"
	cluster  = group + "/providers/Microsoft.ContainerService/managedClusters/aks"
	jobs     = subscription + "/resourceGroups/jobs"
)

// estate is one with an identity that runs on a machine and in a cluster.
func estate(d Documents) Estate {
	d.Roles = append(builtIn()[:len(builtIn()):len(builtIn())], d.Roles...)
	return Estate{
		Policy: Compile(d), Principals: []Actor{{ID: strings.ToUpper(app)}, {ID: other}},
		Subscriptions: []Subscription{{ID: subscription, ResourceGroups: []string{group, jobs}}},
		Identities:    []Identity{{ID: identity, Resource: uami}},
		Hosts: []Host{
			{Resource: machine, Identities: []string{identity}},
			{Resource: cluster, Identities: []string{identity}, LocalAccounts: On, EntraID: On},
		},
	}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	shallow := DenyAssignment{
		ID: "deny", Scope: uami, Principals: []Principal{{everyone, "SystemDefined"}}, Permissions: []Permission{{Actions: []string{"*"}}},
	}
	toTeam := assign(t, "Managed Identity Contributor", uami)
	toTeam.Principal = Principal{ID: team, Type: "Group"}
	const clusterRole = "Azure Kubernetes Service Cluster Admin Role"
	for _, test := range []struct {
		name      string
		doc       string
		documents Documents
		change    func(*Estate)
		want      []string
	}{
		{name: "reader", doc: "role-based-access-control/built-in-roles", documents: assignments(assign(t, "Reader", subscription))},
		{
			name: "federated_credential", doc: "../entra/workload-id/workload-identity-federation",
			documents: assignments(assign(t, "Managed Identity Contributor", uami)),
			want:      []string{"rewrite by ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write: always"},
		},
		{
			name: "itself", doc: "../entra/workload-id/workload-identity-federation",
			documents: assignments(assign(t, "Managed Identity Contributor", uami)),
			change:    func(e *Estate) { e.Identities[0].ID = app },
		},
		{
			name: "management_group", doc: "role-based-access-control/scope-overview",
			documents: assignments(assign(t, "Managed Identity Contributor", platform)),
			change: func(e *Estate) {
				e.Subscriptions[0].ManagementGroups.IDs = []string{platform}
				e.Identities = append(e.Identities, Identity{ID: other, Resource: "/subscriptions/elsewhere/resourceGroups/x"})
			},
			want: []string{
				"rewrite by ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write: always",
				"to " + other + " rewrite by ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write: unknown: " +
					"management groups of /subscriptions/elsewhere/resourceGroups/x: the subscription is not among those that were read",
			},
		},
		{
			name: "federated_credential_denied", doc: "role-based-access-control/deny-assignments",
			documents: Documents{Assignments: []RoleAssignment{assign(t, "Managed Identity Contributor", uami)}, Denies: []DenyAssignment{shallow}},
		},
		{
			name: "groups_not_read", doc: "role-based-access-control/overview#groups", documents: assignments(toTeam),
			change: func(e *Estate) { e.Principals = []Actor{{ID: app, Groups: Groups{Missing: "refused"}}} },
			want:   []string{"rewrite by ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write: unknown: groups of " + app + ": refused"},
		},
		{
			name: "assign_without_create", doc: "../entra/identity/managed-identities-azure-resources/overview",
			documents: assignments(assign(t, "Managed Identity Operator", uami)),
		},
		{
			name: "create_without_assign", doc: "../entra/identity/managed-identities-azure-resources/overview",
			documents: assignments(assign(t, "Virtual Machine Contributor", jobs)),
		},
		{
			name: "assign_and_create", doc: "../entra/identity/managed-identities-azure-resources/overview",
			documents: assignments(assign(t, "Managed Identity Operator", uami), assign(t, "Virtual Machine Contributor", jobs)),
			want:      []string{"pass-and-run by ManagedIdentity/userAssignedIdentities/payments/assign/action and Compute/virtualMachines/write: always"},
		},
		{
			name: "assignments_not_given", doc: "role-based-access-control/overview",
			change: func(e *Estate) { e.Policy, e.Principals, e.Identities, e.Hosts = nil, e.Principals[:1], nil, nil },
			want:   []string{"administrator of 11111111-1111-1111-1111-111111111111: unknown: role assignments were not given"},
		},
		{
			name: "assign_by_its_name_alone", doc: "../entra/identity/managed-identities-azure-resources/overview",
			documents: Documents{
				Roles: []RoleDefinition{{ID: "one", Permissions: []Permission{
					{Actions: []string{assignByName("payments"), "Microsoft.Compute/virtualMachines/write"}},
				}}},
				Assignments: []RoleAssignment{{RoleID: "one", Scope: group, Principal: Principal{ID: app}}},
			},
			want: []string{"pass-and-run by ManagedIdentity/userAssignedIdentities/payments/assign/action and Compute/virtualMachines/write: always"},
		},
		{
			name: "run_command", doc: "virtual-machines/run-command-overview",
			documents: assignments(assign(t, "Virtual Machine Contributor", machine)),
			want: []string{
				"take-over by Compute/virtualMachines/extensions/write: always",
				"take-over by Compute/virtualMachines/runCommand/action: always",
				"take-over by Compute/virtualMachines/runCommands/write: always",
			},
		},
		{
			name: "group_of_the_name_providers", doc: "azure-resource-manager/management/resource-name-rules",
			documents: assignments(assign(t, "Azure Kubernetes Service Cluster Admin Role", subscription)),
			change: func(e *Estate) {
				e.Hosts = []Host{{Resource: strings.Replace(cluster, "/shop/", "/providers/", 1), Identities: []string{identity}, LocalAccounts: On, EntraID: On}}
			},
			want: []string{
				"take-over by ContainerService/managedClusters/listClusterAdminCredential/action: always",
				`take-over by ContainerService/managedClusters/runCommand/action: kubernetes permits "` + strings.Replace(cluster, "/shop/", "/providers/", 1) + `"`,
			},
		},
		{
			name: "administrator_of_a_cluster", doc: "aks/manage-local-accounts-managed-azure-ad",
			documents: assignments(assign(t, clusterRole, cluster)),
			want: []string{
				"take-over by ContainerService/managedClusters/listClusterAdminCredential/action: always",
				`take-over by ContainerService/managedClusters/runCommand/action: kubernetes permits "` + cluster + `"`,
			},
		},
		{
			name: "cluster_without_local_accounts_or_entra", doc: "aks/manage-local-accounts-managed-azure-ad",
			documents: assignments(assign(t, clusterRole, cluster)),
			change:    func(e *Estate) { e.Hosts[1].LocalAccounts, e.Hosts[1].EntraID = Off, Off },
			want:      []string{"take-over by ContainerService/managedClusters/runCommand/action: always"},
		},
		{
			name: "cluster_settings_not_read", doc: "aks/manage-local-accounts-managed-azure-ad",
			documents: assignments(assign(t, clusterRole, cluster)),
			change:    func(e *Estate) { e.Hosts[1].LocalAccounts, e.Hosts[1].EntraID = SettingUnknown, SettingUnknown },
			want: []string{
				"take-over by ContainerService/managedClusters/listClusterAdminCredential/action: unknown: whether " + cluster + " has local accounts",
				"take-over by ContainerService/managedClusters/runCommand/action: unknown: whether " + cluster + " takes users of Entra ID",
			},
		},
		{
			name: "assigns_roles_in_the_subscription", doc: "role-based-access-control/built-in-roles/privileged",
			documents: assignments(assign(t, "User Access Administrator", subscription)),
			want:      []string{"administrator of 11111111-1111-1111-1111-111111111111: always"},
		},
		{
			name: "assigns_roles_at_the_identity", doc: "role-based-access-control/built-in-roles/privileged",
			documents: assignments(assign(t, "User Access Administrator", uami)),
			want:      []string{"rewrite by Authorization/roleAssignments/write: always"},
		},
		{
			name: "assigns_roles_at_the_machine", doc: "role-based-access-control/built-in-roles/privileged",
			documents: assignments(assign(t, "User Access Administrator", machine)),
			want:      []string{"take-over by Authorization/roleAssignments/write: always"},
		},
		{
			name: "assigns_roles_at_a_cluster", doc: "role-based-access-control/built-in-roles/privileged",
			documents: assignments(assign(t, "User Access Administrator", cluster)),
			change:    func(e *Estate) { e.Hosts[1].LocalAccounts = Off },
			want:      []string{`take-over by Authorization/roleAssignments/write: kubernetes permits "` + cluster + `"`},
		},
		{
			name: "eligible", doc: "role-based-access-control/pim-integration",
			documents: assignments(func() RoleAssignment { a := assign(t, "Owner", subscription); a.Eligible = true; return a }()),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := estate(test.documents)
			if test.change != nil {
				test.change(&e)
			}
			var got []string
			edges, admins := Edges(e)
			for _, edge := range edges {
				to := ""
				if edge.To != identity {
					to = "to " + edge.To + " "
				}
				if edge.From != app {
					t.Errorf("edge from %s", edge.From)
				}
				var steps []string
				for _, s := range edge.Steps {
					steps = append(steps, strings.TrimPrefix(s.Action, "Microsoft."))
				}
				got = append(got, to+edge.Kind.String()+" by "+strings.Join(steps, " and ")+": "+edge.Formula.String())
			}
			for _, a := range admins {
				got = append(got, "administrator of "+a.Account+": "+a.Formula.String())
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s%s\n%s", docs, test.doc, diff)
			}
		})
	}
}

// TestEdgesReach takes chains from the graph: the application writes a
// credential of an identity that can assign roles.
func TestEdgesReach(t *testing.T) {
	t.Parallel()
	limited := assign(t, "Key Vault Data Access Administrator", subscription)
	limited.Principal.ID = identity
	g := access.NewGraph(Edges(estate(assignments(assign(t, "Managed Identity Contributor", group), limited))))
	chains := g.Reach(app, 0)
	if len(chains) != 1 || chains[0].String() != app+" -rewrite-> "+identity || chains[0].Verdict() != access.Allowed {
		t.Fatalf("got %v", chains)
	}

	// Roles that may only be assigned under a condition make a conditional
	// administrator.
	e := estate(assignments(limited))
	e.Principals, e.Evidence = []Actor{{ID: identity}}, true
	_, admins := Edges(e)
	if len(admins) != 1 || admins[0].Formula.Verdict() != access.Conditional || len(admins[0].Steps[0].Evidence.Layers) == 0 {
		t.Fatalf("got %+v", admins)
	}
}
