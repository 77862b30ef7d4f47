package check

import (
	"fmt"
	"regexp"

	"github.com/stowage-dev/stowage/internal/finding"
)

var packageUnverified = imageCheck{
	Check: finding.Check{
		ID:          "image/package-unverified",
		Title:       "A build step installs without verifying where it comes from",
		Severity:    finding.Medium,
		Why:         "Whoever sits between the build and the server can put anything into the image.",
		Remediation: "Add the missing key or certificate authority to the build, and drop the option.",
		References:  []string{"CIS Docker 4.11", "Dockle CIS-DI-0011", "NIST SP 800-190 4.1.5"},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if s.instruction != "RUN" {
				continue
			}
			if m := unverified.FindStringSubmatch(s.text); m != nil {
				report.add(fmt.Sprintf("Build step %d uses %s.", s.number, m[1]))
			}
		}
	},
}

var unverified = regexp.MustCompile(`(?:^|\s)(--allow-unauthenticated|--allow-untrusted|--nogpgcheck|--no-gpg-checks|--no-check-certificate|--trusted-host|` +
	`--insecure|--force-yes|(?:curl\s(?:[^;&|]*\s)?)-[A-Za-z]*k[A-Za-z]*)(?:[\s=;&|]|$)`)
