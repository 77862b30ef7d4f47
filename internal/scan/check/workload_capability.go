package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadCapability = workloadCheck{
	Check: finding.Check{
		ID:          "workload/capability-added",
		Title:       "A container has a capability that leads to the host",
		Severity:    finding.High,
		Why:         "With one of these capabilities a process can leave its container, read the memory of others or change the host's network.",
		Remediation: "Drop all capabilities and add back only those that the program needs.",
		References:  []string{"CIS Kubernetes 5.2.8", "CIS Kubernetes 5.2.9", "CIS Docker 5.4", "NIST SP 800-190 4.4.3"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		var dangerous []string
		for _, name := range c.AddedCapabilities {
			name = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
			if slices.Contains(dangerousCapabilities, name) {
				dangerous = append(dangerous, name)
			}
		}
		if len(dangerous) == 0 {
			return ""
		}
		slices.Sort(dangerous)
		return fmt.Sprintf("The container adds %s.", strings.Join(slices.Compact(dangerous), ", "))
	},
}

// dangerousCapabilities lead out of a container. See capabilities(7).
var dangerousCapabilities = []string{
	"ALL", "BPF", "DAC_READ_SEARCH", "MKNOD", "NET_ADMIN", "PERFMON",
	"SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO",
}
