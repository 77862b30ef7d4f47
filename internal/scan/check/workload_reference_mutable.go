package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadReferenceMutable = workloadCheck{
	Check: finding.Check{
		ID:          "workload/reference-mutable",
		Title:       "A workload asks for an image without a digest",
		Severity:    finding.Low,
		Why:         "The next replica may get another image than the one that runs and that was tested.",
		Remediation: referenceMutable.Remediation,
		References:  referenceMutable.References,
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		r, err := image.ParseReference(c.Image)
		if err != nil || image.ValidDigest(c.Image) {
			return "" // What the runtime says of an image that it was given.
		}
		detail, _ := mutable(r)
		return detail
	},
}
