package secret

import (
	"bytes"
	"fmt"
)

// Markdown returns the page that lists all rules.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString("# Rules for secrets\n\nWhat is looked for in files, environment variables, build steps and labels of images; " +
		"[secrets.md](secrets.md) tells where and how. This page is generated from the rules themselves (`make generate`).\n\n" +
		"| rule | finds | confidence | format |\n|---|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | [source](%s) |\n", r.ID, r.Title, r.Confidence, r.Source)
	}
	return b.Bytes()
}
