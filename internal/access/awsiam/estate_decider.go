package awsiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A decider decides about one store after the other.
type decider struct {
	e     *Estate
	round *round

	epoch     uint32
	documents []documentAnswer // by index
	states    map[int]*principalState
	outcomes  map[outcome][]access.Grant
	prologues map[string]uint32
	contexts  map[string]access.Context // of principals, by account
	shared    map[sharedKey]ternary

	// Of the current store and program:
	store   *estateStore
	program *program
	targets []estateTarget   // by form
	static  []*request       // by form, that know nothing of the principal
	groups  []group          // of targets with the same policies
	rules   []access.Formula // what the rules ask of the store
	// prologue is the number of everything about the store that is not asked
	// of principals, but that grants have in them.
	prologue uint32
	// active are the lanes whose answer matters; those of strict count identity
	// policies only when the resource leaves it to the account; of granted the
	// resource has grants; special and rootSpecial are never decided by
	// policies alone.
	// Need are those that matter for the current principal.
	need uint64
	// First are the lanes of rules themselves, not of what they need besides.
	active, first, strict, granted, special, rootSpecial uint64
	// alone: no resource has a policy, so that all depends on the principal's.
	alone bool

	// Personal is what statements say to values of principals; signed is the
	// grants by signature.
	personal map[personalKey]ternary
	signed   map[uint64][]access.Grant
	scratch  signature
	// touching says of documents that changed whether they are about the store.
	touching map[*estateDocument]bool

	// Of the current principal:
	current *principalState
	pairs   []*pair // by form
}

// A group is the lanes whose resources have the same policies.
type group struct {
	lanes           uint64
	store           *estateStore // nil for resources of none
	unread          bool
	account         string
	resourceControl []*layer
	// controlled are the lanes that resource control policies apply to.
	controlled uint64
	// context is what is known of requests to the resources, once it is known.
	context access.Context
	known   bool
	// guard is what principals of other accounts are let through for, once it
	// is known.
	guard   ternary
	guarded bool
}

// A principalState is what is worked out once for a principal.
type principalState struct {
	*estatePrincipal
	// request says who asks and nothing else, full also what is known of the
	// principal; nil until they are needed.
	request, full *request
	// held is which conditions hold for the principal.
	held map[*estateStatement]ternary
	// values is a hash of what a statement sees of the principal.
	values map[*estateStatement]uint64

	sets           [3]*policySet
	serviceControl []*policySet
}

// maxStates is how many principals a decider remembers.
const maxStates = 4096

// Decider returns what decides about the principals of the round.
func (r *round) Decider() access.Decider {
	return &decider{
		e: r.e, round: r, personal: map[personalKey]ternary{}, signed: map[uint64][]access.Grant{}, states: map[int]*principalState{}, outcomes: map[outcome][]access.Grant{}, prologues: map[string]uint32{},
		contexts: map[string]access.Context{}, shared: map[sharedKey]ternary{},
		touching: map[*estateDocument]bool{},
	}
}

// Decide decides about one store.
func (d *decider) Decide(n int, all bool, found func(int, []access.Grant)) bool {
	s := d.e.stores[n]
	programs := d.e.types[s.Type]
	if len(programs) == 1 {
		return d.run(s, programs[0], all, found)
	}
	isOpen := false
	merged := map[int][]access.Grant{}
	var order []int
	for _, p := range programs {
		isOpen = d.run(s, p, all, func(n int, grants []access.Grant) {
			if _, ok := merged[n]; !ok {
				order = append(order, n)
			}
			merged[n] = access.MergeGrants(merged[n], grants)
		}) || isOpen
	}
	for _, n := range order {
		found(n, merged[n])
	}
	return isOpen
}

// run runs one program.
func (d *decider) run(s *estateStore, p *program, all bool, found func(int, []access.Grant)) bool {
	if s.alone && !d.round.mayAsk(s.Account, p.actions) {
		return false
	}
	d.prepare(s, p)
	if d.active == 0 {
		return false
	}
	c := d.candidates()
	ready := false
	c.among(d.round, all, func(n int) {
		if d.round.revised && len(d.e.types[s.Type]) == 1 && !d.touched(d.e.before[n].docs) {
			found(n, access.AsBefore)
			return
		}
		if !d.mayHave(d.e.principals[n]) {
			return
		}
		if !ready {
			d.prepareLanes()
			ready = true
		}
		state := d.state(n)
		if t := d.answer(state); t.maybe != 0 {
			if grants := d.outcome(state, t); len(grants) > 0 {
				found(n, grants)
			}
		}
	})
	return c.everybody && c.open
}

