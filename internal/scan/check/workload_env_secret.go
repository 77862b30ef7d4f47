package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

var workloadEnvSecret = workloadCheck{
	Check: finding.Check{
		ID:       "workload/env-secret",
		Title:    "A workload gives a secret as a plain environment variable",
		Severity: finding.Medium,
		Why: "Everyone who may read the workload's definition can read the value, in every revision of it. " +
			"This goes by the names: values are never read.",
		Remediation: "Keep the value in a secret store, and refer to it from the workload.",
		References:  []string{"CIS Kubernetes 5.4.1", "NIST SP 800-190 4.1.4"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		var names []string
		for _, name := range c.EnvNames {
			isRef := slices.ContainsFunc(c.Secrets, func(s inventory.SecretRef) bool { return s.Name == name })
			if secret.IsSecretName(name) && !isRef {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return ""
		}
		slices.Sort(names)
		names = slices.Compact(names)
		if more := len(names) - 5; more > 0 {
			names = append(names[:5], fmt.Sprintf("and %d more", more))
		}
		return fmt.Sprintf("The names of plain variables promise secrets: %s.", strings.Join(names, ", "))
	},
}
