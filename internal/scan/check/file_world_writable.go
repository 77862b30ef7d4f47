package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
)

var fileWorldWritable = imageCheck{
	Check: finding.Check{
		ID:       "image/file-world-writable",
		Title:    "Everyone may change a file or directory",
		Severity: finding.Low,
		Why: "Every process of the container can replace what is there. If it is code or configuration of another one, " +
			"it gets that one's rights.",
		Remediation: "Take the right away in the build (chmod o-w), or set the sticky bit on a directory that is meant for all.",
		References:  []string{"CIS Docker 4.8", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Mode&modeOthers == 0 {
				continue
			}
			kind := "file"
			if f.Mode&modeDirectory != 0 {
				kind = "directory"
			}
			report.addFinding(finding.CheckFinding{
				Detail: fmt.Sprintf("The %s /%s has the mode %04o.", kind, f.Path, f.Mode&0o7777), Path: f.Path, Layer: f.Layer,
			})
		}
	},
}
