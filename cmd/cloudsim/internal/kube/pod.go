package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// pod returns a pod as the API has it.
func (c *cluster) pod(p *estate.KubePod) *corev1.Pod {
	w := p.Workload
	pod := &corev1.Pod{
		ObjectMeta: c.meta(p.Namespace, p.Name, p.UID, p.CreatedAt, podLabels(w)),
		Spec:       podSpec(w),
		Status:     podStatus(p),
	}
	pod.ManagedFields = managedFields("kubelet", p.CreatedAt)
	pod.Spec.NodeName = p.Node.Name
	if o := p.Owner; o != nil {
		pod.OwnerReferences = []metav1.OwnerReference{reference(o)}
	}
	switch w.Kind {
	case estate.StatefulSet:
		pod.Labels["statefulset.kubernetes.io/pod-name"] = p.Name
		pod.Spec.Hostname = p.Name
	case estate.StaticPod:
		hash := strings.ReplaceAll(w.UID, "-", "")
		pod.Annotations = map[string]string{
			corev1.MirrorPodAnnotationKey: hash, "kubernetes.io/config.hash": hash, "kubernetes.io/config.source": "file",
		}
	}
	return pod
}

// meta returns the metadata that every object has.
func (c *cluster) meta(namespace, name, uid string, created time.Time, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(uid), ResourceVersion: c.resourceVersion,
		CreationTimestamp: metav1.NewTime(created), Labels: labels,
	}
}

// managedFields returns the bookkeeping of server-side apply: clients do not
// want it, but it is a good part of what they get.
func managedFields(manager string, at time.Time) []metav1.ManagedFieldsEntry {
	t := metav1.NewTime(at)
	return []metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &t,
		FieldsType: "FieldsV1", FieldsV1: podFieldsV1, Subresource: "status",
	}}
}

var podFieldsV1 = metav1.NewFieldsV1(`{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},` +
	`"k:{\"type\":\"Initialized\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},` +
	`"k:{\"type\":\"Ready\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},` +
	`"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{}},"f:startTime":{}}}`)

// reference returns the owner reference to an object that controls another.
func reference(o *estate.KubeOwner) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{
		APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name, UID: types.UID(o.UID), Controller: &yes, BlockOwnerDeletion: &yes,
	}
}

// podLabels returns the labels of a workload's pods, with those that its
// controller adds.
func podLabels(w *estate.KubeWorkload) map[string]string {
	labels := maps.Clone(w.Template.Labels)
	switch w.Kind {
	case estate.Deployment:
		labels["pod-template-hash"] = templateHash(w)
	case estate.CronJob:
		labels["batch.kubernetes.io/job-name"] = w.Child.Name
		labels["batch.kubernetes.io/controller-uid"] = w.Child.UID
	case estate.Job:
		labels["batch.kubernetes.io/job-name"] = w.Name
		labels["batch.kubernetes.io/controller-uid"] = w.UID
	case estate.StatefulSet, estate.DaemonSet:
		labels["controller-revision-hash"] = w.UID[:8]
	}
	return labels
}

// templateHash returns the hash of the pod template, which ends the name of
// the ReplicaSet.
func templateHash(w *estate.KubeWorkload) string { return strings.TrimPrefix(w.Child.Name, w.Name+"-") }

// podSpec returns the spec of a workload's pods.
func podSpec(w *estate.KubeWorkload) corev1.PodSpec {
	t := &w.Template
	account := cmp.Or(t.ServiceAccount, "default")
	seconds := int64(30)
	spec := corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: &seconds,
		DNSPolicy: corev1.DNSClusterFirst, SchedulerName: corev1.DefaultSchedulerName,
		ServiceAccountName: account, DeprecatedServiceAccount: account,
		HostNetwork: t.HostNetwork, HostPID: t.HostPID, HostIPC: t.HostIPC,
		SecurityContext: &corev1.PodSecurityContext{},
	}
	if w.Kind == estate.Job || w.Kind == estate.CronJob {
		spec.RestartPolicy = corev1.RestartPolicyNever
	}
	for i, p := range t.HostPaths {
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name:         "host-" + strconv.Itoa(i),
			VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: p}},
		})
	}
	for _, in := range t.Init {
		made := container(in)
		if in.RestartAlways {
			always := corev1.ContainerRestartPolicyAlways
			made.RestartPolicy = &always
		}
		spec.InitContainers = append(spec.InitContainers, made)
	}
	for i, in := range t.Containers {
		made := container(in)
		if i == 0 {
			for j, v := range spec.Volumes {
				made.VolumeMounts = append(made.VolumeMounts, corev1.VolumeMount{Name: v.Name, MountPath: "/host/" + strconv.Itoa(j)})
			}
		}
		spec.Containers = append(spec.Containers, made)
	}
	if t.HostNetwork { // as the API server fills it in
		for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
			for i := range list {
				for j := range list[i].Ports {
					list[i].Ports[j].HostPort = list[i].Ports[j].ContainerPort
				}
			}
		}
	}
	for _, in := range t.Ephemeral {
		made := container(in)
		made.Ports, made.LivenessProbe = nil, nil // which they may not have
		spec.EphemeralContainers = append(spec.EphemeralContainers, corev1.EphemeralContainer{
			EphemeralContainerCommon: corev1.EphemeralContainerCommon(made),
		})
	}
	return spec
}

