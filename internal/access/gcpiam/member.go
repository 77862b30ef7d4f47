package gcpiam

import (
	"fmt"
	"strings"
)

// The most that a name of a principal or a set of principals can be long.
const maxMember = 2048

type memberKind uint8

const (
	memberUser memberKind = iota + 1
	memberServiceAccount
	memberGroup
	memberDomain
	memberCustomer   // of Cloud Identity
	memberAll        // allUsers, principalSet://goog/public:all
	memberAllGoogle  // allAuthenticatedUsers
	memberSubject    // of a pool: one identity
	memberUID        // of a Kubernetes service account
	memberNamespace  // of Kubernetes
	memberCluster    // of GKE
	memberAttribute  // of a pool: value of a mapped attribute
	memberPoolGroup  // of a pool: a group of its provider
	memberPool       // of a pool: everybody
	memberBasicRole  // holders of a basic role on a project
	memberAccounts   // all service accounts below a node
	memberAgents     // all service agents below a node
	memberDeleted    // somebody who is gone
	memberTrustOne   // one identity of a trust domain
	memberTrustMany  // all of a trust domain
	memberUnknown    // a form that is not known
	memberPrincipals // a node of the hierarchy: all its principals
)

// A member is a parsed name of a principal or a set of principals, in any of
// the notations of allow policies, deny policies and boundaries:
// https://cloud.google.com/iam/docs/principal-identifiers.
type member struct {
	kind memberKind
	// value is the email address, domain, subject, namespace, … or role.
	value string
	// name of an attribute.
	name string
	// pool of a federated identity; project of a basic role or a node.
	pool    pool
	project string
	// why a form is not known.
	why string
}

// A pool is a workload or workforce identity pool.
type pool struct {
	// project number; empty for a workforce pool, and for a pool of GKE whose
	// project is known by its id only.
	project string
	id      string
	// workforce: the pool belongs to an organization.
	workforce bool
}

// gke reports whether the pool is that of the clusters of a project.
func (p pool) gke() bool { return !p.workforce && strings.HasSuffix(p.id, ".svc.id.goog") }

// simpleMembers are the names of API v2 and of boundaries that end in an
// address, domain or id.
var simpleMembers = []struct {
	prefix string
	kind   memberKind
}{
	{"principal://goog/subject/", memberUser},
	{"principalSet://goog/group/", memberGroup},
	{"principalSet://goog/cloudIdentityCustomerId/", memberCustomer},
	{"//iam.googleapis.com/locations/global/workspace/", memberCustomer},
	{"principal://iam.googleapis.com/projects/-/serviceAccounts/", memberServiceAccount},
}

// parseMember reads a member. One of a form that is not known is a member too,
// whom nobody can tell to be the principal or not.
func parseMember(s string) member {
	if len(s) > maxMember {
		return unknownMember(fmt.Sprintf("%q is longer than %d bytes", shorten(s), maxMember))
	}
	kind, value, _ := strings.Cut(s, ":")
	switch kind {
	case "allUsers", "allAuthenticatedUsers":
		if s == "allUsers" {
			return member{kind: memberAll}
		}
		if s == "allAuthenticatedUsers" {
			return member{kind: memberAllGoogle}
		}
	case "user":
		return simpleMember(memberUser, value, s)
	case "serviceAccount":
		return parseServiceAccount(s, value)
	case "group":
		return simpleMember(memberGroup, value, s)
	case "domain":
		return simpleMember(memberDomain, value, s)
	case "projectOwner":
		return member{kind: memberBasicRole, value: "roles/owner", project: value}
	case "projectEditor":
		return member{kind: memberBasicRole, value: "roles/editor", project: value}
	case "projectViewer":
		return member{kind: memberBasicRole, value: "roles/viewer", project: value}
	case "deleted":
		return parseDeleted(value)
	}
	if s == "principalSet://goog/public:all" {
		return member{kind: memberAll}
	}
	for _, k := range simpleMembers {
		if value, ok := strings.CutPrefix(s, k.prefix); ok {
			return simpleMember(k.kind, value, s)
		}
	}
	for _, prefix := range []string{"principal://", "principalSet://", "//"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return parsePrincipal(s, rest, prefix)
		}
	}
	return unknownForm(s)
}

func simpleMember(kind memberKind, value, s string) member {
	address := kind == memberUser || kind == memberServiceAccount || kind == memberGroup
	// Access control lists name accounts and groups by ids, too.
	if value == "" || strings.ContainsAny(value, "/?[]") || address && !strings.Contains(value, "@") {
		return unknownForm(s)
	}
	return member{kind: kind, value: value}
}

// parseDeleted reads what comes after "deleted:", as
// "user:ann@example.com?uid=123".
func parseDeleted(of string) member {
	name, _, _ := strings.Cut(of, "?")
	if strings.HasPrefix(name, "deleted:") {
		return unknownForm("deleted:" + of)
	}
	if m := parseMember(name); m.kind == memberUnknown {
		return m
	}
	return member{kind: memberDeleted}
}

