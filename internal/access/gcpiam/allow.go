package gcpiam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// allow returns what has to hold for an allow policy of the resource or of
// anything above it to grant the permission. Policies only add.
func (e *evaluation) allow() access.Formula {
	layer := access.Layer{Name: "allow policies"}
	if e.in.Request.Action == "bigquery.tables.getData" {
		layer.Note = "enough to list the rows of a table; a query also needs bigquery.jobs.create on some project"
	}
	var granted []access.Formula
	missing := func(what string) {
		granted = append(granted, access.Missing(what))
		layer.Note = joinNotes(layer.Note, what)
	}
	if e.in.HierarchyMissing != "" {
		missing("allow policies above the resource: " + e.in.HierarchyMissing)
	}
	for _, n := range e.nodes() {
		if n.Allow.Missing != "" {
			missing("allow policies of " + n.Name + ": " + n.Allow.Missing)
		}
		for _, p := range n.Allow.Policies {
			for i, b := range p.Bindings {
				applies, reason := e.binding(b)
				granted = append(granted, applies)
				if e.explain {
					layer.Statements = append(layer.Statements, access.Statement{
						Policy: p.Name, ID: b.Role, Index: i, Applies: applies, Reason: reason,
					})
				}
				if applies.IsTrue() && !e.explain {
					return applies
				}
			}
		}
	}
	layer.Result = access.Or(granted...)
	if len(granted) == 0 {
		layer.Note = joinNotes(layer.Note, "no binding: nothing is granted")
	}
	e.layer(layer)
	return layer.Result
}

// nodes returns what has policies that grant: the hierarchy, and the object
// itself when it has a list of its own.
func (e *evaluation) nodes() []Node {
	acls := e.in.ObjectACLs
	onObjects, _ := predefined().holds("roles/storage.legacyObjectOwner", e.in.Request.Action)
	if acls == nil || !onObjects {
		return e.in.Hierarchy
	}
	object := Node{Name: e.in.Request.Resource.ID, Allow: *acls}
	if e.in.Request.Resource.Below && object.Allow.Missing == "" {
		object.Allow.Missing = "each object has an access control list of its own"
	}
	return append(slices.Clone(e.in.Hierarchy), object)
}

// binding returns what has to hold for a binding to grant the permission to the
// principal, and why it does not.
func (e *evaluation) binding(b Binding) (access.Formula, string) {
	if b.Unread != "" {
		return access.Missing("binding of " + b.Role + ": " + b.Unread), b.Unread
	}
	role := e.roleHolds(b.Role)
	if role.IsFalse() {
		return role, fmt.Sprintf("%s does not have %s", b.Role, e.in.Request.Action)
	}
	members, prevented := e.members(b.Members, true)
	if members.IsFalse() {
		if prevented {
			return members, "public access prevention overrides its public members"
		}
		return members, "the principal is not among its members"
	}
	met := e.condition(b.Condition, failureFalse)
	return access.And(role, members, met), e.bindingReason(b, role, members, met)
}

func (e *evaluation) bindingReason(b Binding, role, members, met access.Formula) string {
	if !e.explain {
		return ""
	}
	var reasons []string
	if !role.IsTrue() {
		reasons = append(reasons, "role: "+role.String())
	}
	if !members.IsTrue() {
		reasons = append(reasons, "members: "+members.String())
	}
	switch {
	case b.Condition == nil || met.IsTrue():
	case met.IsFalse():
		reasons = append(reasons, fmt.Sprintf("condition %q is not met", shorten(b.Condition.Expression)))
	default:
		reasons = append(reasons, "condition: "+met.String())
	}
	return strings.Join(reasons, "; ")
}

