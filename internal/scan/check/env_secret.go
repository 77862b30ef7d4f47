package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

var envSecret = imageCheck{
	Check: finding.Check{
		ID:       "image/env-secret",
		Title:    "An environment variable holds a secret",
		Severity: finding.High,
		Why: "Everyone who may pull the image can read its configuration, and every process of the container " +
			"inherits the variable, down to crash reports.",
		Remediation: "Revoke the secret. Give it to the container when it runs, from the platform's secret store.",
		References:  []string{"CIS Docker 4.10", "Dockle CIS-DI-0010", "Hadolint DL3064", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		for _, v := range in.Config.Env {
			if m, ok := secret.Named(v.Name, v.Value); ok {
				report.addSecret(in, "env:"+v.Name, fmt.Sprintf("The value of %s looks like %s.", v.Name, m.Rule.Title), m)
			}
		}
	},
}
