package awsiam

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A globTable holds the resource patterns of all documents, each once, by the
// text before their first wildcard, so that those that may match a resource
// are found without looking at the others.
type globTable struct {
	byText   map[string]*resourceGlob
	byPrefix map[string][]*resourceGlob
	sorted   []string // prefixes, in order; nil when it has to be made again
	lengths  map[int]int
	list     []*resourceGlob // by number
	free     []uint32
	// changed is the patterns that came or went since stores were compared
	// with them.
	changed []globChange
}

// A resourceGlob is a resource pattern of some documents.
type resourceGlob struct {
	glob, long glob // long: completed, when it has too few segments
	prefix     string
	variable   bool // it has policy variables, each of which may be anything
	uses       int
	number     uint32
	sum        access.Class
}

type globChange struct {
	glob *resourceGlob
	came bool
}

func newGlobTable() globTable {
	return globTable{byText: map[string]*resourceGlob{}, byPrefix: map[string][]*resourceGlob{}, lengths: map[int]int{}}
}

// addGlobs takes in the patterns of a document.
func (e *Estate) addGlobs(d *estateDocument) { e.eachGlob(d, e.globs.add) }

func (e *Estate) removeGlobs(d *estateDocument) { e.eachGlob(d, e.globs.remove) }

func (e *Estate) eachGlob(d *estateDocument, do func(text string, p *resourcePattern)) {
	for i := range d.statements {
		st := d.statements[i].compiledStatement
		if len(d.statements[i].maybe) == 0 {
			continue // It is about no operation that anybody asks for.
		}
		for j := range st.resource {
			p := &st.resource[j]
			if p.everything || p.template.problem != "" {
				continue // It is the same for all resources.
			}
			text := p.text
			if p.hasVariables() {
				text = "variables:" + text
			}
			do(text, p)
		}
	}
}

func (t *globTable) add(text string, p *resourcePattern) {
	g := t.byText[text]
	if g == nil {
		g = &resourceGlob{variable: p.hasVariables()}
		if g.glob = p.whole; g.variable {
			for _, piece := range p.pieces {
				if piece.variable != nil {
					g.glob = append(g.glob, anyMany)
				} else {
					g.glob = append(g.glob, piece.pattern...)
				}
			}
		}
		if p.short {
			g.long = append(slices.Clone(g.glob), shortARN...)
		}
		if g.prefix = g.glob.prefix(); strings.HasPrefix(text, g.prefix) {
			g.prefix = text[:len(g.prefix)] // The same memory.
		}
		h := sha256.Sum256([]byte(text))
		g.sum = access.Class(h[:16])
		t.enter(g)
		t.byText[text] = g
		if len(t.byPrefix[g.prefix]) == 0 {
			t.sorted = nil
		}
		t.byPrefix[g.prefix] = append(t.byPrefix[g.prefix], g)
		t.lengths[len(g.prefix)]++
		t.changed = append(t.changed, globChange{g, true})
	}
	g.uses++
}

func (t *globTable) enter(g *resourceGlob) {
	if n := len(t.free); n > 0 {
		g.number = t.free[n-1]
		t.free = t.free[:n-1]
		t.list[g.number] = g
		return
	}
	g.number = uint32(len(t.list))
	t.list = append(t.list, g)
}

func (t *globTable) remove(text string, _ *resourcePattern) {
	g := t.byText[text]
	if g.uses--; g.uses > 0 {
		return
	}
	delete(t.byText, text)
	t.byPrefix[g.prefix] = slices.DeleteFunc(t.byPrefix[g.prefix], func(o *resourceGlob) bool { return o == g })
	if len(t.byPrefix[g.prefix]) == 0 {
		delete(t.byPrefix, g.prefix)
		t.sorted = nil
	}
	if t.lengths[len(g.prefix)]--; t.lengths[len(g.prefix)] == 0 {
		delete(t.lengths, len(g.prefix))
	}
	t.changed = append(t.changed, globChange{g, false})
}

// A globMatch is a pattern that matches a resource, by its number, and how.
type globMatch uint32

func newGlobMatch(g *resourceGlob, how uint32) globMatch { return globMatch(g.number<<4 | how) }

// match returns how a pattern matches a resource: not, all of it, or some of
// what is below it.
func (g *resourceGlob) match(r access.Resource) uint32 {
	one := func(g glob) uint32 {
		if !r.Below {
			if g.match(r.ID) {
				return 1
			}
			return 0
		}
		switch all, some := g.below(r.ID); {
		case all:
			return 1
		case some:
			return 2
		}
		return 0
	}
	how := one(g.glob)
	if g.long != nil {
		how += 3 * one(g.long)
	}
	return how
}

// matches returns the patterns that match a resource.
func (t *globTable) matches(r access.Resource) []globMatch {
	var found []globMatch
	try := func(globs []*resourceGlob) {
		for _, g := range globs {
			if how := g.match(r); how != 0 {
				found = append(found, newGlobMatch(g, how))
			}
		}
	}
	for length := range t.lengths {
		if length <= len(r.ID) {
			try(t.byPrefix[r.ID[:length]])
		}
	}
	if r.Below {
		if t.sorted == nil {
			t.sorted = slices.Sorted(maps.Keys(t.byPrefix))
		}
		from, _ := slices.BinarySearch(t.sorted, r.ID)
		for _, prefix := range t.sorted[from:] {
			if !strings.HasPrefix(prefix, r.ID) {
				break
			}
			if len(prefix) > len(r.ID) {
				try(t.byPrefix[prefix])
			}
		}
	}
	return slices.Clip(found)
}

// write writes what patterns match a resource. Where some have variables, the
// resource is like no other: its name may be what they have to be.
func (t *globTable) write(w hasher, matches []globMatch, r access.Resource) {
	sums := make([][17]byte, 0, 32)
	for _, m := range matches {
		g := t.list[m>>4]
		sums = append(sums, [17]byte(append(g.sum[:], byte(m&15))))
		if g.variable {
			w.text(r.ID)
		}
	}
	slices.SortFunc(sums, func(a, b [17]byte) int { return bytes.Compare(a[:], b[:]) })
	w.number(len(sums))
	for i := range sums {
		w.Write(sums[i][:])
	}
}
