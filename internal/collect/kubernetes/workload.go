package kubernetes

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// A workload is what is known of the pods of one owner. It grows with the
// images that they run and not with their number.
type workload struct {
	typ       workloadType
	namespace string
	name      string
	// hash is the pods' pod-template-hash label.
	hash string
	// created and labels are those of the object itself, if it was read.
	created time.Time
	labels  map[string]string

	// running is the number of pods in phase Running.
	running int
	// pods tells a workload that has pods from one known by its template.
	pods     bool
	settings settings
	// newest is the pod that settings are from.
	newest   stamp
	variants map[variantKey]*variant
	// services are those that select its pods, of the ones that the internet
	// reaches.
	services map[*service]bool
	// hosts are the public nodes at whose ports its pods listen.
	hosts hosts
}

// A stamp orders pods by age: of pods that differ, the newest has the settings
// that will last.
type stamp struct {
	created time.Time
	name    string
}

func (s stamp) before(t stamp) bool {
	if !s.created.Equal(t.created) {
		return s.created.Before(t.created)
	}
	return s.name < t.name
}

// A variantKey tells containers apart that a workload shows separately: by
// image, and by architecture as that chooses the manifest of an index.
type variantKey struct {
	typ          inventory.ContainerType
	name         string
	digest       string
	architecture string
	// image tells apart what is not resolved; it is empty with a digest.
	image string
}

// A variant is one container of a workload with one image.
type variant struct {
	container inventory.Container
	newest    stamp
}

// add counts a pod that runs on a node of the given architecture. It keeps
// nothing of p.
func (w *workload) add(p *pod, architecture string) {
	w.pods = true
	running := p.Status.Phase == "Running"
	if running {
		w.running++
	}
	w.observe(p, architecture, running)
}

// declare takes the settings and containers from a template.
func (w *workload) declare(t *template) {
	w.observe(&pod{Metadata: t.Metadata, Spec: t.Spec}, "", false)
}

func (w *workload) observe(p *pod, architecture string, running bool) {
	o := observation{
		workload: w, pod: p, architecture: architecture, running: running,
		stamp: stamp{p.Metadata.Created, p.Metadata.Name},
	}
	if w.variants == nil || w.newest.before(o.stamp) {
		w.newest = o.stamp
		w.settings = settingsOf(p)
	}
	if w.variants == nil {
		w.variants = map[variantKey]*variant{}
	}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		typ := inventory.InitContainer
		if c.RestartPolicy == "Always" {
			typ = inventory.SidecarContainer
		}
		o.container(typ, c, p.Status.InitContainers)
	}
	for i := range p.Spec.Containers {
		o.container(inventory.MainContainer, &p.Spec.Containers[i], p.Status.Containers)
	}
	for i := range p.Spec.EphemeralContainers {
		o.container(inventory.EphemeralContainer, &p.Spec.EphemeralContainers[i], p.Status.EphemeralContainers)
	}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Image.Reference != "" {
			o.image(inventory.ImageVolume, v.Name, v.Image.Reference, p.Status.volumeImage(v.Name), func() inventory.Container {
				return inventory.Container{}
			})
		}
	}
}

// An observation is one look at a pod or template.
type observation struct {
	workload     *workload
	pod          *pod
	architecture string
	running      bool
	stamp        stamp
}

func (o *observation) container(typ inventory.ContainerType, c *container, statuses []containerStatus) {
	id := ""
	for i := range statuses {
		if statuses[i].Name == c.Name {
			id = statuses[i].ImageID
		}
	}
	o.image(typ, c.Name, c.Image, id, func() inventory.Container { return containerRecord(c, &o.pod.Spec) })
}

// image counts an image that the pod runs or mounts. The function record makes
// the container's settings; it is called only if they are new.
func (o *observation) image(typ inventory.ContainerType, name, reference, id string, record func() inventory.Container) {
	digest, kind := parseImageID(id)
	if digest == "" {
		digest = pinned(reference)
	}
	key := variantKey{typ: typ, name: name, digest: digest, architecture: o.architecture}
	if digest == "" {
		key.image = reference
	}
	v := o.workload.variants[key]
	if v == nil {
		v = &variant{}
		o.workload.variants[key] = v
	} else if !v.newest.before(o.stamp) {
		if o.running {
			v.container.Replicas++
		}
		return
	}
	replicas := v.container.Replicas
	if o.running {
		replicas++
	}
	v.newest = o.stamp
	v.container = record()
	v.container.Name = name
	v.container.Type = typ
	v.container.Image = reference
	v.container.RuntimeImage = id
	v.container.Digest = digest
	v.container.DigestKind = kind
	v.container.Architecture = o.architecture
	v.container.Replicas = replicas
}

