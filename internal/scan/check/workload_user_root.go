package check

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadUserRoot = workloadCheck{
	Check: finding.Check{
		ID:       "workload/user-root",
		Title:    "A workload makes its container run as root",
		Severity: finding.Medium,
		Why: "The workload overrides the image's user with root. A process that breaks out of a container " +
			"has on the host the rights of its user.",
		Remediation: "Set a user other than 0, or leave it to an image that does; set runAsNonRoot.",
		References:  []string{"CIS Kubernetes 5.2.7", "CIS Docker 4.1", "NIST SP 800-190 4.4.3"},
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		user, _, _ := strings.Cut(c.User, ":")
		return when(user == "root" || isZero(user), fmt.Sprintf("The workload sets the user %q.", c.User))
	},
}
