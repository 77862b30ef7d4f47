package scan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Markdown returns the table of docs/ecosystems.md: which packages are read,
// from what, and what they are matched with.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString("| packages | read from | matched with |\n|---|---|---|\n")
	for _, t := range packageTypes {
		var from []string
		for _, r := range slices.Concat(readers, executables) {
			if r.packages == t && r.from != "" {
				from = append(from, r.from)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", t.title, strings.Join(from, "; "), t.matched)
	}
	return b.Bytes()
}
