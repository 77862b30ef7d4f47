package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var baseUntrusted = imageCheck{
	Check: finding.Check{
		ID:       "image/base-untrusted",
		Title:    "The image is not built on a trusted base",
		Severity: finding.Medium,
		Why: "What is in the base is in every image built on it. A base of unknown origin, or one that nobody renews, " +
			"brings vulnerabilities and worse that its users do not see.",
		Remediation: "Build on one of the base images that scan.trusted_bases names, and let the build tool record it in the " +
			"annotations org.opencontainers.image.base.name and .digest. Applies only when scan.trusted_bases is set.",
		References: []string{"CIS Docker 4.2", "NIST SP 800-190 4.1.5"},
	},
	find: func(in *Input, report *reporter) {
		if len(in.TrustedBases) == 0 {
			return
		}
		if in.Base == nil || in.Base.Name == "" {
			report.add("What the image was built from is not known.")
			return
		}
		reason := "no rule trusts it"
		for _, t := range in.TrustedBases {
			about, why := t.Trusts(*in.Base, in.Now)
			if about && why == "" {
				return
			}
			if about {
				reason = why
			}
		}
		name := " " + in.Base.Name
		if in.Base.Evidence == image.BaseByLayers {
			name = ", known by its layers," // What others call it is for them to know.
		}
		report.add(fmt.Sprintf("The base%s is not trusted: %s.", name, reason))
	},
}
