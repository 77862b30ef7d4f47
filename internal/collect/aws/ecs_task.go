package aws

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// ecsTask is what is kept of a running task. It holds on to nothing of the
// answer, of which it is a small part: task definitions are waited for while it
// is there.
type ecsTask struct {
	definition string // ARN
	group      string
	launchType string
	// role and executionRole override those of the definition.
	role, executionRole string
	architecture        string
	created             time.Time
	interfaces, subnets []string
	containers          []ecsTaskContainer
	// machine is the ARN of the container instance, ports those of it at which
	// the agent says that the task listens.
	machine string
	ports   []inventory.HostPort
}

// ecsTaskContainer is a container of a running task.
type ecsTaskContainer struct {
	name, image string
	// runtimeImage and digest are empty if ECS does not tell what runs.
	runtimeImage, digest string
	stopped              bool
}

// newECSTask keeps what is needed of a task.
func newECSTask(t types.Task) ecsTask {
	out := ecsTask{
		definition:   text(t.TaskDefinitionArn),
		group:        text(t.Group),
		launchType:   strings.Clone(launchType(string(t.LaunchType), aws.ToString(t.CapacityProviderName))),
		architecture: strings.Clone(taskArchitecture(t)),
		created:      aws.ToTime(t.CreatedAt).UTC(),
		machine:      text(t.ContainerInstanceArn),
	}
	if o := t.Overrides; o != nil {
		out.role, out.executionRole = text(o.TaskRoleArn), text(o.ExecutionRoleArn)
	}
	for _, a := range t.Attachments {
		if aws.ToString(a.Type) != "ElasticNetworkInterface" {
			continue
		}
		for _, d := range a.Details {
			switch aws.ToString(d.Name) {
			case "networkInterfaceId":
				out.interfaces = append(out.interfaces, text(d.Value))
			case "subnetId":
				out.subnets = append(out.subnets, text(d.Value))
			}
		}
	}
	for _, c := range t.Containers {
		out.containers = append(out.containers, newECSTaskContainer(c))
		for _, b := range c.NetworkBindings {
			out.ports = append(out.ports, hostPorts(b)...)
		}
	}
	return out
}

func newECSTaskContainer(c types.Container) ecsTaskContainer {
	out := ecsTaskContainer{
		name: strings.Clone(containerName(aws.ToString(c.Name))), image: text(c.Image), stopped: aws.ToString(c.LastStatus) == "STOPPED",
	}
	if digest := text(c.ImageDigest); image.ValidDigest(digest) {
		out.runtimeImage, out.digest = digest, digest
	} else if digest := pinnedDigest(out.image); digest != "" {
		out.runtimeImage, out.digest = out.image, digest
	}
	return out
}

// taskArchitecture returns the architecture that a task runs on, if ECS says so.
func taskArchitecture(t types.Task) string {
	for _, a := range t.Attributes {
		if aws.ToString(a.Name) == "ecs.cpu-architecture" {
			return architecture(aws.ToString(a.Value))
		}
	}
	return ""
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

// text returns a copy of s. The strings of an answer share its memory: one that
// is kept would keep all of it.
func text(s *string) string { return strings.Clone(aws.ToString(s)) }

// texts returns copies of all.
func texts(all []string) []string {
	var out []string
	for _, s := range all {
		out = append(out, strings.Clone(s))
	}
	return out
}
