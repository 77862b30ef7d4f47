package aws

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// An ecsService is a service as DescribeServices writes it.
type ecsService struct {
	ARN            string            `json:"serviceArn"`
	Name           string            `json:"serviceName"`
	ClusterARN     string            `json:"clusterArn"`
	Status         string            `json:"status"`
	LaunchType     string            `json:"launchType"`
	TaskDefinition string            `json:"taskDefinition"`
	Desired        int               `json:"desiredCount"`
	Running        int               `json:"runningCount"`
	Pending        int               `json:"pendingCount"`
	Strategy       string            `json:"schedulingStrategy"`
	CreatedAt      timestamp         `json:"createdAt"`
	LoadBalancers  []ecsLoadBalancer `json:"loadBalancers"`
	Network        *ecsNetwork       `json:"networkConfiguration,omitempty"`
	Deployments    []ecsDeployment   `json:"deployments"`
	EnableExecute  bool              `json:"enableExecuteCommand"`
	Controller     ecsController     `json:"deploymentController"`
	Events         []struct{}        `json:"events"`
}

type ecsController struct {
	Type string `json:"type"`
}

type ecsLoadBalancer struct {
	TargetGroupARN string `json:"targetGroupArn"`
	ContainerName  string `json:"containerName"`
	ContainerPort  int    `json:"containerPort"`
}

type ecsNetwork struct {
	VPC ecsVPC `json:"awsvpcConfiguration"`
}

type ecsVPC struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIP string   `json:"assignPublicIp"`
}

type ecsDeployment struct {
	ID             string    `json:"id"`
	Status         string    `json:"status"`
	TaskDefinition string    `json:"taskDefinition"`
	Desired        int       `json:"desiredCount"`
	Running        int       `json:"runningCount"`
	RolloutState   string    `json:"rolloutState"`
	CreatedAt      timestamp `json:"createdAt"`
}

// newECSService writes a service of a cell.
func newECSService(cell *estate.Cell, s *estate.ECSService) ecsService {
	running := map[*estate.TaskDefinition]int{}
	deployment := map[*estate.TaskDefinition]string{}
	for _, t := range cell.Tasks {
		if t.Service == s {
			running[t.Definition]++
			deployment[t.Definition] = t.StartedBy
		}
	}
	out := ecsService{
		ARN: s.ARN, Name: s.Name, ClusterARN: s.Cluster.ARN, Status: "ACTIVE", LaunchType: s.LaunchType,
		TaskDefinition: s.Definition.ARN, Desired: s.Desired, Strategy: "REPLICA", CreatedAt: timestamp(s.CreatedAt),
		LoadBalancers: []ecsLoadBalancer{}, Controller: ecsController{"ECS"}, Events: []struct{}{},
		Deployments: []ecsDeployment{{
			ID: deployment[s.Definition], Status: "PRIMARY", TaskDefinition: s.Definition.ARN, Desired: s.Desired,
			Running: running[s.Definition], RolloutState: "COMPLETED", CreatedAt: timestamp(s.DeployedAt),
		}},
	}
	for _, n := range running {
		out.Running += n
	}
	if s.Previous != nil {
		out.Deployments[0].RolloutState = "IN_PROGRESS"
		out.Deployments = append(out.Deployments, ecsDeployment{
			ID: deployment[s.Previous], Status: "ACTIVE", TaskDefinition: s.Previous.ARN,
			Running: running[s.Previous], RolloutState: "COMPLETED", CreatedAt: timestamp(s.CreatedAt),
		})
	}
	if s.Target != nil {
		main := s.Definition.Containers[0]
		out.LoadBalancers = append(out.LoadBalancers, ecsLoadBalancer{s.Target.ARN, main.Name, main.Port})
	}
	if s.Definition.NetworkMode == "awsvpc" {
		vpc := ecsVPC{Subnets: s.Subnets, SecurityGroups: []string{s.Group.ID}, AssignPublicIP: "DISABLED"}
		if s.AssignPublicIP {
			vpc.AssignPublicIP = "ENABLED"
		}
		out.Network = &ecsNetwork{vpc}
	}
	return out
}

