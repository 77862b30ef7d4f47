package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadRootFilesystem = workloadCheck{
	Check: finding.Check{
		ID:          "workload/root-filesystem-writable",
		Title:       "A container can write to its root file system",
		Severity:    finding.Low,
		Why:         "An attacker in the container can leave tools and change programs there.",
		Remediation: "Make the root file system read-only, and mount volumes where the program must write.",
		References:  []string{"CIS Docker 5.12", "NIST SP 800-190 4.4.4"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		// Debugging containers are there to be written to.
		return when(!c.ReadOnlyRootFilesystem && c.Type != inventory.EphemeralContainer,
			"The root file system is writable.")
	},
}
