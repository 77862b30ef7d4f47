package secret

import (
	"cmp"
	"slices"
	"strings"
)

// Redacted stands for a value that is not shown.
const Redacted = "***"

// Redact returns s with what has the shape of a secret replaced. To hide too
// much does no harm, so that neither checksums nor examples count.
func Redact(s string) string {
	t := &text{b: []byte(s), kind: plain, loose: true}
	t.search()
	if len(t.found) == 0 {
		return s
	}
	slices.SortFunc(t.found, func(a, b match) int { return cmp.Compare(a.start, b.start) })
	var out strings.Builder
	last := 0
	for _, m := range t.found {
		if m.start > last || m.start == 0 && last == 0 {
			out.WriteString(s[last:m.start])
			out.WriteString(Redacted)
		}
		last = max(last, m.end)
	}
	out.WriteString(s[last:])
	return out.String()
}
