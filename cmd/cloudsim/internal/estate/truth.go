package estate

import (
	"cmp"
	"iter"
	"slices"
)

// A TrueWorkload is what a correct inventory shows of one workload.
type TrueWorkload struct {
	// UID is the ARN on AWS and the object's UID in Kubernetes.
	UID string `json:"uid"`
	// Kind is "ecs.service", "ecs.task", "lambda.function", or the
	// Kubernetes kind, with "StaticPod" for a mirror pod.
	Kind      string `json:"kind"`
	Account   string `json:"account,omitempty"`
	Region    string `json:"region,omitempty"`
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Replicas is the number of tasks or pods that run; 0 for functions.
	Replicas int `json:"replicas"`
	// Role is the ARN of the role that the containers act as.
	Role    string `json:"role,omitempty"`
	Exposed bool   `json:"exposed"`
	// Hidden is whether nobody can read the workload, for its cluster cannot be
	// reached: a correct inventory does not show it.
	Hidden bool `json:"hidden,omitempty"`
	// ExposedHidden is whether nobody can read how the internet reaches it: a
	// correct inventory shows that this is unknown.
	ExposedHidden bool            `json:"exposed_hidden,omitempty"`
	Containers    []TrueContainer `json:"containers"`
}

// A TrueContainer is one container at one digest.
type TrueContainer struct {
	Name string `json:"name"`
	// Type is "container", "init", "sidecar" or "ephemeral".
	Type string `json:"type"`
	// Image is the reference as the workload asks for it.
	Image string `json:"image"`
	// Digest is what the runtime reports: of an index, a manifest or, for a
	// hand-loaded image, a configuration.
	Digest string `json:"digest"`
	// Content names the image that runs; see [Contents].
	Content string `json:"content"`
	// Replicas is how many tasks or pods run it at this digest.
	Replicas int `json:"replicas"`
}

// Truth returns every workload as it is now.
func (e *Estate) Truth() iter.Seq[TrueWorkload] {
	return func(yield func(TrueWorkload) bool) {
		for i := range e.awsCells() + e.standalone {
			for _, w := range e.cell(i).truth(e.digests) {
				w.Hidden = e.private(i) && w.Cluster == e.KubeClusterName(privateCluster)
				w.ExposedHidden = e.waysHidden(i) && (w.Kind == "ecs.service" || w.Kind == "ecs.task")
				if !yield(w) {
					return
				}
			}
		}
	}
}

// truth returns the workloads of the cell.
func (c *Cell) truth(d Digests) []TrueWorkload {
	var all []TrueWorkload
	byService := map[*ECSService][]*ECSTask{}
	for _, t := range c.Tasks {
		if t.Service != nil {
			byService[t.Service] = append(byService[t.Service], t)
			continue
		}
		w := c.workload("ecs.task", t.ARN, t.Definition.Family, t.Cluster.Name)
		w.Role, w.Exposed, w.Replicas = cmp.Or(t.RoleOverride, t.Definition.TaskRole), t.Exposed, 1
		w.addTask(t, d)
		all = append(all, w)
	}
	for _, s := range c.Services {
		w := c.workload("ecs.service", s.ARN, s.Name, s.Cluster.Name)
		w.Role, w.Exposed, w.Replicas = s.Definition.TaskRole, s.Exposed, len(byService[s])
		for _, t := range byService[s] {
			w.addTask(t, d)
		}
		if w.Replicas == 0 {
			w.declare("container", s.Definition.Containers)
		}
		all = append(all, w)
	}
	for _, f := range c.Functions {
		if f.Image == nil {
			continue
		}
		w := c.workload("lambda.function", f.ARN, f.Name, "")
		w.Role, w.Exposed = f.Role, f.Exposed()
		w.add(*f.Image, "container", f.Image.runningDigest(d), 0)
		all = append(all, w)
	}
	if c.Kubernetes != nil {
		for _, k := range c.Kubernetes.workloads {
			all = append(all, c.kubeWorkload(k))
		}
	}
	return all
}

