package kubernetes

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Secret is a Secret without its values.
type Secret struct {
	Namespace, Name string
	// Type as "Opaque" or "kubernetes.io/service-account-token".
	Type string
	// Keys are the names of its values; nil when they were not read.
	Keys []string
}

type secretKey struct{ namespace, name string }

const typeServiceAccountToken = "kubernetes.io/service-account-token"

// A SecretAccess is a Secret, or all of a namespace or cluster, that a pod has
// or can read.
type SecretAccess struct {
	// Namespace is empty for all namespaces, Name for all Secrets.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Keys are those that the pod has; nil for all.
	Keys []string `json:"keys,omitempty"`
	// Type of the Secret and what its keys look like, when they are known.
	Type  string   `json:"type,omitempty"`
	Looks []string `json:"looks,omitempty"`
	// Container that has it; empty for all.
	Container string `json:"container,omitempty"`
	// How is "env", "volume", "rbac" or the kind of a [Power].
	How     string         `json:"how"`
	Channel access.Channel `json:"channel"`
	// Level is Read for what the pod has or may read, and Admin for what it
	// can come by with a further step.
	Level   access.Level   `json:"level"`
	Formula access.Formula `json:"formula"`
	Reason  string         `json:"reason"`
}

// A BrokenSecret is a reference to a secret that does not hold.
type BrokenSecret struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Container string `json:"container,omitempty"`
	Problem   string `json:"problem"`
	Remedy    string `json:"remedy"`
}

// Secrets returns the Secrets that a pod has in its containers and those that
// it can read by RBAC. Pull secrets are for kubelet; no container has them.
func (r *Resolver) Secrets(p Pod) ([]SecretAccess, []BrokenSecret) {
	found, broken := r.mountedSecrets(&p)
	found = append(found, r.readableSecrets(&p)...)
	return found, broken
}

// mountedSecrets returns what is in environments and volumes.
func (r *Resolver) mountedSecrets(p *Pod) ([]SecretAccess, []BrokenSecret) {
	var found []SecretAccess
	var broken []BrokenSecret
	take := func(container, how, name string, keys []string, optional bool, reason string) {
		if name == "" {
			return
		}
		f := r.exists(p, name, keys, optional)
		if f.IsFalse() {
			if !optional {
				broken = append(broken, BrokenSecret{
					Namespace: p.Namespace, Name: name, Container: container,
					Problem: "the container needs Secret " + name + named(keys) + ", which does not exist",
					Remedy:  "create the Secret, or mark the reference as optional",
				})
			}
			return
		}
		a := SecretAccess{
			Namespace: p.Namespace, Name: name, Keys: keys, Container: container, How: how,
			Channel: access.Injected, Level: access.Read, Formula: f, Reason: reason,
		}
		r.describe(&a)
		found = append(found, a)
	}
	for i := range p.Containers {
		c := &p.Containers[i]
		for _, e := range c.Env {
			if e.Secret != nil {
				take(c.Name, "env", e.Secret.Name, []string{e.Secret.Key}, e.Secret.Optional, "variable "+e.Name)
			}
		}
		for _, e := range c.EnvFrom {
			take(c.Name, "env", e.Secret, nil, e.Optional, "all keys are variables")
		}
		for _, v := range p.Volumes {
			if !slices.Contains(c.Mounts, v.Name) {
				continue
			}
			for _, s := range v.Secrets {
				take(c.Name, "volume", s.Name, s.Keys, s.Optional, "volume "+v.Name)
			}
		}
	}
	if p.VolumesMissing != "" {
		found = append(found, SecretAccess{
			Namespace: p.Namespace, How: "volume", Channel: access.Injected, Level: access.Read,
			Formula: missing("volumes of pod "+p.Namespace+"/"+p.Name, p.VolumesMissing),
			Reason:  "the pod may mount any Secret of its namespace",
		})
	}
	return found, broken
}

// exists returns what has to hold for a Secret with some keys to exist. A
// container that runs has what is not optional.
func (r *Resolver) exists(p *Pod, name string, keys []string, optional bool) access.Formula {
	secret := r.secrets[secretKey{p.Namespace, name}]
	switch {
	case secret != nil && secret.Keys != nil:
		return access.Of(!slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(secret.Keys, k) }))
	case secret == nil && r.cluster.SecretsMissing == "":
		return access.False()
	case !optional && !p.Template:
		return access.True()
	case secret != nil && len(keys) == 0:
		return access.True()
	}
	why := r.cluster.SecretsMissing
	if why == "" {
		why = "its keys were not read"
	}
	return missing("Secret "+p.Namespace+"/"+name+named(keys), why)
}

// describe adds what is known of a Secret.
func (r *Resolver) describe(a *SecretAccess) {
	if s := r.secrets[secretKey{a.Namespace, a.Name}]; s != nil {
		a.Type, a.Looks = s.Type, s.Looks()
	}
}

func named(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return " with " + strings.Join(keys, ", ")
}

// looks are names of keys that tell what is in a Secret, in lower case.
var looks = []struct{ kind, key string }{
	{"aws-access-key", "aws_access_key_id"},
	{"aws-access-key", "aws_secret_access_key"},
	{"aws-access-key", "aws-access-key-id"},
	{"aws-access-key", "accesskeyid"},
	{"aws-access-key", "credentials"},
	{"azure-credential", "azure.json"},
	{"azure-credential", "client_secret"},
	{"azure-credential", "clientsecret"},
	{"azure-credential", "azure_client_secret"},
	{"azure-storage-key", "azurestorageaccountkey"},
	{"google-key", "key.json"},
	{"google-key", "service-account.json"},
	{"google-key", "google_application_credentials"},
	{"google-key", "credentials.json"},
	{"connection-string", "connectionstring"},
	{"connection-string", "connection-string"},
	{"connection-string", "connection_string"},
	{"connection-string", "database_url"},
	{"connection-string", "uri"},
	{"connection-string", "dsn"},
	{"kubeconfig", "kubeconfig"},
}

// typeLooks are what the types of Secrets tell:
// https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
var typeLooks = map[string]string{
	typeServiceAccountToken:          "service-account-token",
	"kubernetes.io/dockerconfigjson": "registry-login",
	"kubernetes.io/dockercfg":        "registry-login",
	"kubernetes.io/basic-auth":       "password",
	"kubernetes.io/ssh-auth":         "ssh-key",
	"kubernetes.io/tls":              "tls-key",
	"bootstrap.kubernetes.io/token":  "bootstrap-token",
}

// Looks returns what a Secret seems to hold, by its type and the names of its
// keys. A guess: values are never read.
func (s *Secret) Looks() []string {
	var kinds []string
	if kind, ok := typeLooks[s.Type]; ok {
		kinds = append(kinds, kind)
	}
	for _, l := range looks {
		if !slices.Contains(kinds, l.kind) && slices.ContainsFunc(s.Keys, func(k string) bool { return strings.ToLower(k) == l.key }) {
			kinds = append(kinds, l.kind)
		}
	}
	return kinds
}
