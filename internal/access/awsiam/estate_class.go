package awsiam

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// principalKeys are the keys that a request derives from the principal;
// the keys of tags stand for all that end so.
var principalKeys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalisawsservice", "aws:principalorgid", "aws:principalorgpaths",
	"aws:principalservicename", "aws:principalservicenameslist", "aws:principaltag/", "aws:principaltype",
	"aws:userid", "aws:username",
}

// resourceKeys are those that it derives from the resource.
var resourceKeys = []string{
	"aws:requestedregion", "aws:resourceaccount", "aws:resourcetag/",
	"s3:accesspointnetworkorigin", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
}

// keyPatterns is names of keys, and beginnings of names, which end in "/".
type keyPatterns struct {
	names    map[string]bool
	prefixes map[string]bool
}

func newKeyPatterns(keys []string) keyPatterns {
	p := keyPatterns{map[string]bool{}, map[string]bool{}}
	for _, key := range keys {
		if strings.HasSuffix(key, "/") {
			p.prefixes[key] = true
		} else {
			p.names[key] = true
		}
	}
	return p
}

// add adds what a context names, and reports whether that is new.
func (p keyPatterns) add(c access.Context) bool {
	changed := false
	for _, prefix := range c.Prefixes() {
		changed = changed || !p.prefixes[prefix]
		p.prefixes[prefix] = true
	}
	for _, key := range c.Keys() {
		if !p.match(key) {
			p.names[key] = true
			changed = true
		}
	}
	return changed
}

func (p keyPatterns) match(key string) bool {
	return p.names[key] || p.begins(key)
}

