package kubernetes

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

var ingressResource = resource{group: "networking.k8s.io", version: "v1", name: "ingresses", form: inJSON}

// ingress is the needed part of an Ingress.
type ingress struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Class          string         `json:"ingressClassName"`
		DefaultBackend ingressBackend `json:"defaultBackend"`
		TLS            []struct {
			Hosts []string `json:"hosts"`
		} `json:"tls"`
		Rules []struct {
			Host string `json:"host"`
			HTTP struct {
				Paths []struct {
					Path    string         `json:"path"`
					Backend ingressBackend `json:"backend"`
				} `json:"paths"`
			} `json:"http"`
		} `json:"rules"`
	} `json:"spec"`
	Status struct {
		LoadBalancer loadBalancer `json:"loadBalancer"`
	} `json:"status"`
}

type ingressBackend struct {
	Service struct {
		Name string `json:"name"`
	} `json:"service"`
}

// class returns the class that chooses the controller, in its new or old form.
func (i *ingress) class() string {
	return cmp.Or(i.Spec.Class, i.Metadata.Annotations["kubernetes.io/ingress.class"])
}

// internal reports whether the ingress asks for an address that is not public.
func (i *ingress) internal() bool {
	return i.Metadata.Annotations["alb.ingress.kubernetes.io/scheme"] == "internal" || i.class() == "gce-internal"
}

// expose adds the ways through the ingress to its services. An ingress without
// address has no controller that serves it.
func (i *ingress) expose(f *frontier) {
	addresses := f.public(i.Status.LoadBalancer.addresses())
	if len(addresses) == 0 || i.internal() {
		return
	}
	type route struct{ service, host string }
	paths := map[route][]string{}
	if name := i.Spec.DefaultBackend.Service.Name; name != "" {
		r := route{name, ""}
		paths[r] = append(paths[r], "all else")
	}
	for _, rule := range i.Spec.Rules {
		for _, p := range rule.HTTP.Paths {
			r := route{p.Backend.Service.Name, rule.Host}
			paths[r] = append(paths[r], cmp.Or(p.Path, "/"))
		}
	}
	for _, r := range slices.SortedFunc(maps.Keys(paths), func(a, b route) int {
		return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.host, b.host))
	}) {
		s := f.services[i.Metadata.Namespace+"/"+r.service]
		if s == nil {
			continue
		}
		detail := "class " + cmp.Or(i.class(), "default") + " at " + strings.Join(addresses, ", ") + " routes " +
			r.host + strings.Join(paths[r], ", "+r.host) + " to service " + r.service
		for _, a := range addresses {
			s.ways = append(s.ways, way{
				via: ingressKind, address: cmp.Or(r.host, a), ports: i.ports(r.host),
				evidence: i.Metadata.evidence(f.cluster, ingressKind, ingressResource.name, detail),
				how:      "forwards",
			})
			if r.host != "" {
				break // The name stands for all addresses.
			}
		}
	}
}

// ports returns the ports on which a host is served.
func (i *ingress) ports(host string) []int {
	secure := i.Metadata.Annotations["alb.ingress.kubernetes.io/certificate-arn"] != ""
	for _, t := range i.Spec.TLS {
		secure = secure || len(t.Hosts) == 0 || slices.Contains(t.Hosts, host)
	}
	if secure {
		return []int{80, 443}
	}
	return []int{80}
}
