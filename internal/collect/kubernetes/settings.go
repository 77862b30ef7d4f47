package kubernetes

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// settings are the fields of a workload that come from a pod's specification.
type settings struct {
	serviceAccount                string
	hostNetwork, hostPID, hostIPC bool
	hostPaths                     []string
	labels                        map[string]string
}

// generatedLabels differ between the pods of one workload, and say nothing
// that the workload does not say.
var generatedLabels = map[string]bool{
	"apps.kubernetes.io/pod-index":             true,
	"batch.kubernetes.io/controller-uid":       true,
	"batch.kubernetes.io/job-completion-index": true,
	"batch.kubernetes.io/job-name":             true,
	"controller-revision-hash":                 true,
	"controller-uid":                           true,
	"job-name":                                 true,
	"pod-template-generation":                  true,
	"pod-template-hash":                        true,
	"rollouts-pod-template-hash":               true,
	"statefulset.kubernetes.io/pod-name":       true,
}

// lasting returns the labels that are not generated, nil if there are none.
func (l labels) lasting() map[string]string {
	var m map[string]string
	for _, e := range l {
		if generatedLabels[e.key] {
			continue
		}
		if m == nil {
			m = make(map[string]string, len(l))
		}
		m[e.key] = e.value
	}
	return m
}

// settingsOf copies the settings of a pod.
func settingsOf(p *pod) settings {
	account := p.Spec.ServiceAccount
	if account == "" && p.Metadata.Annotations.Mirror == "" {
		// What the API server fills in. A static pod has no service account:
		// https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/.
		account = "default"
	}
	s := settings{
		serviceAccount: account,
		hostNetwork:    p.Spec.HostNetwork,
		hostPID:        p.Spec.HostPID,
		hostIPC:        p.Spec.HostIPC,
		labels:         p.Metadata.Labels.lasting(),
	}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.HostPath.Path != "" && p.Spec.mounts(v.Name) {
			s.hostPaths = append(s.hostPaths, v.HostPath.Path)
		}
	}
	slices.Sort(s.hostPaths)
	s.hostPaths = slices.Compact(s.hostPaths)
	return s
}

// mounts reports whether a container mounts the volume.
func (s *podSpec) mounts(volume string) bool {
	for _, list := range [][]container{s.InitContainers, s.Containers, s.EphemeralContainers} {
		for i := range list {
			for _, m := range list[i].VolumeMounts {
				if m.Name == volume {
					return true
				}
			}
		}
	}
	return false
}

// containerRecord copies the settings of a container, with those of the pod
// where the container has none.
func containerRecord(c *container, spec *podSpec) inventory.Container {
	r := inventory.Container{
		RunAsNonRoot:             cmp.Or(c.Security.RunAsNonRoot, spec.Security.RunAsNonRoot),
		Privileged:               isTrue(c.Security.Privileged),
		ReadOnlyRootFilesystem:   isTrue(c.Security.ReadOnlyRootFilesystem),
		AllowPrivilegeEscalation: c.Security.AllowPrivilegeEscalation,
		AddedCapabilities:        append([]string(nil), c.Security.Capabilities.Add...),
		DroppedCapabilities:      append([]string(nil), c.Security.Capabilities.Drop...),
		HasProbe:                 c.LivenessProbe != nil || c.ReadinessProbe != nil || c.StartupProbe != nil,
	}
	if user := cmp.Or(c.Security.RunAsUser, spec.Security.RunAsUser); user != nil {
		r.User = strconv.FormatInt(*user, 10)
	}
	for _, p := range c.Ports {
		r.Ports = append(r.Ports, inventory.Port{Container: int(p.Container), Host: int(p.Host), Protocol: strings.ToLower(p.Protocol)})
	}
	for i := range c.Env {
		e := &c.Env[i]
		r.EnvNames = append(r.EnvNames, e.Name)
		if s := e.From.Secret; s.Name != "" {
			r.Secrets = append(r.Secrets, inventory.SecretRef{Name: e.Name, From: "secret/" + s.Name + "#" + s.Key})
		}
	}
	for _, e := range c.EnvFrom {
		if e.Secret.Name != "" {
			r.Secrets = append(r.Secrets, inventory.SecretRef{Name: e.Prefix + "*", From: "secret/" + e.Secret.Name})
		}
	}
	for _, m := range c.VolumeMounts {
		for _, name := range spec.secrets(m.Name) {
			r.Secrets = append(r.Secrets, inventory.SecretRef{Name: m.Path, From: "secret/" + name})
		}
	}
	return r
}

// secrets returns the names of the secrets in a volume.
func (s *podSpec) secrets(volume string) []string {
	var names []string
	for i := range s.Volumes {
		v := &s.Volumes[i]
		if v.Name != volume {
			continue
		}
		if v.Secret.Name != "" {
			names = append(names, v.Secret.Name)
		}
		for _, p := range v.Projected.Sources {
			if p.Secret.Name != "" {
				names = append(names, p.Secret.Name)
			}
		}
	}
	return names
}

func isTrue(b *bool) bool { return b != nil && *b }
