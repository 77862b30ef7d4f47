package check

import (
	"fmt"
	"regexp"

	"github.com/stowage-dev/stowage/internal/finding"
)

var pipeToShell = imageCheck{
	Check: finding.Check{
		ID:       "image/pipe-to-shell",
		Title:    "A build step runs a script straight from the network",
		Severity: finding.Medium,
		Why: "Whoever controls the server, or the way to it, runs commands in the build, and the image has what they left. " +
			"The next build may do something else.",
		Remediation: "Download a fixed version, compare its checksum, and only then run it. Better: install a package.",
		References:  []string{"CIS Docker 4.11", "Dockle CIS-DI-0011", "Hadolint DL4006", "NIST SP 800-190 4.1.5"},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if s.instruction == "RUN" && piped.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d gives what it downloads to a shell.", s.number))
			}
		}
	},
}

const interpreter = `(?:/\S*/)?(?:ba|da|a|z|k)?sh|(?:/\S*/)?(?:python[0-9.]*|perl|ruby|node)`

var piped = regexp.MustCompile(`\b(?:curl|wget)\b[^;&|]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:env\s+)?(?:[A-Za-z_]+=\S*\s+)*(?:` + interpreter + `)(?:\s|$|;|&)|` +
	`\b(?:ba)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\()\s*(?:curl|wget)\b`)
