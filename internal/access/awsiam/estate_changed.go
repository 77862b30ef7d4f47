package awsiam

import (
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// Changed returns the principals and stores that may be in another class.
func (e *Estate) Changed() (principals, stores []int) {
	e.findNamed()
	e.findMatched()
	e.settle()
	if e.allPrincipals {
		for n := range e.principals {
			e.dirtyPrincipals[n] = true
		}
	}
	if e.allStores {
		for n := range e.stores {
			e.dirtyStores[n] = true
		}
	}
	e.classify()
	principals, stores = slices.Sorted(maps.Keys(e.dirtyPrincipals)), slices.Sorted(maps.Keys(e.dirtyStores))
	clear(e.dirtyPrincipals)
	clear(e.dirtyStores)
	e.allPrincipals, e.allStores = false, false
	return principals, stores
}

// findNamed marks the principals that the policies of resources name now and
// did not before, or the other way round.
func (e *Estate) findNamed() {
	if len(e.namedChanged) == 0 {
		return
	}
	changed := make(map[string]bool, len(e.namedChanged))
	for _, name := range e.namedChanged {
		changed[name] = true
	}
	e.namedChanged = nil
	for n, p := range e.principals {
		if p.EstatePrincipal != nil && slices.ContainsFunc(p.keys(), func(key string) bool { return changed[key] }) {
			e.dirtyPrincipals[n] = true
			delete(e.revised, n)
		}
	}
}

// findMatched marks the stores that patterns match which came or went.
func (e *Estate) findMatched() {
	changed := e.globs.changed
	e.globs.changed, e.rematched = nil, map[int]access.Class{}
	if len(changed) == 0 {
		return
	}
	for n, s := range e.stores {
		if s.globs == nil || e.allStores || e.dirtyStores[n] {
			s.globs = nil
			continue
		}
		i := 0
		for _, p := range e.types[s.Type] {
			for _, form := range p.forms {
				r, _ := form.Resource(&s.Store)
				for _, c := range changed {
					if !strings.HasPrefix(r.ID, c.glob.prefix) && !(r.Below && strings.HasPrefix(c.glob.prefix, r.ID)) {
						continue
					}
					how := c.glob.match(r)
					if how == 0 {
						continue
					}
					m := newGlobMatch(c.glob, how)
					if c.came {
						s.globs[i] = append(s.globs[i], m)
					} else {
						s.globs[i] = slices.DeleteFunc(s.globs[i], func(o globMatch) bool { return o == m })
					}
					e.dirtyStores[n] = true
					e.rematched[n] = s.class
				}
				i++
			}
		}
	}
}
