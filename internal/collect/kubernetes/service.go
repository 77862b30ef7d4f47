package kubernetes

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

var services = resource{version: "v1", name: "services", form: inJSON}

// service is the needed part of a Service.
type service struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Type              string        `json:"type"`
		Selector          labels        `json:"selector"`
		Ports             []servicePort `json:"ports"`
		ExternalIPs       []string      `json:"externalIPs"`
		SourceRanges      []string      `json:"loadBalancerSourceRanges"`
		LoadBalancerClass string        `json:"loadBalancerClass"`
	} `json:"spec"`
	Status struct {
		LoadBalancer loadBalancer `json:"loadBalancer"`
	} `json:"status"`

	ways []way
}

// objectMeta is [meta] for small lists that are read as JSON.
type objectMeta struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Annotations map[string]string `json:"annotations"`
}

type servicePort struct {
	Port     int `json:"port"`
	NodePort int `json:"nodePort"`
}

// loadBalancer is the status of services and ingresses.
type loadBalancer struct {
	Ingress []struct {
		IP       string `json:"ip"`
		Hostname string `json:"hostname"`
	} `json:"ingress"`
}

// addresses returns the names, or else the IP addresses, in order.
func (l loadBalancer) addresses() []string {
	var all []string
	for _, i := range l.Ingress {
		if a := cmp.Or(i.Hostname, i.IP); a != "" {
			all = append(all, a)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *service) uid(k *cluster) string {
	return k.uid(s.Metadata.Namespace, services.name, s.Metadata.Name)
}

// selector returns the labels that a pod must have; none selects no pod.
func (s *service) selector() labels { return s.Spec.Selector }

func (s *service) selectorText() string {
	pairs := make([]string, 0, len(s.selector()))
	for _, l := range s.selector() {
		pairs = append(pairs, l.key+"="+l.value)
	}
	return strings.Join(pairs, ",")
}

// expose finds the ways by which the internet reaches s itself.
func (s *service) expose(k *cluster, nodes []string) {
	var ports, nodePorts []int
	for _, p := range s.Spec.Ports {
		ports = append(ports, p.Port)
		if p.NodePort != 0 {
			nodePorts = append(nodePorts, p.NodePort)
		}
	}
	slices.Sort(ports)
	ports = slices.Compact(ports) // One number may stand for TCP and for UDP.
	slices.Sort(nodePorts)
	if s.Spec.Type == "LoadBalancer" && !s.internal() {
		ranges, ok := s.openRanges()
		for _, a := range s.Status.LoadBalancer.addresses() {
			if ok && public(a) {
				s.reach(a, ports, "load balancer "+a+ranges+" forwards "+portText(ports))
			}
		}
	}
	// A load balancer, though it be internal, gets node ports as well.
	if (s.Spec.Type == "NodePort" || s.Spec.Type == "LoadBalancer") && len(nodePorts) > 0 && len(nodes) > 0 {
		s.reach(nodes[0], nodePorts, "every node, of which some have a public address, forwards "+portText(nodePorts))
	}
	for _, a := range slices.Sorted(slices.Values(s.Spec.ExternalIPs)) {
		if public(a) {
			s.reach(a, ports, "external IP "+a+" forwards "+portText(ports))
		}
	}
}

// reach adds a way that leads to s without anything before it.
func (s *service) reach(address string, ports []int, how string) {
	s.ways = append(s.ways, way{via: serviceKind, address: address, ports: ports, how: how})
}

// internal reports whether a service asks for a load balancer without public
// address.
func (s *service) internal() bool {
	if s.Spec.Type != "LoadBalancer" {
		return false
	}
	a := s.Metadata.Annotations
	switch {
	case a["service.beta.kubernetes.io/azure-load-balancer-internal"] == "true",
		strings.EqualFold(a["networking.gke.io/load-balancer-type"], "internal"),
		strings.EqualFold(a["cloud.google.com/load-balancer-type"], "internal"):
		return true
	}
	// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
	if scheme := a["service.beta.kubernetes.io/aws-load-balancer-scheme"]; scheme != "" {
		return scheme != "internet-facing"
	}
	if v, ok := a["service.beta.kubernetes.io/aws-load-balancer-internal"]; ok {
		return v != "false" && v != ""
	}
	// The AWS Load Balancer Controller and EKS Auto Mode make internal load
	// balancers by default; the older controller in the cloud provider does not.
	switch a["service.beta.kubernetes.io/aws-load-balancer-type"] {
	case "external", "nlb-ip":
		return true
	}
	switch s.Spec.LoadBalancerClass {
	case "service.k8s.aws/nlb", "eks.amazonaws.com/nlb":
		return true
	}
	return false
}

// openRanges reports whether the load balancer lets any public address in, and
// as text which ones if not all.
func (s *service) openRanges() (text string, ok bool) {
	ranges := s.Spec.SourceRanges
	if len(ranges) == 0 {
		if v := s.Metadata.Annotations["service.beta.kubernetes.io/load-balancer-source-ranges"]; v != "" {
			ranges = strings.Split(v, ",")
		}
	}
	var open []string
	for _, r := range ranges {
		p, err := netip.ParsePrefix(strings.TrimSpace(r))
		switch {
		case err == nil && p.Bits() == 0:
			return "", true
		case err == nil && !public(p.Addr().String()):
		default:
			open = append(open, strings.TrimSpace(r))
		}
	}
	if len(ranges) == 0 {
		return "", true
	}
	slices.Sort(open)
	return " (only from " + strings.Join(open, ", ") + ")", len(open) > 0
}

// evidence is the link of the chain that an object stands for.
func (o *objectMeta) evidence(k *cluster, kind inventory.Kind, resource, detail string) []inventory.Evidence {
	return []inventory.Evidence{{Kind: kind, UID: k.uid(o.Namespace, resource, o.Name), Detail: detail}}
}

// portText returns "port 80" or "ports 80, 443".
func portText(ports []int) string {
	if len(ports) == 1 {
		return fmt.Sprintf("port %d", ports[0])
	}
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = fmt.Sprint(p)
	}
	return "ports " + strings.Join(texts, ", ")
}
