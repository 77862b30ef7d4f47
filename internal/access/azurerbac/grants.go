package azurerbac

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Engine knows the principals and data stores of a tenant. Give it to
// [access.NewEstate] for the grants of all principals on all stores; it answers
// as [Evaluate], [Vault.Evaluate] and [Cosmos.Evaluate] do.
//
// A principal is asked for on the stores that something assigned to it or to
// its groups is above, at or below.
type Engine struct {
	*access.RequestEngine

	policy  *Policy
	holders map[string]Holder
	stores  map[string]DataStore
	cosmos  map[string]*Cosmos
}

// A Holder is a principal whose grants are asked for.
type Holder struct {
	// ID is its object id.
	ID     string
	Groups Groups
}

// A DataStore is a store with what decides on its data besides Azure RBAC.
type DataStore struct {
	access.Store
	ManagementGroups ManagementGroups
	// Vault is set for a key vault; without it, Azure RBAC is asked.
	Vault *Vault
	// Cosmos are the native definitions and assignments of a Cosmos DB account;
	// without them, Azure RBAC is asked, which knows nothing of them.
	Cosmos *Documents
}

// NewEngine returns an engine without principals and stores.
func NewEngine(types []access.StoreType) *Engine {
	e := &Engine{holders: map[string]Holder{}, stores: map[string]DataStore{}}
	e.RequestEngine = access.NewRequestEngine(types, e.ask)
	return e
}

// Set makes the engine know these definitions and assignments, principals and
// stores, and no others. The types of the stores have to be among those of the
// engine. What is as it was before is not decided again.
func (e *Engine) Set(d Documents, holders []Holder, stores []DataStore) {
	e.policy = Compile(d)
	before, storesBefore := e.holders, e.stores
	e.holders, e.stores, e.cosmos = map[string]Holder{}, map[string]DataStore{}, map[string]*Cosmos{}
	common := access.ClassOf(d.Denies, d.DeniesMissing, d.RolesMissing, d.AssignmentsMissing)
	roles := make(map[string]RoleDefinition, len(d.Roles))
	for _, r := range d.Roles {
		roles[lastPart(r.ID)] = r
	}
	for _, h := range holders {
		e.holders[h.ID] = h
		delete(before, h.ID)
		assigned := e.assigned(h)
		e.SetPrincipal(h.ID, access.ClassOf(h, common, assigned, definitions(assigned, roles)), e.places(h, assigned)...)
	}
	for _, s := range stores {
		e.stores[s.ID] = s
		delete(storesBefore, s.ID)
		if s.Cosmos != nil {
			e.cosmos[s.ID] = NewCosmos(s.ID, *s.Cosmos)
		}
		e.SetStore(&s.Store, access.ClassOf(s), s.places()...)
	}
	for id := range before {
		e.RemovePrincipal(id)
	}
	for id := range storesBefore {
		e.RemoveStore(id)
	}
}

// assigned returns the assignments that may be a principal's.
func (e *Engine) assigned(h Holder) []RoleAssignment {
	var assigned []RoleAssignment
	for _, i := range e.policy.candidates(newSubject(h.ID, h.Groups)) {
		assigned = append(assigned, e.policy.assignments[i].RoleAssignment)
	}
	return assigned
}

// definitions returns the roles of assignments.
func definitions(assigned []RoleAssignment, roles map[string]RoleDefinition) []RoleDefinition {
	list := make([]RoleDefinition, len(assigned))
	for i := range assigned {
		list[i] = roles[lastPart(assigned[i].RoleID)]
	}
	return list
}

// anyone is the place of stores that have to be asked for everybody.
const anyone access.Place = "anyone"

// places returns where a principal may have something; none for everywhere.
func (e *Engine) places(h Holder, assigned []RoleAssignment) []access.Place {
	if h.Groups.Missing != "" || e.policy.assignmentsMissing != "" {
		return nil
	}
	places := []access.Place{anyone, access.Place(lowerASCII(h.ID))}
	for _, g := range h.Groups.IDs {
		places = append(places, access.Place(lowerASCII(g)))
	}
	for i := range assigned {
		at, err := parseScope(assigned[i].Scope)
		if err != nil {
			return nil
		}
		// What is assigned below a store matters for the store, too.
		for place := lowerASCII(string(at)); ; {
			places = append(places, access.Place(place))
			cut := strings.LastIndexByte(place, '/')
			if cut <= 0 || !strings.Contains(place[:cut], "/providers/") {
				break
			}
			place = place[:cut]
		}
	}
	return places
}

// places returns where a store is: all that is above it, the management groups,
// and those who are named by its own access control.
func (s *DataStore) places() []access.Place {
	places := []access.Place{"/"}
	if s.ManagementGroups.Missing != "" || s.Cosmos != nil || s.Vault != nil && s.Vault.Missing != "" {
		places = append(places, anyone)
	}
	for _, group := range s.ManagementGroups.IDs {
		places = append(places, access.Place(strings.TrimSuffix(lowerASCII(group), "/")))
	}
	id := lowerASCII(strings.TrimSuffix(s.ID, "/"))
	for i := 1; i <= len(id); i++ {
		if i == len(id) || id[i] == '/' {
			places = append(places, access.Place(id[:i]))
		}
	}
	if s.Vault != nil {
		for _, p := range s.Vault.AccessPolicies {
			places = append(places, access.Place(lowerASCII(p.ObjectID)))
		}
	}
	return places
}

// ask answers a single request.
func (e *Engine) ask(principal string, s *access.Store, operation string, data bool, r access.Resource, _ bool) access.Decision {
	store, holder := e.stores[s.ID], e.holders[principal]
	in := Input{
		Request:    access.Request{Principal: access.Principal{ID: principal}, Action: operation, Resource: r},
		DataAction: data, Groups: holder.Groups, ManagementGroups: store.ManagementGroups, Policy: e.policy,
	}
	switch {
	case data && store.Vault != nil:
		return store.Vault.Evaluate(in)
	case data && store.Cosmos != nil:
		return e.cosmos[s.ID].Evaluate(in)
	}
	return Evaluate(in)
}
