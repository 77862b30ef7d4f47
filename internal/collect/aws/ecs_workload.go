package aws

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// ecsCluster gathers the workloads of a cluster from its services and tasks.
type ecsCluster struct {
	arn, name string
	workloads map[string]*ecsWorkload // by UID
	services  map[string]*ecsWorkload // by name
	// bindings are the ports of container instances, by their ARN, until it
	// is known which machines these are.
	bindings map[string][]binding
}

// newECSCluster returns a cluster without workloads.
func newECSCluster(c types.Cluster) *ecsCluster {
	return &ecsCluster{
		arn: aws.ToString(c.ClusterArn), name: aws.ToString(c.ClusterName),
		workloads: map[string]*ecsWorkload{}, services: map[string]*ecsWorkload{}, bindings: map[string][]binding{},
	}
}

// ecsWorkload gathers one workload from its tasks.
type ecsWorkload struct {
	inventory.Workload
	// definition is the newest that runs; nil if nothing runs.
	definition *taskDefinition
	// declared is the ARN of the definition that the service asks for.
	declared string
	// role and executionRole are what a task overrides its definition with.
	role, executionRole string
	containers          map[containerKey]*inventory.Container
}

// containerKey tells the containers of a workload apart: while a rollout runs,
// a name has several images.
type containerKey struct {
	name, image, digest string
}

// add returns the workload with the UID, which it makes if need be.
func (c *ecsCluster) add(kind inventory.Kind, uid, name string) *ecsWorkload {
	w, ok := c.workloads[uid]
	if !ok {
		w = &ecsWorkload{
			Workload:   inventory.Workload{UID: uid, Kind: kind, Name: name, Cluster: c.name},
			containers: map[containerKey]*inventory.Container{},
		}
		c.workloads[uid] = w
	}
	return w
}

