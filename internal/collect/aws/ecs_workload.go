package aws

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

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
		arn: text(c.ClusterArn), name: text(c.ClusterName),
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

// addService adds a service with what it asks for, and keeps nothing else of the
// answer, which also tells the service's last hundred events.
func (c *ecsCluster) addService(s types.Service) {
	w := c.add(ecsServiceKind, text(s.ServiceArn), text(s.ServiceName))
	c.services[w.Name] = w
	w.CreatedAt = aws.ToTime(s.CreatedAt).UTC()
	w.declared = text(s.TaskDefinition)
	w.LaunchType = strings.Clone(launchType(string(s.LaunchType), providerOf(s.CapacityProviderStrategy)))
	w.addNetwork(s.NetworkConfiguration)
	w.addTargets(s.LoadBalancers)
	// Services with an external or blue/green controller say this by task set.
	for _, set := range s.TaskSets {
		if w.declared == "" || aws.ToString(set.Status) == "PRIMARY" {
			w.declared = text(set.TaskDefinition)
		}
		if w.LaunchType == "" {
			w.LaunchType = strings.Clone(launchType(string(set.LaunchType), providerOf(set.CapacityProviderStrategy)))
		}
		w.addNetwork(set.NetworkConfiguration)
		w.addTargets(set.LoadBalancers)
	}
	for _, t := range s.Tags {
		if w.Labels == nil {
			w.Labels = map[string]string{}
		}
		w.Labels[text(t.Key)] = text(t.Value)
	}
}

// addTask adds a running task to its workload.
func (c *ecsCluster) addTask(t ecsTask, d *taskDefinition) {
	role, executionRole := cmp.Or(t.role, d.TaskRole), cmp.Or(t.executionRole, d.ExecutionRole)
	w := c.ownerOf(t, d, role)
	w.Replicas++
	if w.definition == nil || d.Revision >= w.definition.Revision {
		w.definition, w.role, w.executionRole = d, role, executionRole
		w.LaunchType = cmp.Or(t.launchType, w.LaunchType)
	}
	w.Network.Interfaces = append(w.Network.Interfaces, t.interfaces...)
	for _, subnet := range t.subnets {
		if !slices.Contains(w.Network.Subnets, subnet) {
			w.Network.Subnets = append(w.Network.Subnets, subnet)
		}
	}
	c.addBindings(w, t, d)
	arch := cmp.Or(t.architecture, d.Architecture)
	for _, container := range t.containers {
		w.addContainer(container, d, arch)
	}
}

// ownerOf returns the workload of a task: its service, or else the tasks of
// the same group, family and role.
func (c *ecsCluster) ownerOf(t ecsTask, d *taskDefinition, role string) *ecsWorkload {
	if name, ok := strings.CutPrefix(t.group, "service:"); ok {
		if w, ok := c.services[name]; ok {
			return w
		}
		// The service was deleted since its cluster was listed, or before.
		return c.add(ecsServiceKind, strings.Replace(c.arn, ":cluster/", ":service/", 1)+"/"+name, name)
	}
	family := cmp.Or(d.Family, familyOf(t.definition))
	uid := c.arn + "/tasks/" + t.group
	if t.group != "family:"+family {
		uid += "/" + family
	}
	if role != "" {
		uid += "/" + role[strings.LastIndexByte(role, '/')+1:]
	}
	w := c.add(ecsTaskKind, uid, family)
	if !t.created.IsZero() && (w.CreatedAt.IsZero() || t.created.Before(w.CreatedAt)) {
		w.CreatedAt = t.created
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
	w.Network.SecurityGroups = append(w.Network.SecurityGroups, texts(v.SecurityGroups)...)
	w.Network.Subnets = append(w.Network.Subnets, texts(v.Subnets)...)
	w.Network.AssignPublicIP = w.Network.AssignPublicIP || v.AssignPublicIp == types.AssignPublicIpEnabled
}

// addTargets adds the target groups that a service registers its tasks in, the
// ones that it switches to during a blue/green deployment included.
func (w *ecsWorkload) addTargets(balancers []types.LoadBalancer) {
	for _, b := range balancers {
		groups := []string{text(b.TargetGroupArn)}
		if b.AdvancedConfiguration != nil {
			groups = append(groups, text(b.AdvancedConfiguration.AlternateTargetGroupArn))
		}
		for _, arn := range groups {
			target := inventory.TargetGroup{ARN: arn, Container: text(b.ContainerName), Port: int(aws.ToInt32(b.ContainerPort))}
			if arn != "" && !slices.Contains(w.Network.TargetGroups, target) {
				w.Network.TargetGroups = append(w.Network.TargetGroups, target)
			}
		}
	}
}

// addContainer counts one container of a task.
func (w *ecsWorkload) addContainer(t ecsTaskContainer, d *taskDefinition, arch string) {
	c, ok := d.container(t.name)
	if !ok {
		// ECS and GuardDuty put containers of their own into tasks.
		c = inventory.Container{Name: t.name, Type: inventory.SidecarContainer, Image: t.image}
		if len(d.Containers) == 0 { // The definition is gone.
			c.Type = inventory.MainContainer
		}
	}
	if t.digest != "" {
		c.RuntimeImage, c.Digest = t.runtimeImage, t.digest
	}
	c.Architecture = arch
	key := containerKey{t.name, c.Image, c.Digest}
	have, ok := w.containers[key]
	if !ok {
		have = &c
		w.containers[key] = have
	}
	if !t.stopped {
		have.Replicas++
	}
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
