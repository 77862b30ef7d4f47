package exposure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Map is the network of one AWS account and region, as far as it leads from
// the internet to workloads.
type Map struct {
	// ways are the open ways through load balancers, by target group ARN.
	ways       map[string][]way
	groups     map[string]SecurityGroup
	interfaces map[string]NetworkInterface
	subnets    map[string]Subnet
	targets    map[string]TargetGroup
	// registered are the target groups of instances and functions, and
	// machines the public interfaces of instances.
	registered map[Target][]string
	machines   map[string][]publicInterface
}

// way is one way from the internet to a target group.
type way struct {
	balancer inventory.Resource
	attrs    LoadBalancer
	// port is the one that the internet connects to.
	port     int
	listener Listener
	forward  Forward
	// before leads to the load balancer of the listener, if that is not the
	// one that the internet connects to.
	before []inventory.Evidence
	// opened says which rule lets the internet in.
	opened inventory.Evidence
}

// NewMap returns the map of the resources of one account and region. Kinds
// that it does not know are ignored.
func NewMap(resources []inventory.Resource) (*Map, error) {
	m := &Map{
		ways:       map[string][]way{},
		groups:     map[string]SecurityGroup{},
		interfaces: map[string]NetworkInterface{},
		subnets:    map[string]Subnet{},
		targets:    map[string]TargetGroup{},
		registered: map[Target][]string{},
		machines:   map[string][]publicInterface{},
	}
	balancers := map[string]balancer{}
	for _, r := range resources {
		var err error
		switch r.Kind {
		case LoadBalancerKind:
			b := balancer{resource: r}
			err = json.Unmarshal(r.Attrs, &b.attrs)
			balancers[r.UID] = b
		case TargetGroupKind:
			err = decode(m.targets, r)
		case SecurityGroupKind:
			err = decode(m.groups, r)
		case NetworkInterfaceKind:
			err = decode(m.interfaces, r)
		case SubnetKind:
			err = decode(m.subnets, r)
		}
		if err != nil {
			return nil, fmt.Errorf("attributes of %s %s: %w", r.Kind, r.UID, err)
		}
	}
	// The order of the resources must not show in the exposures.
	for _, arn := range slices.Sorted(maps.Keys(balancers)) {
		if b := balancers[arn]; b.attrs.Scheme == InternetFacing {
			m.addBalancer(b, balancers)
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(m.targets)) {
		if g := m.targets[arn]; g.Type == InstanceTarget || g.Type == FunctionTarget {
			for _, t := range g.Targets {
				m.registered[t] = append(m.registered[t], arn)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.interfaces)) {
		if nic := m.interfaces[id]; nic.Instance != "" {
			m.machines[nic.Instance] = append(m.machines[nic.Instance], nic.public(id))
		}
	}
	return m, nil
}

// balancer is a load balancer with its attributes.
type balancer struct {
	resource inventory.Resource
	attrs    LoadBalancer
}

// decode adds the attributes of r to a table.
func decode[T any](table map[string]T, r inventory.Resource) error {
	var v T
	if err := json.Unmarshal(r.Attrs, &v); err != nil {
		return err
	}
	table[r.UID] = v
	return nil
}

// addBalancer adds the ways through an internet-facing load balancer, and
// through those that are its targets.
func (m *Map) addBalancer(b balancer, all map[string]balancer) {
	for _, l := range b.attrs.Listeners {
		opened, ok := m.open(b.attrs.SecurityGroups, transport(l.Protocol), l.Port)
		if !ok && len(b.attrs.SecurityGroups) > 0 {
			continue
		}
		if !ok { // A network load balancer without security groups.
			opened = inventory.Evidence{Kind: b.resource.Kind, UID: b.resource.UID, Detail: "has no security group, so everyone may connect"}
		}
		for _, f := range l.openForwards() {
			y := way{balancer: b.resource, attrs: b.attrs, port: l.Port, listener: l, forward: f, opened: opened}
			m.ways[f.TargetGroup] = append(m.ways[f.TargetGroup], y)
			if m.targets[f.TargetGroup].Type == BalancerTarget {
				m.addChained(y, all)
			}
		}
	}
}

// addChained adds the ways through the application load balancers that a way
// through a network load balancer leads to. The client's address stays what it
// was, so they must let in the internet, or the group of the first.
func (m *Map) addChained(y way, all map[string]balancer) {
	for _, t := range m.targets[y.forward.TargetGroup].Targets {
		b, ok := all[t.ID]
		if !ok {
			continue
		}
		for _, l := range b.attrs.Listeners {
			opened, ok := m.open(b.attrs.SecurityGroups, transport(l.Protocol), l.Port, y.attrs.SecurityGroups...)
			if l.Port != t.Port || !ok {
				continue
			}
			before := []inventory.Evidence{y.opened, y.evidence(), {
				Kind: TargetGroupKind, UID: y.forward.TargetGroup,
				Detail: fmt.Sprintf("%s load balancer %s is registered at port %d", b.attrs.Type, b.resource.Name, t.Port),
			}}
			for _, f := range l.openForwards() {
				m.ways[f.TargetGroup] = append(m.ways[f.TargetGroup], way{
					balancer: y.balancer, attrs: y.attrs, port: y.port, listener: l, forward: f, before: before, opened: opened,
				})
			}
		}
	}
}

// openForwards returns where the listener forwards to, first those that ask
// for no authentication: of one listener and group, the first is kept.
func (l Listener) openForwards() []Forward {
	forwards := slices.Clone(l.Forwards)
	slices.SortStableFunc(forwards, func(a, b Forward) int {
		return cmp.Compare(min(len(a.Authenticates), 1), min(len(b.Authenticates), 1))
	})
	return forwards
}

// Of returns the exposures of a workload, in a stable order.
func (m *Map) Of(w inventory.Workload) []inventory.Exposure {
	return slices.Concat(m.throughBalancers(w), m.atOwnAddress(w), m.atHostAddress(w))
}

// throughBalancers returns one exposure for each load balancer that leads to
// the workload.
func (m *Map) throughBalancers(w inventory.Workload) []inventory.Exposure {
	var found []inventory.Exposure
	index := map[string]int{} // by load balancer
	seen := map[string]bool{} // port, listener and target group
	for _, target := range m.targetsOf(w) {
		for _, y := range m.ways[target.UID] {
			key := fmt.Sprint(y.balancer.UID, " ", y.port, " ", y.listener.ARN, " ", target.UID)
			if seen[key] {
				continue // Several rules of a listener lead to the group.
			}
			seen[key] = true
			i, ok := index[y.balancer.UID]
			if !ok {
				i = len(found)
				index[y.balancer.UID] = i
				found = append(found, inventory.Exposure{
					Workload: w.UID, Via: LoadBalancerKind, Address: y.attrs.DNSName,
					Evidence: []inventory.Evidence{{
						Kind: LoadBalancerKind, UID: y.balancer.UID,
						Detail: fmt.Sprintf("%s load balancer %s is internet-facing", y.attrs.Type, y.balancer.Name),
					}},
				})
			}
			e := &found[i]
			e.Ports = append(e.Ports, y.port)
			e.Evidence = append(append(e.Evidence, y.before...), y.opened, y.evidence(), target)
		}
	}
	for i := range found {
		slices.Sort(found[i].Ports)
		found[i].Ports = slices.Compact(found[i].Ports)
		found[i].Evidence = unique(found[i].Evidence)
	}
	return found
}

// targetsOf returns the target groups that lead to a workload, as evidence:
// those that it registers in, and those in which somebody registered it, if it
// is a function, or a machine with the port at which it listens there.
func (m *Map) targetsOf(w inventory.Workload) []inventory.Evidence {
	var all []inventory.Evidence
	named := map[string]bool{}
	for _, t := range w.Network.TargetGroups {
		named[t.ARN] = true
		all = append(all, inventory.Evidence{Kind: TargetGroupKind, UID: t.ARN, Detail: targetDetail(w, t)})
	}
	for _, arn := range m.registered[Target{ID: w.UID}] {
		all = append(all, inventory.Evidence{Kind: TargetGroupKind, UID: arn, Detail: w.Name + " is registered in the target group"})
	}
	for _, p := range w.Network.HostPorts {
		for _, arn := range m.registered[Target{p.Instance, p.Port}] {
			if named[arn] {
				continue
			}
			named[arn] = true
			all = append(all, inventory.Evidence{
				Kind: TargetGroupKind, UID: arn,
				Detail: fmt.Sprintf("instance %s is registered at port %d, where %s listens", p.Instance, p.Port, w.Name),
			})
		}
	}
	return all
}

// evidence returns the link of the listener.
func (y way) evidence() inventory.Evidence {
	e := inventory.Evidence{
		Kind: "aws.elbv2.listener", UID: y.listener.ARN,
		Detail: fmt.Sprintf("listener %s %d forwards to the target group", y.listener.Protocol, y.listener.Port),
	}
	if y.forward.Rule != "" {
		e.Kind, e.UID = "aws.elbv2.rule", y.forward.Rule
		e.Detail = fmt.Sprintf("a rule of listener %s %d forwards to the target group", y.listener.Protocol, y.listener.Port)
	}
	if y.forward.Authenticates != "" {
		e.Detail += " after " + y.forward.Authenticates
	}
	return e
}

// targetDetail says what of the workload a target group reaches.
func targetDetail(w inventory.Workload, t inventory.TargetGroup) string {
	switch {
	case t.Container != "" && t.Port != 0:
		return fmt.Sprintf("%s registers port %d of its container %s", w.Name, t.Port, t.Container)
	case t.Port != 0:
		return fmt.Sprintf("%s registers its port %d", w.Name, t.Port)
	}
	return w.Name + " registers in the target group"
}

// unique drops repeated evidence and keeps the order.
func unique(all []inventory.Evidence) []inventory.Evidence {
	seen := map[inventory.Evidence]bool{}
	return slices.DeleteFunc(all, func(e inventory.Evidence) bool {
		was := seen[e]
		seen[e] = true
		return was
	})
}

// open returns the rule of one of the security groups that lets the whole
// internet in at a port, or one of the trusted groups, which it comes through.
func (m *Map) open(groups []string, protocols []string, port int, trusted ...string) (inventory.Evidence, bool) {
	for _, id := range groups {
		for _, rule := range m.groups[id].Ingress {
			if !rule.covers(protocols, port) {
				continue
			}
			source, ok := rule.internet()
			for i := 0; !ok && i < len(trusted); i++ {
				source, ok = trusted[i], slices.Contains(rule.Sources, trusted[i])
			}
			if ok {
				return inventory.Evidence{
					Kind: SecurityGroupKind, UID: id,
					Detail: fmt.Sprintf("security group %s allows %s from %s", id, rule.ports(), source),
				}, true
			}
		}
	}
	return inventory.Evidence{}, false
}

// covers reports whether the rule speaks of the port in one of the protocols.
func (r Rule) covers(protocols []string, port int) bool {
	if r.Protocol == "-1" {
		return true
	}
	return slices.Contains(protocols, r.Protocol) && r.From <= port && port <= r.To
}

// internet returns the source that is the internet: a block too wide to be a
// private network, which are at most 10.0.0.0/8 and fc00::/7. 0.0.0.0/1 is as
// open as 0.0.0.0/0.
func (r Rule) internet() (string, bool) {
	for _, source := range r.Sources {
		block, err := netip.ParsePrefix(source)
		if err != nil {
			continue // A security group or a prefix list.
		}
		if block.Addr().Is4() && block.Bits() < 8 || block.Addr().Is6() && block.Bits() < 7 {
			return source, true
		}
	}
	return "", false
}

// ports says which ports the rule speaks of.
func (r Rule) ports() string {
	switch {
	case r.Protocol == "-1":
		return "everything"
	case r.From == r.To:
		return fmt.Sprintf("%s %d", r.Protocol, r.From)
	}
	return fmt.Sprintf("%s %d-%d", r.Protocol, r.From, r.To)
}

// transport returns the transport protocols of a listener's or container's
// protocol.
func transport(protocol string) []string {
	switch strings.ToLower(protocol) {
	case "udp", "quic":
		return []string{"udp", "17"}
	case "tcp_udp", "tcp_quic":
		return []string{"tcp", "6", "udp", "17"}
	}
	return []string{"tcp", "6"}
}
