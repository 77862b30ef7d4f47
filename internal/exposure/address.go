package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// maxAddresses bounds the network interfaces that are named as evidence: a
// service may have thousands, all alike.
const maxAddresses = 3

// publicInterface is an interface of a workload with a public address.
type publicInterface struct {
	id, address string
	NetworkInterface
}

// public returns the interface with the address to name.
func (n NetworkInterface) public(id string) publicInterface {
	address := n.PublicIP
	if address == "" && len(n.IPv6) > 0 {
		address = slices.Min(n.IPv6)
	}
	return publicInterface{id, address, n}
}

// atOwnAddress returns how the internet reaches a workload's containers at the
// public addresses of their network interfaces: one exposure for all replicas
// that are open at the same ports, with the first address.
func (m *Map) atOwnAddress(w inventory.Workload) []inventory.Exposure {
	var public []publicInterface
	for _, id := range w.Network.Interfaces {
		if nic, ok := m.interfaces[id]; ok {
			public = append(public, nic.public(id))
		}
	}
	if len(public) == 0 {
		return m.byDeclaration(w)
	}
	slices.SortFunc(public, func(a, b publicInterface) int { return cmp.Compare(a.id, b.id) })

	var found []inventory.Exposure
	index := map[string]int{} // by open ports
	count := map[int]int{}    // interfaces of an exposure
	for _, nic := range public {
		gateway, routed := m.gateway(nic.Subnet)
		if !routed {
			continue
		}
		ports, opened := m.openPorts(w, nic.SecurityGroups)
		if len(ports) == 0 {
			continue
		}
		key := fmt.Sprint(ports)
		i, ok := index[key]
		if !ok {
			i = len(found)
			index[key] = i
			found = append(found, inventory.Exposure{Workload: w.UID, Via: PublicIPKind, Address: nic.address, Ports: ports})
		}
		e := &found[i]
		count[i]++
		if count[i] <= maxAddresses {
			e.Evidence = append(e.Evidence, inventory.Evidence{
				Kind: NetworkInterfaceKind, UID: nic.id, Detail: "a task has the public address " + nic.address,
			})
			e.Evidence = append(append(e.Evidence, gateway...), opened...)
		}
	}
	for i := range found {
		found[i].Evidence = unique(found[i].Evidence)
		if more := count[i] - maxAddresses; more > 0 {
			found[i].Evidence = append(found[i].Evidence, inventory.Evidence{
				Kind: NetworkInterfaceKind, Detail: fmt.Sprintf("%d more network interfaces likewise", more),
			})
		}
	}
	return found
}

// byDeclaration returns how the internet reaches a running workload that asks
// for public addresses when its interfaces are not known.
func (m *Map) byDeclaration(w inventory.Workload) []inventory.Exposure {
	if !w.Network.AssignPublicIP || w.Replicas == 0 {
		return nil
	}
	var gateway []inventory.Evidence
	routed := len(w.Network.Subnets) == 0
	for _, id := range w.Network.Subnets {
		if g, ok := m.gateway(id); ok {
			gateway, routed = g, true
			break
		}
	}
	ports, opened := m.openPorts(w, w.Network.SecurityGroups)
	if !routed || len(ports) == 0 {
		return nil
	}
	evidence := []inventory.Evidence{{Kind: w.Kind, UID: w.UID, Detail: w.Name + " assigns public addresses to its tasks"}}
	evidence = append(append(evidence, gateway...), opened...)
	return []inventory.Exposure{{Workload: w.UID, Via: PublicIPKind, Ports: ports, Evidence: evidence}}
}

// gateway returns whether the internet can reach a subnet, with the evidence.
// A subnet that is not known is taken to be reachable.
func (m *Map) gateway(subnet string) ([]inventory.Evidence, bool) {
	s, ok := m.subnets[subnet]
	if !ok {
		return nil, true
	}
	if s.InternetGateway == "" {
		return nil, false
	}
	return []inventory.Evidence{{
		Kind: SubnetKind, UID: subnet,
		Detail: strings.TrimSpace("subnet " + subnet + " routes to the internet by " + s.InternetGateway),
	}}, true
}

// openPorts returns the ports of the workload's containers that the security
// groups open to the internet, with the evidence.
func (m *Map) openPorts(w inventory.Workload, groups []string) ([]int, []inventory.Evidence) {
	var ports []int
	var evidence []inventory.Evidence
	for _, c := range w.Containers {
		for _, p := range c.Ports {
			if e, ok := m.open(groups, transport(p.Protocol), p.Container); ok {
				ports = append(ports, p.Container)
				evidence = append(evidence, e)
			}
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports), unique(evidence)
}
