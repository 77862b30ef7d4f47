package kubernetes

// pod is the needed part of a Pod. There is no place in it for the value of an
// environment variable.
type pod struct {
	Metadata meta      `json:"metadata"`
	Spec     podSpec   `json:"spec"`
	Status   podStatus `json:"status"`
}

// podSpec is the needed part of a PodSpec.
type podSpec struct {
	Volumes             []volume        `json:"volumes"`
	InitContainers      []container     `json:"initContainers"`
	Containers          []container     `json:"containers"`
	EphemeralContainers []container     `json:"ephemeralContainers"`
	ServiceAccount      string          `json:"serviceAccountName"`
	NodeName            string          `json:"nodeName"`
	HostNetwork         bool            `json:"hostNetwork"`
	HostPID             bool            `json:"hostPID"`
	HostIPC             bool            `json:"hostIPC"`
	Security            securityContext `json:"securityContext"`
}

// podStatus is the needed part of a PodStatus.
type podStatus struct {
	Phase               string            `json:"phase"`
	Containers          []containerStatus `json:"containerStatuses"`
	InitContainers      []containerStatus `json:"initContainerStatuses"`
	EphemeralContainers []containerStatus `json:"ephemeralContainerStatuses"`
}

// container is the needed part of a Container or EphemeralContainer.
type container struct {
	Name           string          `json:"name"`
	Image          string          `json:"image"`
	RestartPolicy  string          `json:"restartPolicy"`
	Ports          []containerPort `json:"ports"`
	Env            []envVar        `json:"env"`
	EnvFrom        []envFrom       `json:"envFrom"`
	VolumeMounts   []volumeMount   `json:"volumeMounts"`
	LivenessProbe  *struct{}       `json:"livenessProbe"`
	ReadinessProbe *struct{}       `json:"readinessProbe"`
	StartupProbe   *struct{}       `json:"startupProbe"`
	Security       securityContext `json:"securityContext"`
}

type containerPort struct {
	Host      int32  `json:"hostPort"`
	Container int32  `json:"containerPort"`
	Protocol  string `json:"protocol"`
	HostIP    string `json:"hostIP"`
}

// envVar is an EnvVar without its value.
type envVar struct {
	Name string `json:"name"`
	From struct {
		Secret secretKey `json:"secretKeyRef"`
	} `json:"valueFrom"`
}

type secretKey struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// envFrom is an EnvFromSource that takes all keys of a secret.
type envFrom struct {
	Prefix string `json:"prefix"`
	Secret struct {
		Name string `json:"name"`
	} `json:"secretRef"`
}

type volumeMount struct {
	Name string `json:"name"`
	Path string `json:"mountPath"`
}

// volume is a Volume of one of the types that matter.
type volume struct {
	Name     string `json:"name"`
	HostPath struct {
		Path string `json:"path"`
	} `json:"hostPath"`
	Secret struct {
		Name string `json:"secretName"`
	} `json:"secret"`
	Projected struct {
		Sources []projection `json:"sources"`
	} `json:"projected"`
	Image struct {
		Reference string `json:"reference"`
	} `json:"image"`
}

type projection struct {
	Secret struct {
		Name string `json:"name"`
	} `json:"secret"`
}

// securityContext is the needed part of both PodSecurityContext and
// SecurityContext.
type securityContext struct {
	RunAsUser                *int64       `json:"runAsUser"`
	RunAsNonRoot             *bool        `json:"runAsNonRoot"`
	Privileged               *bool        `json:"privileged"`
	ReadOnlyRootFilesystem   *bool        `json:"readOnlyRootFilesystem"`
	AllowPrivilegeEscalation *bool        `json:"allowPrivilegeEscalation"`
	Capabilities             capabilities `json:"capabilities"`
}

type capabilities struct {
	Add  []string `json:"add"`
	Drop []string `json:"drop"`
}

// containerStatus is the needed part of a ContainerStatus.
type containerStatus struct {
	Name         string              `json:"name"`
	ImageID      string              `json:"imageID"`
	VolumeMounts []volumeMountStatus `json:"volumeMounts"`
}

// volumeMountStatus tells which image an image volume really holds; servers
// report it since Kubernetes 1.35.
type volumeMountStatus struct {
	Name   string `json:"name"`
	Status struct {
		Image struct {
			Ref string `json:"imageRef"`
		} `json:"image"`
	} `json:"volumeStatus"`
}

func (o *pod) reset() {
	o.Metadata.reset()
	o.Spec.reset()
	s := &o.Status
	*s = podStatus{
		Containers: s.Containers[:0], InitContainers: s.InitContainers[:0],
		EphemeralContainers: s.EphemeralContainers[:0],
	}
}

func (o *podSpec) reset() {
	*o = podSpec{
		Volumes: o.Volumes[:0], InitContainers: o.InitContainers[:0],
		Containers: o.Containers[:0], EphemeralContainers: o.EphemeralContainers[:0],
	}
}

func (o *container) reset() {
	caps := o.Security.Capabilities
	*o = container{Ports: o.Ports[:0], Env: o.Env[:0], EnvFrom: o.EnvFrom[:0], VolumeMounts: o.VolumeMounts[:0]}
	o.Security.Capabilities = capabilities{Add: caps.Add[:0], Drop: caps.Drop[:0]}
}
