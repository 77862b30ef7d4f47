package awsiam

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Estate is the principals and data stores of AWS accounts, and everything
// that decides between them. It is an [access.Engine]: give it to
// [access.NewEstate] for the grants of all principals on all stores.
//
// It decides as [Evaluate] does, which its answers equal, and goes about it in
// another way. Documents are compiled once, however many principals have them.
// Of their statements only the operations count that some type of stores asks
// about. Principals and stores that no statement can tell apart are one class,
// for which one member answers. For a store, all operations of its type are
// asked about at once, as the bits of a word, first those that are plainly
// permitted and those that may be; only what lies between is put to the
// evaluation of single requests.
//
// What is given to it must not be changed afterwards. It is for one goroutine,
// but for its rounds.
type Estate struct {
	types    map[string][]*program
	actions  *actionTable
	base     access.Context
	accounts map[string]*account
	policies documentTable
	globs    globTable

	principals      []*estatePrincipal
	principalNumber map[string]int
	stores          []*estateStore
	storeNumber     map[string]int
	// dependents is the stores that need a resource, by its ARN.
	dependents map[string]map[int]bool

	// named counts who is named by the policies of resources.
	named        keyCounts
	namedChanged []string
	// principalKeys and resourceKeys are the context keys whose values depend
	// on the principal, and on the resource; seen counts those that statements
	// look at.
	principalKeys, resourceKeys keyPatterns
	seen                        keyCounts
	// seenByResources counts the keys that the policies of resources look at.
	seenByResources keyCounts
	// arns are the conditions of the policies of resources on the ARN of the
	// principal.
	arns arnConditions

	dirtyPrincipals, dirtyStores map[int]bool
	// revised are the dirty principals of which only policies have changed,
	// before those that were when Changed was called last.
	revised, before map[int]revision
	// rematched is the class before of stores of which only the patterns have
	// changed that match them.
	rematched                    map[int]access.Class
	allPrincipals, allStores     bool     // are dirty
	seenKeys, seenByResourceKeys []string // in order; nil when they have to be made again
}

// An Account is what decides on all requests from an account or to it.
type Account struct {
	ID string
	// ServiceControl and ResourceControl are as in [Input].
	ServiceControl, ResourceControl []PolicySet
	// Management: it is the management account of its organization.
	Management bool
	// Principals is what is known of every request of its principals, as
	// aws:PrincipalOrgID; Resources of every request to its resources, as
	// aws:ResourceOrgID.
	Principals, Resources access.Context
}

// An EstatePrincipal is a principal with its policies, as in [Input].
type EstatePrincipal struct {
	Principal         access.Principal
	UniqueID          string
	ServiceLinked     bool
	Identity          PolicySet
	Boundary, Session *PolicySet
	// Context is what is known of its requests, as aws:PrincipalTag/team.
	Context access.Context
}

// An EstateStore is a data store with what decides on access to it, as in
// [Input]. Keys and secrets are stores, too: those that other stores need are
// found by their ARN.
type EstateStore struct {
	access.Store
	Policy *PolicySet
	S3     *S3
	KMS    *KMS
	// Context is what is known of requests to it, as aws:ResourceTag/team.
	Context access.Context
}

// NewEstate returns an estate without principals and stores. Base is what is
// known of every request, as aws:SecureTransport.
func NewEstate(types []access.StoreType, base access.Context) *Estate {
	e := &Estate{
		types: map[string][]*program{}, actions: newActionTable(), base: base, accounts: map[string]*account{},
		policies: newDocumentTable(), globs: newGlobTable(), principalNumber: map[string]int{}, storeNumber: map[string]int{},
		dependents: map[string]map[int]bool{}, named: keyCounts{}, seen: keyCounts{}, seenByResources: keyCounts{}, arns: newARNConditions(),
		principalKeys: newKeyPatterns(principalKeys), resourceKeys: newKeyPatterns(resourceKeys),
		dirtyPrincipals: map[int]bool{}, dirtyStores: map[int]bool{}, revised: map[int]revision{},
	}
	for i := range types {
		e.types[types[i].ID] = newPrograms(&types[i], e.actions)
	}
	return e
}

