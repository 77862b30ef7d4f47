package azurerbac

import (
	"github.com/stowage-dev/stowage/internal/access"
)

// everyone is the object id that stands for all principals of a tenant.
const everyone = "00000000-0000-0000-0000-000000000000"

type principalKind int8

const (
	kindSingle   principalKind = iota // one principal, as its id says
	kindGroup                         // a group, or what may be one
	kindEveryone                      // with the id of everyone
	kindOther                         // not known from ids, as a directory role
)

var principalKinds = map[string]principalKind{
	"user": kindSingle, "serviceprincipal": kindSingle, "application": kindSingle, "msi": kindSingle, "device": kindSingle,
	"group": kindGroup, "foreigngroup": kindGroup, "directoryobjectorgroup": kindGroup, "unknown": kindGroup, "": kindGroup,
	"systemdefined": kindEveryone, "everyone": kindEveryone,
}

// kind returns what a principal is by its type.
func (p Principal) kind() principalKind {
	if k, ok := principalKinds[lowerASCII(p.Type)]; ok {
		return k
	}
	return kindOther
}

// A subject is the principal that asks, and its groups.
type subject struct {
	id      string
	groups  map[string]bool
	missing access.Formula // what is unknown of the groups; false for nothing
}

func newSubject(id string, groups Groups) subject {
	s := subject{id: lowerASCII(id), groups: make(map[string]bool, len(groups.IDs))}
	for _, g := range groups.IDs {
		s.groups[lowerASCII(g)] = true
	}
	if groups.Missing != "" {
		s.missing = access.Missing("groups of " + id + ": " + groups.Missing)
	}
	return s
}

// is returns whether an assignment names the subject, and how.
func (s subject) is(p Principal) (names access.Formula, how string) {
	id := lowerASCII(p.ID)
	switch {
	case id == "":
		return missing("an assignment names a principal without an id")
	case id == everyone && p.kind() == kindEveryone:
		return access.True(), "to everyone"
	case id == everyone:
		return missing("what principal " + p.ID + " of type " + p.Type + " stands for is not documented")
	case id == s.id:
		return access.True(), ""
	case s.groups[id]:
		return access.True(), "to group " + p.ID
	}
	switch p.kind() {
	case kindSingle:
		return access.False(), "principal " + p.ID + " is another"
	case kindGroup:
		switch {
		case s.missing.IsFalse() && p.Type == "":
			return access.False(), "principal " + p.ID + " is another, and no group that the principal is in"
		case s.missing.IsFalse():
			return access.False(), "the principal is not in group " + p.ID
		}
		return s.missing, "depends on membership in group " + p.ID
	}
	return missing("what principal " + p.ID + " of type " + p.Type + " stands for is not known")
}

// missing returns the formula of something that is not known, and says so.
func missing(what string) (access.Formula, string) { return access.Missing(what), what }

// isAny returns whether one of the principals names the subject, and how.
func (s subject) isAny(principals []Principal) (names access.Formula, how string) {
	for _, p := range principals {
		f, h := s.is(p)
		if f.IsTrue() {
			return f, h
		}
		if names = access.Or(names, f); !f.IsFalse() && how == "" {
			how = h
		}
	}
	return names, how
}
