package exposure

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestAtHostAddress(t *testing.T) {
	t.Parallel()
	port := func(instance string, port int) inventory.HostPort {
		return inventory.HostPort{Instance: instance, Port: port, Container: 80, Protocol: "tcp"}
	}
	tests := []struct {
		name  string
		ports []inventory.HostPort
		want  string
	}{
		{"open", []inventory.HostPort{port("i-1", 8080)}, "198.51.100.1 [8080]"},
		{"closed_port", []inventory.HostPort{port("i-1", 9000)}, ""},
		{"other_protocol", []inventory.HostPort{{Instance: "i-1", Port: 8080, Protocol: "udp"}}, ""},
		{"private_machine", []inventory.HostPort{port("i-9", 8080)}, ""},
		{"no_route", []inventory.HostPort{port("i-3", 8080)}, ""},
		{"first_open_machine", []inventory.HostPort{port("i-1", 9000), port("i-2", 8081), port("i-9", 8080)}, "198.51.100.2 [8081]"},
		{"all_ports", []inventory.HostPort{port("i-1", 8081), port("i-1", 8080), port("i-2", 8080)}, "198.51.100.1 [8080 8081]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			nic := func(n int, subnet string) inventory.Resource {
				return resource(NetworkInterfaceKind, fmt.Sprint("eni-", n), NetworkInterface{
					Subnet: subnet, SecurityGroups: []string{"sg-open"}, PublicIP: fmt.Sprint("198.51.100.", n), Instance: fmt.Sprint("i-", n),
				})
			}
			m, err := NewMap([]inventory.Resource{
				sg("sg-open", tcp(8080, 8081, "0.0.0.0/0")),
				nic(1, "subnet-public"), nic(2, "subnet-public"), nic(3, "subnet-private"),
				resource(SubnetKind, "subnet-public", Subnet{InternetGateway: "igw-1"}), resource(SubnetKind, "subnet-private", Subnet{}),
			})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range m.Of(workload(inventory.Network{HostPorts: test.ports})) {
				if len(e.Evidence) < 4 {
					t.Errorf("evidence = %+v, want the interface, the subnet, the group and the port", e.Evidence)
				}
				got += fmt.Sprint(e.Address, " ", e.Ports)
			}
			if got != test.want {
				t.Errorf("exposures = %q, want %q", got, test.want)
			}
		})
	}
}

func TestManyMachines(t *testing.T) {
	t.Parallel()
	resources := []inventory.Resource{sg("sg-open", tcp(8080, 8080, "0.0.0.0/0"))}
	var n inventory.Network
	for i := range 100 {
		id := fmt.Sprintf("i-%03d", i)
		n.HostPorts = append(n.HostPorts, inventory.HostPort{Instance: id, Port: 8080})
		resources = append(resources, resource(NetworkInterfaceKind, "eni-"+id, NetworkInterface{
			SecurityGroups: []string{"sg-open"}, PublicIP: fmt.Sprint("198.51.100.", i), Instance: id,
		}))
	}
	m, err := NewMap(resources)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Of(workload(n))
	if len(got) != 1 || len(got[0].Evidence) > 3*maxAddresses+1 || got[0].Evidence[len(got[0].Evidence)-1].Detail != "97 more instances likewise" {
		t.Errorf("exposures = %+v, want one with bounded evidence", got)
	}
}

func TestRegisteredTargets(t *testing.T) {
	t.Parallel()
	chained := func(groups ...string) []inventory.Resource {
		outer := LoadBalancer{Type: "network", Scheme: InternetFacing, DNSName: "outer.example", SecurityGroups: []string{"sg-outer"}, Listeners: []Listener{
			{ARN: "listener/outer", Port: 443, Protocol: "TCP", Forwards: []Forward{{TargetGroup: "tg/inner"}}},
		}}
		inner := LoadBalancer{Type: "application", Scheme: "internal", SecurityGroups: groups, Listeners: []Listener{
			{ARN: "listener/80", Port: 80, Protocol: "HTTP", Forwards: []Forward{{TargetGroup: "tg/machines"}}},
			{ARN: "listener/81", Port: 81, Protocol: "HTTP", Forwards: []Forward{{TargetGroup: "tg/other"}}},
		}}
		return []inventory.Resource{
			resource(LoadBalancerKind, "lb/inner", inner), resource(LoadBalancerKind, "lb/outer", outer),
			resource(TargetGroupKind, "tg/inner", TargetGroup{Type: BalancerTarget, Targets: []Target{{"lb/gone", 80}, {"lb/inner", 80}}}),
			resource(TargetGroupKind, "tg/machines", TargetGroup{Type: InstanceTarget, Targets: []Target{{"i-1", 8080}}}),
			resource(TargetGroupKind, "tg/other", TargetGroup{Type: InstanceTarget, Targets: []Target{{"i-1", 9090}}}),
			sg("sg-outer", tcp(443, 443, "0.0.0.0/0")), sg("sg-trusting", tcp(80, 81, "sg-outer")), sg("sg-open", tcp(80, 81, "0.0.0.0/0")), sg("sg-closed", tcp(80, 81, "10.0.0.0/8")),
		}
	}
	function := []inventory.Resource{
		resource(LoadBalancerKind, "lb", alb("sg-open")), sg("sg-open", tcp(443, 443, "0.0.0.0/0")),
		resource(TargetGroupKind, "tg/cart", TargetGroup{Type: FunctionTarget, Targets: []Target{{ID: "cart"}}}),
	}
	at := func(instance string, port int) inventory.Network {
		return inventory.Network{HostPorts: []inventory.HostPort{{Instance: instance, Port: port}}}
	}
	for _, test := range []struct {
		name      string
		resources []inventory.Resource
		network   inventory.Network
		want      string
	}{
		{"behind_two_by_group", chained("sg-trusting"), at("i-1", 8080), "outer.example [443]"},
		{"behind_two_open", chained("sg-open"), at("i-1", 8080), "outer.example [443]"},
		{"inner_is_closed", chained("sg-closed"), at("i-1", 8080), ""},
		{"other_listener", chained("sg-open"), at("i-1", 9090), ""},
		{"other_port", chained("sg-open"), at("i-1", 8081), ""},
		{"other_machine", chained("sg-open"), at("i-2", 8080), ""},
		{"function", function, inventory.Network{}, "shop.example [443]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMap(test.resources)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range m.Of(workload(test.network)) {
				got += fmt.Sprint(e.Address, " ", e.Ports)
			}
			if got != test.want {
				t.Errorf("exposures = %q, want %q", got, test.want)
			}
		})
	}
}
