package exposure

import (
	"fmt"
	"slices"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// atHostAddress returns how the internet reaches a workload's containers at
// the public addresses of the machines that they run on: one exposure for all
// machines, with the first address.
func (m *Map) atHostAddress(w inventory.Workload) []inventory.Exposure {
	e := inventory.Exposure{Workload: w.UID, Via: PublicIPKind}
	machines := map[string]bool{}
	for _, p := range w.Network.HostPorts {
		for _, nic := range m.machines[p.Instance] {
			gateway, routed := m.gateway(nic.Subnet)
			opened, ok := m.open(nic.SecurityGroups, transport(p.Protocol), p.Port)
			if !routed || !ok {
				continue
			}
			e.Ports = append(e.Ports, p.Port)
			if e.Address == "" {
				e.Address = nic.address
			}
			machines[p.Instance] = true
			if len(machines) > maxAddresses {
				continue
			}
			e.Evidence = append(e.Evidence, inventory.Evidence{
				Kind: NetworkInterfaceKind, UID: nic.id,
				Detail: fmt.Sprintf("instance %s has the public address %s", p.Instance, nic.address),
			})
			e.Evidence = append(append(e.Evidence, gateway...), opened, inventory.Evidence{
				Kind: w.Kind, UID: w.UID, Detail: listensAt(w, p),
			})
		}
	}
	if len(e.Ports) == 0 {
		return nil
	}
	slices.Sort(e.Ports)
	e.Ports = slices.Compact(e.Ports)
	e.Evidence = unique(e.Evidence)
	if more := len(machines) - maxAddresses; more > 0 {
		e.Evidence = append(e.Evidence, inventory.Evidence{
			Kind: NetworkInterfaceKind, Detail: fmt.Sprintf("%d more instances likewise", more),
		})
	}
	return []inventory.Exposure{e}
}

// listensAt says how a port of a machine leads to the workload.
func listensAt(w inventory.Workload, p inventory.HostPort) string {
	if p.Container == 0 || p.Container == p.Port {
		return fmt.Sprintf("%s listens at port %d of instance %s", w.Name, p.Port, p.Instance)
	}
	return fmt.Sprintf("port %d of instance %s leads to port %d of %s", p.Port, p.Instance, p.Container, w.Name)
}