// parseServiceAccount reads what comes after "serviceAccount:": an email
// address or a Kubernetes service account, "my-project.svc.id.goog[ns/name]".
func parseServiceAccount(s, account string) member {
	id, rest, bracket := strings.Cut(account, "[")
	if !bracket {
		return simpleMember(memberServiceAccount, account, s)
	}
	names, closed := strings.CutSuffix(rest, "]")
	namespace, name, slash := strings.Cut(names, "/")
	p := pool{id: id}
	if !closed || !slash || namespace == "" || name == "" || !p.gke() {
		return unknownForm(s)
	}
	return member{kind: memberSubject, pool: p, value: "ns/" + namespace + "/sa/" + name}
}

// parsePrincipal reads what comes after "principal://", "principalSet://", and
// "//" for the principal sets of boundaries.
func parsePrincipal(s, rest, prefix string) member {
	host, path, ok := strings.Cut(rest, "/")
	if !ok || path == "" {
		return unknownForm(s)
	}
	switch {
	case host == "cloudresourcemanager.googleapis.com":
		return parseNodeMember(s, path, prefix)
	case host == "iam.googleapis.com":
		return parsePoolMember(s, path, prefix)
	case strings.HasSuffix(host, ".system.id.goog") || strings.HasSuffix(host, ".workload.id.goog"):
		if prefix == "principalSet://" && path == "*" {
			return member{kind: memberTrustMany, value: "principal://" + host + "/"}
		}
		if prefix == "principal://" {
			return member{kind: memberTrustOne, value: s}
		}
	}
	return unknownForm(s)
}

// parseNodeMember reads "projects/123/type/ServiceAccount" and, of a boundary,
// "projects/my-project".
func parseNodeMember(s, path, prefix string) member {
	parts := strings.Split(path, "/")
	if len(parts) < 2 || parts[1] == "" {
		return unknownForm(s)
	}
	node := parts[0] + "/" + parts[1]
	switch {
	case parts[0] != "projects" && parts[0] != "folders" && parts[0] != "organizations":
	case prefix == "//" && len(parts) == 2:
		return member{kind: memberPrincipals, project: node}
	case prefix == "principalSet://" && len(parts) == 4 && parts[2] == "type" && parts[3] == "ServiceAccount":
		return member{kind: memberAccounts, project: node}
	case prefix == "principalSet://" && len(parts) == 4 && parts[2] == "type" && parts[3] == "ServiceAgent":
		return member{kind: memberAgents, project: node}
	}
	return unknownForm(s)
}

// parsePoolMember reads "projects/123/locations/global/workloadIdentityPools/pool/…"
// and "locations/global/workforcePools/pool/…".
func parsePoolMember(s, path, prefix string) member {
	var p pool
	var rest string
	if after, ok := strings.CutPrefix(path, "locations/global/workforcePools/"); ok {
		p.workforce = true
		p.id, rest, _ = strings.Cut(after, "/")
	} else {
		parts := strings.SplitN(path, "/", 7)
		if len(parts) < 6 || parts[0] != "projects" || parts[1] == "" || parts[2] != "locations" || parts[3] != "global" || parts[4] != "workloadIdentityPools" {
			return unknownForm(s)
		}
		p.project, p.id = parts[1], parts[5]
		if len(parts) == 7 {
			rest = parts[6]
		}
	}
	if p.id == "" {
		return unknownForm(s)
	}
	if prefix == "//" {
		if rest != "" {
			return unknownForm(s)
		}
		return member{kind: memberPool, pool: p}
	}
	one := prefix == "principal://"
	selector, value, _ := strings.Cut(rest, "/")
	switch {
	case !one && rest == "*":
		return member{kind: memberPool, pool: p}
	case value == "":
	case one && selector == "subject":
		return member{kind: memberSubject, pool: p, value: value}
	case one && selector == "kubernetes.serviceaccount.uid" && p.gke():
		return member{kind: memberUID, pool: p, value: value}
	case !one && selector == "namespace" && p.gke():
		return member{kind: memberNamespace, pool: p, value: value}
	case !one && selector == "kubernetes.cluster" && p.gke():
		return member{kind: memberCluster, pool: p, value: value}
	case !one && selector == "group":
		return member{kind: memberPoolGroup, pool: p, value: value}
	case !one && strings.HasPrefix(selector, "attribute."):
		return member{kind: memberAttribute, pool: p, name: selector, value: value}
	}
	return unknownForm(s)
}

func unknownForm(s string) member {
	return unknownMember(fmt.Sprintf("%q has a form that is not known", shorten(s)))
}

func unknownMember(why string) member { return member{kind: memberUnknown, why: why} }
