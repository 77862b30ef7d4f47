package kubernetes

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// The kinds of what lets the internet in.
const (
	serviceKind = inventory.Kind("kubernetes.core.service")
	ingressKind = inventory.Kind("kubernetes.networking.ingress")
	gatewayKind = inventory.Kind("kubernetes.gateway.gateway")
)

// A way is one address by which the internet reaches a service.
type way struct {
	via     inventory.Kind
	address string
	ports   []int
	// evidence leads from the internet to the service, exclusively.
	evidence []inventory.Evidence
	// how tells in the service's own evidence why it is reached.
	how string
}

// exposedServices are the services that the internet reaches, by namespace and
// by the first label of their selector. A pod is matched while it is read, so
// that no labels of pods need to be kept.
type exposedServices map[string]map[label][]*service

// newExposedServices returns those of the services that have a way.
func newExposedServices(services map[string]*service) exposedServices {
	e := exposedServices{}
	for _, s := range services {
		if len(s.ways) == 0 || len(s.selector()) == 0 {
			continue
		}
		ns := e[s.Metadata.Namespace]
		if ns == nil {
			ns = map[label][]*service{}
			e[s.Metadata.Namespace] = ns
		}
		first := s.selector()[0]
		ns[first] = append(ns[first], s)
	}
	return e
}

// selecting returns the services that select p.
func (e exposedServices) selecting(p *pod) iter.Seq[*service] {
	return func(yield func(*service) bool) {
		ns := e[p.Metadata.Namespace]
		if ns == nil {
			return
		}
		for _, l := range p.Metadata.Labels {
			for _, s := range ns[l] {
				if s.selects(p.Metadata.Labels) && !yield(s) {
					return
				}
			}
		}
	}
}

// selects reports whether all labels of the selector are in l.
func (s *service) selects(l labels) bool {
	for _, want := range s.selector() {
		if !slices.Contains(l, want) {
			return false
		}
	}
	return true
}

// exposures returns the ways to the services that select a workload's pods, one
// for each address and ports.
func exposures(k *cluster, w inventory.Workload, services map[*service]bool) []inventory.Exposure {
	var all []inventory.Exposure
	seen := map[string]bool{}
	for _, s := range slices.SortedFunc(maps.Keys(services), compareServices) {
		for _, way := range s.ways {
			e := inventory.Exposure{
				Workload: w.UID, Via: way.via, Address: way.address, Ports: way.ports,
				Evidence: append(slices.Clip(way.evidence), inventory.Evidence{
					Kind: serviceKind, UID: s.uid(k),
					Detail: way.how + " to pods with " + s.selectorText(),
				}),
			}
			if uid := e.RecordUID(); !seen[uid] {
				seen[uid] = true
				all = append(all, e)
			}
		}
	}
	return all
}

func compareServices(a, b *service) int {
	return cmp.Or(
		strings.Compare(a.Metadata.Namespace, b.Metadata.Namespace),
		strings.Compare(a.Metadata.Name, b.Metadata.Name),
	)
}

// A frontier is what stands between the internet and the services.
type frontier struct {
	*cluster
	services map[string]*service // by namespace/name
	// private are the addresses of internal load balancers, which ingress
	// controllers and gateways repeat in their own status.
	private map[string]bool
}

// survey reads what lets the internet in. The nodes' public addresses make node
// ports reachable. Lists that are denied are left out and told to tolerate.
func (k *cluster) survey(ctx context.Context, nodes []string, tolerate func(error) error) (exposedServices, error) {
	f := &frontier{cluster: k, services: map[string]*service{}, private: map[string]bool{}}
	err := listJSON(ctx, k, services, func() { clear(f.services) }, func(s *service) error {
		f.services[s.Metadata.Namespace+"/"+s.Metadata.Name] = s
		return nil
	})
	if err := tolerate(err); err != nil {
		return nil, err
	}
	for _, s := range f.services {
		if s.internal() {
			for _, a := range s.Status.LoadBalancer.addresses() {
				f.private[a] = true
			}
		}
	}
	for _, s := range f.services {
		s.expose(k, nodes)
	}

	var ingresses []*ingress
	err = listJSON(ctx, k, ingressResource, func() { ingresses = nil }, func(i *ingress) error {
		ingresses = append(ingresses, i)
		return nil
	})
	if err := tolerate(err); err != nil {
		return nil, err
	}
	for _, i := range ingresses {
		i.expose(f)
	}
	if err := f.gateways(ctx); err != nil {
		return nil, err
	}
	return newExposedServices(f.services), nil
}

// public returns those of a load balancer's addresses that the internet can
// reach.
func (f *frontier) public(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return f.private[a] || !public(a) })
}

// sharedAddresses are carriers' own, RFC 6598. EKS uses them for pods.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// public reports whether the internet can route to an IP address or DNS name.
func public(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		// AWS puts "internal-" before the names of internal application and
		// classic load balancers.
		return address != "" && address != "localhost" &&
			!(strings.HasPrefix(address, "internal-") && strings.Contains(address, ".elb."))
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedAddresses.Contains(ip)
}
