package estate

import (
	"fmt"
)

// A Network is the one VPC of an account and region.
type Network struct {
	VPC string
	// Public and Private are subnets with a route to the internet gateway and
	// to the NAT gateway.
	Public, Private []Subnet
	InternetGateway string
	NATGateway      string
	Groups          []*SecurityGroup
	Balancers       []*LoadBalancer
	Interfaces      []Interface
}

// A Subnet is a subnet of the VPC.
type Subnet struct {
	ID, Zone, CIDR, RouteTable string
}

// A SecurityGroup is a security group with its ingress rules.
type SecurityGroup struct {
	ID, Name, Description string
	Ingress               []Ingress
}

// An Ingress rule admits one port, or all ports if Port is 0.
type Ingress struct {
	Port int
	// CIDR or Group is the source.
	CIDR, Group string
}

// World is the source that means the whole internet.
const World = "0.0.0.0/0"

// open reports whether the group admits the internet on the port.
func (g *SecurityGroup) open(port int) bool {
	for _, r := range g.Ingress {
		if r.CIDR == World && (r.Port == 0 || r.Port == port) {
			return true
		}
	}
	return false
}

// A LoadBalancer is an ELBv2 load balancer with one listener and one target
// group.
type LoadBalancer struct {
	Name, ARN, DNSName string
	Type               string // "application" or "network"
	Internal           bool
	Group              *SecurityGroup // nil for a network load balancer
	ListenerPort       int
	ListenerARN        string
	Protocol           string
	Target             *TargetGroup
	// PathRule is whether the target group is reached by a rule rather than
	// by the listener's default action, which then answers 404.
	PathRule bool
}

// A TargetGroup is an ELBv2 target group.
type TargetGroup struct {
	Name, ARN string
	// Type is "ip", "instance" or "alb", Protocol "HTTP" or "TCP".
	Type, Protocol string
	Port           int
	// Balancer is the target of a group of type "alb".
	Balancer *LoadBalancer
}

// An Interface is an elastic network interface.
type Interface struct {
	ID, PrivateIP, PublicIP string
	Subnet, Zone            string
	Groups                  []string
	Type                    string // "interface", "network_load_balancer", …
	Description             string
	// Instance is the machine that it is attached to; empty for those that a
	// service of AWS attaches.
	Instance string
}

// newNetwork returns the VPC of a cell, still without groups.
func newNetwork(p place, region string) *Network {
	n := &Network{
		VPC:             "vpc-" + p.in("vpc").hex(17),
		InternetGateway: "igw-" + p.in("igw").hex(17),
		NATGateway:      "nat-" + p.in("nat").hex(17),
	}
	for i, zone := range []string{"a", "b"} {
		q := p.in("subnet").at(i)
		n.Public = append(n.Public, Subnet{"subnet-" + q.in("public").hex(17), region + zone, fmt.Sprintf("10.0.%d.0/20", i*16), "rtb-" + p.in("public").hex(17)})
		n.Private = append(n.Private, Subnet{"subnet-" + q.in("private").hex(17), region + zone, fmt.Sprintf("10.0.%d.0/18", 64+i*64), "rtb-" + p.in("private").hex(17)})
	}
	return n
}

// group adds a security group.
func (n *Network) group(p place, name string, rules ...Ingress) *SecurityGroup {
	g := &SecurityGroup{ID: "sg-" + p.in("group").in(name).hex(17), Name: name, Description: "Traffic of " + name, Ingress: rules}
	n.Groups = append(n.Groups, g)
	return g
}

// balancer adds a load balancer and its interfaces.
func (b *builder) balancer(p place, name, kind string, internal bool, group *SecurityGroup, target *TargetGroup) *LoadBalancer {
	prefix, short := map[string]string{"application": "app", "network": "net"}[kind], p.in("lb").hex(16)
	dns := fmt.Sprintf("%s-%d.%s.elb.amazonaws.com", name, 100000000+p.in("dns").below(900000000), b.region)
	if kind == "network" {
		dns = fmt.Sprintf("%s-%s.elb.%s.amazonaws.com", name, short, b.region)
	}
	if internal && kind == "application" {
		dns = "internal-" + dns
	}
	lb := &LoadBalancer{
		Name: name, Type: kind, Internal: internal, Group: group, Target: target,
		ARN:          b.arn("elasticloadbalancing", "loadbalancer/"+prefix+"/"+name+"/"+short),
		DNSName:      dns,
		ListenerPort: 443, Protocol: "HTTPS",
		ListenerARN: b.arn("elasticloadbalancing", "listener/"+prefix+"/"+name+"/"+short+"/"+p.in("listener").hex(16)),
	}
	if kind == "network" {
		lb.Protocol, lb.ListenerPort, target.Protocol = "TCP", 80, "TCP"
	}
	b.net.Balancers = append(b.net.Balancers, lb)
	subnets := b.net.Public
	if internal {
		subnets = b.net.Private
	}
	for i, s := range subnets {
		nic := b.nic(p.in("lb-nic").at(i), s, !internal, "ELB "+prefix+"/"+name+"/"+short, group)
		if kind == "network" {
			nic.Type = "network_load_balancer"
		}
		b.net.Interfaces = append(b.net.Interfaces, nic)
	}
	return lb
}

// targetGroup returns a target group for a container port.
func (b *builder) targetGroup(p place, name string, port int, kind string) *TargetGroup {
	return &TargetGroup{Name: name, Port: port, Type: kind, Protocol: "HTTP", ARN: b.arn("elasticloadbalancing", "targetgroup/"+name+"/"+p.in("tg").hex(16))}
}

// nic returns a network interface in a subnet.
func (b *builder) nic(p place, s Subnet, public bool, description string, group *SecurityGroup) Interface {
	nic := Interface{
		ID: "eni-" + p.hex(17), PrivateIP: b.nextIP(), Subnet: s.ID, Zone: s.Zone,
		Type: "interface", Description: description,
	}
	if public {
		nic.PublicIP = publicIP(p)
	}
	if group != nil {
		nic.Groups = []string{group.ID}
	}
	return nic
}

// publicIP draws an address of the range that is set aside for benchmarks
// (RFC 2544), so that no simulated address is anyone's.
func publicIP(p place) string {
	n := p.in("public-ip").below(1 << 17)
	return fmt.Sprintf("198.%d.%d.%d", 18+n>>16, n>>8&0xff, n&0xff)
}

// nextIP returns the next private address of the cell.
func (b *builder) nextIP() string {
	b.addresses++
	n := b.addresses + 1<<14 // above the public subnets
	return fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&0xff, n&0xff)
}
