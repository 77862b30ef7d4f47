package estate

import (
	"fmt"
	"strconv"
	"time"
)

// An ECSCluster is an ECS cluster.
type ECSCluster struct {
	Name, ARN string
	// Running and Services count the tasks and services in it.
	Running, Services int
}

// An ECSService is an ECS service.
type ECSService struct {
	Name, ARN  string
	Cluster    *ECSCluster
	Definition *TaskDefinition
	// Previous is the task definition that some tasks still run while a
	// rollout is under way; nil otherwise.
	Previous   *TaskDefinition
	Desired    int
	LaunchType string
	// AssignPublicIP and Subnets are of the awsvpc network mode.
	AssignPublicIP bool
	Subnets        []string
	// PublicMachines is whether the machines have public addresses, in the
	// other network modes.
	PublicMachines bool
	// Group is that of the tasks, or of their machines.
	Group      *SecurityGroup
	Target     *TargetGroup // nil when no load balancer reaches it
	CreatedAt  time.Time
	DeployedAt time.Time
	// Exposed is whether the internet reaches it.
	Exposed bool
}

// A TaskDefinition is one immutable revision.
type TaskDefinition struct {
	ARN, Family             string
	Revision                int
	TaskRole, ExecutionRole string // ARNs, may be empty
	NetworkMode             string // "awsvpc", "bridge" or "host"
	PIDMode                 string
	CPU, Memory             int
	Architecture            string // "X86_64" or "ARM64"
	HostPaths               []string
	Containers              []Container
	RegisteredAt            time.Time
}

// An ECSTask is a running task.
type ECSTask struct {
	ARN        string
	Cluster    *ECSCluster
	Service    *ECSService // nil for a stand-alone task
	Definition *TaskDefinition
	LaunchType string
	StartedBy  string
	// RoleOverride replaces the definition's task role; may be empty.
	RoleOverride string
	// Interface is the task's own with network mode awsvpc; else nil.
	Interface *Interface
	// HostPorts are given to the containers with network mode bridge.
	HostPorts []int
	StartedAt time.Time
	// Exposed is whether the internet reaches a stand-alone task.
	Exposed bool

	place place
}

// Group returns the task's group: its service or family.
func (t *ECSTask) Group() string {
	if t.Service != nil {
		return "service:" + t.Service.Name
	}
	return "family:" + t.Definition.Family
}

// id returns the task's identifier.
func (t *ECSTask) id() string { return t.place.in("id").hex(32) }

// RuntimeID returns the container runtime's identifier of the i-th container.
func (t *ECSTask) RuntimeID(i int) string {
	if t.LaunchType == "FARGATE" {
		return t.id() + "-" + strconv.Itoa(1000000000+t.place.at(i).below(1<<31))
	}
	return t.place.in("runtime").at(i).hex(64)
}

// ContainerInstance returns the ARN of the machine; empty on Fargate.
func (t *ECSTask) ContainerInstance() string {
	if t.LaunchType == "FARGATE" {
		return ""
	}
	return t.Cluster.ARN[:len(t.Cluster.ARN)-len("cluster/"+t.Cluster.Name)] + "container-instance/" + t.Cluster.Name + "/" + t.place.in("host").hex(32)
}

// Instance returns the identifier of the machine.
func (t *ECSTask) Instance() string { return "i-" + t.place.in("instance").hex(17) }

// newClusters adds the clusters of the drawn services, and an empty one.
func (b *builder) newClusters() {
	b.cluster("sandbox")
	for i := range 1 + b.e.slots(b.index)/150 {
		b.shared = append(b.shared, b.cluster("services-"+strconv.Itoa(i+1)))
	}
}

// cluster adds an ECS cluster.
func (b *builder) cluster(name string) *ECSCluster {
	c := &ECSCluster{Name: name, ARN: b.arn("ecs", "cluster/"+name)}
	b.Clusters = append(b.Clusters, c)
	return c
}

// segments tell apart workloads that run the same app.
var segments = []string{"retail", "wholesale", "mobile", "partner", "outlet", "kiosk", "beta", "b2b", "returns", "loyalty"}

// name returns the name of the workload in a slot that runs the given app.
func (s slot) name(a app) string {
	n := fmt.Sprintf("%s-%s-%d", a.name, pick(s.place.in("segment"), segments), s.number)
	if s.incarnation > 0 {
		n += "-r" + strconv.Itoa(s.incarnation)
	}
	return n
}

// replicas draws a number of replicas around the configured mean.
func (b *builder) replicas(p place) int {
	if p.in("idle").chance(3) {
		return 0
	}
	return 1 + p.in("replicas").below(2*b.e.cfg.PodsPerWorkload-1)
}

// version returns the version of an app that a slot runs after its deployments.
func (s slot) version(a app) version {
	return a.versions[(s.place.in("version").below(len(a.versions))+s.generation)%len(a.versions)]
}

