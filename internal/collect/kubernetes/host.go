package kubernetes

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// nodeKind is what lets the internet in to pods that listen at ports of their
// nodes.
const nodeKind = inventory.Kind("kubernetes.core.node")

// maxHosts bounds the nodes that are named as evidence: a DaemonSet runs on
// all, all alike.
const maxHosts = 3

// hosts are the nodes with a public address at whose ports pods listen.
type hosts struct {
	// nodes are the first by name, and more tells that there are others.
	nodes []host
	more  bool
	ports map[int]bool
}

// A host is a node and its public address.
type host struct{ name, address string }

// add adds the ports of its node, which has a public address, at which a pod
// listens.
func (h *hosts) add(p *pod, address string) {
	if p.Status.Phase != "Running" {
		return
	}
	found := false
	take := func(c *container) {
		for _, port := range c.Ports {
			n := int(port.Host)
			if p.Spec.HostNetwork { // The API server fills it in; a static pod's file need not.
				n = cmp.Or(n, int(port.Container))
			}
			if n == 0 || loopback(port.HostIP) {
				continue
			}
			if h.ports == nil {
				h.ports = map[int]bool{}
			}
			h.ports[n], found = true, true
		}
	}
	for i := range p.Spec.Containers {
		take(&p.Spec.Containers[i])
	}
	for i := range p.Spec.InitContainers {
		if c := &p.Spec.InitContainers[i]; c.RestartPolicy == "Always" {
			take(c)
		}
	}
	if found {
		h.addNode(host{p.Spec.NodeName, address})
	}
}

func (h *hosts) addNode(n host) {
	i, known := slices.BinarySearchFunc(h.nodes, n, func(a, b host) int { return strings.Compare(a.name, b.name) })
	if known {
		return
	}
	h.nodes = slices.Insert(h.nodes, i, n)
	if len(h.nodes) > maxHosts {
		h.nodes, h.more = h.nodes[:maxHosts], true
	}
}

// merge adds the nodes and ports of other.
func (h *hosts) merge(other hosts) {
	for _, n := range other.nodes {
		h.addNode(n)
	}
	h.more = h.more || other.more
	for port := range other.ports {
		if h.ports == nil {
			h.ports = map[int]bool{}
		}
		h.ports[port] = true
	}
}

// exposures returns how the internet reaches a workload at its nodes' ports.
// What filters packets before or on a node is not seen.
func (h *hosts) exposures(k *cluster, w inventory.Workload) []inventory.Exposure {
	if len(h.nodes) == 0 {
		return nil
	}
	e := inventory.Exposure{Workload: w.UID, Via: nodeKind, Address: h.nodes[0].address, Ports: slices.Sorted(maps.Keys(h.ports))}
	for _, n := range h.nodes {
		e.Evidence = append(e.Evidence, inventory.Evidence{
			Kind: nodeKind, UID: k.id + "/nodes/" + n.name, Detail: "node " + n.name + " has the public address " + n.address,
		})
	}
	detail := w.Name + " listens at " + portText(e.Ports) + " of its nodes"
	if h.more {
		detail += ", of which more have public addresses"
	}
	e.Evidence = append(e.Evidence, inventory.Evidence{Kind: w.Kind, UID: w.UID, Detail: detail})
	return []inventory.Exposure{e}
}

// loopback reports whether only the node itself reaches an address.
func loopback(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.IsLoopback()
}