// roleHolds decides whether a role has the permission.
func (e *evaluation) roleHolds(role string) access.Formula {
	if strings.Contains(role, "_withcond_") {
		return access.Missing("condition of the binding of " + role + ": the policy was asked for in a version that does not have it")
	}
	if strings.HasPrefix(role, "roles/") {
		holds, known := predefined().holds(role, e.in.Request.Action)
		if !known {
			return access.Missing("whether " + role + " has " + e.in.Request.Action + ": the table of " + RolesDate() + " does not have both")
		}
		return access.Of(holds)
	}
	custom, ok := e.in.CustomRoles[role]
	switch {
	case !ok:
		return access.Missing("permissions of custom role " + role)
	case custom.Missing != "":
		return access.Missing("permissions of custom role " + role + ": " + custom.Missing)
	}
	return access.Of(!custom.Off && slices.Contains(custom.Permissions, e.in.Request.Action))
}

// members returns what has to hold for the principal to be among members, and
// whether it would be but for public access prevention. Members that are the
// holders of a role are expanded once, as a policy of a project has none.
func (e *evaluation) members(names []string, expand bool) (in access.Formula, prevented bool) {
	var found []access.Formula
	for _, name := range names {
		m := parseMember(name)
		var is access.Formula
		if m.kind == memberBasicRole {
			is = e.basicRole(m, expand)
		} else {
			is = e.caller.in(m)
		}
		if (m.kind == memberAll || m.kind == memberAllGoogle) && !is.IsFalse() {
			public := e.publicAccess()
			prevented = prevented || public.IsFalse()
			is = access.And(is, public)
		}
		if is.IsTrue() {
			return is, false
		}
		if !is.IsFalse() {
			found = append(found, is)
		}
	}
	return access.Or(found...), prevented
}

// publicAccess returns what has to hold for members that are everybody to be
// heeded.
// https://cloud.google.com/storage/docs/public-access-prevention
func (e *evaluation) publicAccess() access.Formula {
	if !strings.HasPrefix(e.in.Request.Action, "storage.") {
		return access.True()
	}
	switch e.in.PublicAccessPrevention {
	case PublicAccessPrevented:
		return access.False()
	case PublicAccessNotPrevented:
		return access.True()
	}
	return access.Missing("public access prevention of " + e.in.Request.Resource.ID)
}

// basicRole decides on the holders of a basic role on a project. That those
// who hold it on a folder or the organization count too is not written.
// https://cloud.google.com/storage/docs/access-control/iam#convenience-values
func (e *evaluation) basicRole(m member, expand bool) access.Formula {
	if !expand || m.project == "" {
		return access.Missing("holders of " + m.value + " on project " + m.project)
	}
	holders, known := e.holders[m]
	if !known {
		if e.holders == nil {
			e.holders = make(map[member]access.Formula)
		}
		holders = e.holdersOf(m)
		e.holders[m] = holders
	}
	return holders
}

func (e *evaluation) holdersOf(m member) access.Formula {
	project := e.in.Project
	if m.project != project.ID && m.project != project.Number {
		if project.ID != "" && project.Number != "" {
			return access.Missing("holders of " + m.value + " on project " + m.project + ", which the resource is not in")
		}
		return access.Missing("holders of " + m.value + " on project " + m.project)
	}
	var holds []access.Formula
	if e.in.HierarchyMissing != "" {
		holds = append(holds, access.Missing("holders of "+m.value+" on project "+m.project+": "+e.in.HierarchyMissing))
	}
	for _, n := range e.in.Hierarchy {
		direct := n.Name == "projects/"+project.ID || n.Name == "projects/"+project.Number
		if !direct && !strings.HasPrefix(n.Name, "folders/") && !strings.HasPrefix(n.Name, "organizations/") {
			continue
		}
		if n.Allow.Missing != "" {
			holds = append(holds, access.Missing("allow policies of "+n.Name+": "+n.Allow.Missing))
		}
		for _, p := range n.Allow.Policies {
			for _, b := range p.Bindings {
				if b.Role != m.value {
					continue
				}
				is, _ := e.members(b.Members, false)
				is = access.And(is, e.condition(b.Condition, failureFalse))
				if !direct && !is.IsFalse() {
					is = access.And(is, access.Missing("whether holders of "+m.value+" on "+n.Name+" count as holders on project "+m.project))
				}
				holds = append(holds, is)
			}
		}
	}
	return access.Or(holds...)
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
