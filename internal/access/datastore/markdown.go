package datastore

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

//go:embed markdown_head.md
var head string

// Markdown returns the page of all types, in the manner of a reference.
func (t *Table) Markdown() []byte {
	b := bytes.NewBufferString(head)
	for _, s := range t.Types() {
		fmt.Fprintf(b, "\n### %s\n\n%s ([source](%s)).\n", s.ID, s.Name, s.Source)
		if s.NetworkOnly != "" {
			fmt.Fprintf(b, "\n**By the network:** %s\n", s.NetworkOnly)
		}
		b.WriteString("\n| Level | Channel | One of | On | If |\n|---|---|---|---|---|\n")
		for _, r := range s.Rules {
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", levels(r.Levels), r.Channel, operations(r.Demand), on(r.Resource), conditions(r))
		}
		if len(s.Settings) > 0 {
			b.WriteString("\n")
			for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
				fmt.Fprintf(b, "- `%s`: %s\n", name, s.Settings[name])
			}
		}
		notes := slices.Clone(s.Notes)
		for _, r := range s.Rules {
			if r.Note != "" && !slices.Contains(notes, r.Note) {
				notes = append(notes, r.Note)
			}
		}
		if len(notes) > 0 {
			fmt.Fprintf(b, "\n%s\n", strings.Join(notes, " "))
		}
	}
	return b.Bytes()
}

func levels(levels []access.Level) string {
	names := make([]string, len(levels))
	for i, l := range levels {
		names[i] = l.String()
	}
	return strings.Join(names, ", ")
}

func operations(d access.Demand) string {
	text := "`" + strings.Join(d.AnyOf, "`<br>`") + "`"
	if d.Data {
		text += "<br>(data)"
	}
	return text
}

func on(f access.ResourceForm) string {
	if f.Below {
		return "`" + f.Template + "…`"
	}
	return "`" + f.Template + "`"
}

func conditions(r access.Rule) string {
	var parts []string
	if r.IfSet != "" {
		parts = append(parts, "`"+r.IfSet+"` is set")
	}
	for _, g := range r.Gates {
		if len(g.Is) > 0 {
			parts = append(parts, fmt.Sprintf("`%s` is %s", g.Setting, strings.Join(g.Is, " or ")))
		} else {
			parts = append(parts, fmt.Sprintf("`%s` is not %s", g.Setting, strings.Join(g.Not, " or ")))
		}
	}
	for _, n := range r.Needs {
		text := fmt.Sprintf("%s on %s", operations(n), on(n.Resource))
		if n.IfSet != "" {
			text += ", when there is one"
		}
		parts = append(parts, text)
	}
	if r.Unread != "" {
		parts = append(parts, "unknown: "+r.Unread)
	}
	return strings.Join(parts, "; ")
}
