package kube

import (
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func (c *cluster) services() iter.Seq[*corev1.Service] {
	return each(c.Services(), func(s estate.KubeService) *corev1.Service {
		out := &corev1.Service{
			ObjectMeta: c.meta(s.Namespace, s.Name, s.UID, s.CreatedAt, s.Selector),
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceType(s.Type), ClusterIP: s.ClusterIP, ClusterIPs: []string{s.ClusterIP}, Selector: s.Selector,
				IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, SessionAffinity: corev1.ServiceAffinityNone,
				Ports: []corev1.ServicePort{{
					Name: "http", Protocol: corev1.ProtocolTCP, Port: int32(s.Port),
					TargetPort: intstr.FromInt32(int32(s.TargetPort)), NodePort: int32(s.NodePort),
				}},
			},
		}
		out.Annotations = s.Annotations
		if s.Hostname != "" || s.IP != "" {
			out.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: s.Hostname, IP: s.IP}}
		}
		return out
	})
}

func (c *cluster) ingresses() iter.Seq[*networkingv1.Ingress] {
	return each(c.Ingresses(), func(in estate.KubeIngress) *networkingv1.Ingress {
		prefix := networkingv1.PathTypePrefix
		out := &networkingv1.Ingress{
			ObjectMeta: c.meta(in.Namespace, in.Name, in.UID, in.CreatedAt, nil),
			Spec: networkingv1.IngressSpec{
				IngressClassName: &in.Class,
				Rules: []networkingv1.IngressRule{{
					Host: in.Host,
					IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
						Paths: []networkingv1.HTTPIngressPath{{
							Path: "/", PathType: &prefix,
							Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
								Name: in.Service, Port: networkingv1.ServiceBackendPort{Number: int32(in.ServicePort)},
							}},
						}},
					}},
				}},
			},
		}
		out.Annotations = in.Annotations
		if in.Hostname != "" {
			out.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: in.Hostname}}
		}
		return out
	})
}

// controllers are the controllers of ingress classes.
var controllers = map[string]string{
	"alb": "ingress.k8s.aws/alb", "nginx": "k8s.io/ingress-nginx", "nginx-internal": "k8s.io/ingress-nginx-internal",
}

// ingressClasses returns the classes that the cluster's ingresses use.
func (c *cluster) ingressClasses() iter.Seq[*networkingv1.IngressClass] {
	var names []string
	for _, in := range c.Ingresses() {
		names = append(names, in.Class)
	}
	slices.Sort(names)
	return each(slices.Compact(names), func(name string) *networkingv1.IngressClass {
		return &networkingv1.IngressClass{
			ObjectMeta: c.meta("", name, c.UID[:24]+fmt.Sprintf("%012x", 0x100+len(name)), c.CreatedAt, nil),
			Spec:       networkingv1.IngressClassSpec{Controller: controllers[name]},
		}
	})
}

// maxEndpoints is how many endpoints a slice holds.
const maxEndpoints = 100

// endpointSlices returns the addresses behind each service.
func (c *cluster) endpointSlices() iter.Seq[*discoveryv1.EndpointSlice] {
	return func(yield func(*discoveryv1.EndpointSlice) bool) {
		type key struct{ namespace, app string }
		starts := map[key]int{}
		counts := map[key]int{}
		position := 0
		for _, w := range c.Workloads() {
			k := key{w.Namespace, w.Template.Labels["app"]}
			starts[k], counts[k] = position, w.Replicas
			position += w.Replicas
		}
		for _, s := range c.Services() {
			k := key{s.Namespace, s.Selector["app"]}
			for n := 0; n == 0 || n < counts[k]; n += maxEndpoints {
				slice := c.endpointSlice(s, n/maxEndpoints)
				left := min(maxEndpoints, counts[k]-n)
				for p := range c.PodsFrom(starts[k] + n) {
					if left--; left < 0 {
						break
					}
					slice.Endpoints = append(slice.Endpoints, endpoint(&p))
				}
				if !yield(slice) {
					return
				}
			}
		}
	}
}

// endpointSlice returns the i-th slice of a service, without endpoints.
func (c *cluster) endpointSlice(s estate.KubeService, i int) *discoveryv1.EndpointSlice {
	name, port, protocol := "http", int32(s.TargetPort), corev1.ProtocolTCP
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: c.meta(s.Namespace, fmt.Sprintf("%s-%05d", s.Name, i), s.UID[:24]+fmt.Sprintf("%012x", i+1), s.CreatedAt,
			map[string]string{discoveryv1.LabelServiceName: s.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io"}),
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
	}
	slice.OwnerReferences = []metav1.OwnerReference{reference(&estate.KubeOwner{APIVersion: "v1", Kind: "Service", Name: s.Name, UID: s.UID})}
	return slice
}

func endpoint(p *estate.KubePod) discoveryv1.Endpoint {
	ready := p.Ready
	return discoveryv1.Endpoint{
		Addresses: []string{p.IP}, NodeName: &p.Node.Name,
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name},
	}
}
