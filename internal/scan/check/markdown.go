package check

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

// Markdown returns the page that describes all checks.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString("# Checks\n\nWhat Stowage looks at besides known vulnerabilities. " +
		"This page is generated from the checks themselves (`make generate`). " +
		"A severity is that of most findings; the text tells of others. What is `info` is worth knowing and no failure: it does not count.\n")
	section := func(title, text string, checks []finding.Check) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| check | severity | title |\n|---|---|---|\n", title, text)
		for _, c := range checks {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", c.ID, anchor(c.ID), c.Severity, c.Title)
		}
		for _, c := range checks {
			fmt.Fprintf(&b, "\n### `%s`\n\n**%s** Severity: %s.\n\n%s\n\n*What to do:* %s\n", c.ID, c.Title+".", c.Severity, c.Why, c.Remediation)
			if len(c.References) > 0 {
				fmt.Fprintf(&b, "\nReferences: %s.\n", strings.Join(c.References, ", "))
			}
		}
	}
	all := All()
	section("Images", "From the configuration, the build steps and the files of an image.", all[:len(images)])
	section("Workloads", "From how a workload runs its containers.", all[len(images):])
	return b.Bytes()
}

// anchor returns the fragment of a heading as GitHub makes it.
func anchor(id string) string { return strings.ReplaceAll(id, "/", "") }