// volumeImage returns the image of an image volume, if the runtime reports it.
func (s *podStatus) volumeImage(name string) string {
	for _, c := range slices.Concat(s.InitContainers, s.Containers, s.EphemeralContainers) {
		for _, m := range c.VolumeMounts {
			if m.Name == name && m.Status.Image.Ref != "" {
				return m.Status.Image.Ref
			}
		}
	}
	return ""
}

// merge adds the pods of other, such as those of another ReplicaSet of the same
// Deployment.
func (w *workload) merge(other *workload) {
	w.running += other.running
	w.pods = w.pods || other.pods
	if w.newest.before(other.newest) {
		w.newest, w.settings = other.newest, other.settings
	}
	for key, theirs := range other.variants {
		ours := w.variants[key]
		if ours == nil {
			w.variants[key] = theirs
			continue
		}
		replicas := ours.container.Replicas + theirs.container.Replicas
		if ours.newest.before(theirs.newest) {
			*ours = *theirs
		}
		ours.container.Replicas = replicas
	}
	for s := range other.services {
		w.reachedBy(s)
	}
	w.hosts.merge(other.hosts)
}

// reachedBy notes a service that selects a pod.
func (w *workload) reachedBy(s *service) {
	if w.services == nil {
		w.services = map[*service]bool{}
	}
	w.services[s] = true
}

// containers returns the containers in the order of their start, type by type,
// and by name.
func (w *workload) containers() []inventory.Container {
	all := make([]inventory.Container, 0, len(w.variants))
	for _, v := range w.variants {
		if !w.started(&v.container) {
			all = append(all, v.container)
		}
	}
	slices.SortFunc(all, func(a, b inventory.Container) int {
		return cmp.Or(
			cmp.Compare(slices.Index(containerOrder, a.Type), slices.Index(containerOrder, b.Type)),
			strings.Compare(a.Name, b.Name),
			strings.Compare(a.Digest, b.Digest),
			strings.Compare(a.Architecture, b.Architecture),
			strings.Compare(a.Image, b.Image),
		)
	})
	return all
}

var containerOrder = []inventory.ContainerType{
	inventory.InitContainer, inventory.SidecarContainer, inventory.MainContainer,
	inventory.EphemeralContainer, inventory.ImageVolume,
}

// started reports whether c has no runtime image yet but runs in another pod
// from the same reference. Then it tells nothing of its own.
func (w *workload) started(c *inventory.Container) bool {
	if c.RuntimeImage != "" {
		return false
	}
	for _, v := range w.variants {
		o := &v.container
		if o.RuntimeImage != "" && o.Type == c.Type && o.Name == c.Name && o.Image == c.Image {
			return true
		}
	}
	return false
}

// identity returns the UID of the service account that the pods act as, empty
// for none.
func (w *workload) identity(k *cluster) string {
	if w.settings.serviceAccount == "" {
		return ""
	}
	return k.uid(w.namespace, serviceAccounts.name, w.settings.serviceAccount)
}

// record returns the workload as the inventory has it.
func (w *workload) record(k *cluster) inventory.Workload {
	labels := maps.Clone(w.settings.labels)
	if labels == nil && len(w.labels) > 0 {
		labels = map[string]string{}
	}
	maps.Copy(labels, w.labels)
	return inventory.Workload{
		UID:         w.uid(k),
		Kind:        w.typ.emits,
		Name:        w.name,
		Namespace:   w.namespace,
		Cluster:     k.name,
		Replicas:    w.running,
		Identity:    w.identity(k),
		HostNetwork: w.settings.hostNetwork,
		HostPID:     w.settings.hostPID,
		HostIPC:     w.settings.hostIPC,
		HostPaths:   w.settings.hostPaths,
		Labels:      labels,
		CreatedAt:   w.created,
		Containers:  w.containers(),
	}
}

// uid returns the UID of the workload.
func (w *workload) uid(k *cluster) string { return k.uid(w.namespace, w.typ.resource, w.name) }

// uid returns the UID of an object in the cluster.
func (k *cluster) uid(namespace, resource, name string) string {
	return k.id + "/" + namespace + "/" + resource + "/" + name
}
