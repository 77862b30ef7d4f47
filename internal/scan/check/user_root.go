package check

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var userRoot = imageCheck{
	Check: finding.Check{
		ID:       "image/user-root",
		Title:    "The image runs as root",
		Severity: finding.Medium,
		Why: "A process that breaks out of a container has on the host the rights of its user. " +
			"Root can also change everything inside the container, such as installing tools.",
		Remediation: "Create a user in the build and end it with USER and that user's number.",
		References:  []string{"CIS Docker 4.1", "Dockle CIS-DI-0001", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		user, _, _ := strings.Cut(in.Manifest.Config.User, ":")
		switch uid := uidOf(user, in.Inventory.Users); {
		case user == "":
			report.add("The image sets no user, which means root.")
		case isZero(user), user == "root":
			report.add(fmt.Sprintf("The image sets the user %q.", in.Manifest.Config.User))
		case uid != nil && *uid == 0:
			report.add(fmt.Sprintf("The image sets the user %q, who has the number 0 in /etc/passwd.", in.Manifest.Config.User))
		}
	},
}

// isZero reports whether a numeric user is root: "0", "00", "+0".
func isZero(user string) bool {
	digits := strings.TrimPrefix(user, "+")
	return digits != "" && strings.Trim(digits, "0") == ""
}

// isNumeric reports whether a user is written as a number.
func isNumeric(user string) bool {
	return user != "" && strings.Trim(user, "0123456789") == ""
}

// uidOf returns the number of a user by name, or nil if it is not known.
func uidOf(name string, users []image.User) *int {
	for _, u := range users {
		if u.Name == name {
			return &u.UID
		}
	}
	return nil
}
