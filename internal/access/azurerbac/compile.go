package azurerbac

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Policy is definitions and assignments made ready for evaluation. It does
// not change and may be used by several goroutines.
type Policy struct {
	roles        map[string]*role // by the GUID in lower case
	rolesMissing string

	assignments        []roleAssignment
	byPrincipal        map[string][]int // by object id in lower case
	toGroups           []int            // of groups, or of principals that may be groups
	toOthers           []int            // of principals that ids alone do not tell
	assignmentsMissing string

	denies        []denyAssignment
	deniesMissing string
}

type role struct {
	name     string
	blocks   []block
	conflict string // why the definition is not clear
}

// A block is a compiled permission.
type block struct {
	actions, notActions, dataActions, notDataActions []pattern
	condition                                        condition
	unsupported                                      string
	// doubtful are data actions of Cosmos DB that certainly stand for
	// operations on containers, and may for those on items.
	doubtful []pattern
}

// A condition is one that may be absent, or not readable.
type condition struct {
	parsed  *Condition
	problem string
}

type roleAssignment struct {
	RoleAssignment
	at        scope
	problem   string // with the scope
	role      *role  // nil when it is not known
	condition condition
}

type denyAssignment struct {
	DenyAssignment
	at        scope
	problem   string
	blocks    []block
	condition condition
}

// Compile makes definitions and assignments ready for evaluation. What of them
// cannot be understood makes the answers unknown that depend on it.
func Compile(d Documents) *Policy {
	c := compiler{conditions: map[[2]string]condition{}}
	p := &Policy{
		roles: make(map[string]*role, len(d.Roles)), rolesMissing: d.RolesMissing,
		assignments: make([]roleAssignment, 0, len(d.Assignments)), assignmentsMissing: d.AssignmentsMissing,
		byPrincipal: make(map[string][]int, len(d.Assignments)),
		denies:      make([]denyAssignment, 0, len(d.Denies)), deniesMissing: d.DeniesMissing,
	}
	definitions := make(map[string]*RoleDefinition, len(d.Roles))
	for i := range d.Roles {
		definition := &d.Roles[i]
		key := lastPart(definition.ID)
		if before, ok := definitions[key]; ok {
			if !slices.EqualFunc(before.Permissions, definition.Permissions, samePermission) {
				p.roles[key].conflict = fmt.Sprintf("there are two role definitions %s, %q and %q", key, before.Name, definition.Name)
			}
			continue
		}
		definitions[key] = definition
		p.roles[key] = &role{name: definition.Name, blocks: c.blocks(definition.Permissions)}
	}
	for _, a := range d.Assignments {
		p.add(c.assignment(a, p.roles))
	}
	for _, a := range d.Denies {
		p.denies = append(p.denies, c.deny(a))
	}
	return p
}

// add indexes an assignment by its principal.
func (p *Policy) add(a roleAssignment) {
	i := len(p.assignments)
	p.assignments = append(p.assignments, a)
	id := lowerASCII(a.Principal.ID)
	p.byPrincipal[id] = append(p.byPrincipal[id], i)
	switch kind := a.Principal.kind(); {
	case id == "" || id == everyone || kind == kindOther:
		p.toOthers = append(p.toOthers, i)
	case kind == kindGroup:
		p.toGroups = append(p.toGroups, i)
	}
}

// candidates returns the assignments that can be a subject's, in order.
func (p *Policy) candidates(s subject) []int {
	found := slices.Clone(p.toOthers)
	found = append(found, p.byPrincipal[s.id]...)
	for g := range s.groups {
		found = append(found, p.byPrincipal[g]...)
	}
	if !s.missing.IsFalse() {
		found = append(found, p.toGroups...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// A compiler parses every text once.
type compiler struct{ conditions map[[2]string]condition }

func (c compiler) assignment(a RoleAssignment, roles map[string]*role) roleAssignment {
	compiled := roleAssignment{
		RoleAssignment: a, role: roles[lastPart(a.RoleID)], condition: c.condition(a.Condition, a.ConditionVersion),
	}
	var err error
	if compiled.at, err = parseScope(a.Scope); err != nil {
		compiled.problem = err.Error()
	}
	return compiled
}

func (c compiler) deny(a DenyAssignment) denyAssignment {
	compiled := denyAssignment{
		DenyAssignment: a, blocks: c.blocks(a.Permissions), condition: c.condition(a.Condition, a.ConditionVersion),
	}
	var err error
	if compiled.at, err = parseScope(a.Scope); err != nil {
		compiled.problem = err.Error()
	}
	return compiled
}

func (c compiler) blocks(permissions []Permission) []block {
	blocks := make([]block, len(permissions))
	for i, p := range permissions {
		blocks[i] = block{
			actions: compilePatterns(p.Actions), notActions: compilePatterns(p.NotActions),
			dataActions: compilePatterns(p.DataActions), notDataActions: compilePatterns(p.NotDataActions),
			condition: c.condition(p.Condition, p.ConditionVersion), unsupported: p.Unsupported,
		}
	}
	return blocks
}

// condition parses a condition. One without a version has version 2.0, the
// only one that is documented.
//
// https://learn.microsoft.com/azure/role-based-access-control/conditions-role-assignments-rest
func (c compiler) condition(text, version string) condition {
	if text == "" {
		return condition{}
	}
	key := [2]string{text, version}
	if parsed, ok := c.conditions[key]; ok {
		return parsed
	}
	var parsed condition
	if version != "" && version != "2.0" {
		parsed.problem = fmt.Sprintf("version %q of conditions is not documented", shorten(version))
	} else if of, err := ParseCondition(text); err != nil {
		parsed.problem = err.Error()
	} else {
		parsed.parsed = of
	}
	c.conditions[key] = parsed
	return parsed
}

// evaluate returns what has to hold for the condition to hold; true when there
// is none.
func (c condition) evaluate(e *evaluation, name string, strict bool) access.Formula {
	switch {
	case c.problem != "":
		return access.Missing(name + ": " + c.problem)
	case c.parsed == nil:
		return access.True()
	}
	with := *e
	with.name = name
	return c.parsed.evaluate(&with, strict)
}

func samePermission(a, b Permission) bool {
	return slices.Equal(a.Actions, b.Actions) && slices.Equal(a.NotActions, b.NotActions) &&
		slices.Equal(a.DataActions, b.DataActions) && slices.Equal(a.NotDataActions, b.NotDataActions) &&
		a.Condition == b.Condition && a.ConditionVersion == b.ConditionVersion && a.Unsupported == b.Unsupported
}

// lastPart returns the name that a resource id ends in, in lower case.
func lastPart(id string) string {
	return lowerASCII(id[strings.LastIndexByte(id, '/')+1:])
}