// SetAccount adds an account or replaces it.
func (e *Estate) SetAccount(a Account) {
	old := e.accounts[a.ID]
	next := &account{Account: a}
	for i := range a.ServiceControl {
		next.serviceControl = append(next.serviceControl, e.layer(&a.ServiceControl[i], serviceControlPolicy))
	}
	for i := range a.ResourceControl {
		next.resourceControl = append(next.resourceControl, e.layer(&a.ResourceControl[i], resourceControlPolicy))
	}
	e.learn(a.Principals, a.Resources)
	e.accounts[a.ID] = next
	if old != nil {
		for _, l := range old.serviceControl {
			e.release(l)
		}
		for _, l := range old.resourceControl {
			e.release(l)
		}
	}
	for n, p := range e.principals {
		if p.account == a.ID {
			e.dirtyPrincipals[n] = true
			delete(e.revised, n)
		}
	}
	for n, s := range e.stores {
		if s.EstateStore != nil && (s.Account == a.ID || len(s.needs) > 0) {
			e.dirtyStores[n] = true
		}
	}
}

// SetPrincipal adds a principal or replaces the one with the same ID.
func (e *Estate) SetPrincipal(p *EstatePrincipal) {
	next := &estatePrincipal{EstatePrincipal: p}
	next.identity = e.layer(&p.Identity, identityPolicy)
	next.boundary = e.layer(p.Boundary, boundaryPolicy)
	next.session = e.layer(p.Session, sessionPolicy)
	if next.account = p.Principal.Account; next.account == "" {
		a, _ := parseARN(p.Principal.ID)
		next.account = a.account
	}
	e.learn(p.Context, access.Context{})
	n, ok := e.principalNumber[p.Principal.ID]
	if !ok {
		n = len(e.principals)
		e.principals = append(e.principals, nil)
		e.principalNumber[p.Principal.ID] = n
	}
	if r, ok := e.principals[n].revision(next); ok && !e.dirtyPrincipals[n] {
		e.revised[n] = r
	} else {
		delete(e.revised, n)
	}
	e.dropPrincipal(n)
	e.principals[n] = next
	e.dirtyPrincipals[n] = true
}

// RemovePrincipal removes a principal, if there is one with the ID.
func (e *Estate) RemovePrincipal(id string) {
	if n, ok := e.principalNumber[id]; ok {
		e.dropPrincipal(n)
		e.dirtyPrincipals[n] = true
		delete(e.revised, n)
	}
}

// dropPrincipal forgets everything about a principal but its ID.
func (e *Estate) dropPrincipal(n int) {
	old := e.principals[n]
	if old == nil || old.EstatePrincipal == nil {
		return
	}
	for _, l := range []*layer{old.identity, old.boundary, old.session} {
		e.release(l)
	}
	e.principals[n] = &estatePrincipal{gone: old.Principal.ID}
}

// SetStore adds a store or replaces the one with the same ID.
func (e *Estate) SetStore(s *EstateStore) error {
	if _, ok := e.types[s.Type]; !ok {
		return fmt.Errorf("store %s: type %q is not in the table of data stores", s.ID, s.Type)
	}
	next := &estateStore{EstateStore: s, policy: e.layer(s.Policy, resourcePolicy)}
	e.learn(access.Context{}, s.Context)
	n, ok := e.storeNumber[s.ID]
	if !ok {
		n = len(e.stores)
		e.stores = append(e.stores, nil)
		e.storeNumber[s.ID] = n
	}
	e.dropStore(n)
	e.stores[n] = next
	next.needs = e.resourcesOf(next)
	for _, id := range next.needs {
		if e.dependents[id] == nil {
			e.dependents[id] = map[int]bool{}
		}
		e.dependents[id][n] = true
	}
	for _, name := range next.names() {
		e.name(name, 1)
	}
	e.touchStore(n)
	return nil
}

// RemoveStore removes a store, if there is one with the ID.
func (e *Estate) RemoveStore(id string) {
	if n, ok := e.storeNumber[id]; ok {
		e.dropStore(n)
		e.touchStore(n)
	}
}

// dropStore forgets everything about a store but its ID.
func (e *Estate) dropStore(n int) {
	old := e.stores[n]
	if old == nil || old.EstateStore == nil {
		return
	}
	for _, id := range old.needs {
		delete(e.dependents[id], n)
	}
	for _, name := range old.names() {
		e.name(name, -1)
	}
	e.release(old.policy)
	e.stores[n] = &estateStore{gone: old.ID}
}

// touchStore marks a store and those that need it.
func (e *Estate) touchStore(n int) {
	e.dirtyStores[n] = true
	for dependent := range e.dependents[e.stores[n].id()] {
		e.dirtyStores[dependent] = true
	}
}

