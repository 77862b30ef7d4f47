package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A request is an [Input] without its policies, in the form that statements
// are compared with.
type request struct {
	written string // the action as it was written
	action  string // in lower case
	service string // its part before the colon
	name    string // its part after the colon

	principal access.Principal
	// role is the ARN of the role of a role, its session; name is that of the
	// role without its path.
	roleARN, roleName string
	uniqueID          string
	bounded           bool // the principal has a permissions boundary

	resource access.Resource
	context  access.Context
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
		r.roleARN = r.principal.ID
	case Session:
		r.roleARN = r.principal.Parent
	}
	if a, ok := parseARN(r.roleARN); ok {
		r.roleName = a.resource[strings.LastIndexByte(a.resource, '/')+1:]
	}
	r.context = requestContext(r, in)
	return r
}

// lookup returns what is known of a key, which is in lower case.
func (r *request) lookup(key string) value {
	v := value{Value: r.context.Lookup(key)}
	if key == "aws:userid" && v.State == access.UnknownState && r.principal.Kind == Role && r.uniqueID != "" {
		return value{Value: access.Value{State: access.Known, Values: []string{r.uniqueID + ":"}}, prefix: true}
	}
	return v
}
