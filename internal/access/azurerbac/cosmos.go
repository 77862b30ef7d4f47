package azurerbac

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// Cosmos is the native access control of a Cosmos DB account for NoSQL. It
// alone, and keys, decide on the data: roles of Azure RBAC do not, whatever
// data actions they have.
//
// https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security
type Cosmos struct {
	policy *Policy
}

// The built-in roles of every account.
var cosmosRoles = []RoleDefinition{
	{
		ID: "00000000-0000-0000-0000-000000000001", Name: "Cosmos DB Built-in Data Reader",
		Permissions: []Permission{{DataActions: []string{
			"Microsoft.DocumentDB/databaseAccounts/readMetadata",
			"Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read",
			"Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery",
			"Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/readChangeFeed",
		}}},
	},
	{
		ID: "00000000-0000-0000-0000-000000000002", Name: "Cosmos DB Built-in Data Contributor",
		Permissions: []Permission{{DataActions: []string{
			"Microsoft.DocumentDB/databaseAccounts/readMetadata",
			"Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/*",
			"Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/*",
		}}},
	},
}

// NewCosmos makes the native definitions and assignments of an account
// (sqlRoleDefinitions and sqlRoleAssignments) ready for evaluation. The
// built-in roles need not be among them. The scope of an assignment is the
// account, or "/dbs/name" or "/dbs/name/colls/name" in it, with or without the
// id of the account before it.
func NewCosmos(account string, d Documents) *Cosmos {
	account = strings.TrimSuffix(account, "/")
	given := make(map[string]bool, len(d.Roles))
	for _, r := range d.Roles {
		given[lastPart(r.ID)] = true
	}
	roles := make([]RoleDefinition, 0, len(d.Roles)+len(cosmosRoles))
	roles = append(roles, d.Roles...)
	for _, r := range cosmosRoles {
		if !given[r.ID] {
			roles = append(roles, r)
		}
	}
	assignments := make([]RoleAssignment, len(d.Assignments))
	for i, a := range d.Assignments {
		if s := lowerASCII(a.Scope); s == "/" {
			a.Scope = account
		} else if strings.HasPrefix(s, "/dbs/") {
			a.Scope = account + a.Scope
		}
		a.Scope = cosmosScope(a.Scope)
		assignments[i] = a
	}
	d.Roles, d.Assignments, d.Denies, d.DeniesMissing = roles, assignments, nil, ""
	p := Compile(d)
	for _, r := range p.roles {
		for i := range r.blocks {
			r.blocks[i].split()
		}
	}
	return &Cosmos{policy: p}
}

// Evaluate answers whether a principal may do a native data action
// ([access.IAMData]), as
// Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read, on
// the account, a database or a container. The policy of the input is not
// looked at.
func (c *Cosmos) Evaluate(in Input) access.Decision {
	in.Policy, in.DataAction = c.policy, true
	in.Request.Resource.ID = cosmosScope(in.Request.Resource.ID)
	d := Evaluate(in)
	for i := range d.Evidence.Layers {
		if l := &d.Evidence.Layers[i]; l.Name == assignmentsLayer {
			l.Name = "role assignments of the account"
			d.Evidence.Layers = []access.Layer{*l}
			break
		}
	}
	return d
}

const (
	cosmosContainers = "microsoft.documentdb/databaseaccounts/sqldatabases/containers/"
	cosmosItems      = cosmosContainers + "items/"
)

// split sets apart the wildcard that stands for all operations on containers.
// Whether it also stands for those on items is not documented: the built-in
// role has both.
func (b *block) split() {
	var rest []pattern
	for _, p := range b.dataActions {
		if lowerASCII(p.text) == cosmosContainers+"*" {
			b.doubtful = append(b.doubtful, p)
		} else {
			rest = append(rest, p)
		}
	}
	if b.doubtful != nil {
		b.dataActions = rest
	}
}

// cosmosScope writes an id of a database or container of Azure Resource
// Manager in the way of the native access control.
func cosmosScope(id string) string {
	rest, _ := scope(id).provider()
	parts := strings.Split(rest, "/") // namespace, account, database and container with their types
	for i, names := range map[int][2]string{3: {"sqldatabases", "dbs"}, 5: {"containers", "colls"}} {
		if i < len(parts) && equalASCII(parts[i], names[0]) {
			parts[i] = names[1]
		}
	}
	return id[:len(id)-len(rest)] + strings.Join(parts, "/")
}
