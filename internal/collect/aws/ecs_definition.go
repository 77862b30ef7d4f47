package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// taskDefinition is what is kept of a task definition: not the values of its
// environment.
type taskDefinition struct {
	Revision      int      `json:"revision"`
	Family        string   `json:"family"`
	TaskRole      string   `json:"task_role,omitempty"`
	ExecutionRole string   `json:"execution_role,omitempty"`
	HostNetwork   bool     `json:"host_network,omitempty"`
	HostPID       bool     `json:"host_pid,omitempty"`
	HostIPC       bool     `json:"host_ipc,omitempty"`
	HostPaths     []string `json:"host_paths,omitempty"`
	Architecture  string   `json:"architecture,omitempty"`
	// Containers are as declared, in their order, with no replicas.
	Containers []inventory.Container `json:"containers"`
}

// newTaskDefinition keeps what is needed of a task definition; nil gives an
// empty one.
func newTaskDefinition(t *types.TaskDefinition) *taskDefinition {
	if t == nil {
		return &taskDefinition{}
	}
	d := &taskDefinition{
		Revision:      int(t.Revision),
		Family:        aws.ToString(t.Family),
		TaskRole:      aws.ToString(t.TaskRoleArn),
		ExecutionRole: aws.ToString(t.ExecutionRoleArn),
		HostNetwork:   t.NetworkMode == types.NetworkModeHost,
		HostPID:       t.PidMode == types.PidModeHost,
		HostIPC:       t.IpcMode == types.IpcModeHost,
	}
	if t.RuntimePlatform != nil {
		d.Architecture = architecture(string(t.RuntimePlatform.CpuArchitecture))
	}
	d.HostPaths = hostPaths(t)
	// A container that others wait for to end is an init container.
	ends := map[string]bool{}
	for _, c := range t.ContainerDefinitions {
		for _, dep := range c.DependsOn {
			if dep.Condition == types.ContainerConditionComplete || dep.Condition == types.ContainerConditionSuccess {
				ends[aws.ToString(dep.ContainerName)] = true
			}
		}
	}
	for _, c := range t.ContainerDefinitions {
		d.Containers = append(d.Containers, declaredContainer(c, ends[aws.ToString(c.Name)]))
	}
	return d
}

// container returns the declaration of a container, by name.
func (d *taskDefinition) container(name string) (inventory.Container, bool) {
	for _, c := range d.Containers {
		if c.Name == name {
			return c, true
		}
	}
	return inventory.Container{}, false
}

// hostPaths returns the host directories that containers mount.
func hostPaths(t *types.TaskDefinition) []string {
	mounted := map[string]bool{}
	for _, c := range t.ContainerDefinitions {
		for _, m := range c.MountPoints {
			mounted[aws.ToString(m.SourceVolume)] = true
		}
	}
	var paths []string
	for _, v := range t.Volumes {
		if v.Host != nil && aws.ToString(v.Host.SourcePath) != "" && mounted[aws.ToString(v.Name)] {
			paths = append(paths, *v.Host.SourcePath)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// declaredContainer returns a container as its definition declares it.
func declaredContainer(c types.ContainerDefinition, ends bool) inventory.Container {
	out := inventory.Container{
		Name:                   aws.ToString(c.Name),
		Type:                   inventory.MainContainer,
		Image:                  aws.ToString(c.Image),
		Digest:                 pinnedDigest(aws.ToString(c.Image)),
		User:                   aws.ToString(c.User),
		Privileged:             aws.ToBool(c.Privileged),
		ReadOnlyRootFilesystem: aws.ToBool(c.ReadonlyRootFilesystem),
		HasProbe:               c.HealthCheck != nil,
	}
	switch {
	case ends:
		out.Type = inventory.InitContainer
	case !aws.ToBool(c.Essential) && c.Essential != nil:
		out.Type = inventory.SidecarContainer
	}
	if p := c.LinuxParameters; p != nil && p.Capabilities != nil {
		out.AddedCapabilities = sorted(p.Capabilities.Add)
		out.DroppedCapabilities = sorted(p.Capabilities.Drop)
	}
	for _, m := range c.PortMappings {
		protocol := string(m.Protocol)
		if protocol == "" {
			protocol = "tcp"
		}
		out.Ports = append(out.Ports, inventory.Port{
			Container: int(aws.ToInt32(m.ContainerPort)), Host: int(aws.ToInt32(m.HostPort)), Protocol: protocol,
		})
	}
	for _, e := range c.Environment {
		out.EnvNames = append(out.EnvNames, aws.ToString(e.Name))
	}
	slices.Sort(out.EnvNames)
	out.Secrets = declaredSecrets(c)
	return out
}

// declaredSecrets returns the secrets that a container is given, by name.
func declaredSecrets(c types.ContainerDefinition) []inventory.SecretRef {
	var refs []inventory.SecretRef
	for _, s := range c.Secrets {
		refs = append(refs, inventory.SecretRef{Name: aws.ToString(s.Name), From: aws.ToString(s.ValueFrom)})
	}
	if c.LogConfiguration != nil {
		for _, s := range c.LogConfiguration.SecretOptions {
			refs = append(refs, inventory.SecretRef{Name: "log:" + aws.ToString(s.Name), From: aws.ToString(s.ValueFrom)})
		}
	}
	if c.RepositoryCredentials != nil {
		refs = append(refs, inventory.SecretRef{Name: "registry", From: aws.ToString(c.RepositoryCredentials.CredentialsParameter)})
	}
	slices.SortFunc(refs, func(a, b inventory.SecretRef) int { return strings.Compare(a.Name, b.Name) })
	return refs
}

// pinnedDigest returns the digest that a reference is pinned to, or "". The
// reference may hold a tag as well.
func pinnedDigest(ref string) string {
	if _, digest, ok := strings.Cut(ref, "@"); ok && image.ValidDigest(digest) {
		return digest
	}
	return ""
}

// architecture returns the OCI name of an architecture in the words of ECS and
// Lambda: "X86_64", "x86_64", "ARM64".
func architecture(s string) string {
	switch a := strings.ToLower(s); a {
	case "x86_64":
		return "amd64"
	default:
		return a
	}
}

// sorted returns a sorted copy.
func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