// workload returns a workload of the cell without its containers.
func (c *Cell) workload(kind, uid, name, cluster string) TrueWorkload {
	return TrueWorkload{UID: uid, Kind: kind, Account: c.Account.ID, Region: c.Region, Cluster: cluster, Name: name}
}

// addTask adds the containers of a running ECS task.
func (w *TrueWorkload) addTask(t *ECSTask, d Digests) {
	for _, c := range t.Definition.Containers {
		w.add(c, "container", c.runningDigest(d), 1)
	}
}

// add counts replicas of a container at a digest.
func (w *TrueWorkload) add(c Container, kind, digest string, replicas int) {
	i := slices.IndexFunc(w.Containers, func(t TrueContainer) bool {
		return t.Name == c.Name && t.Type == kind && t.Digest == digest && t.Image == c.Reference
	})
	if i < 0 {
		i = len(w.Containers)
		w.Containers = append(w.Containers, TrueContainer{Name: c.Name, Type: kind, Image: c.Reference, Digest: digest, Content: c.Running.Name})
	}
	w.Containers[i].Replicas += replicas
}

// declare adds containers of which none runs.
func (w *TrueWorkload) declare(kind string, containers []Container) {
	for _, c := range containers {
		w.add(c, c.kind(kind), "", 0)
	}
}

// kind returns the type of a container that is in the list of the given type.
func (c Container) kind(list string) string {
	if c.RestartAlways {
		return "sidecar"
	}
	return list
}

// kubeWorkload returns the truth about a workload of the cell's cluster.
func (c *Cell) kubeWorkload(k *KubeWorkload) TrueWorkload {
	w := c.workload(k.Kind, k.UID, k.Name, c.Kubernetes.Name)
	w.Namespace, w.Exposed = k.Namespace, k.Exposed
	w.Role = c.Kubernetes.role(k.Namespace, k.Template.ServiceAccount)
	for i := range k.Replicas {
		pod := c.Kubernetes.pod(k, i)
		if !pod.Ready {
			continue
		}
		w.Replicas++
		w.Exposed = w.Exposed || pod.listensAtPublicNode()
		count := func(kind string, list []Container, statuses []ContainerStatus) {
			for j, container := range list {
				w.add(container, container.kind(kind), digestOf(statuses[j].ImageID), 1)
			}
		}
		count("init", k.Template.Init, pod.Init)
		count("container", k.Template.Containers, pod.Containers)
		count("ephemeral", k.Template.Ephemeral, pod.Ephemeral)
	}
	if w.Replicas == 0 {
		w.declare("init", k.Template.Init)
		w.declare("container", k.Template.Containers)
	}
	return w
}

// listensAtPublicNode reports whether the pod shares the network of a node that
// the internet reaches, and listens there.
func (p *KubePod) listensAtPublicNode() bool {
	t := &p.Workload.Template
	listens := func(c Container) bool { return c.Port != 0 }
	return t.HostNetwork && p.Node.ExternalIP != "" && (slices.ContainsFunc(t.Containers, listens) ||
		slices.ContainsFunc(t.Init, func(c Container) bool { return c.RestartAlways && listens(c) }))
}

// role returns the ARN of the role of a service account: by a pod identity
// association, which wins, or by its annotation.
func (k *KubeCluster) role(namespace, account string) string {
	for _, b := range k.bindings {
		if b.Namespace == namespace && b.ServiceAccount == account {
			return b.RoleARN
		}
	}
	for _, a := range k.accounts {
		if a.Namespace == namespace && a.Name == account {
			return a.RoleARN
		}
	}
	return ""
}

// digestOf returns the digest at the end of an image identifier.
func digestOf(imageID string) string {
	if i := len(imageID) - len("sha256:") - 64; i >= 0 {
		return imageID[i:]
	}
	return ""
}
