package gcpiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Engine knows the principals and data stores of an organization. Give it to
// [access.NewEstate] for the grants of all principals on all stores; it answers
// as [Decide] does.
//
// A principal is asked for on the stores whose policies, or policies above,
// have a member that may be the principal.
type Engine struct {
	*access.RequestEngine

	holders map[string]Holder
	stores  map[string]DataStore
}

// A Holder is a principal whose grants are asked for.
type Holder struct {
	Principal access.Principal
	Identity  Identity
	// Scopes of its token; nil when they do not limit it.
	Scopes *ScopeSet
}

// A DataStore is a store with what decides on access to it.
type DataStore struct {
	access.Store
	// Input is what bears on requests to the store: everything but the request,
	// the identity and the scopes.
	Input Input
	// Context is what is known of every request, as "request.time".
	Context map[string][]string
}

// NewEngine returns an engine without principals and stores.
func NewEngine(types []access.StoreType) *Engine {
	e := &Engine{holders: map[string]Holder{}, stores: map[string]DataStore{}}
	e.RequestEngine = access.NewRequestEngine(types, e.ask)
	return e
}

// Set makes the engine know these principals and stores, and no others. The
// types of the stores have to be among those of the engine. What is as it was
// before is not decided again.
func (e *Engine) Set(holders []Holder, stores []DataStore) {
	before, storesBefore := e.holders, e.stores
	e.holders, e.stores = map[string]Holder{}, map[string]DataStore{}
	for _, h := range holders {
		id := h.Principal.ID
		e.holders[id] = h
		delete(before, id)
		e.SetPrincipal(id, access.ClassOf(h), h.places()...)
	}
	for _, s := range stores {
		e.stores[s.ID] = s
		delete(storesBefore, s.ID)
		e.SetStore(&s.Store, access.ClassOf(s), s.places()...)
	}
	for id := range before {
		e.RemovePrincipal(id)
	}
	for id := range storesBefore {
		e.RemoveStore(id)
	}
}

// The places of stores that have to be asked for everybody, and for everybody
// whose groups are not known.
const (
	anyone     access.Place = "anyone"
	anyGroup   access.Place = "any group"
	groupPlace              = "group:"
)

// places returns where a principal may have something.
func (h *Holder) places() []access.Place {
	places := []access.Place{anyone}
	switch m := parseMember(h.Principal.ID); m.kind {
	case memberUser, memberServiceAccount:
		places = append(places, placeOf(m))
	}
	for _, g := range h.Identity.Groups {
		places = append(places, access.Place(groupPlace+strings.ToLower(g)))
	}
	if h.Identity.GroupsMissing != "" {
		places = append(places, anyGroup)
	}
	return places
}

func placeOf(m member) access.Place {
	prefix := "user:"
	if m.kind == memberServiceAccount {
		prefix = "account:"
	}
	return access.Place(prefix + strings.ToLower(m.value))
}

// places returns whom the policies of a store name, and those above it.
func (s *DataStore) places() []access.Place {
	in := &s.Input
	seen := map[access.Place]bool{}
	if in.HierarchyMissing != "" || in.ObjectACLs != nil {
		seen[anyone] = true
	}
	for _, n := range in.Hierarchy {
		if n.Allow.Missing != "" {
			seen[anyone] = true
		}
		for _, p := range n.Allow.Policies {
			for _, b := range p.Bindings {
				if b.Unread != "" {
					seen[anyone] = true
				}
				for _, text := range b.Members {
					switch m := parseMember(text); m.kind {
					case memberUser, memberServiceAccount:
						seen[placeOf(m)] = true
					case memberGroup:
						seen[access.Place(groupPlace+strings.ToLower(m.value))], seen[anyGroup] = true, true
					case memberDeleted:
					default:
						seen[anyone] = true
					}
				}
			}
		}
	}
	places := make([]access.Place, 0, len(seen))
	for p := range seen {
		places = append(places, p)
	}
	return places
}

// ask answers a single request.
func (e *Engine) ask(principal string, s *access.Store, operation string, _ bool, r access.Resource, explain bool) access.Decision {
	holder, store := e.holders[principal], e.stores[s.ID]
	in := store.Input
	in.Identity, in.Scopes = holder.Identity, holder.Scopes
	in.Request = access.Request{Principal: holder.Principal, Action: operation, Resource: r}
	for name, values := range store.Context {
		in.Request.Context = in.Request.Context.With(name, values...)
	}
	const projects = "//cloudresourcemanager.googleapis.com/projects/"
	if strings.HasPrefix(r.ID, projects) && !strings.HasPrefix(s.ID, projects) {
		in = in.onProject()
		in.PublicAccessPrevention, in.ObjectACLs = PublicAccessUnknown, nil
	}
	if !explain {
		return access.Decision{Formula: Decide(in)}
	}
	return Evaluate(in)
}
