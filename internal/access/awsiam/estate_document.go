package awsiam

import (
	"crypto/sha256"
	"hash"
	"math/bits"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A documentTable holds the documents of an estate, each once.
type documentTable struct {
	byPointer map[*Document]*estateDocument
	byHash    map[access.Class]*estateDocument
	list      []*estateDocument // by index; nil when it is gone
	free      []int
}

func newDocumentTable() documentTable {
	return documentTable{byPointer: map[*Document]*estateDocument{}, byHash: map[access.Class]*estateDocument{}}
}

// An estateDocument is a compiled [Document] with what an estate wants to know of it.
type estateDocument struct {
	*compiledDocument
	index      int
	hash       access.Class
	uses       int
	pointers   []*Document
	statements []estateStatement
	actions    bitset   // that some statement may be about
	keys       []string // that its conditions and variables look at, in order
	names      []string // of principals
	// arns are its conditions on the ARN of the principal; variable says that
	// it uses it otherwise, too.
	arns     []*condition
	variable bool
}

// An estateStatement is a compiled statement with the operations that it is
// about.
type estateStatement struct {
	*compiledStatement
	// sure and maybe are the operations that it is plainly about, and those
	// that it may be about.
	sure, maybe bitset
	keys        []string
	prefixes    []string // of its resources; nil when they cannot be ruled out so
	everything  bool     // it is about all resources
	// personal: the resources have variables of the principal.
	personal bool
	// static and dynamic are the conditions that do not depend on the
	// principal, and those that do.
	static, dynamic []*condition
	// mixed: what depends on the principal depends on the resource, too.
	mixed bool
	// ofAccount: what depends on the principal is the same for all of a kind in
	// an account, but for those whose own context says otherwise.
	ofAccount bool
}

// ofPrincipal reports whether the answer depends on attributes of the principal.
func (s *estateStatement) ofPrincipal() bool { return s.personal || len(s.dynamic) > 0 }

// A layer is a compiled [PolicySet].
type layer struct {
	source  *PolicySet
	kind    policyKind
	docs    []*estateDocument
	problem bool // a document is missing or of an unknown version
}

func (l *layer) documents() []*estateDocument {
	if l == nil {
		return nil
	}
	return l.docs
}

// layer compiles a set of policies; nil for none.
func (e *Estate) layer(source *PolicySet, kind policyKind) *layer {
	if source == nil {
		return nil
	}
	l := &layer{source: source, kind: kind}
	for i := range source.Policies {
		d := source.Policies[i].Document
		if d == nil {
			l.problem = true
			continue
		}
		doc := e.use(d)
		l.problem = l.problem || doc.problem != ""
		l.docs = append(l.docs, doc)
		e.see(doc, kind, 1)
	}
	return l
}

// release gives back what layer took.
func (e *Estate) release(l *layer) {
	for _, doc := range l.documents() {
		e.see(doc, l.kind, -1)
		if doc.uses--; doc.uses == 0 {
			e.forget(doc)
		}
	}
}

// use returns the compiled form of a document.
func (e *Estate) use(d *Document) *estateDocument {
	t := &e.policies
	doc := t.byPointer[d]
	if doc == nil {
		sum := d.sum()
		if doc = t.byHash[sum]; doc == nil {
			doc = newEstateDocument(d, sum, e.actions)
			t.add(doc)
			doc.classify(e.principalKeys, e.resourceKeys)
			e.addGlobs(doc)
		}
		doc.pointers = append(doc.pointers, d)
		t.byPointer[d] = doc
	}
	doc.uses++
	return doc
}

func (e *Estate) forget(doc *estateDocument) {
	t := &e.policies
	for _, d := range doc.pointers {
		delete(t.byPointer, d)
	}
	delete(t.byHash, doc.hash)
	t.list[doc.index] = nil
	t.free = append(t.free, doc.index)
	e.removeGlobs(doc)
}

func (t *documentTable) add(doc *estateDocument) {
	t.byHash[doc.hash] = doc
	if n := len(t.free); n > 0 {
		doc.index = t.free[n-1]
		t.free = t.free[:n-1]
		t.list[doc.index] = doc
		return
	}
	doc.index = len(t.list)
	t.list = append(t.list, doc)
}

func (t *documentTable) classify(principal, resource keyPatterns) {
	for _, doc := range t.list {
		if doc != nil {
			doc.classify(principal, resource)
		}
	}
}

func newEstateDocument(d *Document, sum access.Class, actions *actionTable) *estateDocument {
	doc := &estateDocument{compiledDocument: compile(d), hash: sum}
	for i := range doc.compiledDocument.statements {
		actions.share(&doc.compiledDocument.statements[i])
		st := newEstateStatement(&doc.compiledDocument.statements[i], actions)
		doc.actions = doc.actions.or(st.maybe)
		doc.keys = append(doc.keys, st.keys...)
		if st.principals != nil {
			for _, text := range st.principals.source.AWS {
				doc.names = append(doc.names, nameKeys(text)...)
			}
		}
		doc.statements = append(doc.statements, st)
		doc.addARNs(st.compiledStatement)
	}
	slices.Sort(doc.keys)
	doc.keys = slices.Compact(doc.keys)
	return doc
}

func newEstateStatement(s *compiledStatement, actions *actionTable) estateStatement {
	st := estateStatement{compiledStatement: s}
	st.sure, st.maybe = actions.match(s)
	plain := !s.notResource
	for i := range s.resource {
		p := &s.resource[i]
		prefix := p.whole.prefix()
		if strings.HasPrefix(p.text, prefix) {
			prefix = p.text[:len(prefix)] // The same memory.
		}
		st.everything = st.everything || p.everything && !s.notResource
		plain = plain && !p.hasVariables() && p.problem == ""
		st.prefixes = append(st.prefixes, prefix)
		st.keys = p.keys(st.keys)
	}
	if !plain || len(s.resource) == 0 {
		st.prefixes = nil
	}
	for i := range s.conditions {
		st.keys = s.conditions[i].keys(st.keys)
	}
	slices.Sort(st.keys)
	st.keys = slices.Compact(st.keys)
	return st
}

// keys appends the keys of the variables of a template.
func (t *template) keys(to []string) []string {
	for _, p := range t.pieces {
		if p.variable != nil {
			to = append(to, p.variable.key)
		}
	}
	return to
}

// keys appends the keys that the condition looks at.
func (c *condition) keys(to []string) []string {
	to = append(to, c.key)
	for i := range c.operands {
		to = c.operands[i].template.keys(to)
	}
	return to
}

// classify finds out what the answers of the statements depend on.
func (d *estateDocument) classify(principal, resource keyPatterns) {
	for i := range d.statements {
		st := &d.statements[i]
		st.personal, st.static, st.dynamic, st.mixed, st.ofAccount = false, nil, nil, false, true
		for j := range st.resource {
			keys := st.resource[j].keys(nil)
			if slices.ContainsFunc(keys, principal.match) {
				st.personal = true
				st.mixed = st.mixed || slices.ContainsFunc(keys, resource.match)
			}
		}
		for j := range st.conditions {
			c := &st.conditions[j]
			keys := c.keys(nil)
			if !slices.ContainsFunc(keys, principal.match) {
				st.static = append(st.static, c)
				continue
			}
			st.dynamic = append(st.dynamic, c)
			st.ofAccount = st.ofAccount && !slices.ContainsFunc(keys, principal.isOwn)
			st.mixed = st.mixed || slices.ContainsFunc(keys, resource.match)
		}
	}
}

// isOwn reports whether a key follows from the name of the principal, or is one
// of those, as tags, that contexts do not have to name one by one.
func (p keyPatterns) isOwn(key string) bool {
	return key == principalARN || key == "aws:userid" || key == "aws:username" || key == "aws:principalservicename" || p.begins(key)
}

// rulesOut reports whether the resources of the statement cannot match one by
// the text before their first wildcard.
func (s *estateStatement) rulesOut(r access.Resource) bool {
	if s.prefixes == nil {
		return false
	}
	for _, prefix := range s.prefixes {
		if strings.HasPrefix(r.ID, prefix) || r.Below && strings.HasPrefix(prefix, r.ID) {
			return false
		}
	}
	return true
}

// sum returns a hash of everything in a document that decisions depend on.
func (d *Document) sum() access.Class {
	w := hasher{sha256.New()}
	w.text(d.Version)
	w.number(len(d.Statements))
	for i := range d.Statements {
		s := &d.Statements[i]
		w.flag(s.Deny)
		for _, p := range []*Principals{s.Principal, s.NotPrincipal} {
			w.flag(p != nil)
			if p != nil {
				w.flag(p.Any)
				w.texts(p.AWS, p.Service, p.Federated, p.CanonicalUser)
			}
		}
		w.texts(s.Action, s.NotAction, s.Resource, s.NotResource)
		w.number(len(s.Conditions))
		for _, c := range s.Conditions {
			w.texts([]string{c.Operator, c.Set, c.Key}, c.Values)
			w.flag(c.IfExists)
		}
	}
	return w.class()
}

// A hasher makes classes of fields, each of which has its length before it.
type hasher struct{ hash.Hash }

func (w hasher) number(n int) {
	b := [8]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), byte(n >> 32), byte(n >> 40), byte(n >> 48), byte(n >> 56)}
	w.Write(b[:])
}

