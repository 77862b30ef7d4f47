package aws

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// A binding is a port of a container instance at which a workload listens.
type binding struct {
	workload *ecsWorkload
	port     inventory.HostPort // without the instance
}

// maxRange bounds the ports of one range; ECS allows 100 in a task.
const maxRange = 100

// addBindings remembers the ports of the machine at which a task in the
// network mode "bridge" or "host" listens. Tasks in the mode "awsvpc" have
// none, and Fargate has no machines.
func (c *ecsCluster) addBindings(w *ecsWorkload, t ecsTask, d *taskDefinition) {
	if t.machine == "" {
		return
	}
	add := func(p inventory.HostPort) { c.bindings[t.machine] = append(c.bindings[t.machine], binding{w, p}) }
	for _, p := range t.ports {
		add(p)
	}
	if len(t.ports) > 0 || !d.HostNetwork {
		return
	}
	// Agents report no bindings of tasks that share the machine's network.
	for _, container := range d.Containers {
		for _, p := range container.Ports {
			add(inventory.HostPort{Port: cmp.Or(p.Host, p.Container), Container: p.Container, Protocol: p.Protocol})
		}
	}
}

// addMachine gives the ports of a container instance to their workloads.
func (c *ecsCluster) addMachine(arn, instance string) {
	for _, b := range c.bindings[arn] {
		b.port.Instance = instance
		b.workload.Network.HostPorts = append(b.workload.Network.HostPorts, b.port)
	}
}

// hostPorts returns the ports of a binding: one, or those of a range.
func hostPorts(b types.NetworkBinding) []inventory.HostPort {
	protocol := cmp.Or(strings.Clone(string(b.Protocol)), "tcp")
	if b.HostPort != nil {
		return []inventory.HostPort{{Port: int(*b.HostPort), Container: int(aws.ToInt32(b.ContainerPort)), Protocol: protocol}}
	}
	first, last, ok := portRange(aws.ToString(b.HostPortRange))
	if !ok {
		return nil
	}
	container, _, _ := portRange(aws.ToString(b.ContainerPortRange))
	var all []inventory.HostPort
	for i := 0; i < maxRange && first+i <= last; i++ {
		p := inventory.HostPort{Port: first + i, Protocol: protocol}
		if container != 0 {
			p.Container = container + i
		}
		all = append(all, p)
	}
	return all
}

// portRange parses "8000-8010", as ECS writes it.
func portRange(s string) (first, last int, ok bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, false
	}
	first, err := strconv.Atoi(a)
	if err != nil {
		return 0, 0, false
	}
	last, err = strconv.Atoi(b)
	return first, last, err == nil
}

func compareHostPorts(a, b inventory.HostPort) int {
	return cmp.Or(
		cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
	)
}