// container returns a container's spec.
func container(c estate.Container) corev1.Container {
	out := corev1.Container{
		Name: c.Name, Image: c.Reference, ImagePullPolicy: corev1.PullIfNotPresent,
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		SecurityContext: securityContext(c),
	}
	if c.Port > 0 {
		out.Ports = []corev1.ContainerPort{{ContainerPort: int32(c.Port), Protocol: corev1.ProtocolTCP}}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		out.Env = append(out.Env, corev1.EnvVar{Name: name, Value: c.Env[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		out.Env = append(out.Env, corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: c.Secrets[name]}, Key: "value",
		}}})
	}
	if c.HasProbe {
		out.LivenessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(cmp.Or(c.Port, 8080)))}},
			PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}
	return out
}

// securityContext returns what a container sets; nil if that is nothing.
func securityContext(c estate.Container) *corev1.SecurityContext {
	s := &corev1.SecurityContext{AllowPrivilegeEscalation: c.AllowPrivilegeEscalation, RunAsNonRoot: c.RunAsNonRoot}
	yes := true
	if c.Privileged {
		s.Privileged = &yes
	}
	if c.ReadOnlyRootFilesystem {
		s.ReadOnlyRootFilesystem = &yes
	}
	if uid, err := strconv.ParseInt(c.User, 10, 64); err == nil {
		s.RunAsUser = &uid
	}
	if len(c.AddedCapabilities)+len(c.DroppedCapabilities) > 0 {
		s.Capabilities = &corev1.Capabilities{Add: capabilities(c.AddedCapabilities), Drop: capabilities(c.DroppedCapabilities)}
	}
	if *s == (corev1.SecurityContext{}) {
		return nil
	}
	return s
}

func capabilities(names []string) []corev1.Capability {
	var list []corev1.Capability
	for _, n := range names {
		list = append(list, corev1.Capability(n))
	}
	return list
}

// podStatus returns what the kubelet reports.
func podStatus(p *estate.KubePod) corev1.PodStatus {
	started := metav1.NewTime(p.CreatedAt)
	s := corev1.PodStatus{
		Phase: corev1.PodRunning, HostIP: p.Node.InternalIP, HostIPs: []corev1.HostIP{{IP: p.Node.InternalIP}},
		PodIP: p.IP, PodIPs: []corev1.PodIP{{IP: p.IP}}, StartTime: &started, QOSClass: corev1.PodQOSBestEffort,
		InitContainerStatuses:      statuses(p.Init, p),
		ContainerStatuses:          statuses(p.Containers, p),
		EphemeralContainerStatuses: statuses(p.Ephemeral, p),
	}
	ready := corev1.ConditionTrue
	if !p.Ready {
		s.Phase, ready = corev1.PodPending, corev1.ConditionFalse
	}
	for _, t := range []corev1.PodConditionType{corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		condition := corev1.PodCondition{Type: t, Status: ready, LastTransitionTime: started}
		if t == corev1.PodScheduled {
			condition.Status = corev1.ConditionTrue
		}
		s.Conditions = append(s.Conditions, condition)
	}
	return s
}

func statuses(list []estate.ContainerStatus, p *estate.KubePod) []corev1.ContainerStatus {
	var out []corev1.ContainerStatus
	at := metav1.NewTime(p.CreatedAt)
	for _, c := range list {
		running := p.Ready && !c.Terminated
		s := corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: c.ImageID, ContainerID: c.ContainerID, Ready: p.Ready, Started: &running,
		}
		switch {
		case !p.Ready:
			s.State.Waiting = &corev1.ContainerStateWaiting{
				Reason: "ImagePullBackOff", Message: fmt.Sprintf("Back-off pulling image %q", c.Image),
			}
		case c.Terminated:
			s.State.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: at, FinishedAt: at, ContainerID: c.ContainerID}
		default:
			s.State.Running = &corev1.ContainerStateRunning{StartedAt: at}
		}
		out = append(out, s)
	}
	return out
}