// addService adds a service with what it asks for.
func (c *ecsCluster) addService(s types.Service) {
	w := c.add(ecsServiceKind, aws.ToString(s.ServiceArn), aws.ToString(s.ServiceName))
	c.services[w.Name] = w
	w.CreatedAt = aws.ToTime(s.CreatedAt).UTC()
	w.declared = aws.ToString(s.TaskDefinition)
	w.LaunchType = launchType(string(s.LaunchType), providerOf(s.CapacityProviderStrategy))
	w.addNetwork(s.NetworkConfiguration)
	w.addTargets(s.LoadBalancers)
	// Services with an external or blue/green controller say this by task set.
	for _, set := range s.TaskSets {
		if w.declared == "" || aws.ToString(set.Status) == "PRIMARY" {
			w.declared = aws.ToString(set.TaskDefinition)
		}
		if w.LaunchType == "" {
			w.LaunchType = launchType(string(set.LaunchType), providerOf(set.CapacityProviderStrategy))
		}
		w.addNetwork(set.NetworkConfiguration)
		w.addTargets(set.LoadBalancers)
	}
	for _, t := range s.Tags {
		if w.Labels == nil {
			w.Labels = map[string]string{}
		}
		w.Labels[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
}

// addTask adds a running task to its workload.
func (c *ecsCluster) addTask(t types.Task, d *taskDefinition) {
	role, executionRole := d.TaskRole, d.ExecutionRole
	if o := t.Overrides; o != nil {
		role = cmp.Or(aws.ToString(o.TaskRoleArn), role)
		executionRole = cmp.Or(aws.ToString(o.ExecutionRoleArn), executionRole)
	}
	w := c.ownerOf(t, d, role)
	w.Replicas++
	if w.definition == nil || d.Revision >= w.definition.Revision {
		w.definition, w.role, w.executionRole = d, role, executionRole
		w.LaunchType = cmp.Or(launchType(string(t.LaunchType), aws.ToString(t.CapacityProviderName)), w.LaunchType)
	}
	w.addInterfaces(t.Attachments)
	c.addBindings(w, t, d)
	arch := cmp.Or(taskArchitecture(t), d.Architecture)
	for _, container := range t.Containers {
		w.addContainer(container, d, arch)
	}
}

// ownerOf returns the workload of a task: its service, or else the tasks of
// the same group, family and role.
func (c *ecsCluster) ownerOf(t types.Task, d *taskDefinition, role string) *ecsWorkload {
	group := aws.ToString(t.Group)
	if name, ok := strings.CutPrefix(group, "service:"); ok {
		if w, ok := c.services[name]; ok {
			return w
		}
		// The service was deleted since its cluster was listed, or before.
		return c.add(ecsServiceKind, strings.Replace(c.arn, ":cluster/", ":service/", 1)+"/"+name, name)
	}
	family := cmp.Or(d.Family, familyOf(aws.ToString(t.TaskDefinitionArn)))
	uid := c.arn + "/tasks/" + group
	if group != "family:"+family {
		uid += "/" + family
	}
	if role != "" {
		uid += "/" + role[strings.LastIndexByte(role, '/')+1:]
	}
	w := c.add(ecsTaskKind, uid, family)
	if created := aws.ToTime(t.CreatedAt).UTC(); !created.IsZero() && (w.CreatedAt.IsZero() || created.Before(w.CreatedAt)) {
		w.CreatedAt = created
	}
	return w
}

// familyOf returns the family in a task definition's ARN.
func familyOf(arn string) string {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	family, _, _ := strings.Cut(name, ":")
	return family
}

// addNetwork adds where the tasks of a service are attached.
func (w *ecsWorkload) addNetwork(n *types.NetworkConfiguration) {
	if n == nil || n.AwsvpcConfiguration == nil {
		return
	}
	v := n.AwsvpcConfiguration
	w.Network.SecurityGroups = append(w.Network.SecurityGroups, v.SecurityGroups...)
	w.Network.Subnets = append(w.Network.Subnets, v.Subnets...)
	w.Network.AssignPublicIP = w.Network.AssignPublicIP || v.AssignPublicIp == types.AssignPublicIpEnabled
}

// addTargets adds the target groups that a service registers its tasks in, the
// ones that it switches to during a blue/green deployment included.
func (w *ecsWorkload) addTargets(balancers []types.LoadBalancer) {
	for _, b := range balancers {
		groups := []string{aws.ToString(b.TargetGroupArn)}
		if b.AdvancedConfiguration != nil {
			groups = append(groups, aws.ToString(b.AdvancedConfiguration.AlternateTargetGroupArn))
		}
		for _, arn := range groups {
			target := inventory.TargetGroup{ARN: arn, Container: aws.ToString(b.ContainerName), Port: int(aws.ToInt32(b.ContainerPort))}
			if arn != "" && !slices.Contains(w.Network.TargetGroups, target) {
				w.Network.TargetGroups = append(w.Network.TargetGroups, target)
			}
		}
	}
}

// addInterfaces adds the network interfaces of a task.
func (w *ecsWorkload) addInterfaces(attachments []types.Attachment) {
	for _, a := range attachments {
		if aws.ToString(a.Type) != "ElasticNetworkInterface" {
			continue
		}
		for _, d := range a.Details {
			switch aws.ToString(d.Name) {
			case "networkInterfaceId":
				w.Network.Interfaces = append(w.Network.Interfaces, aws.ToString(d.Value))
			case "subnetId":
				if subnet := aws.ToString(d.Value); !slices.Contains(w.Network.Subnets, subnet) {
					w.Network.Subnets = append(w.Network.Subnets, subnet)
				}
			}
		}
	}
}

// addContainer counts one container of a task.
func (w *ecsWorkload) addContainer(t types.Container, d *taskDefinition, arch string) {
	name := containerName(aws.ToString(t.Name))
	c, ok := d.container(name)
	if !ok {
		// ECS and GuardDuty put containers of their own into tasks.
		c = inventory.Container{Name: name, Type: inventory.SidecarContainer, Image: aws.ToString(t.Image)}
		if len(d.Containers) == 0 { // The definition is gone.
			c.Type = inventory.MainContainer
		}
	}
	running := aws.ToString(t.Image)
	switch {
	case image.ValidDigest(aws.ToString(t.ImageDigest)):
		c.RuntimeImage, c.Digest = aws.ToString(t.ImageDigest), aws.ToString(t.ImageDigest)
	case pinnedDigest(running) != "":
		c.RuntimeImage, c.Digest = running, pinnedDigest(running)
	}
	c.Architecture = arch
	key := containerKey{name, c.Image, c.Digest}
	have, ok := w.containers[key]
	if !ok {
		have = &c
		w.containers[key] = have
	}
	if aws.ToString(t.LastStatus) != "STOPPED" {
		have.Replicas++
	}
}

// containerName drops what makes the names of injected containers differ in
// every task.
func containerName(name string) string {
	for _, injected := range []string{"ecs-service-connect", "aws-guardduty-agent"} {
		if strings.HasPrefix(name, injected+"-") {
			return injected
		}
	}
	return name
}

// record returns the workload, in an order that does not depend on that of
// the tasks.
func (w *ecsWorkload) record() inventory.Workload {
	d := w.definition
	if d == nil {
		d = &taskDefinition{}
	}
	out := w.Workload
	out.Identity = cmp.Or(w.role, d.TaskRole)
	out.ExecutionIdentity = cmp.Or(w.executionRole, d.ExecutionRole)
	out.HostNetwork, out.HostPID, out.HostIPC = d.HostNetwork, d.HostPID, d.HostIPC
	out.HostPaths = d.HostPaths
	named := map[string]bool{}
	for _, c := range w.containers {
		named[c.Name] = true
		out.Containers = append(out.Containers, *c)
	}
	for _, c := range d.Containers {
		if !named[c.Name] { // Nothing runs it.
			c.Architecture = d.Architecture
			out.Containers = append(out.Containers, c)
		}
	}
	slices.SortFunc(out.Containers, func(a, b inventory.Container) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Digest, b.Digest))
	})
	out.Network.Interfaces = distinct(out.Network.Interfaces)
	out.Network.SecurityGroups = distinct(out.Network.SecurityGroups)
	out.Network.Subnets = distinct(out.Network.Subnets)
	slices.SortFunc(out.Network.HostPorts, compareHostPorts)
	out.Network.HostPorts = slices.Compact(out.Network.HostPorts)
	slices.SortFunc(out.Network.TargetGroups, func(a, b inventory.TargetGroup) int {
		return cmp.Or(cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Container, b.Container), cmp.Compare(a.Port, b.Port))
	})
	return out
}

// distinct returns s sorted and without repetitions.
func distinct(s []string) []string { return slices.Compact(sorted(s)) }

// taskArchitecture returns the architecture that a task runs on, if ECS says so.
func taskArchitecture(t types.Task) string {
	for _, a := range t.Attributes {
		if aws.ToString(a.Name) == "ecs.cpu-architecture" {
			return architecture(aws.ToString(a.Value))
		}
	}
	return ""
}

// launchType returns ECS' launch type. Tasks of a capacity provider may lack
// it: then the provider's name tells.
func launchType(launch, provider string) string {
	switch {
	case launch != "":
		return launch
	case provider == "FARGATE", provider == "FARGATE_SPOT":
		return "FARGATE"
	case provider != "":
		return "EC2"
	}
	return ""
}

// providerOf returns the first capacity provider of a strategy.
func providerOf(strategy []types.CapacityProviderStrategyItem) string {
	if len(strategy) == 0 {
		return ""
	}
	return aws.ToString(strategy[0].CapacityProvider)
}
