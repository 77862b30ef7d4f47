package kubernetes

import (
	"strings"
)

// A Service is a service of type ExternalName, which gives a name outside of
// the cluster one inside.
//
// https://kubernetes.io/docs/concepts/services-networking/service/#externalname
type Service struct {
	Namespace, Name, ExternalName string
}

// Aliases resolve names of services to what is outside of the cluster.
type Aliases struct {
	targets map[string]string // by "name.namespace"
	domain  string
}

// maxAliases bounds how many aliases follow each other.
const maxAliases = 8

// NewAliases makes aliases of the services of a cluster with a domain; empty
// for "cluster.local".
func NewAliases(services []Service, domain string) *Aliases {
	if domain == "" {
		domain = "cluster.local"
	}
	a := &Aliases{targets: make(map[string]string, len(services)), domain: strings.ToLower(domain)}
	for _, s := range services {
		if s.ExternalName != "" {
			a.targets[strings.ToLower(s.Name+"."+s.Namespace)] = strings.ToLower(strings.TrimSuffix(s.ExternalName, "."))
		}
	}
	return a
}

// Resolve returns the host that a pod of a namespace reaches by a name, and the
// services that led there, the first one first. A name that is no alias is
// returned as it is.
func (a *Aliases) Resolve(host, namespace string) (target string, via []string) {
	target = strings.ToLower(strings.TrimSuffix(host, "."))
	key := a.service(target, namespace)
	for range maxAliases {
		next, ok := a.targets[key]
		if !ok {
			return target, via
		}
		name, in, _ := strings.Cut(key, ".")
		via = append(via, in+"/"+name)
		// The name that an alias has is looked up as it is, without the search
		// domains of the pod.
		target, key = next, ""
		if name, full := strings.CutSuffix(next, ".svc."+a.domain); full && strings.Count(name, ".") == 1 {
			key = name
		}
	}
	return target, via
}

// service returns "name.namespace" of the service that a name can mean.
func (a *Aliases) service(host, namespace string) string {
	for _, suffix := range []string{".svc." + a.domain, ".svc"} {
		host = strings.TrimSuffix(host, suffix)
	}
	switch strings.Count(host, ".") {
	case 0:
		return host + "." + strings.ToLower(namespace)
	case 1:
		return host
	}
	return ""
}
