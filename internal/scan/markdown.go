package scan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/advisory"
)

// Markdown returns the tables of docs/ecosystems.md: which packages are read,
// from what, and what they are matched with.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString("| distribution | packages | OSV ecosystem, for example | matched by |\n|---|---|---|---|\n")
	for _, d := range distributions {
		ecosystem, by := "none", "**not matched**"
		if advisory.IsPublished(d.example) {
			ecosystem, by = "`"+d.example+"`", "source package"
			if advisory.NamesBinaries(d.example) {
				by = "binary package"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.title, d.packages.title, ecosystem, by)
	}
	b.WriteString("\n| packages | read from | matched with |\n|---|---|---|\n")
	for _, t := range packageTypes {
		var from []string
		for _, r := range slices.Concat(readers, executables) {
			if r.packages == t && r.from != "" {
				from = append(from, r.from)
			}
		}
		if len(from) == 0 {
			continue // A reader of other packages tells of them too, and says so.
		}
		matched := t.matched
		if t.distribution {
			matched = "the distribution's ecosystem, above"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", t.title, strings.Join(from, "; "), matched)
	}
	return b.Bytes()
}
