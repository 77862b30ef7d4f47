package estate

import (
	"fmt"
	"strings"
	"time"
)

// node returns the i-th node. One in four is an arm64 machine. The first of a
// stand-alone cluster has a public address.
func (k *KubeCluster) node(i int) KubeNode {
	p := k.place.in("node").at(i)
	n := KubeNode{
		Name: fmt.Sprintf("node-%03d", i), UID: p.in("uid").uuid(), Architecture: "amd64",
		InternalIP: fmt.Sprintf("10.1.%d.%d", i/250, i%250+4),
	}
	if k.Account != "" {
		n.Name = fmt.Sprintf("ip-%s.%s.compute.internal", strings.ReplaceAll(n.InternalIP, ".", "-"), k.Region)
		n.ProviderID = fmt.Sprintf("aws:///%s%c/i-%s", k.Region, 'a'+rune(i%2), p.in("instance").hex(17))
	}
	if k.Account == "" && i == 0 {
		n.ExternalIP = publicIP(p)
	}
	if i%4 == 3 {
		n.Architecture = "arm64"
	}
	return n
}

// pod returns the i-th pod of a workload.
func (k *KubeCluster) pod(w *KubeWorkload, i int) KubePod {
	base := w.place.in("pod")
	if w.Child != nil {
		base = base.in(w.Child.UID) // a rollout replaces the pods
	}
	p := base.at(i)
	pod := KubePod{
		Namespace: w.Namespace, UID: p.in("uid").uuid(), Workload: w, Ready: true,
		CreatedAt: w.CreatedAt.Add(time.Duration(i) * time.Second),
		Node:      k.placeOn(w, p, i),
	}
	pod.Name, pod.Owner = podIdentity(w, p, i, pod.Node)
	pod.IP = pod.Node.InternalIP
	if !w.Template.HostNetwork {
		n := p.in("ip").below(1 << 16)
		pod.IP = fmt.Sprintf("10.%d.%d.%d", 100+n&7, n>>3&0xff, n>>8|1)
	}
	// One pod in a hundred is stuck without its image, unless it is the only
	// one; so are those on nodes that the image is not built for.
	if i > 0 && p.in("stuck").chance(1) || pod.Node.Architecture != "amd64" && w.amd64Only() {
		pod.Ready = false
	}
	status := func(list []Container, init bool) []ContainerStatus {
		out := make([]ContainerStatus, len(list))
		for j, c := range list {
			out[j] = k.status(c, w, p.in(c.Name), pod.Node.Architecture, pod.Ready)
			out[j].Terminated = init && !c.RestartAlways
		}
		return out
	}
	pod.Init = status(w.Template.Init, true)
	pod.Containers = status(w.Template.Containers, false)
	pod.Ephemeral = status(w.Template.Ephemeral, false)
	return pod
}

// placeOn returns the node of the i-th pod: one on each for a DaemonSet.
func (k *KubeCluster) placeOn(w *KubeWorkload, p place, i int) KubeNode {
	if w.Kind == DaemonSet {
		return k.node(i)
	}
	n := p.in("node").below(k.nodes)
	if w.amd64Only() && n%4 == 3 {
		n--
	}
	return k.node(n)
}

// amd64Only reports whether the workload runs on amd64 nodes only: an image is
// built for nothing else, or was loaded on such nodes by hand.
func (w *KubeWorkload) amd64Only() bool {
	t := &w.Template
	for _, list := range [][]Container{t.Init, t.Containers, t.Ephemeral} {
		for _, c := range list {
			if !c.Running.MultiPlatform() {
				return true
			}
		}
	}
	return t.RuntimeForm == ConfigDigest
}

// podIdentity returns the name of the i-th pod and the owner it refers to.
func podIdentity(w *KubeWorkload, p place, i int, n KubeNode) (string, *KubeOwner) {
	switch w.Kind {
	case Deployment, CronJob:
		return w.Child.Name + "-" + p.in("name").hex(5), w.Child
	case StatefulSet:
		return fmt.Sprintf("%s-%d", w.Name, i), &KubeOwner{"apps/v1", StatefulSet, w.Name, w.UID}
	case DaemonSet:
		return w.Name + "-" + p.in("name").hex(5), &KubeOwner{"apps/v1", DaemonSet, w.Name, w.UID}
	case Job:
		return w.Name + "-" + p.in("name").hex(5), &KubeOwner{"batch/v1", Job, w.Name, w.UID}
	case StaticPod:
		return w.Name + "-" + n.Name, &KubeOwner{"v1", "Node", n.Name, n.UID}
	}
	return w.Name, nil
}

// status returns what the runtime reports of a container.
func (k *KubeCluster) status(c Container, w *KubeWorkload, p place, arch string, ready bool) ContainerStatus {
	s := ContainerStatus{Name: c.Name, Image: c.Image.Reference()}
	if strings.Contains(c.Reference, "@") {
		s.Image = c.Reference
	}
	if !ready {
		return s
	}
	index, manifests, config := k.digests.Digests(c.Running.Name)
	repo := c.Image.Host + "/" + c.Image.Repository + "@"
	manifest := manifests[arch]
	if index == "" {
		index = manifest
	}
	runtime := "containerd://"
	switch w.Template.RuntimeForm {
	case PullableDigest:
		runtime = "docker://"
		s.ImageID = "docker-pullable://" + repo + index
	case ManifestDigest:
		s.ImageID = repo + manifest
	case ConfigDigest:
		s.ImageID = config
	default:
		s.ImageID = repo + index
	}
	s.ContainerID = runtime + p.in("container").hex(64)
	return s
}