// learn takes in whether keys depend on the principal or on the resource.
func (e *Estate) learn(principal, resource access.Context) {
	if e.principalKeys.add(principal) || e.resourceKeys.add(resource) {
		e.policies.classify(e.principalKeys, e.resourceKeys)
		e.allPrincipals, e.allStores = true, true
	}
}

// An account is an [Account] with compiled policies.
type account struct {
	Account
	serviceControl, resourceControl []*layer
}

// Principals returns how many numbers of principals there are.
func (e *Estate) Principals() int { return len(e.principals) }

// Stores returns how many numbers of stores there are.
func (e *Estate) Stores() int { return len(e.stores) }

// Principal returns the ID and the class of a principal.
func (e *Estate) Principal(n int) (string, access.Class) {
	p := e.principals[n]
	if p.EstatePrincipal == nil {
		return p.gone, access.Class{}
	}
	return p.EstatePrincipal.Principal.ID, p.class
}

// Store returns the ID and the class of a store.
func (e *Estate) Store(n int) (string, access.Class) { return e.stores[n].id(), e.stores[n].class }

// PrincipalNumber returns the number of a principal, or -1.
func (e *Estate) PrincipalNumber(id string) int { return numberOf(e.principalNumber, id) }

// StoreNumber returns the number of a store, or -1.
func (e *Estate) StoreNumber(id string) int { return numberOf(e.storeNumber, id) }

func numberOf(numbers map[string]int, id string) int {
	if n, ok := numbers[id]; ok {
		return n
	}
	return -1
}

// An estatePrincipal is an [EstatePrincipal] with compiled policies.
type estatePrincipal struct {
	*EstatePrincipal
	identity, boundary, session *layer
	account                     string
	class                       access.Class
	gone                        string // its ID when it was removed
}

// keys returns the names by which policies of resources may name the principal.
func (p *estatePrincipal) keys() []string {
	keys := make([]string, 1, 5)
	keys[0] = p.Principal.ID
	for _, key := range []string{p.Principal.Parent, p.UniqueID} {
		if key != "" {
			keys = append(keys, key)
		}
	}
	switch p.Principal.Kind {
	case Role:
		keys = append(keys, sessionKey(p.account, lastName(p.Principal.ID)))
	case Session:
		name := lastName(p.Principal.Parent)
		if a, ok := parseARN(p.Principal.ID); ok && name == "" {
			_, rest, _ := strings.Cut(a.resource, "/")
			name, _, _ = strings.Cut(rest, "/")
			keys = append(keys, roleKey(p.account, name))
		}
		keys = append(keys, sessionKey(p.account, name))
	}
	return keys
}

// sessionKey is what the sessions of a role are named by, whatever their names.
func sessionKey(account, role string) string { return "assumed-role:" + account + "/" + role }

// roleKey is what a role is named by for sessions of which only its name is
// known, whatever its path.
func roleKey(account, role string) string { return "role:" + account + "/" + role }

// An estateStore is an [EstateStore] with compiled policies.
type estateStore struct {
	*EstateStore
	policy *layer
	// needs are the ARNs of other resources that its rules ask about.
	needs []string
	// globs are the patterns that match the resources of each form; nil when
	// they have not been looked for.
	globs [][]globMatch
	class access.Class
	// local: policies of resources give nothing to other accounts; alone: there
	// are none, nor anything else that could.
	local, alone bool
	gone         string // its ID when it was removed
}

func (s *estateStore) id() string {
	if s.EstateStore == nil {
		return s.gone
	}
	return s.ID
}

// names returns whom the grants of the store name.
func (s *estateStore) names() []string {
	var names []string
	if s.KMS != nil {
		for _, g := range s.KMS.Grants {
			names = append(names, nameKeys(g.Grantee)...)
		}
	}
	return names
}

// nameKeys returns what a principal is named by in a policy.
func nameKeys(text string) []string {
	a, ok := parseARN(text)
	if !ok {
		return []string{text}
	}
	if rest, ok := strings.CutPrefix(a.resource, "assumed-role/"); ok && a.service == "sts" {
		role, _, _ := strings.Cut(rest, "/")
		return []string{text, sessionKey(a.account, role)}
	}
	if strings.HasPrefix(a.resource, "role/") {
		return []string{text, roleKey(a.account, lastName(text))}
	}
	return []string{text}
}
