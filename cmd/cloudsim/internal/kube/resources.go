package kube

import (
	"iter"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// A resource is one kind of objects of the API.
type resource struct {
	schema.GroupVersionResource
	kind       string
	namespaced bool
	// custom resources have no protobuf form.
	custom bool
	// items returns the objects without the first skip ones; nil for
	// resources that can only be created.
	items func(c *cluster, skip int) iter.Seq[object]
	// count returns the number of objects, where that is known without
	// making them.
	count func(c *cluster) int
	// fields adds what field selectors may ask for besides the name.
	fields func(obj object, set fields.Set)
	// review is whether objects are only created, to ask a question.
	review bool
}

// apiVersion returns the resource's group and version as objects have it.
func (r resource) apiVersion() string { return r.GroupVersion().String() }

// verbs are what a client with every permission may do.
func (r resource) verbs() []string {
	if r.review {
		return []string{"create"}
	}
	return []string{"get", "list"}
}

// resources are all that the clusters serve.
var resources = []resource{
	core("pods", "Pod", true, pods).counted((*cluster).podCount).selectable(podFieldSet),
	core("nodes", "Node", false, from((*cluster).nodes)),
	core("namespaces", "Namespace", false, from((*cluster).namespaces)),
	core("services", "Service", true, from((*cluster).services)),
	core("serviceaccounts", "ServiceAccount", true, from((*cluster).serviceAccounts)),
	core("replicationcontrollers", "ReplicationController", true, none),
	api("apps", "deployments", "Deployment", from((*cluster).deployments)),
	api("apps", "replicasets", "ReplicaSet", from((*cluster).replicaSets)),
	api("apps", "statefulsets", "StatefulSet", from((*cluster).statefulSets)),
	api("apps", "daemonsets", "DaemonSet", from((*cluster).daemonSets)),
	api("batch", "jobs", "Job", from((*cluster).jobs)),
	api("batch", "cronjobs", "CronJob", from((*cluster).cronJobs)),
	api("networking.k8s.io", "ingresses", "Ingress", from((*cluster).ingresses)),
	api("networking.k8s.io", "ingressclasses", "IngressClass", from((*cluster).ingressClasses)).clusterWide(),
	api("networking.k8s.io", "networkpolicies", "NetworkPolicy", none),
	api("discovery.k8s.io", "endpointslices", "EndpointSlice", from((*cluster).endpointSlices)),
	api("gateway.networking.k8s.io", "gateways", "Gateway", none).customized(),
	api("gateway.networking.k8s.io", "gatewayclasses", "GatewayClass", none).customized().clusterWide(),
	api("gateway.networking.k8s.io", "httproutes", "HTTPRoute", none).customized(),
	api("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", nil).clusterWide().reviewed(),
	api("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", nil).clusterWide().reviewed(),
}

func core(name, kind string, namespaced bool, items func(*cluster, int) iter.Seq[object]) resource {
	return resource{
		GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: name},
		kind:                 kind, namespaced: namespaced, items: items,
	}
}

func api(group, name, kind string, items func(*cluster, int) iter.Seq[object]) resource {
	r := core(name, kind, true, items)
	r.Group = group
	return r
}

func (r resource) counted(count func(*cluster) int) resource {
	r.count = count
	return r
}

func (r resource) selectable(set func(object, fields.Set)) resource {
	r.fields = set
	return r
}

func (r resource) clusterWide() resource {
	r.namespaced = false
	return r
}

func (r resource) customized() resource {
	r.custom = true
	return r
}

func (r resource) reviewed() resource {
	r.review = true
	return r
}

func findResource(gvr schema.GroupVersionResource) (resource, bool) {
	for _, r := range resources {
		if r.GroupVersionResource == gvr {
			return r, true
		}
	}
	return resource{}, false
}

// none is for resources of which the estate has no objects.
func none(*cluster, int) iter.Seq[object] { return func(func(object) bool) {} }

// from adapts a sequence that is cheap to skip through.
func from[T object](all func(*cluster) iter.Seq[T]) func(*cluster, int) iter.Seq[object] {
	return func(c *cluster, skip int) iter.Seq[object] {
		return func(yield func(object) bool) {
			i := 0
			for obj := range all(c) {
				if i++; i > skip && !yield(obj) {
					return
				}
			}
		}
	}
}

// each converts the elements of a slice while they are asked for.
func each[S any, T object](list []S, convert func(S) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, s := range list {
			if !yield(convert(s)) {
				return
			}
		}
	}
}

// workloadsOf returns the workloads of a kind, converted.
func workloadsOf[T object](c *cluster, kind string, convert func(*estate.KubeWorkload) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, w := range c.Workloads() {
			if w.Kind == kind && !yield(convert(w)) {
				return
			}
		}
	}
}

func pods(c *cluster, skip int) iter.Seq[object] {
	return func(yield func(object) bool) {
		for p := range c.PodsFrom(skip) {
			if !yield(c.pod(&p)) {
				return
			}
		}
	}
}

func (c *cluster) podCount() int { return c.PodCount() }

func (c *cluster) deployments() iter.Seq[*appsv1.Deployment] {
	return workloadsOf(c, estate.Deployment, c.deployment)
}

// podFields are the fields of pods that selectors may ask for.
var podFields = map[string]bool{
	"spec.nodeName": true, "spec.restartPolicy": true, "spec.schedulerName": true, "spec.serviceAccountName": true,
	"status.phase": true, "status.podIP": true,
}

func podFieldSet(obj object, set fields.Set) {
	if p, ok := obj.(*corev1.Pod); ok {
		set["spec.nodeName"] = p.Spec.NodeName
		set["spec.restartPolicy"] = string(p.Spec.RestartPolicy)
		set["spec.schedulerName"] = p.Spec.SchedulerName
		set["spec.serviceAccountName"] = p.Spec.ServiceAccountName
		set["status.phase"] = string(p.Status.Phase)
		set["status.podIP"] = p.Status.PodIP
	}
}