// drawDefinition adds the task definition of a slot in its generation.
func (b *builder) drawDefinition(s slot, a app, mode string) *TaskDefinition {
	p := s.place
	d := &TaskDefinition{
		Family: s.name(a), Revision: 1 + p.in("revision").below(40) + s.generation, NetworkMode: mode,
		CPU: 256 << p.in("cpu").below(3), Memory: 512 << p.in("memory").below(3),
		Architecture: pick(p.in("arch"), []string{"X86_64", "X86_64", "ARM64"}), RegisteredAt: s.deployed.Add(-time.Minute),
		Containers: []Container{b.container(s, a)},
	}
	d.Containers[0].Essential = true
	if mode == "awsvpc" {
		d.Containers[0].Privileged = false // which Fargate refuses
	}
	if len(d.Containers[0].Image.Content.Platforms) == 1 {
		d.Architecture = "X86_64"
	}
	if p.in("router").chance(25) {
		d.Containers = append(d.Containers, Container{
			Name: "log-router", Image: fluentBit, Running: fluentBit.Content, Reference: fluentBit.Reference(), LogRouter: true, User: "0",
		})
	}
	if p.in("cache").chance(10) {
		d.Containers = append(d.Containers, Container{Name: "cache", Image: redis, Running: redis.Content, Reference: redis.Reference(), Port: 6379, Essential: true})
	}
	d.TaskRole = b.drawRole(p.in("role"), d.Family, "ecs-tasks.amazonaws.com")
	d.ExecutionRole = roleARN(b.Account.ID, executionRole)
	b.define(d)
	return d
}

// define registers a task definition.
func (b *builder) define(d *TaskDefinition) {
	name := d.Family + ":" + strconv.Itoa(d.Revision)
	d.ARN = b.arn("ecs", "task-definition/"+name)
	b.definitions[name] = d
}

// drawService adds the ECS service of a slot.
func (b *builder) drawService(s slot) {
	p, a := s.place, pick(s.place.in("app"), apps)
	launch, mode := "FARGATE", "awsvpc"
	if p.in("launch").chance(25) {
		launch, mode = "EC2", pick(p.in("mode"), []string{"bridge", "awsvpc", "host"})
	}
	svc := &ECSService{
		Name: s.name(a), Cluster: b.shared[s.number%len(b.shared)], LaunchType: launch,
		Definition: b.drawDefinition(s, a, mode), Desired: b.replicas(p), CreatedAt: s.since, DeployedAt: s.deployed,
	}
	if s.generation > 0 && p.in("rollout").at(s.generation).chance(40) && svc.Desired > 1 {
		before := s
		before.generation--
		svc.Previous = b.drawDefinition(before, a, mode)
	}
	b.drawReach(svc, p.in("reach"))
	b.addService(svc, p)
}

// drawReach decides how the service can be reached.
func (b *builder) drawReach(svc *ECSService, p place) {
	port, awsvpc := svc.Definition.Containers[0].Port, svc.Definition.NetworkMode == "awsvpc"
	draw := p.below(100)
	if svc.Desired == 0 {
		draw = 99 // nobody would be there
	}
	switch {
	case draw < 12: // an internet-facing load balancer
		b.balance(svc, p, port, false, World)
	case draw < 15: // an internet-facing load balancer for one partner's network
		b.balance(svc, p, port, false, "192.0.2.0/24")
	case draw < 23:
		b.balance(svc, p, port, true, "10.0.0.0/8")
	case draw < 25: // an internal load balancer behind an internet-facing one
		b.balanceTwice(svc, p, port)
	case draw < 27 && awsvpc: // a public address with an open group
		svc.AssignPublicIP = true
		svc.Group = b.net.group(p, svc.Name, Ingress{Port: port, CIDR: World})
	case draw < 31 && awsvpc: // a public address behind a closed group
		svc.AssignPublicIP = true
		svc.Group = b.net.group(p, svc.Name, Ingress{Port: port, CIDR: "10.0.0.0/8"})
	case draw >= 80 && draw < 90 && !awsvpc: // machines that the internet reaches
		svc.PublicMachines, svc.Exposed = true, true
		svc.Group = b.net.group(p, svc.Name, Ingress{CIDR: World})
	case draw >= 90 && draw < 95 && !awsvpc: // public machines behind a closed group
		svc.PublicMachines = true
		svc.Group = b.net.group(p, svc.Name, Ingress{CIDR: "10.0.0.0/8"})
	default:
		svc.Group = b.net.group(p, svc.Name, Ingress{Port: port, CIDR: "10.0.0.0/8"})
	}
	svc.Exposed = svc.Exposed || svc.AssignPublicIP && svc.Group.open(port)
}

