package exposure

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// resource returns a resource with the given attributes.
func resource(kind inventory.Kind, uid string, attrs any) inventory.Resource {
	data, err := json.Marshal(attrs)
	if err != nil {
		panic(err)
	}
	return inventory.Resource{UID: uid, Kind: kind, Name: "the-" + uid, Attrs: data}
}

func sg(id string, rules ...Rule) inventory.Resource {
	return resource(SecurityGroupKind, id, SecurityGroup{Ingress: rules})
}

func tcp(from, to int, sources ...string) Rule {
	return Rule{Protocol: "tcp", From: from, To: to, Sources: sources}
}

func alb(groups ...string) LoadBalancer {
	return LoadBalancer{
		Type: "application", Scheme: InternetFacing, DNSName: "shop.example", SecurityGroups: groups,
		Listeners: []Listener{
			{ARN: "listener/80", Port: 80, Protocol: "HTTP"},
			{ARN: "listener/443", Port: 443, Protocol: "HTTPS", Forwards: []Forward{
				{TargetGroup: "tg/admin", Rule: "rule/1", Authenticates: "authenticate-oidc"},
				{TargetGroup: "tg/cart", Rule: "rule/2"},
				{TargetGroup: "tg/cart"},
			}},
		},
	}
}

func workload(n inventory.Network) inventory.Workload {
	return inventory.Workload{
		UID: "cart", Kind: "aws.ecs.service", Name: "cart", Replicas: 2, Network: n,
		Containers: []inventory.Container{{Name: "app", Ports: []inventory.Port{{Container: 8080, Protocol: "tcp"}}}},
	}
}

func TestThroughBalancers(t *testing.T) {
	t.Parallel()
	cart := inventory.TargetGroup{ARN: "tg/cart", Container: "app", Port: 8080}
	internal := alb("sg-open")
	internal.Scheme = "internal"
	nlb := LoadBalancer{Type: "network", Scheme: InternetFacing, DNSName: "nlb.example", Listeners: []Listener{
		{ARN: "listener/53", Port: 53, Protocol: "TCP_UDP", Forwards: []Forward{{TargetGroup: "tg/cart"}}},
	}}
	nlbWithGroup := nlb
	nlbWithGroup.SecurityGroups = []string{"sg-open"}
	tests := []struct {
		name     string
		balancer LoadBalancer
		rules    []Rule
		target   inventory.TargetGroup
		want     string // address and ports
	}{
		{"open", alb("sg-open"), []Rule{tcp(443, 443, "0.0.0.0/0")}, cart, "shop.example [443]"},
		{"open_ipv6", alb("sg-open"), []Rule{tcp(0, 65535, "::/0")}, cart, "shop.example [443]"},
		{"open_all_protocols", alb("sg-open"), []Rule{{Protocol: "-1", Sources: []string{"0.0.0.0/0"}}}, cart, "shop.example [443]"},
		{"half_of_the_internet", alb("sg-open"), []Rule{tcp(443, 443, "128.0.0.0/1")}, cart, "shop.example [443]"},
		{"second_group_opens", alb("sg-closed", "sg-open"), []Rule{tcp(443, 443, "0.0.0.0/0")}, cart, "shop.example [443]"},
		{"other_port", alb("sg-open"), []Rule{tcp(80, 80, "0.0.0.0/0")}, cart, ""},
		{"udp_only", alb("sg-open"), []Rule{{Protocol: "udp", From: 443, To: 443, Sources: []string{"0.0.0.0/0"}}}, cart, ""},
		{"private_block", alb("sg-open"), []Rule{tcp(443, 443, "10.0.0.0/8", "sg-other", "pl-1")}, cart, ""},
		{"unknown_group", alb("sg-unknown"), nil, cart, ""},
		{"internal", internal, []Rule{tcp(443, 443, "0.0.0.0/0")}, cart, ""},
		{"other_target", alb("sg-open"), []Rule{tcp(443, 443, "0.0.0.0/0")}, inventory.TargetGroup{ARN: "tg/other"}, ""},
		{"nlb_without_groups", nlb, nil, cart, "nlb.example [53]"},
		{"nlb_with_closed_group", nlbWithGroup, []Rule{tcp(443, 443, "0.0.0.0/0")}, cart, ""},
		{"nlb_udp", nlbWithGroup, []Rule{{Protocol: "udp", From: 53, To: 53, Sources: []string{"0.0.0.0/0"}}}, cart, "nlb.example [53]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMap([]inventory.Resource{
				resource(LoadBalancerKind, "lb", test.balancer),
				sg("sg-open", test.rules...), sg("sg-closed"),
				{UID: "ignored", Kind: "aws.eks.cluster", Attrs: json.RawMessage(`[]`)},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range m.Of(workload(inventory.Network{TargetGroups: []inventory.TargetGroup{test.target}})) {
				got += fmt.Sprint(e.Address, " ", e.Ports)
			}
			if got != test.want {
				t.Errorf("exposures = %q, want %q", got, test.want)
			}
		})
	}
}

