//go:build e2e

package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/e2e/rig/process"
)

// A Kubelet stands for the scheduler and the kubelets: it puts pods on a node
// and reports what a container runtime would.
type Kubelet struct {
	// Node is where pods go that ask for no node.
	Node string
	// ImageID returns what the runtime says of an image that it has pulled.
	ImageID func(image string) string
}

// Run reports all pods as running, until count do, those that are made
// meanwhile included.
func (c *Cluster) Run(t testing.TB, k Kubelet, count int) {
	t.Helper()
	process.Until(t, startTimeout, fmt.Sprintf("%d pods run", count), func(ctx context.Context) error {
		pods, err := c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var problems []error
		running := 0
		for _, p := range pods.Items {
			switch {
			case p.Spec.NodeName == "":
				problems = append(problems, c.bind(ctx, &p, k.Node))
			case !k.reported(&p):
				problems = append(problems, c.report(ctx, &p, k))
			default:
				running++
			}
		}
		if running != count {
			problems = append(problems, fmt.Errorf("%d of %d pods run", running, len(pods.Items)))
		}
		return ignoreConflicts(problems)
	})
}

// ignoreConflicts joins errors, and drops those that the next try heals.
func ignoreConflicts(all []error) error {
	for i, err := range all {
		if apierrors.IsConflict(err) {
			all[i] = errors.New("a pod changed meanwhile")
		}
	}
	return errors.Join(all...)
}

// bind puts a pod on the node that it asks for, as the pods of a DaemonSet do,
// or else on the given one.
func (c *Cluster) bind(ctx context.Context, p *core.Pod, node string) error {
	if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, f := range term.MatchFields {
				node = f.Values[0]
			}
		}
	}
	return c.Client.CoreV1().Pods(p.Namespace).Bind(ctx, &core.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
		Target:     core.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
}

// reported reports whether the status of a pod speaks of all its containers.
func (k Kubelet) reported(p *core.Pod) bool {
	return p.Status.Phase == core.PodRunning && len(p.Status.EphemeralContainerStatuses) == len(p.Spec.EphemeralContainers)
}

// report reports a pod as running.
func (c *Cluster) report(ctx context.Context, p *core.Pod, k Kubelet) error {
	started := metav1.NewTime(time.Now())
	status := func(name, image string, state core.ContainerState) core.ContainerStatus {
		id := k.ImageID(image)
		return core.ContainerStatus{
			Name: name, Image: image, ImageID: id, ContainerID: "containerd://" + string(p.UID) + name,
			Ready: true, Started: new(true), State: state,
		}
	}
	runs := core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: started}}
	ended := core.ContainerState{Terminated: &core.ContainerStateTerminated{Reason: "Completed", StartedAt: started, FinishedAt: started}}
	s := &p.Status
	s.Phase, s.StartTime, s.PodIP = core.PodRunning, &started, "10.244.0.2"
	s.Conditions = []core.PodCondition{
		{Type: core.PodScheduled, Status: core.ConditionTrue},
		{Type: core.PodInitialized, Status: core.ConditionTrue},
		{Type: core.ContainersReady, Status: core.ConditionTrue},
		{Type: core.PodReady, Status: core.ConditionTrue},
	}
	s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses = nil, nil, nil
	for _, i := range p.Spec.InitContainers {
		state := ended
		if i.RestartPolicy != nil && *i.RestartPolicy == core.ContainerRestartPolicyAlways {
			state = runs
		}
		s.InitContainerStatuses = append(s.InitContainerStatuses, status(i.Name, i.Image, state))
	}
	for _, i := range p.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, status(i.Name, i.Image, runs))
	}
	for _, i := range p.Spec.EphemeralContainers {
		s.EphemeralContainerStatuses = append(s.EphemeralContainerStatuses, status(i.Name, i.Image, runs))
	}
	_, err := c.Client.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{})
	return err
}