// balance puts a load balancer that admits source before the service.
func (b *builder) balance(svc *ECSService, p place, port int, internal bool, source string) {
	name := shorten(svc.Name)
	front := b.net.group(p.in("lb"), svc.Name+"-lb", Ingress{Port: 443, CIDR: source})
	svc.Group = b.net.group(p, svc.Name, Ingress{Port: port, Group: front.ID})
	kind := "ip"
	if svc.Definition.NetworkMode != "awsvpc" {
		kind = "instance"
	}
	svc.Target = b.targetGroup(p, name, port, kind)
	lb := b.balancer(p, name, "application", internal, front, svc.Target)
	lb.PathRule = p.in("rule").chance(30)
	svc.Exposed = !internal && source == World
}

// balanceTwice puts an internal load balancer before the service, and before
// that a network load balancer that everyone reaches.
func (b *builder) balanceTwice(svc *ECSService, p place, port int) {
	b.balance(svc, p, port, true, World)
	inner := b.net.Balancers[len(b.net.Balancers)-1]
	q := p.in("outer")
	name := shorten("edge-" + svc.Name)
	group := b.targetGroup(q, name, inner.ListenerPort, "alb")
	group.Balancer = inner
	b.balancer(q, name, "network", false, nil, group)
	svc.Exposed = true
}

// addService adds the service with its tasks.
func (b *builder) addService(svc *ECSService, p place) {
	svc.ARN = b.arn("ecs", "service/"+svc.Cluster.Name+"/"+svc.Name)
	subnets := b.net.Private
	public := svc.AssignPublicIP || svc.PublicMachines
	if public {
		subnets = b.net.Public
	}
	svc.Subnets = []string{subnets[0].ID, subnets[1].ID}
	b.Services = append(b.Services, svc)
	for i := range svc.Desired {
		d := svc.Definition
		if svc.Previous != nil && i%2 == 1 {
			d = svc.Previous
		}
		// The revision is part of the place: a deployment replaces the tasks.
		t := &ECSTask{
			Cluster: svc.Cluster, Service: svc, Definition: d, LaunchType: svc.LaunchType,
			StartedBy: "ecs-svc/" + strconv.Itoa(1000000000+p.in("deployment").at(d.Revision).below(1<<31)),
			StartedAt: svc.DeployedAt.Add(time.Duration(i) * time.Second),
			place:     p.in("task").at(d.Revision).at(i),
		}
		b.addTask(t, subnets[i%len(subnets)], public, svc.Group)
	}
}

// addTask adds a task with its network.
func (b *builder) addTask(t *ECSTask, s Subnet, public bool, group *SecurityGroup) {
	t.ARN = b.arn("ecs", "task/"+t.Cluster.Name+"/"+t.id())
	switch t.Definition.NetworkMode {
	case "awsvpc":
		nic := b.nic(t.place.in("eni"), s, public, b.arn("ecs", "attachment/"+t.place.in("attachment").uuid()), group)
		t.Interface = &nic
		b.net.Interfaces = append(b.net.Interfaces, nic)
	case "bridge":
		for i := range t.Definition.Containers {
			t.HostPorts = append(t.HostPorts, 32768+t.place.at(i).below(28000))
		}
	}
	if t.Interface == nil { // Every such task has a machine of its own.
		nic := b.nic(t.place.in("machine"), s, public, "", group)
		nic.Instance = t.Instance()
		b.net.Interfaces = append(b.net.Interfaces, nic)
	}
	b.Tasks = append(b.Tasks, t)
}

// drawTask adds the stand-alone task of a slot.
func (b *builder) drawTask(s slot) {
	p, a := s.place, pick(s.place.in("app"), apps)
	d := b.drawDefinition(s, a, "awsvpc")
	port := d.Containers[0].Port
	t := &ECSTask{
		Cluster: b.shared[s.number%len(b.shared)], Definition: d, LaunchType: "FARGATE",
		StartedBy: pick(p.in("by"), []string{"", "events-rule/nightly", "ops"}), StartedAt: s.deployed, place: p.in("task").at(d.Revision),
	}
	if p.in("override").chance(15) {
		t.RoleOverride = roleARN(b.Account.ID, dataReaderRole)
	}
	public := p.in("public").chance(20)
	group := b.net.group(p, d.Family, Ingress{Port: port, CIDR: "10.0.0.0/8"})
	if public && p.in("open").chance(50) {
		group.Ingress[0].CIDR = World
		t.Exposed = true
	}
	subnet := b.net.Private[0]
	if public {
		subnet = b.net.Public[0]
	}
	b.addTask(t, subnet, public, group)
}

// shorten cuts a name to the 32 characters that ELBv2 allows, keeping the
// number at the end.
func shorten(name string) string {
	if len(name) <= 32 {
		return name
	}
	return name[:15] + "-" + name[len(name)-16:]
}