func TestBalancerEvidence(t *testing.T) {
	t.Parallel()
	m, err := NewMap([]inventory.Resource{
		resource(LoadBalancerKind, "lb", alb("sg-open")),
		sg("sg-open", tcp(443, 443, "0.0.0.0/0")),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Of(workload(inventory.Network{TargetGroups: []inventory.TargetGroup{
		{ARN: "tg/cart", Container: "app", Port: 8080}, {ARN: "tg/admin", Port: 9000},
	}}))
	want := []inventory.Exposure{{
		Workload: "cart", Via: LoadBalancerKind, Address: "shop.example", Ports: []int{443},
		Evidence: []inventory.Evidence{
			{Kind: LoadBalancerKind, UID: "lb", Detail: "application load balancer the-lb is internet-facing"},
			{Kind: SecurityGroupKind, UID: "sg-open", Detail: "security group sg-open allows tcp 443 from 0.0.0.0/0"},
			{Kind: "aws.elbv2.rule", UID: "rule/2", Detail: "a rule of listener HTTPS 443 forwards to the target group"},
			{Kind: TargetGroupKind, UID: "tg/cart", Detail: "cart registers port 8080 of its container app"},
			{Kind: "aws.elbv2.rule", UID: "rule/1", Detail: "a rule of listener HTTPS 443 forwards to the target group after authenticate-oidc"},
			{Kind: TargetGroupKind, UID: "tg/admin", Detail: "cart registers its port 9000"},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exposures mismatch (-want +got):\n%s", diff)
	}
}

func TestAtOwnAddress(t *testing.T) {
	t.Parallel()
	open, closed := sg("sg-open", tcp(8000, 9000, "0.0.0.0/0")), sg("sg-closed", tcp(22, 22, "0.0.0.0/0"))
	nic := func(id, subnet, group string) inventory.Resource {
		return resource(NetworkInterfaceKind, id, NetworkInterface{Subnet: subnet, SecurityGroups: []string{group}, PublicIP: "198.51.100.7"})
	}
	subnets := []inventory.Resource{
		resource(SubnetKind, "subnet-public", Subnet{VPC: "vpc", InternetGateway: "igw-1"}),
		resource(SubnetKind, "subnet-private", Subnet{VPC: "vpc"}),
	}
	tests := []struct {
		name    string
		nics    []inventory.Resource
		network inventory.Network
		want    string
	}{
		{
			"public",
			[]inventory.Resource{nic("eni-1", "subnet-public", "sg-open")},
			inventory.Network{Interfaces: []string{"eni-0", "eni-1"}},
			"198.51.100.7 [8080]",
		},
		{
			"subnet_not_known",
			[]inventory.Resource{nic("eni-1", "subnet-other", "sg-open")},
			inventory.Network{Interfaces: []string{"eni-1"}},
			"198.51.100.7 [8080]",
		},
		{
			"no_route",
			[]inventory.Resource{nic("eni-1", "subnet-private", "sg-open")},
			inventory.Network{Interfaces: []string{"eni-1"}, AssignPublicIP: true, SecurityGroups: []string{"sg-open"}},
			"",
		},
		{
			"closed",
			[]inventory.Resource{nic("eni-1", "subnet-public", "sg-closed")},
			inventory.Network{Interfaces: []string{"eni-1"}},
			"",
		},
		{
			"ipv6",
			[]inventory.Resource{resource(NetworkInterfaceKind, "eni-1", NetworkInterface{
				Subnet: "subnet-public", SecurityGroups: []string{"sg-open"}, IPv6: []string{"2001:db8::1"},
			})},
			inventory.Network{Interfaces: []string{"eni-1"}},
			"2001:db8::1 [8080]",
		},
		{"private", nil, inventory.Network{Interfaces: []string{"eni-1"}, SecurityGroups: []string{"sg-open"}}, ""},
		{
			"declared", nil,
			inventory.Network{AssignPublicIP: true, SecurityGroups: []string{"sg-open"}, Subnets: []string{"subnet-private", "subnet-public"}},
			" [8080]",
		},
		{
			"declared_no_route", nil,
			inventory.Network{AssignPublicIP: true, SecurityGroups: []string{"sg-open"}, Subnets: []string{"subnet-private"}},
			"",
		},
		{"declared_closed", nil, inventory.Network{AssignPublicIP: true, SecurityGroups: []string{"sg-closed"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMap(append(append(test.nics, subnets...), open, closed))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range m.Of(workload(test.network)) {
				if e.Via != PublicIPKind || len(e.Evidence) < 2 {
					t.Errorf("exposure %+v, want one via %s with evidence", e, PublicIPKind)
				}
				got += fmt.Sprint(e.Address, " ", e.Ports)
			}
			if got != test.want {
				t.Errorf("exposures = %q, want %q", got, test.want)
			}
		})
	}
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		m, err := NewMap([]inventory.Resource{open})
		if err != nil {
			t.Fatal(err)
		}
		w := workload(inventory.Network{AssignPublicIP: true, SecurityGroups: []string{"sg-open"}})
		w.Replicas = 0
		if got := m.Of(w); got != nil {
			t.Errorf("exposures of a stopped workload = %+v, want none", got)
		}
	})
}

func TestManyAddresses(t *testing.T) {
	t.Parallel()
	resources := []inventory.Resource{sg("sg-open", tcp(8080, 8080, "0.0.0.0/0"))}
	var w inventory.Network
	for i := range 1000 {
		id := fmt.Sprintf("eni-%04d", i)
		w.Interfaces = append(w.Interfaces, id)
		resources = append(resources, resource(NetworkInterfaceKind, id, NetworkInterface{
			SecurityGroups: []string{"sg-open"}, PublicIP: fmt.Sprintf("198.51.%d.%d", i/256, i%256),
		}))
	}
	m, err := NewMap(resources)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Of(workload(w))
	if len(got) != 1 || len(got[0].Evidence) != maxAddresses+2 || got[0].Evidence[maxAddresses+1].Detail != "997 more network interfaces likewise" {
		t.Errorf("exposures = %+v, want one with bounded evidence", got)
	}
}

func TestNewMapRefusesBadAttributes(t *testing.T) {
	t.Parallel()
	for _, kind := range []inventory.Kind{LoadBalancerKind, SecurityGroupKind, NetworkInterfaceKind, SubnetKind, TargetGroupKind} {
		if _, err := NewMap([]inventory.Resource{{UID: "x", Kind: kind, Attrs: json.RawMessage(`{"ingress": 1, "scheme": 1, "subnet": 1, "vpc": 1}`)}}); err == nil {
			t.Errorf("NewMap accepted bad attributes of %s", kind)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	m, err := NewMap([]inventory.Resource{
		resource(LoadBalancerKind, "lb", alb("sg-open")),
		sg("sg-open", tcp(443, 443, "0.0.0.0/0")),
	})
	if err != nil {
		b.Fatal(err)
	}
	w := workload(inventory.Network{TargetGroups: []inventory.TargetGroup{{ARN: "tg/cart", Container: "app", Port: 8080}}})
	b.ReportAllocs()
	for b.Loop() {
		m.Of(w)
	}
}
