package check

import (
	"fmt"
	"regexp"

	"github.com/stowage-dev/stowage/internal/finding"
)

var addRemote = imageCheck{
	Check: finding.Check{
		ID:          "image/add-remote",
		Title:       "A build step adds a file from the network",
		Severity:    finding.Medium,
		Why:         "ADD takes what the server sends that day: nothing tells whether it is what was meant.",
		Remediation: "Give ADD a checksum (--checksum=sha256:…), or fetch and verify the file before the build and COPY it.",
		References:  []string{"CIS Docker 4.9", "Dockle CIS-DI-0009", "Hadolint DL3020"},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if s.instruction != "ADD" || checksum.MatchString(s.text) {
				continue
			}
			if m := remote.FindStringSubmatch(s.text); m != nil {
				report.add(fmt.Sprintf("Build step %d adds a file from %s.", s.number, m[1]))
			}
		}
	},
}

var (
	checksum = regexp.MustCompile(`--checksum=|@sha256:`)
	// remote finds the host only: what follows may hold a secret.
	remote = regexp.MustCompile(`(?:https?|ftp|git|ssh)://(?:[^\s/@]*@)?([A-Za-z0-9.-]+)`)
)