// An ecsTask is a task as DescribeTasks writes it.
type ecsTask struct {
	ARN               string          `json:"taskArn"`
	ClusterARN        string          `json:"clusterArn"`
	TaskDefinition    string          `json:"taskDefinitionArn"`
	Group             string          `json:"group"`
	StartedBy         string          `json:"startedBy,omitempty"`
	LaunchType        string          `json:"launchType"`
	PlatformVersion   string          `json:"platformVersion,omitempty"`
	PlatformFamily    string          `json:"platformFamily,omitempty"`
	ContainerInstance string          `json:"containerInstanceArn,omitempty"`
	LastStatus        string          `json:"lastStatus"`
	DesiredStatus     string          `json:"desiredStatus"`
	HealthStatus      string          `json:"healthStatus"`
	Connectivity      string          `json:"connectivity"`
	CPU               string          `json:"cpu"`
	Memory            string          `json:"memory"`
	Attributes        []nameValue     `json:"attributes"`
	Attachments       []ecsAttachment `json:"attachments"`
	Containers        []ecsContainer  `json:"containers"`
	Overrides         ecsOverrides    `json:"overrides"`
	CreatedAt         timestamp       `json:"createdAt"`
	StartedAt         timestamp       `json:"startedAt"`
	Version           int             `json:"version"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type ecsAttachment struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  string      `json:"status"`
	Details []nameValue `json:"details"`
}

type ecsOverrides struct {
	Containers  []containerOverride `json:"containerOverrides"`
	TaskRoleARN string              `json:"taskRoleArn,omitempty"`
}

type containerOverride struct {
	Name string `json:"name"`
}

type ecsContainer struct {
	ARN         string         `json:"containerArn"`
	TaskARN     string         `json:"taskArn"`
	Name        string         `json:"name"`
	Image       string         `json:"image"`
	ImageDigest string         `json:"imageDigest"`
	RuntimeID   string         `json:"runtimeId"`
	LastStatus  string         `json:"lastStatus"`
	Health      string         `json:"healthStatus"`
	Bindings    []ecsBinding   `json:"networkBindings"`
	Interfaces  []ecsInterface `json:"networkInterfaces"`
}

type ecsBinding struct {
	IP            string `json:"bindIP"`
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type ecsInterface struct {
	AttachmentID string `json:"attachmentId"`
	PrivateIP    string `json:"privateIpv4Address"`
}

// newECSTask writes a task.
func (c *call) newECSTask(t *estate.ECSTask) ecsTask {
	d := t.Definition
	out := ecsTask{
		ARN: t.ARN, ClusterARN: t.Cluster.ARN, TaskDefinition: d.ARN, Group: t.Group(), StartedBy: t.StartedBy,
		LaunchType: t.LaunchType, ContainerInstance: t.ContainerInstance(), LastStatus: "RUNNING", DesiredStatus: "RUNNING",
		HealthStatus: "UNKNOWN", Connectivity: "CONNECTED", CPU: strconv.Itoa(d.CPU), Memory: strconv.Itoa(d.Memory),
		Attributes:  []nameValue{{"ecs.cpu-architecture", map[string]string{"ARM64": "arm64", "X86_64": "x86_64"}[d.Architecture]}},
		Attachments: []ecsAttachment{}, Overrides: ecsOverrides{Containers: []containerOverride{}, TaskRoleARN: t.RoleOverride},
		CreatedAt: timestamp(t.StartedAt.Add(-startup)), StartedAt: timestamp(t.StartedAt), Version: 3,
	}
	if t.LaunchType == "FARGATE" {
		out.PlatformVersion, out.PlatformFamily = "1.4.0", "Linux"
	}
	var interfaces []ecsInterface
	if nic := t.Interface; nic != nil {
		attachment := lastPart(nic.Description)
		out.Attachments = append(out.Attachments, ecsAttachment{attachment, "ElasticNetworkInterface", "ATTACHED", []nameValue{
			{"subnetId", nic.Subnet}, {"networkInterfaceId", nic.ID}, {"macAddress", "0a:00:00:00:00:01"}, {"privateIPv4Address", nic.PrivateIP},
		}})
		interfaces = []ecsInterface{{attachment, nic.PrivateIP}}
	}
	id := lastPart(t.ARN)
	for i, v := range d.Containers {
		out.Overrides.Containers = append(out.Overrides.Containers, containerOverride{v.Name})
		container := ecsContainer{
			ARN:     c.arn("ecs", "container/"+t.Cluster.Name+"/"+id+"/"+strconv.Itoa(i)),
			TaskARN: t.ARN, Name: v.Name, Image: v.Reference, ImageDigest: c.Estate.RunningDigest(v), RuntimeID: t.RuntimeID(i),
			LastStatus: "RUNNING", Health: "UNKNOWN", Bindings: []ecsBinding{}, Interfaces: interfaces,
		}
		if len(t.HostPorts) > 0 && v.Port != 0 {
			container.Bindings = append(container.Bindings, ecsBinding{"0.0.0.0", v.Port, t.HostPorts[i], "tcp"})
		}
		out.Containers = append(out.Containers, container)
	}
	return out
}

// An ecsTaskDefinition is a task definition as DescribeTaskDefinition writes it.
type ecsTaskDefinition struct {
	ARN              string                   `json:"taskDefinitionArn"`
	Family           string                   `json:"family"`
	Revision         int                      `json:"revision"`
	Status           string                   `json:"status"`
	TaskRoleARN      string                   `json:"taskRoleArn,omitempty"`
	ExecutionRoleARN string                   `json:"executionRoleArn,omitempty"`
	NetworkMode      string                   `json:"networkMode"`
	PIDMode          string                   `json:"pidMode,omitempty"`
	CPU              string                   `json:"cpu"`
	Memory           string                   `json:"memory"`
	Platform         ecsPlatform              `json:"runtimePlatform"`
	Volumes          []ecsVolume              `json:"volumes"`
	Containers       []ecsContainerDefinition `json:"containerDefinitions"`
	RegisteredAt     timestamp                `json:"registeredAt"`
}

type ecsPlatform struct {
	Architecture string `json:"cpuArchitecture"`
	OS           string `json:"operatingSystemFamily"`
}

type ecsVolume struct {
	Name string  `json:"name"`
	Host ecsHost `json:"host"`
}

type ecsHost struct {
	Path string `json:"sourcePath"`
}

type ecsContainerDefinition struct {
	Name        string           `json:"name"`
	Image       string           `json:"image"`
	Essential   bool             `json:"essential"`
	Privileged  *bool            `json:"privileged,omitempty"`
	ReadOnly    *bool            `json:"readonlyRootFilesystem,omitempty"`
	User        string           `json:"user,omitempty"`
	Ports       []ecsPortMapping `json:"portMappings"`
	Environment []nameValue      `json:"environment"`
	Secrets     []ecsSecret      `json:"secrets,omitempty"`
	Health      *ecsHealthCheck  `json:"healthCheck,omitempty"`
	Linux       *ecsLinux        `json:"linuxParameters,omitempty"`
	FireLens    *ecsFireLens     `json:"firelensConfiguration,omitempty"`
	Mounts      []ecsMount       `json:"mountPoints"`
}

type ecsPortMapping struct {
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type ecsSecret struct {
	Name string `json:"name"`
	From string `json:"valueFrom"`
}

type ecsHealthCheck struct {
	Command []string `json:"command"`
}

type ecsLinux struct {
	Capabilities ecsCapabilities `json:"capabilities"`
}

type ecsCapabilities struct {
	Add  []string `json:"add"`
	Drop []string `json:"drop"`
}

type ecsFireLens struct {
	Type string `json:"type"`
}

type ecsMount struct {
	Volume string `json:"sourceVolume"`
	Path   string `json:"containerPath"`
}

// newTaskDefinition writes a task definition.
func (c *call) newTaskDefinition(d *estate.TaskDefinition) ecsTaskDefinition {
	out := ecsTaskDefinition{
		ARN: d.ARN, Family: d.Family, Revision: d.Revision, Status: "ACTIVE", TaskRoleARN: d.TaskRole, ExecutionRoleARN: d.ExecutionRole,
		NetworkMode: d.NetworkMode, PIDMode: d.PIDMode, CPU: strconv.Itoa(d.CPU), Memory: strconv.Itoa(d.Memory),
		Platform: ecsPlatform{d.Architecture, "LINUX"}, Volumes: []ecsVolume{}, RegisteredAt: timestamp(d.RegisteredAt),
	}
	for _, v := range d.Containers {
		out.Containers = append(out.Containers, c.newContainerDefinition(v, d.NetworkMode))
	}
	for i, path := range d.HostPaths {
		name := "host-" + strconv.Itoa(i)
		out.Volumes = append(out.Volumes, ecsVolume{name, ecsHost{path}})
		out.Containers[0].Mounts = append(out.Containers[0].Mounts, ecsMount{name, "/host/" + strconv.Itoa(i)})
	}
	return out
}

// newContainerDefinition writes a container of a task definition.
func (c *call) newContainerDefinition(v estate.Container, mode string) ecsContainerDefinition {
	out := ecsContainerDefinition{
		Name: v.Name, Image: v.Reference, Essential: v.Essential, User: v.User,
		Ports: []ecsPortMapping{}, Environment: []nameValue{}, Mounts: []ecsMount{},
	}
	yes := true
	if v.Privileged {
		out.Privileged = &yes
	}
	if v.ReadOnlyRootFilesystem {
		out.ReadOnly = &yes
	}
	if v.Port != 0 {
		m := ecsPortMapping{v.Port, v.Port, "tcp"}
		if mode == "bridge" {
			m.HostPort = 0
		}
		out.Ports = append(out.Ports, m)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Env)) {
		out.Environment = append(out.Environment, nameValue{name, v.Env[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(v.Secrets)) {
		out.Secrets = append(out.Secrets, ecsSecret{name, c.arn("secretsmanager", "secret:"+v.Secrets[name])})
	}
	if v.HasProbe {
		out.Health = &ecsHealthCheck{[]string{"CMD-SHELL", "curl -f http://localhost/ || exit 1"}}
	}
	if len(v.AddedCapabilities)+len(v.DroppedCapabilities) > 0 {
		out.Linux = &ecsLinux{ecsCapabilities{notNil(v.AddedCapabilities), notNil(v.DroppedCapabilities)}}
	}
	if v.LogRouter {
		out.FireLens = &ecsFireLens{"fluentbit"}
	}
	return out
}

// notNil makes the empty list "[]" in JSON rather than "null".
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// startup is how long a task takes from its creation to its start.
const startup = 40 * time.Second
