package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadPrivilegeEscalation = workloadCheck{
	Check: finding.Check{
		ID:          "workload/privilege-escalation",
		Title:       "A container may get more rights than it started with",
		Severity:    finding.Low,
		Why:         "The workload asks for it explicitly: a setuid program in the image gives its rights to whoever starts it.",
		Remediation: "Set allowPrivilegeEscalation to false.",
		References:  []string{"CIS Kubernetes 5.2.6", "CIS Docker 5.26"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		return when(c.AllowPrivilegeEscalation != nil && *c.AllowPrivilegeEscalation && !c.Privileged,
			"The container sets allowPrivilegeEscalation.")
	},
}