// begins reports whether a key begins as one of the beginnings.
func (p keyPatterns) begins(key string) bool {
	for prefix := range p.prefixes {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// keyCounts counts the uses of names.
type keyCounts map[string]int

// add changes how often a name is used, and reports whether it came or went.
func (c keyCounts) add(name string, by int) bool {
	before := c[name]
	if before+by == 0 {
		delete(c, name)
	} else {
		c[name] = before + by
	}
	return before == 0 || before+by == 0
}

// name counts somebody who is named by the policies of resources.
func (e *Estate) name(name string, by int) {
	if e.named.add(name, by) {
		e.namedChanged = append(e.namedChanged, name)
	}
}

// see counts the keys that a document of a kind looks at. Those that come or
// go may tell apart principals and stores that were alike.
func (e *Estate) see(d *estateDocument, kind policyKind, by int) {
	ofResource := kind == resourcePolicy || kind == resourceControlPolicy
	if ofResource {
		for _, name := range d.names {
			e.name(name, by)
		}
		if e.arns.add(d, by) {
			e.allPrincipals = true
		}
	}
	for _, key := range d.keys {
		if e.seen.add(key, by) {
			e.seenKeys = nil
			e.allStores = e.allStores || e.resourceKeys.match(key)
		}
		if ofResource && e.seenByResources.add(key, by) {
			e.seenKeys = nil
			e.allPrincipals = e.allPrincipals || e.principalKeys.match(key)
		}
	}
}

// classify makes the classes of all principals and stores that are marked.
func (e *Estate) classify() {
	if e.seenKeys == nil {
		e.seenKeys = slices.Sorted(maps.Keys(e.seen))
		e.seenByResourceKeys = slices.Sorted(maps.Keys(e.seenByResources))
	}
	w := hasher{sha256.New()}
	for n := range e.dirtyPrincipals {
		e.principals[n].class = e.principalClass(w, e.principals[n])
	}
	var seen []string
	for _, key := range e.seenKeys {
		if e.resourceKeys.match(key) {
			seen = append(seen, key)
		}
	}
	for n := range e.dirtyStores {
		e.stores[n].class = e.storeClass(w, e.stores[n], seen)
	}
}

// principalClass returns the class of a principal: its policies, its account,
// and those of its attributes that some policy sees.
func (e *Estate) principalClass(w hasher, p *estatePrincipal) access.Class {
	if p.EstatePrincipal == nil {
		return access.Class{}
	}
	w.Reset()
	w.text(p.Principal.Kind)
	w.text(p.account)
	w.flag(p.ServiceLinked)
	for _, l := range []*layer{p.identity, p.boundary, p.session} {
		l.write(w)
	}
	arns := e.arns.of(p)
	e.arns.write(w, arns)
	seen := slices.Clone(e.seenByResourceKeys)
	look := func(l *layer) {
		for _, d := range l.documents() {
			seen = append(seen, d.keys...)
			arns.write(w, d)
		}
	}
	for _, l := range []*layer{p.identity, p.boundary, p.session} {
		look(l)
	}
	if a := e.accounts[p.account]; a != nil {
		w.flag(a.Management)
		for _, l := range a.serviceControl {
			l.write(w)
			look(l)
		}
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	whole := arns.whole
	var context access.Context
	for _, key := range seen {
		switch {
		case !e.principalKeys.match(key):
			continue
		case key == "aws:userid" && p.Principal.Kind != Root, key == "aws:username" && p.Principal.Kind == User:
			whole = true
		}
		if len(context.Keys()) == 0 && len(context.Prefixes()) == 0 {
			context = e.principalContext(p)
		}
		w.text(key)
		w.value(context.Lookup(key))
	}
	for _, key := range p.keys() {
		whole = whole || e.named[key] > 0
	}
	if whole {
		w.texts([]string{p.Principal.ID, p.Principal.Parent, p.UniqueID})
	}
	return w.class()
}

// storeClass returns the class of a store: its type and account, its policy,
// those of its attributes that some policy sees, the patterns that match it,
// and the same of the resources that it needs.
func (e *Estate) storeClass(w hasher, s *estateStore, seen []string) access.Class {
	if s.EstateStore == nil {
		return access.Class{}
	}
	w.Reset()
	w.text(s.Type)
	for _, p := range e.types[s.Type] {
		p.write(w, s)
	}
	reach := candidates{accounts: map[string]bool{}, keys: map[string]bool{}}
	s.alone = true
	look := s.globs == nil
	if look {
		s.globs = [][]globMatch{}
	}
	i := 0
	for _, p := range e.types[s.Type] {
		for _, form := range p.forms {
			t := e.target(s, form)
			if look {
				s.globs = append(s.globs, e.globs.matches(t.resource))
			}
			w.text(t.missing)
			w.flag(t.none)
			w.flag(t.unread)
			a, _ := parseARN(t.resource.ID)
			w.texts([]string{a.partition, a.service, a.region, a.account, t.resource.Account})
			w.flag(strings.HasPrefix(a.resource, "key/"))
			e.globs.write(w, s.globs[i], t.resource)
			if t.store != nil {
				w.number(1)
				t.store.write(w)
				reach.add(t.store)
				s.alone = s.alone && t.store.policy == nil && t.store.S3 == nil && t.store.KMS == nil
			}
			reach.everybody = reach.everybody || t.unread || t.resource.Account == ""
			reach.accounts[t.resource.Account] = true
			context := e.resourceContext(&t)
			for _, key := range seen {
				w.value(context.Lookup(key))
			}
			if account := e.accounts[t.resource.Account]; account != nil {
				w.flag(account.Management)
				for _, l := range account.resourceControl {
					l.write(w)
				}
			}
			i++
		}
	}
	delete(reach.accounts, s.Account)
	s.local = !reach.everybody && len(reach.accounts) == 0 && len(reach.keys) == 0
	s.alone = s.alone && s.local
	return w.class()
}

// write writes what the rules of a program ask of a store, besides the
// resources that they name.
func (p *program) write(w hasher, s *estateStore) {
	for i := range p.rules {
		f := p.rules[i].Conditions(&s.Store).Sum()
		w.Write(f[:])
		for j := range p.rules[i].Needs {
			f := p.rules[i].Needs[j].Set(&s.Store).Sum()
			w.Write(f[:])
		}
	}
}

// write writes a layer.
func (l *layer) write(w hasher) {
	w.flag(l != nil)
	if l == nil {
		return
	}
	w.text(l.source.Missing)
	w.number(len(l.docs))
	for _, d := range l.docs {
		w.sum(d.hash)
	}
	if l.problem {
		for _, p := range l.source.Policies {
			w.text(p.Name)
			w.flag(p.Document == nil)
		}
	}
}

// write writes what decides on access to the resource itself.
func (s *estateStore) write(w hasher) {
	s.policy.write(w)
	w.flag(s.S3 != nil)
	if s.S3 != nil {
		w.flag(s.S3.RestrictPublicBuckets)
		w.flag(s.S3.IgnorePublicACLs)
		w.flag(s.S3.ABAC)
		w.text(s.S3.Missing)
		w.number(len(s.S3.ACLs))
		for _, g := range s.S3.ACLs {
			w.texts([]string{g.Grantee, g.Account, g.Permission})
			w.flag(g.Object)
		}
	}
	w.flag(s.KMS != nil)
	if s.KMS != nil {
		w.flag(s.KMS.AWSManaged)
		w.text(s.KMS.Missing)
		w.number(len(s.KMS.Grants))
		for _, g := range s.KMS.Grants {
			w.texts([]string{g.Grantee}, g.Operations)
			for _, pairs := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
				w.flag(pairs != nil)
				w.number(len(pairs))
				for _, key := range slices.Sorted(maps.Keys(pairs)) {
					w.texts([]string{key, pairs[key]})
				}
			}
		}
	}
}

func (w hasher) value(v access.Value) {
	w.number(int(v.State))
	w.texts(v.Values)
}
