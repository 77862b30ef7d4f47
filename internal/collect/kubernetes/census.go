package kubernetes

import (
	"context"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// The lists that tell the workloads. Pods that have ended do not run.
var (
	pods                   = resource{version: "v1", name: "pods", fields: "status.phase!=Succeeded,status.phase!=Failed"}
	replicaSets            = resource{group: "apps", version: "v1", name: "replicasets", form: metadataOnly}
	jobs                   = resource{group: "batch", version: "v1", name: "jobs", form: metadataOnly}
	replicationControllers = resource{version: "v1", name: "replicationcontrollers"}
	deployments            = resource{group: "apps", version: "v1", name: "deployments"}
	statefulSets           = resource{group: "apps", version: "v1", name: "statefulsets"}
	daemonSets             = resource{group: "apps", version: "v1", name: "daemonsets"}
	cronJobs               = resource{group: "batch", version: "v1", name: "cronjobs"}
)

// declared are the objects with a template that is read. The path leads from
// the object to the template, as field numbers of their generated.proto.
var declared = []struct {
	resource   resource
	apiVersion string
	kind       string
	path       []protowire.Number
}{
	{replicationControllers, "v1", "ReplicationController", []protowire.Number{2, 3}},
	{deployments, "apps/v1", "Deployment", []protowire.Number{2, 3}},
	{statefulSets, "apps/v1", "StatefulSet", []protowire.Number{2, 3}},
	{daemonSets, "apps/v1", "DaemonSet", []protowire.Number{2, 2}},
	{cronJobs, "batch/v1", "CronJob", []protowire.Number{2, 5, 2, 6}},
}

// A census counts the pods of a cluster by workload.
type census struct {
	*cluster
	// architectures are those of the nodes, by name.
	architectures map[string]string
	// public are the addresses of the nodes that have a public one, by name.
	public  map[string]string
	exposed exposedServices
	// workloads are by UID; the pods of a ReplicaSet stand under its UID until
	// its owner is known.
	workloads map[string]*workload
	// owned are the workloads whose owner may have an owner, by the owner's
	// Kubernetes UID.
	owned map[string]*workload
}

// take reads all workloads. Lists that are denied are left out and told to
// tolerate, which returns the error if it is another. Without the pods nothing
// is known: templates alone would show all that runs as not running.
func (c *census) take(ctx context.Context, tolerate func(error) error) error {
	err := list(ctx, c.cluster, pods, &pod{}, c.clear, c.pod)
	if err != nil {
		c.clear()
		return tolerate(err)
	}
	for _, r := range []resource{replicaSets, jobs} {
		owners := map[*workload]meta{}
		err := list(ctx, c.cluster, r, &metadataObject{}, func() { clear(owners) }, func(o *metadataObject) error {
			if w := c.owned[o.Metadata.UID]; w != nil {
				owners[w] = o.Metadata.clone()
			}
			return nil
		})
		if err := tolerate(err); err != nil {
			return err
		}
		for w, object := range owners {
			c.settle(w, object)
		}
	}
	for _, w := range c.owned {
		c.guess(w)
	}
	for _, d := range declared {
		if err := tolerate(c.declared(ctx, d.resource, typeOf(d.apiVersion, d.kind), d.path)); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) clear() {
	c.workloads = map[string]*workload{}
	c.owned = map[string]*workload{}
}

// pod counts one pod.
func (c *census) pod(p *pod) error {
	if p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return nil // A server may ignore the field selector.
	}
	w := c.workloadOf(p)
	w.add(p, c.architectures[p.Spec.NodeName])
	for s := range c.exposed.selecting(p) {
		w.reachedBy(s)
	}
	if address := c.public[p.Spec.NodeName]; address != "" {
		w.hosts.add(p, address)
	}
	return nil
}

// workloadOf returns the workload of a pod as far as the pod knows it.
func (c *census) workloadOf(p *pod) *workload {
	owner, ok := p.Metadata.controller()
	if ok && owner.Kind != staticPod.kind {
		if w := c.owned[owner.UID]; w != nil {
			return w
		}
		w := c.workload(typeOf(owner.APIVersion, owner.Kind), p.Metadata.Namespace, owner.Name)
		w.hash = p.Metadata.Labels.get("pod-template-hash")
		if owner.UID != "" {
			c.owned[owner.UID] = w
		}
		return w
	}
	if ok || p.Metadata.Annotations.Mirror != "" {
		// The kubelet names the mirror pod after the file and the node.
		name := strings.TrimSuffix(p.Metadata.Name, "-"+strings.ToLower(p.Spec.NodeName))
		return c.workload(staticPod, p.Metadata.Namespace, name)
	}
	w := c.workload(barePod, p.Metadata.Namespace, p.Metadata.Name)
	w.created = p.Metadata.Created
	return w
}

// workload returns the workload with the given name, a new one if need be.
func (c *census) workload(t workloadType, namespace, name string) *workload {
	w := &workload{typ: t, namespace: namespace, name: name}
	uid := w.uid(c.cluster)
	if known := c.workloads[uid]; known != nil {
		return known
	}
	c.workloads[uid] = w
	return w
}

// settle gives the pods of object, such as a ReplicaSet, to the object's own
// owner, such as a Deployment. Without one the object is the workload.
func (c *census) settle(w *workload, object meta) {
	delete(c.owned, object.UID)
	owner, ok := object.controller()
	if !ok {
		w.created, w.labels = object.Created, object.Labels.lasting()
		return
	}
	c.give(w, typeOf(owner.APIVersion, owner.Kind), owner.Name)
}

// guess settles a ReplicaSet or Job that was deleted between the lists, or may
// not be listed, by the names that their owners give them.
func (c *census) guess(w *workload) {
	switch w.typ.resource {
	case replicaSets.name:
		// The deployment controller names a ReplicaSet after the hash.
		if name, ok := strings.CutSuffix(w.name, "-"+w.hash); ok && w.hash != "" {
			c.give(w, typeOf("apps/v1", "Deployment"), name)
		}
	case jobs.name:
		// The cron job controller names a Job after the minute, in 8 digits.
		i := strings.LastIndexByte(w.name, '-')
		if i > 0 && len(w.name)-i == 9 && strings.Trim(w.name[i+1:], "0123456789") == "" {
			c.give(w, typeOf("batch/v1", "CronJob"), w.name[:i])
		}
	}
}

// give moves the pods of w to another workload.
func (c *census) give(w *workload, t workloadType, name string) {
	uid := w.uid(c.cluster)
	to := c.workload(t, w.namespace, name)
	if to == w {
		return
	}
	delete(c.workloads, uid)
	if to.variants == nil {
		hold := *w
		hold.typ, hold.name, hold.hash = to.typ, to.name, ""
		*to = hold
		return
	}
	to.merge(w)
}

// declared reads the objects of one type that have templates. Those without
// pods become workloads with 0 replicas.
func (c *census) declared(ctx context.Context, r resource, t workloadType, path []protowire.Number) error {
	objects := map[string]*workload{}
	var given []meta
	restart := func() {
		clear(objects)
		given = nil
	}
	err := list(ctx, c.cluster, r, &controller{path: path}, restart, func(o *controller) error {
		if _, ok := o.Metadata.controller(); ok && r.name == replicationControllers.name {
			given = append(given, o.Metadata.clone()) // of a DeploymentConfig
			return nil
		}
		w := &workload{
			typ: t, namespace: o.Metadata.Namespace, name: o.Metadata.Name,
			created: o.Metadata.Created, labels: o.Metadata.Labels.lasting(),
		}
		uid := w.uid(c.cluster)
		objects[uid] = w
		if c.workloads[uid] == nil {
			w.declare(o.template())
		}
		return nil
	})
	if err != nil {
		return err
	}
	for uid, w := range objects {
		if running := c.workloads[uid]; running != nil {
			running.created, running.labels = w.created, w.labels
		} else {
			c.workloads[uid] = w
		}
	}
	for _, object := range given {
		if w := c.workloads[c.uid(object.Namespace, t.resource, object.Name)]; w != nil {
			c.settle(w, object)
		}
	}
	return nil
}

// emit sends the workloads and what exposes them, and returns the service
// accounts that they act as, by namespace/name.
func (c *census) emit(send func(inventory.Record) error) (accounts map[string]bool, err error) {
	accounts = map[string]bool{}
	for _, uid := range slices.Sorted(maps.Keys(c.workloads)) {
		w := c.workloads[uid]
		if w.settings.serviceAccount != "" {
			accounts[w.namespace+"/"+w.settings.serviceAccount] = true
		}
		record := w.record(c.cluster)
		if err := send(record); err != nil {
			return nil, err
		}
		for _, e := range append(exposures(c.cluster, record, w.services), w.hosts.exposures(c.cluster, record)...) {
			if err := send(e); err != nil {
				return nil, err
			}
		}
	}
	return accounts, nil
}

// clone returns a copy of o that does not share its slices.
func (o *meta) clone() meta {
	c := *o
	c.Labels = slices.Clone(o.Labels)
	c.Owners = slices.Clone(o.Owners)
	return c
}
