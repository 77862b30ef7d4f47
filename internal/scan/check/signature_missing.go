package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var signatureMissing = imageCheck{
	Check: finding.Check{
		ID:       "image/signature-missing",
		Title:    "The registry keeps no signature of the image",
		Severity: finding.Low,
		Why: "Without a signature nobody can tell whether the image is what its publisher built: whoever may push to the " +
			"repository can replace it. The check looks for signatures of cosign, Sigstore and Notation; it verifies none.",
		Remediation: "Sign images when they are built (cosign sign, notation sign), and verify signatures before they run.",
		References:  []string{"CIS Docker 4.5", "NIST SP 800-190 4.1.5", "SLSA"},
	},
	find: func(in *Input, report *reporter) {
		if has, known := in.Referrers.Has(image.Signature); known && !has {
			report.add("The registry has no signature of the image, nor of an index that is known to hold it.")
		}
	},
}
