package awsiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// An actionTable gives small numbers to the operations that types of stores
// ask about.
type actionTable struct {
	requests  []request // that ask for each, and say nothing else
	numbers   map[string]int
	byService map[string][]int
	all       bitset
	// patterns are those that statements have, each once: most have the same.
	patterns map[string]actionPattern
}

func newActionTable() *actionTable {
	return &actionTable{numbers: map[string]int{}, byService: map[string][]int{}, patterns: map[string]actionPattern{}}
}

func (t *actionTable) number(operation string) int {
	r := newRequest(&Input{Request: access.Request{Action: operation}})
	n, ok := t.numbers[r.action]
	if !ok {
		n = len(t.requests)
		t.numbers[r.action] = n
		t.requests = append(t.requests, request{written: r.written, action: r.action, service: r.service, name: r.name})
		t.byService[r.service] = append(t.byService[r.service], n)
		t.all = t.all.with(n)
	}
	return n
}

// maxPatterns is how many patterns are shared by statements.
const maxPatterns = 100_000

// share lets a statement have the patterns of others.
func (t *actionTable) share(s *compiledStatement) {
	for i := range s.action {
		text := s.action[i].text
		if shared, ok := t.patterns[text]; ok {
			s.action[i] = shared
		} else if len(t.patterns) < maxPatterns {
			t.patterns[text] = s.action[i]
		}
	}
}

// match returns the operations that a statement is plainly about, and those
// that it may be about.
func (t *actionTable) match(s *compiledStatement) (sure, maybe bitset) {
	if len(s.action) == 0 {
		return nil, slices.Clone(t.all)
	}
	try := func(p *actionPattern, n int) {
		switch f := p.match(&t.requests[n]); {
		case f.IsTrue():
			sure, maybe = sure.with(n), maybe.with(n)
		case !f.IsFalse():
			maybe = maybe.with(n)
		}
	}
	for i := range s.action {
		p := &s.action[i]
		if p.service != "" {
			for _, n := range t.byService[p.service] {
				try(p, n)
			}
			continue
		}
		for n := range t.requests {
			try(p, n)
		}
	}
	if s.notAction {
		return t.without(maybe), t.without(sure)
	}
	return sure, maybe
}

func (t *actionTable) without(b bitset) bitset {
	rest := slices.Clone(t.all)
	for i := range min(len(rest), len(b)) {
		rest[i] &^= b[i]
	}
	return rest
}

// maxLanes is how many questions a program can ask.
const maxLanes = 64

// A program is the rules of a type, or a part of them, as questions that are
// asked about a store all at once. Each is a lane: a bit of a word.
type program struct {
	storeType access.StoreType // with the rules of the program only
	forms     []access.ResourceForm
	ofForm    []uint64 // the lanes of each form
	lanes     []lane
	rules     []programRule
	actions   bitset // of all lanes
}

// A lane is one question: may an operation be done to a resource?
type lane struct {
	action    int
	operation string
	form      int
}

// A programRule is a rule with the lanes of its operations and needs.
type programRule struct {
	*access.Rule
	lanes uint64
	needs []uint64
}

// newPrograms returns the programs of a type. There is more than one when its
// questions do not fit into a word.
func newPrograms(t *access.StoreType, actions *actionTable) []*program {
	part := *t
	part.Rules = nil
	var programs []*program
	current := &program{}
	flush := func() {
		if len(current.storeType.Rules) > 0 {
			current.finish()
			programs = append(programs, current)
		}
	}
	for i := range t.Rules {
		next := &program{storeType: current.storeType}
		next.storeType.ID, next.storeType.Rules = t.ID, append(slices.Clone(next.storeType.Rules), t.Rules[i])
		if !next.build(actions) {
			flush()
			next = &program{storeType: access.StoreType{ID: t.ID, Rules: t.Rules[i : i+1]}}
			next.build(actions)
		}
		current = next
	}
	flush()
	if len(programs) == 0 {
		programs = append(programs, &program{storeType: part})
	}
	return programs
}

// build lays out the lanes, and reports whether they fit.
func (p *program) build(actions *actionTable) bool {
	for i := range p.storeType.Rules {
		r := &p.storeType.Rules[i]
		rule := programRule{Rule: r, lanes: p.demand(&r.Demand, actions)}
		for j := range r.Needs {
			rule.needs = append(rule.needs, p.demand(&r.Needs[j], actions))
		}
		p.rules = append(p.rules, rule)
	}
	return len(p.lanes) <= maxLanes
}

func (p *program) demand(d *access.Demand, actions *actionTable) uint64 {
	form := slices.Index(p.forms, d.Resource)
	if form < 0 {
		form = len(p.forms)
		p.forms = append(p.forms, d.Resource)
	}
	var word uint64
	for _, operation := range d.AnyOf {
		l := lane{action: actions.number(operation), operation: operation, form: form}
		i := slices.Index(p.lanes, l)
		if i < 0 {
			i = len(p.lanes)
			p.lanes = append(p.lanes, l)
		}
		if i < maxLanes {
			word |= 1 << i
		}
	}
	return word
}

func (p *program) finish() {
	p.ofForm = make([]uint64, len(p.forms))
	for i, l := range p.lanes {
		p.actions = p.actions.with(l.action)
		p.ofForm[l.form] |= 1 << i
	}
}

// of returns the lanes whose operations are in a set.
func (p *program) of(actions bitset) uint64 {
	var word uint64
	for i := range p.lanes {
		if actions.has(p.lanes[i].action) {
			word |= 1 << i
		}
	}
	return word
}

