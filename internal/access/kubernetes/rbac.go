package kubernetes

import (
	"cmp"
	"slices"
	"strings"
)

// An RBAC is the objects of the API group rbac.authorization.k8s.io of a
// cluster.
type RBAC struct {
	// Roles of namespaces, and cluster roles, which have none.
	Roles []Role
	// Bindings of namespaces, and cluster role bindings, which have none.
	Bindings []Binding
	// Missing says why the objects could not be read, or not all; empty when
	// they were.
	Missing string
}

// A Role is a Role or ClusterRole.
type Role struct {
	// Namespace is empty for a ClusterRole.
	Namespace, Name string
	Labels          map[string]string
	Rules           []Rule
	// Aggregation selects the cluster roles whose rules a ClusterRole takes
	// in; it has the rules of all that one selector matches.
	Aggregation []Selector
}

// A Rule is a PolicyRule.
type Rule struct {
	Verbs, APIGroups, Resources, ResourceNames []string
}

// A Binding is a RoleBinding or ClusterRoleBinding.
type Binding struct {
	// Namespace is empty for a ClusterRoleBinding.
	Namespace, Name string
	// RoleKind is Role or ClusterRole.
	RoleKind, RoleName string
	Subjects           []Subject
}

// A Subject is whom a binding names.
type Subject struct {
	// Kind is ServiceAccount, User or Group.
	Kind            string
	Namespace, Name string
}

// A Request asks for one thing of the Kubernetes API.
type Request struct {
	Verb, APIGroup, Resource, Subresource string
	// Namespace is empty for a cluster-wide resource, or for all namespaces.
	Namespace string
	// Name is empty for a request that names no object: create, or a list
	// without a field selector on the name.
	Name string
}

// An Account is a service account by its name.
type Account struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// String returns the account as the API server calls its user.
func (a Account) String() string { return accountPrefix + a.Namespace + ":" + a.Name }

// groups returns the groups that every token of the account is in.
func (a Account) groups() []string {
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + a.Namespace, "system:authenticated"}
}

// Permits reports whether the rule allows a request, in a namespace that it is
// good for.
func (r Rule) Permits(q Request) bool {
	return hasOrAll(r.Verbs, q.Verb) && hasOrAll(r.APIGroups, q.APIGroup) &&
		r.covers(q.Resource, q.Subresource) && (len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, q.Name))
}

// covers reports whether a resource, or a subresource, is one of the rule's.
func (r Rule) covers(resource, subresource string) bool {
	full := resource
	if subresource != "" {
		full += "/" + subresource
	}
	return slices.ContainsFunc(r.Resources, func(s string) bool {
		return s == "*" || s == full || subresource != "" && s == "*/"+subresource
	})
}

// groupPrefix tells groups from users, whose names may be the same.
const groupPrefix = "group "

// accountPrefix is what the user names of service accounts start with.
const accountPrefix = "system:serviceaccount:"

// user returns the user name or group that the subject is, in a binding of a
// namespace; empty when no service account is among them.
func (s Subject) user(bindingNamespace string) string {
	switch s.Kind {
	case "User":
		if !strings.HasPrefix(s.Name, accountPrefix) {
			return ""
		}
		return s.Name
	case "Group":
		return groupPrefix + s.Name
	}
	if who, ok := s.account(bindingNamespace); ok {
		return who.String()
	}
	return ""
}

// account returns the service account that the subject names.
func (s Subject) account(bindingNamespace string) (Account, bool) {
	who := Account{cmp.Or(s.Namespace, bindingNamespace), s.Name}
	return who, s.Kind == "ServiceAccount" && who.Namespace != ""
}

// String returns the binding for people.
func (b Binding) String() string {
	if b.Namespace == "" {
		return "ClusterRoleBinding " + b.Name
	}
	return "RoleBinding " + b.Namespace + "/" + b.Name
}

// role returns the role of the binding for people.
func (b Binding) role() string { return strings.TrimSpace(b.RoleKind + " " + b.RoleName) }

func hasOrAll(list []string, s string) bool {
	return slices.ContainsFunc(list, func(l string) bool { return l == "*" || l == s })
}
