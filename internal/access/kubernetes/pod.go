package kubernetes

import (
	"slices"
)

// A Pod is a pod that runs, or the template of pods to come. There is no place
// in it for the value of an environment variable, but for names of identities.
type Pod struct {
	Namespace, Name, UID string
	Labels, Annotations  map[string]string
	// ServiceAccount is the name of its service account; empty for "default".
	ServiceAccount string
	// Template: the pod has not gone through admission, so what webhooks would
	// put into it is not there yet.
	Template bool
	// AutomountToken is automountServiceAccountToken of the pod; nil when it
	// is not set.
	AutomountToken *bool
	HostNetwork    bool
	// Windows: the pod runs on Windows.
	Windows bool
	// Containers are all containers: init, main, sidecar and ephemeral.
	Containers []Container
	// Volumes of the pod. VolumesMissing says why they were not read, or not
	// what is in them.
	Volumes        []Volume
	VolumesMissing string
}

// A Container is a container of a pod.
type Container struct {
	Name       string
	Privileged bool
	Env        []Env
	EnvFrom    []EnvFrom
	// Mounts are the names of the volumes that it mounts.
	Mounts []string
}

// An Env is an environment variable.
type Env struct {
	Name string
	// Identity is the value of a variable that names an identity and holds no
	// secret: AWS_ROLE_ARN, AZURE_CLIENT_ID. Empty when it was not kept.
	Identity string
	// Secret and ConfigMap are where the value comes from; at most one is set.
	Secret, ConfigMap *KeyRef
}

// A KeyRef names a key of a Secret or ConfigMap of the namespace of the pod.
type KeyRef struct {
	Name, Key string
	Optional  bool
}

// An EnvFrom is a Secret or ConfigMap of which all keys are environment
// variables.
type EnvFrom struct {
	Secret, ConfigMap string // at most one is set
	Prefix            string
	Optional          bool
}

// A Volume is a volume of a pod, as far as secrets or tokens are in it.
type Volume struct {
	Name string
	// Secrets are those of a volume of type secret, or of a projected one.
	Secrets []VolumeSecret
	// Tokens are the projected tokens of the service account.
	Tokens []Token
	// SecretProviderClass of a volume of the Secrets Store CSI driver.
	SecretProviderClass string
}

// A VolumeSecret is a Secret in a volume.
type VolumeSecret struct {
	Name string
	// Keys that are in the volume; nil for all.
	Keys     []string
	Optional bool
}

// A Token is a token of the service account that kubelet puts into a volume.
type Token struct {
	// Audience is empty for the API server.
	Audience string
}

// serviceAccount returns the name of the service account of the pod.
func (p *Pod) serviceAccount() string {
	if p.ServiceAccount == "" {
		return "default"
	}
	return p.ServiceAccount
}

// host says how the pod gets into the network of its node; empty when it does
// not.
func (p *Pod) host() string {
	if p.HostNetwork {
		return "the pod is in the host network"
	}
	for _, c := range p.Containers {
		if c.Privileged {
			return "container " + c.Name + " is privileged and can enter the host network"
		}
	}
	return ""
}

// audiences returns the audiences of the tokens that containers mount, but
// that of the API server.
func (p *Pod) audiences() []string {
	var found []string
	for _, v := range p.Volumes {
		for _, t := range v.Tokens {
			if t.Audience != "" && p.mounted(v.Name) && !slices.Contains(found, t.Audience) {
				found = append(found, t.Audience)
			}
		}
	}
	return found
}

// mounted reports whether a container mounts a volume.
func (p *Pod) mounted(volume string) bool {
	return slices.ContainsFunc(p.Containers, func(c Container) bool { return slices.Contains(c.Mounts, volume) })
}

// env returns a variable of a container's own list, or nil.
func (c *Container) env(name string) *Env {
	for i := range c.Env {
		if c.Env[i].Name == name {
			return &c.Env[i]
		}
	}
	return nil
}
