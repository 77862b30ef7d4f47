package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
)

var historySecret = imageCheck{
	Check: finding.Check{
		ID:       "image/history-secret",
		Title:    "A build step holds a secret",
		Severity: finding.High,
		Why: "The history of an image keeps build arguments and commands as they were. " +
			"Everyone who may pull the image can read them.",
		Remediation: "Revoke the secret. Give it to the build as a secret mount (RUN --mount=type=secret), never as ARG or ENV.",
		References:  []string{"CIS Docker 4.10", "Dockle CIS-DI-0010", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		// What is left in the environment is that check's to tell.
		seen := make(map[Variable]bool)
		for _, v := range in.Config.Env {
			seen[v] = true
		}
		for s := range in.Config.steps() {
			if s.instruction == "LABEL" {
				continue // Those are in the configuration.
			}
			named := false
			for _, v := range s.assignments() {
				kind := secretOf(v.Name, v.Value)
				if kind == "" {
					continue
				}
				named = true
				if !seen[v] {
					seen[v] = true
					report.add(fmt.Sprintf("The value of %s in build step %d (%s) looks like %s.", v.Name, s.number, s.instruction, kind))
				}
			}
			if kind := secretShape(s.text); kind != "" && !named {
				report.add(fmt.Sprintf("Build step %d (%s) has what looks like %s.", s.number, s.instruction, kind))
			}
		}
	},
}
