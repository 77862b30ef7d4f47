package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/endoflife"
)

var distributionEndOfLife = imageCheck{
	Check: finding.Check{
		ID:       "image/distribution-end-of-life",
		Title:    "The support of the distribution has ended, or ends soon",
		Severity: finding.High,
		Why: "New vulnerabilities in its packages stay open, and its advisories fall silent, so that a scan finds less the older it is. " +
			"Debian's long-term support by volunteers is low: it covers fewer packages. So is an end within 90 days.",
		Remediation: "Move to a release that is supported.",
		References:  []string{"NIST SP 800-190 4.1.1", "NIST SP 800-53 SA-22", "PCI DSS 12.3.4"},
	},
	find: func(in *Input, report *reporter) {
		d := in.Inventory.Distribution
		if d == nil {
			return
		}
		id := d.ID
		if id == "centos" && strings.Contains(d.Name, "Stream") {
			id = "centos-stream"
		}
		release, ok := endoflife.OfSystem(id, d.Version)
		if !ok || release.End.IsZero() {
			return
		}
		name := d.Name
		if name == "" {
			name = strings.TrimSpace(d.ID + " " + d.Version)
		}
		switch {
		case in.Now.After(release.Last):
			report.add(fmt.Sprintf("The support of %s ended on %s.", name, release.Last.Format(time.DateOnly)))
		case in.Now.After(release.End):
			report.low(fmt.Sprintf("The regular support of %s ended on %s, its long-term support ends on %s.",
				name, release.End.Format(time.DateOnly), release.Last.Format(time.DateOnly)))
		case in.Now.Add(soon).After(release.End):
			report.low(fmt.Sprintf("The support of %s ends on %s, in %d days.",
				name, release.End.Format(time.DateOnly), days(release.End.Sub(in.Now))))
		}
	},
}

// soon is how long before its end a release is told of: three months are a
// quarter's planning, and what it takes to move a base image through all teams.
const soon = 90 * 24 * time.Hour
