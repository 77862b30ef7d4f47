package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
)

// The permission bits of Unix.
const (
	modeSetuid    = 0o4000
	modeSetgid    = 0o2000
	modeDirectory = 0o040000
	modeOthers    = 0o002
)

var fileSetuid = imageCheck{
	Check: finding.Check{
		ID:       "image/file-setuid",
		Title:    "A program runs with the rights of its owner",
		Severity: finding.Medium,
		Why: "A flaw in a setuid or setgid program gives whoever may start it the rights of its owner or group, mostly root. " +
			"Those that the distribution brings are low: they are watched, but a service needs none of them.",
		Remediation: "Remove the bit in the build (chmod a-s), or run with allowPrivilegeEscalation: false, which makes it useless.",
		References:  []string{"CIS Docker 4.8", "Dockle CIS-DI-0008", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Mode&modeDirectory != 0 || f.Mode&(modeSetuid|modeSetgid) == 0 {
				continue
			}
			out := finding.CheckFinding{Path: f.Path, Layer: f.Layer}
			switch {
			case f.Mode&modeSetuid != 0:
				out.Detail = fmt.Sprintf("/%s runs as user %d.", f.Path, f.UID)
			default:
				out.Detail = fmt.Sprintf("/%s runs as group %d.", f.Path, f.GID)
			}
			if f.OwnedBy != "" {
				out.Severity = finding.Low
				out.Detail += fmt.Sprintf(" It came with the package %s.", f.OwnedBy)
			}
			report.addFinding(out)
		}
	},
}
