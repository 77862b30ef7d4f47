package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const gatewayGroup = "gateway.networking.k8s.io"

// The lists of the Gateway API, which is not part of Kubernetes: they are
// optional, and their version is the one that the cluster prefers.
var (
	gatewayResource = resource{group: gatewayGroup, name: "gateways", form: inJSON}
	routeResources  = []resource{
		{group: gatewayGroup, name: "httproutes", form: inJSON},
		{group: gatewayGroup, name: "grpcroutes", form: inJSON},
	}
)

// gateway is the needed part of a Gateway.
type gateway struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Class     string     `json:"gatewayClassName"`
		Listeners []listener `json:"listeners"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Value string `json:"value"`
		} `json:"addresses"`
	} `json:"status"`
}

type listener struct {
	Name     string `json:"name"`
	Hostname string `json:"hostname"`
	Port     int    `json:"port"`
}

// route is the needed part of an HTTPRoute or GRPCRoute.
type route struct {
	// resource is the name of the route's type.
	resource string

	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Parents   []parentRef `json:"parentRefs"`
		Hostnames []string    `json:"hostnames"`
		Rules     []struct {
			Backends []backendRef `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
	Status struct {
		Parents []struct {
			Parent     parentRef `json:"parentRef"`
			Conditions []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"parents"`
	} `json:"status"`
}

// parentRef names a listener of a gateway, or all of them.
type parentRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Section   string `json:"sectionName"`
	Port      int    `json:"port"`
}

type backendRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Weight    *int   `json:"weight"`
}

// gateways adds the ways through gateways. A cluster without the Gateway API
// has none; if Stowage may not list what is installed, that is a gap.
func (f *frontier) gateways(ctx context.Context) error {
	version, ok, err := f.installed(ctx, gatewayGroup)
	if err != nil || !ok {
		return f.optional(ctx, err)
	}
	gateways := map[string]*gateway{} // by namespace/name
	err = f.optional(ctx, listJSON(ctx, f.cluster, gatewayResource.at(version), func() { clear(gateways) }, func(g *gateway) error {
		gateways[g.Metadata.Namespace+"/"+g.Metadata.Name] = g
		return nil
	}))
	if err != nil {
		return err
	}
	for _, r := range routeResources {
		var routes []*route
		err := f.optional(ctx, listJSON(ctx, f.cluster, r.at(version), func() { routes = nil }, func(o *route) error {
			o.resource = r.name
			routes = append(routes, o)
			return nil
		}))
		if err != nil {
			return err
		}
		for _, o := range routes {
			o.expose(f, gateways)
		}
	}
	return nil
}

// at returns r in the given version of its API group.
func (r resource) at(version string) resource {
	r.version = version
	return r
}

// optional turns the error of an optional call into a gap, if the call was
// denied, or into nothing, if what it asks for is not installed.
func (k *cluster) optional(ctx context.Context, err error) error {
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	var e *collect.Error
	if !errors.As(err, &e) || !hasStatus(err, http.StatusForbidden) {
		return err
	}
	k.options.Logger.WarnContext(ctx, "collect gap", "cluster", k.id, "action", e.Action, "error", err)
	k.gaps = append(k.gaps, e.Action)
	return nil
}

// expose adds the ways through the route's gateways to its services.
func (o *route) expose(f *frontier, gateways map[string]*gateway) {
	for _, p := range o.Spec.Parents {
		g := gateways[cmp.Or(p.Namespace, o.Metadata.Namespace)+"/"+p.Name]
		if g == nil || cmp.Or(p.Kind, "Gateway") != "Gateway" || o.refused(p) || g.internal() {
			continue
		}
		for _, l := range g.Spec.Listeners {
			if p.Section != "" && p.Section != l.Name || p.Port != 0 && p.Port != l.Port {
				continue
			}
			o.exposeListener(f, g, l)
		}
	}
}

func (o *route) exposeListener(f *frontier, g *gateway, l listener) {
	var addresses []string
	for _, a := range g.Status.Addresses {
		addresses = append(addresses, a.Value)
	}
	slices.Sort(addresses)
	addresses = f.public(addresses)
	if len(addresses) == 0 {
		return
	}
	// The names stand for all addresses.
	names := o.Spec.Hostnames
	if len(names) == 0 && l.Hostname != "" {
		names = []string{l.Hostname}
	}
	if len(names) == 0 {
		names = addresses
	}
	evidence := slices.Concat(
		g.Metadata.evidence(f.cluster, gatewayKind, gatewayResource.name,
			"class "+g.Spec.Class+" listens at "+strings.Join(addresses, ", ")+" on "+portText([]int{l.Port})),
		o.Metadata.evidence(f.cluster, inventory.Kind("kubernetes.gateway."+strings.TrimSuffix(o.resource, "s")), o.resource,
			"routes "+strings.Join(names, ", ")),
	)
	for _, rule := range o.Spec.Rules {
		for _, b := range rule.Backends {
			s := f.services[cmp.Or(b.Namespace, o.Metadata.Namespace)+"/"+b.Name]
			if s == nil || cmp.Or(b.Kind, "Service") != "Service" || b.Weight != nil && *b.Weight == 0 {
				continue
			}
			for _, name := range names {
				s.ways = append(s.ways, way{via: gatewayKind, address: name, ports: []int{l.Port}, evidence: evidence, how: "forwards"})
			}
		}
	}
}

// internal reports whether the gateway's class gives no public address where
// its addresses do not show it.
func (g *gateway) internal() bool { return g.Spec.Class == "amazon-vpc-lattice" }

// refused reports whether the gateway's controller did not accept the route.
func (o *route) refused(p parentRef) bool {
	for _, s := range o.Status.Parents {
		if s.Parent.Name != p.Name || s.Parent.Namespace != p.Namespace || s.Parent.Section != p.Section {
			continue
		}
		for _, c := range s.Conditions {
			if c.Type == "Accepted" && c.Status == "False" {
				return true
			}
		}
	}
	return false
}

// gatewayCalls are the calls that gateways makes.
func gatewayCalls() []string {
	calls := []string{"get /apis/" + gatewayGroup, gatewayResource.action()}
	for _, r := range routeResources {
		calls = append(calls, r.action())
	}
	return calls
}
