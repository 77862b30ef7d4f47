package estate

import (
	"iter"
	"time"
)

// A KubeCluster is one Kubernetes cluster, at one step of the estate.
type KubeCluster struct {
	// Name is the EKS cluster's name, or the kubeconfig context's of a
	// stand-alone cluster; unique in the estate.
	Name string
	// Account and Region are empty for a stand-alone cluster.
	Account string
	Region  string
	// Version is the API server's: "v1.31.4".
	Version string
	// UID is that of the kube-system namespace.
	UID       string
	CreatedAt time.Time

	// workloads are all workloads of the cluster; few enough to keep. Pods
	// are made while they are listed.
	workloads []*KubeWorkload
	services  []KubeService
	ingresses []KubeIngress
	accounts  []KubeServiceAccount
	bindings  []PodIdentity
	nodes     int
	place     place
	digests   Digests
}

// ARN returns the ARN of an EKS cluster; empty for a stand-alone one.
func (k *KubeCluster) ARN() string {
	if k.Account == "" {
		return ""
	}
	return arn("eks", k.Region, k.Account, "cluster/"+k.Name)
}

// Namespaces returns the names of the namespaces in order.
func (k *KubeCluster) Namespaces() []string { return kubeNamespaces }

// Nodes returns the nodes in order of their names.
func (k *KubeCluster) Nodes() []KubeNode {
	nodes := make([]KubeNode, k.nodes)
	for i := range nodes {
		nodes[i] = k.node(i)
	}
	return nodes
}

// Workloads returns the workloads, sorted by namespace and name.
func (k *KubeCluster) Workloads() []*KubeWorkload { return k.workloads }

// Services returns the services, sorted by namespace and name.
func (k *KubeCluster) Services() []KubeService { return k.services }

// Ingresses returns the ingresses, sorted by namespace and name.
func (k *KubeCluster) Ingresses() []KubeIngress { return k.ingresses }

// ServiceAccounts returns the service accounts, sorted by namespace and name.
func (k *KubeCluster) ServiceAccounts() []KubeServiceAccount { return k.accounts }

// PodIdentities returns the EKS pod identity associations.
func (k *KubeCluster) PodIdentities() []PodIdentity { return k.bindings }

// Pods returns the pods, in the order of their workloads. They are made while
// the caller iterates.
func (k *KubeCluster) Pods() iter.Seq[KubePod] {
	return func(yield func(KubePod) bool) {
		for _, w := range k.workloads {
			for i := range w.Replicas {
				if !yield(k.pod(w, i)) {
					return
				}
			}
		}
	}
}

// PodCount returns the number of pods.
func (k *KubeCluster) PodCount() int {
	n := 0
	for _, w := range k.workloads {
		n += w.Replicas
	}
	return n
}

// A KubeNode is a machine of a cluster.
type KubeNode struct {
	Name         string // "ip-10-0-3-17.eu-west-1.compute.internal"
	UID          string
	InternalIP   string
	ExternalIP   string // empty on most
	Architecture string // "amd64" or "arm64"
	// ProviderID is "aws:///eu-west-1a/i-0…" on EKS.
	ProviderID string
}

// The kinds of Kubernetes workloads.
const (
	Deployment  = "Deployment"
	StatefulSet = "StatefulSet"
	DaemonSet   = "DaemonSet"
	CronJob     = "CronJob"
	Job         = "Job"       // a Job that no CronJob owns
	BarePod     = "Pod"       // a pod that nothing owns
	StaticPod   = "StaticPod" // the mirror pod of a kubelet's manifest file
)

// A KubeWorkload is what a person would name in a cluster.
type KubeWorkload struct {
	Kind      string
	Namespace string
	Name      string
	UID       string
	CreatedAt time.Time
	// Replicas is how many pods run.
	Replicas int
	// Child is the ReplicaSet of a Deployment or the Job of a CronJob that
	// owns the pods; nil for other kinds.
	Child *KubeOwner
	// Schedule is the CronJob's.
	Schedule string
	Template PodTemplate
	// Exposed is whether the internet reaches the pods.
	Exposed bool

	place place
}

// A KubeOwner is the object in an owner reference.
type KubeOwner struct {
	APIVersion, Kind, Name, UID string
}

// A PodTemplate is what a workload asks for its pods.
type PodTemplate struct {
	Labels         map[string]string
	ServiceAccount string
	HostNetwork    bool
	HostPID        bool
	HostIPC        bool
	// HostPaths are mounted in the first container under /host/<n>.
	HostPaths  []string
	Init       []Container
	Containers []Container
	// Ephemeral containers were added to the running pods by a debugger.
	Ephemeral []Container
	// RuntimeForm tells how the runtime reports images in imageID.
	RuntimeForm ImageIDForm
}

// An ImageIDForm is a form of status.containerStatuses[].imageID.
type ImageIDForm string

// The forms.
const (
	// RepoDigest is containerd's: "host/repo@sha256:…", of the index when
	// there is one.
	RepoDigest ImageIDForm = "repo"
	// PullableDigest is dockershim's: "docker-pullable://host/repo@sha256:…".
	PullableDigest ImageIDForm = "docker-pullable"
	// ConfigDigest is of an image that was loaded without a registry:
	// "sha256:…" of the image configuration.
	ConfigDigest ImageIDForm = "config"
	// ManifestDigest is "host/repo@sha256:…" of the node's platform manifest,
	// as an image pulled by manifest digest shows.
	ManifestDigest ImageIDForm = "manifest"
)

// A KubePod is one pod.
type KubePod struct {
	Namespace, Name, UID string
	CreatedAt            time.Time
	// Owner is nil for a bare pod; of kind Node for a static pod.
	Owner    *KubeOwner
	Node     KubeNode
	IP       string
	Workload *KubeWorkload
	// Ready is false for a pod whose images could not be pulled: phase
	// Pending, no imageID.
	Ready bool
	// Status holds one entry per container of each kind, in the template's order.
	Init, Containers, Ephemeral []ContainerStatus
}

// A ContainerStatus is what the runtime reports of a container.
type ContainerStatus struct {
	Name        string
	Image       string // as the runtime normalizes it
	ImageID     string // see [ImageIDForm]; empty when not Ready
	ContainerID string // "containerd://…"
	// Terminated is true of init containers and of finished jobs.
	Terminated bool
}

// A KubeService is a Service.
type KubeService struct {
	Namespace, Name, UID string
	CreatedAt            time.Time
	Type                 string // "ClusterIP", "LoadBalancer", "NodePort"
	ClusterIP            string
	Selector             map[string]string
	Annotations          map[string]string
	Port, TargetPort     int
	NodePort             int
	// Hostname or IP is the load balancer's address.
	Hostname string
	IP       string
}

// A KubeIngress is an Ingress with one rule to one service.
type KubeIngress struct {
	Namespace, Name, UID string
	CreatedAt            time.Time
	Class                string // "nginx" or "alb"
	Annotations          map[string]string
	Host                 string // of the rule
	Service              string
	ServicePort          int
	Hostname             string // of the load balancer
}

// A KubeServiceAccount is a ServiceAccount.
type KubeServiceAccount struct {
	Namespace, Name, UID string
	CreatedAt            time.Time
	// RoleARN is the value of the annotation eks.amazonaws.com/role-arn.
	RoleARN string
	// AutomountToken is false when the account forbids it.
	AutomountToken bool
}

// A PodIdentity is an EKS pod identity association.
type PodIdentity struct {
	ID, Namespace, ServiceAccount, RoleARN string
}
