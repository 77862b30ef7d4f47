package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
)

var fileSecret = imageCheck{
	Check: finding.Check{
		ID:       "image/file-secret",
		Title:    "A file holds a secret",
		Severity: finding.High,
		Why: "Everyone who may pull the image can read its layers, those too whose files a later layer deletes. " +
			"The severity goes by how sure it is that this is a secret.",
		Remediation: "Revoke the secret. Give it to the build as a secret mount (RUN --mount=type=secret), or to the container " +
			"when it runs; keep it out of the build context (.dockerignore). If it is none, put it on the allow-list.",
		References: []string{"CIS Docker 4.10", "Dockle DKL-LI-0003", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Secrets.Files {
			if in.Secrets.allows(f.Rule, f.Path, f.Hash) {
				continue
			}
			report.addFinding(finding.CheckFinding{
				Severity: severityOf(f.Confidence),
				Detail:   fmt.Sprintf("Line %d of /%s has what looks like %s.", f.Line, f.Path, f.Title) + f.mode() + f.fate(),
				Path:     f.Path, Layer: f.Layer,
				Secret: &finding.Secret{Rule: f.Rule, Title: f.Title, Line: f.Line, Confidence: f.Confidence.String(), Hash: f.Hash},
			})
		}
	},
}
