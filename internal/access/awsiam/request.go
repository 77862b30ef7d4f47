package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A request is what statements are compared with.
type request struct {
	written string // the action as it was written
	action  string // in lower case
	service string // its part before the colon
	name    string // its part after the colon

	principal access.Principal
	// roleARN is the role of a role or session, empty when that of a session
	// is not known; roleName is its name without the path.
	roleARN, roleName string
	uniqueID          string
	bounded           bool   // the principal has a permissions boundary
	unbounded         string // why it is not known whether it has one

	resource access.Resource
	context  access.Context
	// derived is the keys that follow from the rest of the request, and
	// derivedPrefixes those whose names follow. What the context names by
	// itself goes before them.
	derived         map[string]value
	derivedPrefixes map[string]access.State
	// overridden is the prefix of the keys for which the context counts for
	// nothing.
	overridden string
}

// A value is what is known of a context key. If it is a prefix, the value is
// known to begin with it.
type value struct {
	access.Value
	prefix bool
}

func newRequest(in *Input) *request {
	r := &request{
		written:   in.Request.Action,
		action:    asciiLower(in.Request.Action),
		principal: in.Request.Principal,
		uniqueID:  in.UniqueID,
		bounded:   in.Boundary != nil,
		resource:  in.Request.Resource,
		context:   in.Request.Context,
	}
	if in.Boundary != nil && len(in.Boundary.Policies) == 0 {
		r.unbounded = in.Boundary.Missing
	}
	r.service, r.name, _ = strings.Cut(r.action, ":")
	if a, ok := parseARN(r.principal.ID); ok && r.principal.Account == "" {
		r.principal.Account = a.account
	}
	if a, ok := parseARN(r.resource.ID); ok && r.resource.Account == "" {
		r.resource.Account = a.account
	}
	switch r.principal.Kind {
	case Role:
		r.roleARN, r.roleName = r.principal.ID, lastName(r.principal.ID)
	case Session:
		r.roleARN, r.roleName = r.principal.Parent, lastName(r.principal.Parent)
		if a, ok := parseARN(r.principal.ID); ok && r.roleARN == "" {
			_, rest, _ := strings.Cut(a.resource, "/")
			r.roleName, _, _ = strings.Cut(rest, "/")
		}
	}
	r.derive(in)
	return r
}

// lookup returns what is known of a key, which is in lower case.
func (r *request) lookup(key string) value {
	overridden := r.overridden != "" && strings.HasPrefix(key, r.overridden)
	if !overridden && r.context.Names(key) {
		return value{Value: r.context.Lookup(key)}
	}
	if v, ok := r.derived[key]; ok {
		return v
	}
	for prefix, state := range r.derivedPrefixes {
		if strings.HasPrefix(key, prefix) {
			return value{Value: access.Value{State: state}}
		}
	}
	return value{Value: r.context.Lookup(key)}
}

// lastName returns what follows the last slash.
func lastName(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
