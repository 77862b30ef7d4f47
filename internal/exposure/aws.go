// Package exposure derives how the internet reaches workloads. It is pure: it
// reads what the collectors stored and gives every answer with its evidence.
//
// The structs of this file are the shape of [inventory.Resource.Attrs] of the
// kinds that exposure needs; the collectors fill exactly these.
package exposure

import "github.com/stowage-dev/stowage/internal/inventory"

// The kinds whose attributes are declared here.
const (
	LoadBalancerKind     inventory.Kind = "aws.elbv2.load_balancer"
	TargetGroupKind      inventory.Kind = "aws.elbv2.target_group"
	SecurityGroupKind    inventory.Kind = "aws.ec2.security_group"
	NetworkInterfaceKind inventory.Kind = "aws.ec2.network_interface"
	SubnetKind           inventory.Kind = "aws.ec2.subnet"
)

// CollectorName names the collector that derives exposures in a region of an
// AWS account, from what the other collectors read there.
const CollectorName = "exposure"

// The kinds of workloads whose exposures are derived.
const (
	ECSServiceKind inventory.Kind = "aws.ecs.service"
	ECSTaskKind    inventory.Kind = "aws.ecs.task"
)

// DerivedKinds are the kinds of workloads whose exposures are derived. Those of
// other kinds are told by the collector that reads the workload.
var DerivedKinds = []inventory.Kind{ECSServiceKind, ECSTaskKind}

// PublicIPKind is the [inventory.Exposure.Via] of workloads that the internet
// reaches at their own address.
const PublicIPKind inventory.Kind = "aws.ec2.public_ip"

// The types of target groups whose targets are read.
const (
	InstanceTarget = "instance"
	BalancerTarget = "alb"
	FunctionTarget = "lambda"
)

// InternetFacing is the scheme of load balancers with public addresses.
const InternetFacing = "internet-facing"

// A LoadBalancer is the attributes of aws.elbv2.load_balancer; the UID is its
// ARN. Listeners are read of internet-facing ones only, and of those to which
// these forward.
type LoadBalancer struct {
	// Type is "application", "network" or "gateway".
	Type    string `json:"type"`
	Scheme  string `json:"scheme"`
	DNSName string `json:"dns_name"`
	VPC     string `json:"vpc,omitempty"`
	// SecurityGroups may be empty for network load balancers, which then let
	// everyone in.
	SecurityGroups []string   `json:"security_groups,omitempty"`
	Listeners      []Listener `json:"listeners,omitempty"`
}

// A Listener is one port of a load balancer.
type Listener struct {
	ARN      string `json:"arn"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
	// Forwards are where the default action and the rules send requests.
	Forwards []Forward `json:"forwards,omitempty"`
}

// A Forward is one way from a listener to a target group.
type Forward struct {
	// TargetGroup is an ARN.
	TargetGroup string `json:"target_group"`
	// Rule is the ARN of the listener's rule; empty for its default action.
	Rule string `json:"rule,omitempty"`
	// Authenticates is the action that requests pass before:
	// "authenticate-oidc", "authenticate-cognito", "jwt-validation"; empty
	// for none.
	Authenticates string `json:"authenticates,omitempty"`
}

// A TargetGroup is the attributes of aws.elbv2.target_group; the UID is its
// ARN.
type TargetGroup struct {
	// Type is "ip", "instance", "lambda" or "alb".
	Type     string `json:"type"`
	Protocol string `json:"protocol,omitempty"`
	Port     int    `json:"port,omitempty"`
	VPC      string `json:"vpc,omitempty"`
	// LoadBalancers are the ARNs of those that forward to it.
	LoadBalancers []string `json:"load_balancers,omitempty"`
	// Targets are read of groups of type "instance", "alb" and "lambda" that
	// the internet may reach; workloads with addresses of their own say
	// themselves in which groups they are.
	Targets []Target `json:"targets,omitempty"`
}

// A Target is what is registered in a target group.
type Target struct {
	// ID is that of an instance, or the ARN of an application load balancer or
	// of a function, without its version.
	ID   string `json:"id"`
	Port int    `json:"port,omitempty"`
}

// A SecurityGroup is the attributes of aws.ec2.security_group; the UID is its
// ID.
type SecurityGroup struct {
	VPC     string `json:"vpc,omitempty"`
	Ingress []Rule `json:"ingress,omitempty"`
}

// A Rule is one rule of a security group.
type Rule struct {
	// Protocol is "tcp", "udp", "icmp", a protocol number, or "-1" for all.
	Protocol string `json:"protocol"`
	// From and To are the first and last port; both 0 if Protocol is "-1".
	From int `json:"from"`
	To   int `json:"to"`
	// Sources are CIDR blocks, and IDs of security groups ("sg-…") and of
	// prefix lists ("pl-…").
	Sources []string `json:"sources,omitempty"`
}

// A NetworkInterface is the attributes of aws.ec2.network_interface; the UID
// is its ID. Only those with a public address are stored.
type NetworkInterface struct {
	Subnet         string   `json:"subnet"`
	SecurityGroups []string `json:"security_groups,omitempty"`
	PublicIP       string   `json:"public_ip,omitempty"`
	IPv6           []string `json:"ipv6,omitempty"`
	// Instance is the EC2 instance that it is attached to, if any.
	Instance string `json:"instance,omitempty"`
}

// A Subnet is the attributes of aws.ec2.subnet; the UID is its ID.
type Subnet struct {
	VPC string `json:"vpc"`
	// RouteTable is the ID of the table that routes for the subnet.
	RouteTable string `json:"route_table,omitempty"`
	// InternetGateway is the gateway that the table's default route leads
	// to; empty if nothing from the internet can come in.
	InternetGateway string `json:"internet_gateway,omitempty"`
}
