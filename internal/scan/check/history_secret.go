package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/secret"
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
				m, ok := secret.Named(v.Name, v.Value)
				if !ok {
					continue
				}
				named = true
				if !seen[v] {
					seen[v] = true
					report.addSecret(in, s.place(), fmt.Sprintf("The value of %s in build step %d (%s) looks like %s.",
						v.Name, s.number, s.instruction, m.Rule.Title), m)
				}
			}
			if named {
				continue
			}
			if found := secret.SearchValue(s.text); len(found) > 0 {
				report.addSecret(in, s.place(), fmt.Sprintf("Build step %d (%s) has what looks like %s.",
					s.number, s.instruction, found[0].Rule.Title), found[0])
			}
		}
	},
}
