package secret

import (
	"cmp"
	"slices"
	"strings"
)

// Redacted stands for a value that is not shown.
const Redacted = "***"

// Redact returns s with what has the shape of a secret replaced. To hide too
// much does no harm, so that neither checksums nor examples count, and of a
// text with more than can be looked at the rest is hidden.
func Redact(s string) string {
	t := &text{b: []byte(s), kind: plain, loose: true}
	end := t.search()
	hidden, beside := t.found, map[string]bool{}
	for _, m := range t.found {
		// The secret of a key may be beside it.
		if value := string(m.value); value != s[m.start:m.end] && !beside[value] {
			beside[value] = true
			hidden = append(hidden, places(s, value)...)
		}
	}
	if end < len(s) {
		hidden = append(hidden, match{start: end, end: len(s)})
	}
	if len(hidden) == 0 {
		return s
	}
	slices.SortFunc(hidden, func(a, b match) int { return cmp.Compare(a.start, b.start) })
	var out strings.Builder
	last := 0
	for _, m := range hidden {
		if m.start > last || m.start == 0 && last == 0 {
			out.WriteString(s[last:m.start])
			out.WriteString(Redacted)
		}
		last = max(last, m.end)
	}
	out.WriteString(s[last:])
	return out.String()
}

// places returns where a value is in s; nowhere if it is empty.
func places(s, value string) []match {
	var all []match
	for at := 0; value != ""; {
		n := strings.Index(s[at:], value)
		if n < 0 {
			break
		}
		all = append(all, match{start: at + n, end: at + n + len(value)})
		at += n + len(value)
	}
	return all
}
