package check

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var userMissing = imageCheck{
	Check: finding.Check{
		ID:       "image/user-missing",
		Title:    "The image's user does not exist",
		Severity: finding.Low,
		Why: "A container whose user is a name that /etc/passwd does not have does not start, " +
			"and whoever makes it start in a hurry tends to make it root.",
		Remediation: "Create the user in the build, or set it by number.",
		References:  []string{"CIS Docker 4.1", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		user, _, _ := strings.Cut(in.Manifest.Config.User, ":")
		// Without the files of all layers nobody knows who exists.
		if user == "" || user == "root" || isNumeric(user) || in.Inventory.Partial != "" {
			return
		}
		if uidOf(user, in.Inventory.Users) == nil {
			report.add(fmt.Sprintf("The image sets the user %q, who is not in /etc/passwd.", user))
		}
	},
}
