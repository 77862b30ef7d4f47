package advisory

import (
	"cmp"
	"slices"
	"sync"
)

// An Index holds the affected packages of many advisories in memory and
// matches package versions against them. It is safe for concurrent use.
//
// It serves both directions: a new package version is matched against the
// index of everything; after an import, an index of just the changed
// advisories is matched against the package versions of the names in them.
type Index struct {
	mu sync.RWMutex
	// packages has the entries by ecosystem, then by name.
	packages map[string]map[string][]entry
	known    map[identity]*indexed
}

// identity is what makes an advisory one: see [Advisory.Source].
type identity struct{ source, id string }

// indexed is what a hit tells of an advisory.
type indexed struct {
	identity
	row             int64
	vulnerabilities []string
	affected        []Affected
}

// An entry is what one advisory says of one package.
type entry struct {
	advisory *indexed
	ranges   []Range
	versions []string
}

// A Hit says that a package version is vulnerable.
type Hit struct {
	// Row, Source and Advisory are the advisory's Row, Source and ID.
	Row      int64
	Source   string
	Advisory string
	// Vulnerabilities are the advisory's; the slice must not be changed.
	Vulnerabilities []string
	// Fixed is the lowest later version that the advisory says is not
	// vulnerable; empty when it knows of none.
	Fixed string
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{packages: map[string]map[string][]entry{}, known: map[identity]*indexed{}}
}

// Put adds an advisory or replaces what is known of it. A withdrawn one is
// deleted. The index keeps the slices of a.
func (x *Index) Put(a *Advisory) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := identity{a.Source, a.ID}
	x.remove(id)
	if a.Withdrawn {
		return
	}
	advisory := &indexed{id, a.Row, a.Vulnerabilities, a.Affected}
	x.known[id] = advisory
	for _, p := range a.Affected {
		names := x.packages[p.Ecosystem]
		if names == nil {
			names = map[string][]entry{}
			x.packages[p.Ecosystem] = names
		}
		entries := names[p.Name]
		// Records may tell of a package in several parts.
		if n := len(entries); n > 0 && entries[n-1].advisory == advisory {
			last := &entries[n-1]
			last.ranges = slices.Concat(last.ranges, p.Ranges)
			last.versions = slices.Concat(last.versions, p.Versions)
			continue
		}
		names[p.Name] = append(entries, entry{advisory, p.Ranges, p.Versions})
	}
}

// Delete removes an advisory, if it is there.
func (x *Index) Delete(source, id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(identity{source, id})
}

func (x *Index) remove(id identity) {
	advisory, ok := x.known[id]
	if !ok {
		return
	}
	delete(x.known, id)
	for _, p := range advisory.affected {
		names := x.packages[p.Ecosystem]
		left := slices.DeleteFunc(names[p.Name], func(e entry) bool { return e.advisory == advisory })
		if len(left) > 0 {
			names[p.Name] = left
			continue
		}
		delete(names, p.Name)
		if len(names) == 0 {
			delete(x.packages, p.Ecosystem)
		}
	}
}

// Len returns the number of advisories.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.known)
}

// Match returns the advisories that p is vulnerable to, in the order of their
// identifiers. Undecided is the number of advisories about the package that
// could not be decided, because its version or one in the advisory is not a
// version of the ecosystem.
func (x *Index) Match(p Package) (hits []Hit, undecided int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var v *version
	for _, ecosystem := range lookups(p.Ecosystem, p.Version) {
		entries := x.packages[ecosystem][p.Name]
		if len(entries) > 0 && v == nil {
			// Without a version only the listed ones can match.
			v, _ = parseVersion(p.Ecosystem, p.Version)
		}
		for i := range entries {
			e := &entries[i]
			vulnerable, ok := e.match(p.Version, v)
			switch {
			case vulnerable:
				hits = append(hits, Hit{
					Row: e.advisory.row, Source: e.advisory.source, Advisory: e.advisory.id,
					Vulnerabilities: e.advisory.vulnerabilities, Fixed: e.fix(p.Ecosystem, v),
				})
			case !ok:
				undecided++
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Advisory, b.Advisory), cmp.Compare(a.Source, b.Source))
	})
	// The most specific ecosystem came first and stays.
	hits = slices.CompactFunc(hits, func(a, b Hit) bool {
		return a.Advisory == b.Advisory && a.Source == b.Source
	})
	return hits, undecided
}

// match reports whether the version is vulnerable; ok is false when that could
// not be decided. A version that could not be read is nil.
func (e *entry) match(text string, v *version) (vulnerable, ok bool) {
	if slices.Contains(e.versions, text) {
		return true, true
	}
	if v == nil {
		return false, len(e.ranges) == 0
	}
	ok = true
	for i := range e.ranges {
		in, err := v.in(&e.ranges[i])
		if in {
			return true, true
		}
		ok = ok && err == nil
	}
	return false, ok
}

// fix returns the lowest version after v that fixes one range and is in no
// other.
func (e *entry) fix(ecosystem string, v *version) string {
	if v == nil {
		return ""
	}
	var best *version
	lowest := ""
	for i := range e.ranges {
		text := e.ranges[i].Fixed
		if text == "" {
			continue
		}
		if c, err := v.compare(text); err != nil || c >= 0 {
			continue
		}
		if best != nil {
			if c, err := best.compare(text); err != nil || c <= 0 {
				continue
			}
		}
		candidate, err := parseVersion(ecosystem, text)
		if err != nil {
			continue
		}
		if vulnerable, _ := e.match(text, candidate); !vulnerable {
			best, lowest = candidate, text
		}
	}
	return lowest
}
