package gcpiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A caller is the principal of a request, parsed.
type caller struct {
	member
	id        string
	anonymous bool
	known     *Identity
	account   string // project of the principal, by number or id
	context   access.Context
}

func newCaller(in *Input) caller {
	p := in.Request.Principal
	c := caller{id: p.ID, known: &in.Identity, account: p.Account, context: in.Request.Context}
	if p.Kind == Anonymous && p.ID == "" {
		c.anonymous = true
		return c
	}
	c.member = parseMember(p.ID)
	switch c.kind {
	case memberUser, memberServiceAccount, memberSubject, memberTrustOne:
	case memberUnknown:
	default:
		c.member = unknownMember("principal " + p.ID + " is not one identity")
	}
	if c.kind == memberSubject && c.pool.gke() && c.pool.project == "" && isNumber(p.Account) {
		c.pool.project = p.Account
	}
	return c
}

// in returns what has to hold for the principal to be the member or among them.
func (c *caller) in(m member) access.Formula {
	switch {
	case m.kind == memberAll:
		return access.True()
	case m.kind == memberUnknown:
		return access.Missing("member " + m.why)
	case c.anonymous:
		return access.False()
	case c.kind == memberUnknown:
		return access.Missing(c.why)
	}
	switch m.kind {
	case memberUser, memberServiceAccount:
		return access.Of(c.kind == m.kind && equalFold(c.value, m.value))
	case memberGroup:
		return c.inGroup(m.value)
	case memberDomain, memberCustomer:
		return c.inDomain(m)
	case memberAllGoogle:
		return c.isGoogle()
	case memberTrustOne:
		return access.Of(c.kind == memberTrustOne && c.id == m.value)
	case memberTrustMany:
		return access.Of(c.kind == memberTrustOne && strings.HasPrefix(c.id, m.value))
	case memberAccounts, memberAgents, memberPrincipals:
		return c.below(m)
	case memberDeleted:
		// When somebody is restored, policies say so by themselves. A new
		// account of the same name is another one.
		return access.False()
	}
	return c.inPool(m)
}

// inGroup decides on a Google group.
func (c *caller) inGroup(group string) access.Formula {
	for _, g := range c.known.Groups {
		if equalFold(g, group) {
			return access.True()
		}
	}
	if c.known.GroupsMissing != "" {
		return access.Missing("members of group " + group + ": " + c.known.GroupsMissing)
	}
	return access.False()
}

// inDomain decides on a domain or customer. A policy names the primary domain
// of an organization, which need not be that of the user's address.
// https://cloud.google.com/iam/docs/principals-overview#domains
func (c *caller) inDomain(m member) access.Formula {
	if c.kind != memberUser {
		return access.False()
	}
	known, what := c.known.Domain, "primary domain"
	if m.kind == memberCustomer {
		known, what = c.known.Customer, "customer id"
	}
	if known == "" {
		return access.Missing(what + " of the organization of " + c.id)
	}
	return access.Of(equalFold(known, m.value))
}

// isGoogle decides on allAuthenticatedUsers, in which identities of federation
// are not. Whether those of GKE are is not written.
// https://cloud.google.com/iam/docs/principals-overview#all-authenticated-users
func (c *caller) isGoogle() access.Formula {
	switch {
	case c.kind == memberUser || c.kind == memberServiceAccount:
		return access.True()
	case c.kind == memberSubject && !c.pool.gke():
		return access.False()
	}
	return access.Missing("whether allAuthenticatedUsers has " + c.id)
}

// below decides on the sets of all service accounts, service agents or
// principals of a project, folder or organization.
func (c *caller) below(m member) access.Formula {
	switch {
	case m.kind == memberPrincipals:
		// Users and workforces are in the set of the organization only.
		if (c.kind == memberUser || c.pool.workforce) && !strings.HasPrefix(m.project, "organizations/") {
			return access.False()
		}
	case c.kind != memberServiceAccount:
		return access.False()
	default:
		switch agent, known := isAgent(c.value); {
		case !known || agent && m.kind == memberAccounts:
			// Whether service agents are among the service accounts is not written.
			return access.Missing("whether " + c.value + " is a service agent or counts as a service account of " + m.project)
		case !agent && m.kind == memberAgents:
			return access.False()
		}
	}
	if c.known.Ancestors == nil {
		return access.Missing("project of " + c.id + " and what is above it")
	}
	return access.Of(slices.Contains(c.known.Ancestors, m.project))
}

// isAgent reports whether an address is that of a service agent, which Google
// makes and manages, if it can be told by the form.
// https://cloud.google.com/iam/docs/service-agents
func isAgent(email string) (agent, known bool) {
	name, domain, _ := strings.Cut(email, "@")
	switch {
	case strings.HasPrefix(domain, "gcp-sa-"):
		return true, true
	case domain == "developer.gserviceaccount.com" || domain == "appspot.gserviceaccount.com":
		return false, true
	case strings.HasSuffix(domain, ".iam.gserviceaccount.com"):
		number, prefixed := strings.CutPrefix(name, "service-")
		return false, !prefixed || !isNumber(number)
	}
	return false, false
}

// inPool decides on the members that are identities of a pool.
func (c *caller) inPool(m member) access.Formula {
	if c.kind != memberSubject {
		return access.False()
	}
	same := c.samePool(m.pool)
	if same.IsFalse() {
		return same
	}
	return access.And(same, c.selected(m))
}

// samePool compares pools. A number is never the id of a project.
func (c *caller) samePool(p pool) access.Formula {
	switch {
	case c.pool.workforce != p.workforce || c.pool.id != p.id:
		return access.False()
	case p.project == "" || p.project == c.pool.project:
		return access.True() // The notation with brackets has no number.
	case c.pool.project == "" && isNumber(p.project):
		return access.Missing("number of the project of " + c.pool.id)
	}
	return access.False()
}

// selected decides what a member asks of an identity of its pool.
func (c *caller) selected(m member) access.Formula {
	namespace, _ := kubernetesNames(c.value)
	switch m.kind {
	case memberPool:
		return access.True()
	case memberSubject:
		return access.Of(c.value == m.value)
	case memberNamespace:
		return access.Of(namespace == m.value)
	case memberCluster:
		if c.known.Cluster == "" {
			return access.Missing("cluster that " + c.id + " is used in")
		}
		return access.Of(c.known.Cluster == m.value)
	case memberUID:
		if c.known.ServiceAccountUID == "" {
			return access.Missing("uid of Kubernetes service account " + c.value)
		}
		return access.Of(c.known.ServiceAccountUID == m.value)
	case memberPoolGroup:
		return c.attribute("group", m.value)
	case memberAttribute:
		return c.attribute(m.name, m.value)
	}
	return access.Missing("member of a form that is not known")
}

// attribute compares an attribute of the token of a federated identity.
func (c *caller) attribute(name, value string) access.Formula {
	switch v := c.context.Lookup(name); v.State {
	case access.Known:
		return access.Of(slices.Contains(v.Values, value))
	case access.Absent:
		return access.False()
	}
	return access.If(access.Term{Key: name, Operator: "==", Values: []string{value}})
}

// kubernetesNames returns the namespace and name in "ns/web/sa/app".
func kubernetesNames(subject string) (namespace, name string) {
	rest, ok := strings.CutPrefix(subject, "ns/")
	if !ok {
		return "", ""
	}
	namespace, name, ok = strings.Cut(rest, "/sa/")
	if !ok {
		return "", ""
	}
	return namespace, name
}

// equalFold compares without regard to the case of ASCII letters. Letters that
// only look alike differ.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
