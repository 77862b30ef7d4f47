package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var referenceMutable = imageCheck{
	Check: finding.Check{
		ID:       "image/reference-mutable",
		Title:    "The image is asked for without a digest",
		Severity: finding.Low,
		Why: "A tag can point to another image tomorrow, by a push or by an attacker who can push. " +
			"What runs then is not what was tested, and two replicas may differ.",
		Remediation: "Ask for the image by digest (name:tag@sha256:…), and let a bot renew the digest.",
		References:  []string{"CIS Docker 4.5", "Dockle DKL-DI-0006", "Hadolint DL3007", "NIST SP 800-190 4.2.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, r := range in.References {
			if detail, severity := mutable(r); detail != "" {
				report.addFinding(finding.CheckFinding{Detail: detail, Severity: severity, Layer: fromConfig})
			}
		}
	},
}

// mutable returns why a reference can change its meaning, or an empty string.
func mutable(r image.Reference) (string, finding.Severity) {
	switch {
	case r.Digest != "":
		return "", finding.Unknown
	case r.Tag == "latest":
		return fmt.Sprintf("%s is meant to change with every release.", r), finding.Medium
	default:
		return fmt.Sprintf("%s has no digest.", r), finding.Low
	}
}
