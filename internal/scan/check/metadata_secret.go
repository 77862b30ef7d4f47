package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

var metadataSecret = imageCheck{
	Check: finding.Check{
		ID:       "image/metadata-secret",
		Title:    "A label or the command line holds a secret",
		Severity: finding.High,
		Why: "Everyone who may pull the image can read its labels and its command, " +
			"and the command line of a process can be read by all others on the host.",
		Remediation: "Revoke the secret. Give it to the container when it runs, from the platform's secret store.",
		References:  []string{"CIS Docker 4.10", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		for _, name := range slices.Sorted(maps.Keys(in.Config.Labels)) {
			for _, m := range secret.SearchValue(in.Config.Labels[name]) {
				report.addSecret(in, "label:"+name, fmt.Sprintf("The label %s has what looks like %s.", name, m.Rule.Title), m)
			}
		}
		for _, word := range in.Config.Command {
			for _, m := range secret.SearchValue(word) {
				report.addSecret(in, "command", fmt.Sprintf("The command line has what looks like %s.", m.Rule.Title), m)
			}
		}
	},
}
