package gcpiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// boundary returns what has to hold for the principal access boundaries to let
// the request through. They block when the principal is subject to one that
// can block the permission, and none that it is subject to makes it eligible
// to access the resource.
// https://cloud.google.com/iam/docs/principal-access-boundary-policies#interactions
func (e *evaluation) boundary() access.Formula {
	layer := access.Layer{Name: "principal access boundaries"}
	set := e.in.Boundaries
	if set == nil || len(set.Bindings) == 0 && set.Missing == "" {
		layer.Result, layer.Note = access.True(), "no boundary: nothing is blocked"
		e.layer(layer)
		return layer.Result
	}
	permission := denyPermission(e.in.Request.Action)
	var blocks, eligible []access.Formula
	if set.Missing != "" {
		// What was not read may block, and may make eligible.
		layer.Note = "principal access boundaries: " + set.Missing
		blocks = append(blocks, access.Missing(layer.Note))
		eligible = append(eligible, access.Missing(layer.Note))
	}
	for i, b := range set.Bindings {
		if b.Policy == nil && b.Missing == "" {
			continue // Of a policy that was deleted.
		}
		m := parseMember(b.PrincipalSet)
		subject := e.caller.in(m)
		if !subject.IsFalse() {
			subject = access.And(subject, e.condition(b.Condition, failureUnknown))
		}
		can, eligibleHere := e.boundaryPolicy(b, permission)
		blocks = append(blocks, access.And(subject, can))
		eligible = append(eligible, access.And(subject, eligibleHere))
		if e.explain {
			layer.Statements = append(layer.Statements, boundaryStatement(b, i, subject, can, eligibleHere))
		}
	}
	layer.Result = access.Or(access.Not(access.Or(blocks...)), access.Or(eligible...))
	e.layer(layer)
	return layer.Result
}

// boundaryPolicy returns whether a policy can block the permission, and whether
// it makes its principals eligible to access the resource.
func (e *evaluation) boundaryPolicy(b BoundaryBinding, permission string) (can, eligible access.Formula) {
	if b.Missing != "" {
		missing := access.Missing("policy of boundary " + b.Name + ": " + b.Missing)
		return missing, missing
	}
	blocks, known := blocked().canBlock(b.Policy.EnforcementVersion, permission)
	can = access.Of(blocks)
	if !known {
		can = access.Missing("whether enforcement version " + versionName(b.Policy.EnforcementVersion) + " of boundaries can block " + e.in.Request.Action)
	}
	above := e.above()
	for _, r := range b.Policy.Resources {
		if slices.Contains(above, strings.TrimPrefix(r, "//cloudresourcemanager.googleapis.com/")) {
			return can, access.True()
		}
	}
	switch {
	case e.in.HierarchyMissing != "":
		return can, access.Missing("what is above the resource: " + e.in.HierarchyMissing)
	case len(above) == 0:
		return can, access.Missing("what is above the resource")
	case slices.ContainsFunc(b.Policy.Resources, e.otherName):
		return can, access.Missing("id and number of the project of the resource")
	}
	return can, access.False()
}

// above returns the projects, folders and organization that the resource is in.
func (e *evaluation) above() []string {
	var names []string
	for _, n := range e.in.Hierarchy {
		if !strings.HasPrefix(n.Name, "//") {
			names = append(names, n.Name)
		}
	}
	for _, p := range []string{e.in.Project.ID, e.in.Project.Number} {
		if p != "" {
			names = append(names, "projects/"+p)
		}
	}
	return names
}

// otherName reports whether a name may be the one of the resource's project
// that is not known.
func (e *evaluation) otherName(resource string) bool {
	project, ok := strings.CutPrefix(resource, "//cloudresourcemanager.googleapis.com/projects/")
	if !ok {
		return false
	}
	if isNumber(project) {
		return e.in.Project.Number == ""
	}
	return e.in.Project.ID == ""
}

func boundaryStatement(b BoundaryBinding, index int, subject, can, eligible access.Formula) access.Statement {
	s := access.Statement{ID: b.Name, Index: index, Denies: true, Applies: access.And(subject, can, access.Not(eligible))}
	if b.Policy != nil {
		s.Policy = b.Policy.Name
	}
	switch {
	case subject.IsFalse():
		s.Reason = "the principal is not subject to it"
	case can.IsFalse():
		s.Reason = "it cannot block the permission"
	case eligible.IsTrue():
		s.Reason = "it makes the principal eligible to access the resource"
	case eligible.IsFalse() && can.IsTrue():
		s.Reason = "it does not make the principal eligible to access the resource"
	}
	return s
}

func versionName(version string) string {
	if version == "" {
		return "latest"
	}
	return version
}
