package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadPrivileged = workloadCheck{
	Check: finding.Check{
		ID:          "workload/container-privileged",
		Title:       "A container is privileged",
		Severity:    finding.High,
		Why:         "A privileged container has all devices and capabilities of the host: its root is the host's.",
		Remediation: "Drop privileged, and add only the capabilities or devices that it needs.",
		References:  []string{"CIS Kubernetes 5.2.2", "CIS Docker 5.5", "NIST SP 800-190 4.4.3"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		return when(c.Privileged, "The container is privileged.")
	},
}
