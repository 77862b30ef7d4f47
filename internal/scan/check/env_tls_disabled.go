package check

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var envTLSDisabled = imageCheck{
	Check: finding.Check{
		ID:          "image/env-tls-disabled",
		Title:       "TLS verification is switched off for the whole image",
		Severity:    finding.Medium,
		Why:         "Whoever sits between the container and a server that it talks to can read and change everything.",
		Remediation: "Remove the variable and add the missing certificate authority to the image.",
		References:  []string{"NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, v := range in.Config.Env {
			if off, ok := tlsSwitches[v.Name]; ok && off(strings.ToLower(v.Value)) {
				report.add(fmt.Sprintf("%s switches the verification of certificates off.", v.Name))
			}
		}
	},
}

// tlsSwitches tell whether the value of a variable means no verification.
var tlsSwitches = map[string]func(value string) bool{
	"NODE_TLS_REJECT_UNAUTHORIZED": func(v string) bool { return v == "0" },
	"PYTHONHTTPSVERIFY":            func(v string) bool { return v == "0" },
	"GIT_SSL_NO_VERIFY":            func(v string) bool { return v != "" && v != "0" && v != "false" },
	"NPM_CONFIG_STRICT_SSL":        func(v string) bool { return v == "false" },
	"GONOSUMCHECK":                 func(v string) bool { return v != "" },
	"GOINSECURE":                   func(v string) bool { return v != "" },
}
