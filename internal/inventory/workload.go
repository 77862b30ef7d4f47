package inventory

import "time"

// A Workload is what a person would name: an ECS service or stand-alone task,
// a Deployment, a bare Pod, a Lambda function built from an image.
type Workload struct {
	UID  string `json:"uid"`
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Namespace is the Kubernetes namespace; empty elsewhere.
	Namespace string `json:"namespace,omitempty"`
	// Cluster is the ECS or Kubernetes cluster's name; empty elsewhere.
	Cluster string `json:"cluster,omitempty"`
	// LaunchType is the provider's word for what the replicas run on:
	// "FARGATE", "EC2", "EXTERNAL"; empty where there is no choice.
	LaunchType string `json:"launch_type,omitempty"`
	// Replicas is the number of running tasks, pods or instances; 0 for a
	// workload that is declared but not running and for Lambda functions.
	Replicas int `json:"replicas"`
	// Identity is the UID of the [Identity] that the containers act as.
	Identity string `json:"identity,omitempty"`
	// ExecutionIdentity is the UID of the identity that starts the
	// containers (ECS task execution role), which the containers do not get.
	ExecutionIdentity string `json:"execution_identity,omitempty"`
	HostNetwork       bool   `json:"host_network,omitempty"`
	HostPID           bool   `json:"host_pid,omitempty"`
	HostIPC           bool   `json:"host_ipc,omitempty"`
	// HostPaths are host directories mounted into containers.
	HostPaths []string `json:"host_paths,omitempty"`
	// Network holds what exposure is derived from.
	Network    Network           `json:"network,omitzero"`
	Labels     map[string]string `json:"labels,omitempty"`
	CreatedAt  time.Time         `json:"created_at,omitzero"`
	Containers []Container       `json:"containers"`
}

// RecordUID implements [Record].
func (w Workload) RecordUID() string { return w.UID }

// RecordType implements [Record].
func (Workload) RecordType() RecordType { return WorkloadRecord }

// A Network is how a workload is attached to its network.
type Network struct {
	// Interfaces are elastic network interface IDs.
	Interfaces     []string `json:"interfaces,omitempty"`
	SecurityGroups []string `json:"security_groups,omitempty"`
	Subnets        []string `json:"subnets,omitempty"`
	// AssignPublicIP is the ECS service's setting.
	AssignPublicIP bool `json:"assign_public_ip,omitempty"`
	// TargetGroups are ELBv2 target group ARNs that the workload registers in,
	// with the container port that they reach.
	TargetGroups []TargetGroup `json:"target_groups,omitempty"`
	// HostPorts are the ports of machines at which containers listen that have
	// no network interface of their own.
	HostPorts []HostPort `json:"host_ports,omitempty"`
}

// A HostPort is a port of a machine that leads to a container.
type HostPort struct {
	// Instance is the machine: "i-0123456789abcdef0".
	Instance  string `json:"instance"`
	Port      int    `json:"port"`
	Container int    `json:"container,omitempty"`
	Protocol  string `json:"protocol,omitempty"`
}

// A TargetGroup binds a workload's container port to an ELBv2 target group.
type TargetGroup struct {
	ARN       string `json:"arn"`
	Container string `json:"container,omitempty"`
	Port      int    `json:"port,omitempty"`
}

// A ContainerType tells the role of a container in its workload.
type ContainerType string

// The container types.
const (
	MainContainer      ContainerType = "container"
	InitContainer      ContainerType = "init"
	SidecarContainer   ContainerType = "sidecar"
	EphemeralContainer ContainerType = "ephemeral"
	// ImageVolume is an image that is mounted as files and not run.
	ImageVolume ContainerType = "volume"
)

// A DigestKind tells what a runtime-reported digest is the digest of.
type DigestKind string

// The digest kinds.
const (
	// UnknownDigest is a repository digest: of an index or of a manifest.
	UnknownDigest  DigestKind = ""
	IndexDigest    DigestKind = "index"
	ManifestDigest DigestKind = "manifest"
	// ConfigDigest cannot be pulled; it is matched through the tag.
	ConfigDigest DigestKind = "config"
)

// A Container is one container of a workload. While a rollout runs, the same
// name appears once for each digest that is running.
type Container struct {
	Name string        `json:"name"`
	Type ContainerType `json:"type"`
	// Image is the reference that the workload asks for, verbatim.
	Image string `json:"image"`
	// RuntimeImage is what the runtime reported, verbatim (Kubernetes
	// imageID, ECS imageDigest, Lambda ResolvedImageUri); may be empty.
	RuntimeImage string `json:"runtime_image,omitempty"`
	// Digest is the digest in RuntimeImage or pinned by Image: "sha256:…".
	Digest     string     `json:"digest,omitempty"`
	DigestKind DigestKind `json:"digest_kind,omitempty"`
	// Architecture is the OCI architecture that runs, such as "arm64"; empty
	// when unknown.
	Architecture string `json:"architecture,omitempty"`
	// Replicas is how many of the workload's replicas run this image.
	Replicas int `json:"replicas"`

	// User is the user that the workload sets over the image's; empty when
	// it leaves it to the image.
	User                     string      `json:"user,omitempty"`
	RunAsNonRoot             *bool       `json:"run_as_non_root,omitempty"`
	Privileged               bool        `json:"privileged,omitempty"`
	ReadOnlyRootFilesystem   bool        `json:"read_only_root_filesystem,omitempty"`
	AllowPrivilegeEscalation *bool       `json:"allow_privilege_escalation,omitempty"`
	AddedCapabilities        []string    `json:"added_capabilities,omitempty"`
	DroppedCapabilities      []string    `json:"dropped_capabilities,omitempty"`
	Ports                    []Port      `json:"ports,omitempty"`
	EnvNames                 []string    `json:"env_names,omitempty"`
	Secrets                  []SecretRef `json:"secrets,omitempty"`
	// HasProbe is whether the workload checks the container's health itself.
	HasProbe bool `json:"has_probe,omitempty"`
}

// A Port is a port that a container listens on by declaration.
type Port struct {
	Container int    `json:"container"`
	Host      int    `json:"host,omitempty"`
	Protocol  string `json:"protocol,omitempty"`
}

// A SecretRef is a secret given to a container, by name; the value is never read.
type SecretRef struct {
	// Name is the environment variable or mount path.
	Name string `json:"name"`
	// From is where the value comes from: an ARN, "secret/<name>#<key>".
	From string `json:"from"`
}
