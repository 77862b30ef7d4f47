package check

import "github.com/stowage-dev/stowage/internal/finding"

var healthcheckMissing = imageCheck{
	Check: finding.Check{
		ID:       "image/healthcheck-missing",
		Title:    "The image has no health check",
		Severity: finding.Low,
		Why: "Without one, Docker and Amazon ECS take a container for healthy as long as its process lives, " +
			"even when it hangs. Kubernetes has probes of its own.",
		Remediation: "Add HEALTHCHECK to the build, or a health check or probe to the workload.",
		References:  []string{"CIS Docker 4.6", "Dockle CIS-DI-0006", "Hadolint DL3057"},
	},
	find: func(in *Input, report *reporter) {
		c := in.Manifest.Config
		switch {
		case !c.DockerFormat:
			// OCI configurations have no place for one.
		case len(c.Healthcheck) == 0:
			report.add("The configuration has no health check.")
		case c.Healthcheck[0] == "NONE":
			report.add("The health check of the base image is switched off.")
		}
	},
}