func (w hasher) text(s string) {
	w.number(len(s))
	w.Write([]byte(s))
}

func (w hasher) flag(b bool) {
	if b {
		w.number(1)
	} else {
		w.number(0)
	}
}

func (w hasher) texts(lists ...[]string) {
	for _, list := range lists {
		w.number(len(list))
		for _, s := range list {
			w.text(s)
		}
	}
}

func (w hasher) sum(c access.Class) { w.Write(c[:]) }

func (w hasher) class() access.Class { return access.Class(w.Sum(nil)[:16]) }

// A bitset is a set of small numbers.
type bitset []uint64

func (b bitset) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }

func (b bitset) with(i int) bitset {
	for len(b) <= i/64 {
		b = append(b, 0)
	}
	b[i/64] |= 1 << (i % 64)
	return b
}

func (b bitset) or(o bitset) bitset {
	for len(b) < len(o) {
		b = append(b, 0)
	}
	for i := range o {
		b[i] |= o[i]
	}
	return b
}

// meets reports whether the sets have a member in common.
func (b bitset) meets(o bitset) bool {
	for i := range min(len(b), len(o)) {
		if b[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// lanes yields the numbers of the bits of a word.
func lanes(word uint64) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for ; word != 0; word &= word - 1 {
			if !yield(bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
