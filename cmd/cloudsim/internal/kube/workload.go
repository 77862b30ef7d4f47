package kube

import (
	"iter"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// workloadMeta returns the metadata of a workload.
func (c *cluster) workloadMeta(w *estate.KubeWorkload) metav1.ObjectMeta {
	return c.meta(w.Namespace, w.Name, w.UID, w.CreatedAt, w.Template.Labels)
}

// childMeta returns the metadata of the object between a workload and its pods.
func (c *cluster) childMeta(w *estate.KubeWorkload, apiVersion string) metav1.ObjectMeta {
	m := c.meta(w.Namespace, w.Child.Name, w.Child.UID, w.CreatedAt, podLabels(w))
	m.OwnerReferences = []metav1.OwnerReference{reference(&estate.KubeOwner{APIVersion: apiVersion, Kind: w.Kind, Name: w.Name, UID: w.UID})}
	return m
}

// template returns the pod template of a workload.
func template(w *estate.KubeWorkload, labels map[string]string) corev1.PodTemplateSpec {
	spec := podSpec(w)
	spec.EphemeralContainers = nil // they are added to running pods only
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec}
}

func selector(labels map[string]string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: labels}
}

func (c *cluster) deployment(w *estate.KubeWorkload) *appsv1.Deployment {
	n := int32(w.Replicas)
	d := &appsv1.Deployment{
		ObjectMeta: c.workloadMeta(w),
		Spec:       appsv1.DeploymentSpec{Replicas: &n, Selector: selector(w.Template.Labels), Template: template(w, w.Template.Labels)},
		Status:     appsv1.DeploymentStatus{Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n},
	}
	d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	return d
}

func (c *cluster) replicaSets() iter.Seq[*appsv1.ReplicaSet] {
	return workloadsOf(c, estate.Deployment, func(w *estate.KubeWorkload) *appsv1.ReplicaSet {
		n, labels := int32(w.Replicas), podLabels(w)
		return &appsv1.ReplicaSet{
			ObjectMeta: c.childMeta(w, "apps/v1"),
			Spec:       appsv1.ReplicaSetSpec{Replicas: &n, Selector: selector(labels), Template: template(w, labels)},
			Status:     appsv1.ReplicaSetStatus{Replicas: n, ReadyReplicas: n, AvailableReplicas: n},
		}
	})
}

func (c *cluster) statefulSets() iter.Seq[*appsv1.StatefulSet] {
	return workloadsOf(c, estate.StatefulSet, func(w *estate.KubeWorkload) *appsv1.StatefulSet {
		n := int32(w.Replicas)
		return &appsv1.StatefulSet{
			ObjectMeta: c.workloadMeta(w),
			Spec: appsv1.StatefulSetSpec{
				Replicas: &n, Selector: selector(w.Template.Labels), Template: template(w, w.Template.Labels), ServiceName: w.Name,
			},
			Status: appsv1.StatefulSetStatus{Replicas: n, ReadyReplicas: n, AvailableReplicas: n},
		}
	})
}

func (c *cluster) daemonSets() iter.Seq[*appsv1.DaemonSet] {
	return workloadsOf(c, estate.DaemonSet, func(w *estate.KubeWorkload) *appsv1.DaemonSet {
		n := int32(w.Replicas)
		return &appsv1.DaemonSet{
			ObjectMeta: c.workloadMeta(w),
			Spec:       appsv1.DaemonSetSpec{Selector: selector(w.Template.Labels), Template: template(w, w.Template.Labels)},
			Status:     appsv1.DaemonSetStatus{DesiredNumberScheduled: n, CurrentNumberScheduled: n, NumberReady: n, NumberAvailable: n},
		}
	})
}

func (c *cluster) cronJobs() iter.Seq[*batchv1.CronJob] {
	return workloadsOf(c, estate.CronJob, func(w *estate.KubeWorkload) *batchv1.CronJob {
		at := metav1.NewTime(w.CreatedAt)
		return &batchv1.CronJob{
			ObjectMeta: c.workloadMeta(w),
			Spec: batchv1.CronJobSpec{
				Schedule: w.Schedule, ConcurrencyPolicy: batchv1.ForbidConcurrent,
				JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template(w, w.Template.Labels)}},
			},
			Status: batchv1.CronJobStatus{
				Active:           []corev1.ObjectReference{{APIVersion: "batch/v1", Kind: "Job", Namespace: w.Namespace, Name: w.Child.Name}},
				LastScheduleTime: &at,
			},
		}
	})
}

// jobs returns the jobs of CronJobs and those that nothing owns.
func (c *cluster) jobs() iter.Seq[*batchv1.Job] {
	return func(yield func(*batchv1.Job) bool) {
		for _, w := range c.Workloads() {
			var meta metav1.ObjectMeta
			switch w.Kind {
			case estate.Job:
				meta = c.workloadMeta(w)
			case estate.CronJob:
				meta = c.childMeta(w, "batch/v1")
			default:
				continue
			}
			n := int32(w.Replicas)
			labels := podLabels(w)
			job := &batchv1.Job{
				ObjectMeta: meta,
				Spec: batchv1.JobSpec{
					Parallelism: &n, Completions: &n, Template: template(w, labels),
					Selector: selector(map[string]string{"batch.kubernetes.io/controller-uid": labels["batch.kubernetes.io/controller-uid"]}),
				},
				Status: batchv1.JobStatus{Active: n},
			}
			if !yield(job) {
				return
			}
		}
	}
}
