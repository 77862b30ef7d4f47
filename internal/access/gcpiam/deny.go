package gcpiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// deny returns what has to hold for a deny policy to take the permission away.
func (e *evaluation) deny() access.Formula {
	layer := access.Layer{Name: "deny policies"}
	var denied []access.Formula
	missing := func(what string) {
		denied = append(denied, access.Missing(what))
		layer.Note = joinNotes(layer.Note, what)
	}
	if e.in.HierarchyMissing != "" {
		missing("deny policies above the resource: " + e.in.HierarchyMissing)
	}
	permission := denyPermission(e.in.Request.Action)
	for _, n := range e.in.Hierarchy {
		if n.Deny.Missing != "" {
			missing("deny policies of " + n.Name + ": " + n.Deny.Missing)
		}
		for _, p := range n.Deny.Policies {
			for i, r := range p.Rules {
				applies, reason := e.denyRule(r, permission)
				denied = append(denied, applies)
				if e.explain {
					layer.Statements = append(layer.Statements, access.Statement{
						Policy: p.Name, Index: i, Denies: true, Applies: applies, Reason: reason,
					})
				}
			}
		}
	}
	taken := access.Or(denied...)
	layer.Result = access.Not(taken)
	if layer.Note == "" && len(layer.Statements) == 0 {
		layer.Note = "no deny policy: nothing is denied"
	}
	e.layer(layer)
	return taken
}

// denyRule returns what has to hold for a rule to apply, and why it does not.
func (e *evaluation) denyRule(r DenyRule, permission string) (access.Formula, string) {
	if r.Unread != "" {
		return access.Missing("deny rule: " + r.Unread), r.Unread
	}
	named, spared := permissionIn(r.DeniedPermissions, permission), permissionIn(r.ExceptionPermissions, permission)
	switch {
	case named.IsFalse():
		return access.False(), "it does not deny " + permission
	case spared.IsTrue():
		return access.False(), permission + " is an exception"
	}
	among := e.principals(r.DeniedPrincipals)
	if among.IsFalse() {
		return among, "the principal is not among those it denies"
	}
	excepted := e.principals(r.ExceptionPrincipals)
	if excepted.IsTrue() {
		return access.False(), "the principal is an exception"
	}
	met := e.condition(r.Condition, failureTrue)
	applies := access.And(named, access.Not(spared), among, access.Not(excepted), met)
	switch {
	case met.IsFalse():
		return applies, "its condition is not met"
	case applies.IsTrue() || !e.explain:
		return applies, ""
	}
	return applies, "depends on: " + applies.String()
}

// principals returns what has to hold for the principal to be among some.
func (e *evaluation) principals(names []string) access.Formula {
	found := make([]access.Formula, 0, len(names))
	for _, name := range names {
		found = append(found, e.caller.in(parseMember(name)))
	}
	return access.Or(found...)
}

// denyPermission returns the name that IAM's API v2 has for a permission, which
// names the service by its host: "storage.googleapis.com/objects.get".
// https://cloud.google.com/iam/docs/deny-permissions-support
func denyPermission(permission string) string {
	service, rest, _ := strings.Cut(permission, ".")
	switch {
	case service == "resourcemanager":
		service = "cloudresourcemanager"
	case service == "serviceusage" && strings.HasPrefix(rest, "apiKeys."):
		service, rest = "apikeys", "keys."+strings.TrimPrefix(rest, "apiKeys.")
	}
	return service + ".googleapis.com/" + rest
}

// permissionIn returns whether a permission is among some and groups of some.
// A name may be the one of a service that goes by another name in API v1, as
// those of bigtableadmin.googleapis.com may be of bigtable.
func permissionIn(patterns []string, permission string) access.Formula {
	if matchesAny(patterns, permission) {
		return access.True()
	}
	_, name, _ := strings.Cut(permission, "/")
	for _, p := range patterns {
		host, rest, _ := strings.Cut(p, "/")
		service, google := strings.CutSuffix(host, ".googleapis.com")
		known := predefined().services[service] || service == "cloudresourcemanager" || service == "apikeys"
		if google && !known && matchesPermission(host+"/"+rest, host+"/"+name) {
			return access.Missing("whether " + permission + " is one of " + p)
		}
	}
	return access.False()
}

func matchesAny(patterns []string, permission string) bool {
	for _, p := range patterns {
		if matchesPermission(p, permission) {
			return true
		}
	}
	return false
}

// matchesPermission compares a permission with a name of one or of a group:
// "…/*", "…/*.*", "…/objects.*" or "…/*.get".
// https://cloud.google.com/iam/docs/deny-overview#permission-groups
func matchesPermission(pattern, permission string) bool {
	if pattern == permission {
		return true
	}
	service, name, _ := strings.Cut(permission, "/")
	patternService, patternName, ok := strings.Cut(pattern, "/")
	if !ok || patternService != service {
		return false
	}
	if patternName == "*" || patternName == "*.*" {
		return true
	}
	if resource, ok := strings.CutSuffix(patternName, ".*"); ok {
		return strings.HasPrefix(name, resource+".")
	}
	if verb, ok := strings.CutPrefix(patternName, "*."); ok {
		return strings.HasSuffix(name, "."+verb)
	}
	return false
}
