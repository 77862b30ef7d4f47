package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// onKubernetes reports whether a workload is one of Kubernetes, whose defaults
// are its own.
func onKubernetes(w *inventory.Workload) bool { return w.Kind.Provider() == inventory.Kubernetes }

// runs reports whether a container is a process of its workload's: image
// volumes are only files, and debugging containers somebody's for a while.
func runs(c *inventory.Container) bool {
	return c.Type != inventory.ImageVolume && c.Type != inventory.EphemeralContainer
}

var workloadNonRootOpen = workloadCheck{
	Check: finding.Check{
		ID:       "workload/non-root-open",
		Title:    "Nothing keeps a container from running as root",
		Severity: finding.Low,
		Why: "Without runAsNonRoot and without a user the image decides, and the next version of the image may decide otherwise. " +
			"This is about Kubernetes.",
		Remediation: "Set runAsNonRoot to true, or runAsUser to a number other than 0.",
		References:  []string{"CIS Kubernetes 5.2.7", "NIST SP 800-190 4.4.3"},
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		enforced := c.RunAsNonRoot != nil && *c.RunAsNonRoot
		return when(onKubernetes(w) && runs(c) && !enforced && c.User == "", "The container sets neither runAsNonRoot nor a user.")
	},
}

var workloadPrivilegeEscalationOpen = workloadCheck{
	Check: finding.Check{
		ID:          "workload/privilege-escalation-open",
		Title:       "A container does not rule out getting more rights",
		Severity:    finding.Low,
		Why:         "Kubernetes allows it unless it is forbidden: a setuid program in the image gives its rights to whoever starts it.",
		Remediation: workloadPrivilegeEscalation.Remediation,
		References:  workloadPrivilegeEscalation.References,
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		return when(onKubernetes(w) && runs(c) && c.AllowPrivilegeEscalation == nil && !c.Privileged,
			"The container does not set allowPrivilegeEscalation.")
	},
}

var workloadCapabilityKept = workloadCheck{
	Check: finding.Check{
		ID:       "workload/capability-kept",
		Title:    "A container keeps the capabilities of the runtime's default",
		Severity: finding.Low,
		Why: "The default has some fourteen, such as NET_RAW, with which a container forges packets in the cluster's network. " +
			"Most programs need none. This is about Kubernetes.",
		Remediation: "Drop ALL, and add back those that the program needs.",
		References:  []string{"CIS Kubernetes 5.2.8", "CIS Kubernetes 5.2.10", "CIS Docker 5.4"},
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		dropped := slices.ContainsFunc(c.DroppedCapabilities, func(s string) bool { return strings.EqualFold(s, "ALL") })
		if !onKubernetes(w) || !runs(c) || dropped || c.Privileged {
			return ""
		}
		for _, s := range c.DroppedCapabilities {
			if strings.EqualFold(strings.TrimPrefix(strings.ToUpper(s), "CAP_"), "NET_RAW") {
				return "The container drops NET_RAW, but not all capabilities."
			}
		}
		return "The container keeps NET_RAW and others."
	},
}

var workloadServiceAccountDefault = workloadCheck{
	Check: finding.Check{
		ID:       "workload/service-account-default",
		Title:    "A workload uses the namespace's default service account",
		Severity: finding.Low,
		Why: "Every workload that names none shares it: what one of them needs all get, and the cluster's audit log cannot " +
			"tell them apart.",
		Remediation: "Give the workload a service account of its own, with only the rights that it needs.",
		References:  []string{"CIS Kubernetes 5.1.5"},
	},
	workload: func(w *inventory.Workload) string {
		return when(onKubernetes(w) && strings.HasSuffix(w.Identity, "/serviceaccounts/default"), "The pods act as the service account default.")
	},
}

var workloadNamespaceDefault = workloadCheck{
	Check: finding.Check{
		ID:          "workload/namespace-default",
		Title:       "A workload is in the namespace default",
		Severity:    finding.Low,
		Why:         "Rights, quotas and network policies are given by namespace, so that there nothing separates this workload from others.",
		Remediation: "Give each application a namespace of its own.",
		References:  []string{"CIS Kubernetes 5.7.4"},
	},
	workload: func(w *inventory.Workload) string {
		return when(onKubernetes(w) && w.Namespace == "default", "The workload is in the namespace default.")
	},
}

var workloadHostPort = workloadCheck{
	Check: finding.Check{
		ID:          "workload/host-port",
		Title:       "A container opens a port of its host",
		Severity:    finding.Low,
		Why:         "Whoever reaches the node reaches the container, past services, ingresses and most network policies. This is about Kubernetes.",
		Remediation: "Publish the port by a service.",
		References:  []string{"CIS Kubernetes 5.2.13", "CIS Docker 5.13"},
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		if !onKubernetes(w) || w.HostNetwork {
			return "" // The host's network has a check of its own.
		}
		var open []string
		for _, p := range c.Ports {
			if p.Host > 0 {
				open = append(open, fmt.Sprint(p.Host))
			}
		}
		return when(len(open) > 0, fmt.Sprintf("The container opens the host's port %s.", enumerate(open)))
	},
}

var workloadEnvSecretRef = workloadCheck{
	Check: finding.Check{
		ID:          "workload/env-secret-ref",
		Title:       "A container gets secrets as environment variables",
		Severity:    finding.Informational,
		Why:         "Variables are inherited by all child processes and end in crash reports and debug pages more easily than files. This is about Kubernetes.",
		Remediation: "Mount the secret as a file, if the program can read it from there.",
		References:  []string{"CIS Kubernetes 5.4.1"},
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		var names []string
		for _, s := range c.Secrets {
			if !strings.HasPrefix(s.Name, "/") { // A mounted one has its path.
				names = append(names, s.Name)
			}
		}
		slices.Sort(names)
		return when(onKubernetes(w) && len(names) > 0, fmt.Sprintf("Variables from secrets: %s.", enumerate(slices.Compact(names))))
	},
}

var workloadContainerEphemeral = workloadCheck{
	Check: finding.Check{
		ID:          "workload/container-ephemeral",
		Title:       "Somebody attached a debugging container",
		Severity:    finding.Informational,
		Why:         "It runs until the pod ends, with an image and rights that nobody reviewed, and sees what the other containers do.",
		Remediation: "Replace the pod when the debugging is done.",
		References:  []string{"NIST SP 800-190 4.4.3"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		return when(c.Type == inventory.EphemeralContainer, fmt.Sprintf("The container of the image %s was attached to a running pod.", c.Image))
	},
}
