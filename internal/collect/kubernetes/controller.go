package kubernetes

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// controller is the needed part of a Deployment, StatefulSet, DaemonSet,
// ReplicationController or CronJob.
type controller struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		Template    template `json:"template"`
		JobTemplate struct {
			Spec struct {
				Template template `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`

	// path leads from the object to its template, by field numbers. Whatever
	// the path, scan puts what it finds there into Spec.Template.
	path []protowire.Number
}

// template is the needed part of a PodTemplateSpec.
type template struct {
	Metadata meta    `json:"metadata"`
	Spec     podSpec `json:"spec"`
}

func (o *controller) reset() {
	o.Metadata.reset()
	o.Spec.Template.Metadata.reset()
	o.Spec.Template.Spec.reset()
}

func (o *controller) scan(b []byte, in interner) error {
	metadata, err := submessage(b, 1)
	if err != nil {
		return err
	}
	if err := o.Metadata.scan(metadata, in); err != nil {
		return err
	}
	for _, field := range o.path {
		if b, err = submessage(b, field); err != nil {
			return err
		}
	}
	t := &o.Spec.Template
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			m.within(func(b []byte) error { return t.Metadata.scan(b, in) })
		case 2:
			m.within(func(b []byte) error { return t.Spec.scan(b, in) })
		}
	}
	return m.err
}

// template returns the template of the object's pods.
func (o *controller) template() *template {
	if t := &o.Spec.JobTemplate.Spec.Template; len(t.Spec.Containers) > 0 {
		return t
	}
	return &o.Spec.Template
}

// A workloadType is a type of object that owns pods.
type workloadType struct {
	group, kind string
	// resource is the last but one part of a UID.
	resource string
	// emits is the kind in the inventory.
	emits inventory.Kind
}

// The pods without a controller are workloads of these types.
var (
	barePod   = workloadType{"", "Pod", "pods", "kubernetes.core.pod"}
	staticPod = workloadType{"", "Node", "staticpods", "kubernetes.core.pod"}
)

// workloadTypes are the types that Kubernetes itself has.
var workloadTypes = []workloadType{
	barePod,
	staticPod,
	{"", "ReplicationController", "replicationcontrollers", "kubernetes.core.replicationcontroller"},
	{"apps", "DaemonSet", "daemonsets", "kubernetes.apps.daemonset"},
	{"apps", "Deployment", "deployments", "kubernetes.apps.deployment"},
	{"apps", "ReplicaSet", "replicasets", "kubernetes.apps.replicaset"},
	{"apps", "StatefulSet", "statefulsets", "kubernetes.apps.statefulset"},
	{"batch", "CronJob", "cronjobs", "kubernetes.batch.cronjob"},
	{"batch", "Job", "jobs", "kubernetes.batch.job"},
}

// typeOf returns the type of an owner. Types of others keep their group:
// argoproj.io/v1alpha1 Rollout is kubernetes.argoproj.io.rollout, and in UIDs
// rollouts.argoproj.io.
func typeOf(apiVersion, kind string) workloadType {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	for _, t := range workloadTypes {
		if t.group == group && t.kind == kind {
			return t
		}
	}
	resource := plural(strings.ToLower(kind))
	if group == "" {
		return workloadType{group, kind, resource, inventory.Kind("kubernetes.core." + strings.ToLower(kind))}
	}
	return workloadType{group, kind, resource + "." + group, inventory.Kind("kubernetes." + group + "." + strings.ToLower(kind))}
}

// plural guesses the resource of a kind by the rules that most follow.
func plural(kind string) string {
	switch {
	case strings.HasSuffix(kind, "s"), strings.HasSuffix(kind, "x"), strings.HasSuffix(kind, "ch"):
		return kind + "es"
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}
