package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var provenanceMissing = imageCheck{
	Check: finding.Check{
		ID:       "image/provenance-missing",
		Title:    "The registry keeps no build provenance of the image",
		Severity: finding.Low,
		Why: "Provenance states from which source and by which builder an image was made. Without it an image cannot be " +
			"traced to its source, and one that was built elsewhere does not stand out.",
		Remediation: "Let the build attest its provenance (docker buildx build --provenance=true, a SLSA generator, cosign attest).",
		References:  []string{"SLSA Build L1", "NIST SP 800-218 PS.3.2"},
	},
	find: func(in *Input, report *reporter) {
		// An attestation that does not say what it states may be one.
		if unstated(in.Referrers) {
			return
		}
		if has, known := in.Referrers.Has(image.Provenance); known && !has {
			report.add("The registry has no provenance of the image, nor of an index that is known to hold it.")
		}
	},
}

// unstated reports whether there is an attestation without a predicate type.
func unstated(r *image.Referrers) bool {
	if r == nil {
		return false
	}
	for _, item := range r.Items {
		if item.Kind == image.Attestation && item.PredicateType == "" {
			return true
		}
	}
	return false
}
