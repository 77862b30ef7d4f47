package check

import (
	"fmt"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
)

// maxAge is the age from which an image is old.
const maxAge = 180 * 24 * time.Hour

var imageOld = imageCheck{
	Check: finding.Check{
		ID:          "image/age-old",
		Title:       "The image was built long ago",
		Severity:    finding.Low,
		Why:         "Fixes of the distribution and of libraries reach an image only when it is built again.",
		Remediation: "Build images again on a schedule, at least every month, on the newest base.",
		References:  []string{"CIS Docker 4.4", "NIST SP 800-190 4.1.1"},
	},
	find: func(in *Input, report *reporter) {
		created := in.Manifest.Config.Created
		// Reproducible builds have a time in the first years of Unix, which
		// says nothing.
		if created.Year() < 2000 {
			return
		}
		if age := in.Now.Sub(created); age > maxAge {
			report.add(fmt.Sprintf("The image was built on %s, %d days ago.", created.Format(time.DateOnly), days(age)))
		}
	},
}