// prepare works out everything about a store that does not depend on principals.
func (d *decider) prepare(s *estateStore, p *program) {
	d.epoch++
	d.store, d.program, d.current = s, p, nil
	clear(d.personal)
	clear(d.signed)
	clear(d.touching)
	d.targets, d.static, d.groups, d.rules = d.targets[:0], make([]*request, len(p.forms)), d.groups[:0], d.rules[:0]
	d.first = 0
	d.active, d.strict, d.granted, d.special, d.rootSpecial = 0, 0, 0, 0, 0
	d.alone = true
	for i := range p.rules {
		f := p.rules[i].Conditions(&s.Store)
		d.rules = append(d.rules, f)
		if !f.IsFalse() {
			d.first |= p.rules[i].lanes
			d.active |= p.rules[i].lanes
			for _, need := range p.rules[i].needs {
				d.active |= need
			}
		}
	}
	for i, form := range p.forms {
		t := d.e.target(s, form)
		d.targets = append(d.targets, t)
		if t.none {
			d.active &^= p.ofForm[i]
			continue
		}
		d.group(&t, p.ofForm[i])
	}
}

// prepareLanes works out what is needed when somebody may have something.
func (d *decider) prepareLanes() {
	for i := range d.program.lanes {
		d.classifyLane(i)
	}
	d.prologue = d.number()
}

// group adds lanes to those with the same policies.
func (d *decider) group(t *estateTarget, lanes uint64) {
	if t.store != nil && t.store.KMS != nil && (len(t.store.KMS.Grants) > 0 || t.store.KMS.Missing != "") {
		d.granted |= lanes
	}
	for i := range d.groups {
		if g := &d.groups[i]; g.store == t.store && g.unread == t.unread && g.account == t.resource.Account {
			g.lanes |= lanes
			return
		}
	}
	g := group{lanes: lanes, store: t.store, unread: t.unread, account: t.resource.Account}
	if a := d.e.accounts[g.account]; a != nil && !a.Management {
		g.resourceControl = a.resourceControl
	}
	if t.unread || t.store != nil && (t.store.policy != nil || t.store.S3 != nil || t.store.KMS != nil) {
		d.alone = false
	}
	d.groups = append(d.groups, g)
}

// classifyLane finds out which of AWS's special rules apply to a lane.
func (d *decider) classifyLane(i int) {
	l := &d.program.lanes[i]
	t := &d.targets[l.form]
	if t.none {
		return
	}
	bit := uint64(1) << i
	r := d.e.actions.requests[l.action]
	r.resource = t.resource
	e := evaluation{r: &r}
	if e.isStrict() {
		d.strict |= bit
	}
	if r.service == "sts" {
		d.special |= bit
	}
	if slices.Contains([]string{"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}, r.action) {
		d.rootSpecial |= bit
	}
	managed := t.store != nil && t.store.KMS != nil && t.store.KMS.AWSManaged
	if resourceControlServices[r.service] && !managed && r.action != "kms:retiregrant" {
		for j := range d.groups {
			if d.groups[j].lanes&bit != 0 {
				d.groups[j].controlled |= bit
			}
		}
	}
}

// number returns the number of what the rules ask of the store.
func (d *decider) number() uint32 {
	var b strings.Builder
	fmt.Fprintf(&b, "%p", d.program)
	for _, f := range d.rules {
		sum := f.Sum()
		b.Write(sum[:])
	}
	for i := range d.targets {
		fmt.Fprintf(&b, "%q%t", d.targets[i].missing, d.targets[i].none)
	}
	for i := range d.program.rules {
		for j := range d.program.rules[i].Needs {
			sum := d.program.rules[i].Needs[j].Set(&d.store.Store).Sum()
			b.Write(sum[:])
		}
	}
	n, ok := d.prologues[b.String()]
	if !ok {
		n = uint32(len(d.prologues))
		d.prologues[b.String()] = n
	}
	return n
}

// state returns what is known of a principal.
func (d *decider) state(n int) *principalState {
	if s, ok := d.states[n]; ok {
		return s
	}
	if len(d.states) >= maxStates {
		clear(d.states)
	}
	p := d.e.principals[n]
	s := &principalState{estatePrincipal: p}
	d.states[n] = s
	return s
}