// policyServices are the services whose resources may have policies, so that
// those of one which is not in the estate are not known.
var policyServices = map[string]bool{"dynamodb": true, "kms": true, "s3": true, "secretsmanager": true}

// An estateTarget is the resource that lanes ask about, as far as it depends on the
// store alone.
type estateTarget struct {
	resource access.Resource
	missing  string // why it is not known
	none     bool   // the store has no such resource
	// store is the one that the resource is of; nil when it is of none.
	store *estateStore
	// unread: it is of one that is not in the estate and may have a policy.
	unread bool
	number int // of the store; -1 for none
}

// target returns the resource of a form.
func (e *Estate) target(s *estateStore, form access.ResourceForm) estateTarget {
	t := estateTarget{number: -1}
	t.resource, t.missing = form.Resource(&s.Store)
	switch {
	case t.missing != "" && t.resource.ID == "":
		t.unread = true
		return t
	case t.resource.ID == "":
		t.none = true
		return t
	case strings.HasPrefix(t.resource.ID, s.ID):
		t.store, t.number = s, e.storeNumber[s.ID]
		return t
	}
	a, isARN := parseARN(t.resource.ID)
	if isARN && a.account != "" {
		t.resource.Account = a.account
	}
	if n, ok := e.storeNumber[t.resource.ID]; ok && e.stores[n].EstateStore != nil {
		t.store, t.number = e.stores[n], n
		t.resource.Account = t.store.Account
		return t
	}
	t.unread = isARN && policyServices[a.service] && !form.Below
	return t
}

// resourcesOf returns the ARNs of other resources that a store's rules name.
func (e *Estate) resourcesOf(s *estateStore) []string {
	var ids []string
	for _, p := range e.types[s.Type] {
		for _, form := range p.forms {
			r, _ := form.Resource(&s.Store)
			if strings.HasPrefix(r.ID, "arn:") && !form.Below && !strings.HasPrefix(r.ID, s.ID) && !slices.Contains(ids, r.ID) {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

// unreadPolicy is the policy of a resource that is not in the estate.
func unreadPolicy() *PolicySet {
	return &PolicySet{Missing: "the resource is not among those that were read"}
}

// Input returns the question that a lane asks for a principal, for [Evaluate].
func (e *Estate) input(p *estatePrincipal, t *estateTarget, operation string, context access.Context) Input {
	in := Input{
		Request: access.Request{
			Principal: p.Principal, Action: operation, Resource: t.resource, Context: context,
		},
		UniqueID: p.UniqueID, ServiceLinked: p.ServiceLinked,
		Identity: p.Identity, Boundary: p.Boundary, Session: p.Session,
	}
	if a := e.accounts[p.account]; a != nil {
		in.ServiceControl, in.PrincipalInManagementAccount = a.ServiceControl, a.Management
	}
	if a := e.accounts[t.resource.Account]; a != nil {
		in.ResourceControl, in.ResourceInManagementAccount = a.ResourceControl, a.Management
	}
	if t.store != nil {
		in.Resource, in.S3, in.KMS = t.store.Policy, t.store.S3, t.store.KMS
	} else if t.unread {
		in.Resource = unreadPolicy()
	}
	return in
}

func (e *Estate) principalContext(p *estatePrincipal) access.Context {
	c := e.base
	if a := e.accounts[p.account]; a != nil {
		c = c.Merge(a.Principals)
	}
	return c.Merge(p.Context)
}

func (e *Estate) resourceContext(t *estateTarget) access.Context {
	var c access.Context
	if a := e.accounts[t.resource.Account]; a != nil {
		c = c.Merge(a.Resources)
	}
	if t.store != nil {
		c = c.Merge(t.store.Context)
	}
	return c
}

// compiled returns the compiled form of a document of the estate.
func (e *Estate) compiled(d *Document) *compiledDocument {
	if doc := e.policies.byPointer[d]; doc != nil {
		return doc.compiledDocument
	}
	return compile(d)
}

// Explain decides about one principal and one store as [Evaluate] does, rule by
// rule and operation by operation, and calls found, if it is not nil, with
// every question and its answer. It returns the grants.
func (e *Estate) Explain(principal, store string, found func(access.Request, access.Decision)) []access.Grant {
	p, ok := e.principalNumber[principal]
	s, okStore := e.storeNumber[store]
	if !ok || !okStore || e.principals[p].EstatePrincipal == nil || e.stores[s].EstateStore == nil {
		return nil
	}
	var grants []access.Grant
	for _, program := range e.types[e.stores[s].Type] {
		some := program.storeType.Decide(&e.stores[s].Store, func(operation string, _ bool, r access.Resource) access.Formula {
			i := slices.IndexFunc(program.forms, func(f access.ResourceForm) bool {
				other, _ := f.Resource(&e.stores[s].Store)
				return other == r
			})
			t := e.target(e.stores[s], program.forms[i])
			in := e.input(e.principals[p], &t, operation, e.principalContext(e.principals[p]).Merge(e.resourceContext(&t)))
			compiled := newLayers(&in, e.compiled)
			if found == nil {
				return newEvaluation(&in, compiled, nil).decide()
			}
			var d access.Decision
			d.Formula = newEvaluation(&in, compiled, &d.Evidence).decide()
			found(in.Request, d)
			return d.Formula
		})
		grants = access.MergeGrants(grants, some)
	}
	return grants
}
