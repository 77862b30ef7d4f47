package gcpiam

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/stowage-dev/stowage/internal/access"
)

//go:embed scopes.tsv
var scopesTSV string

// A scopeRow is what one scope covers.
type scopeRow struct {
	permissions []string // as "storage.objects.get", "storage.*", "*"
	unsure      []string // what starts so may be covered
}

var scopeTable = sync.OnceValue(func() map[string]scopeRow {
	table := make(map[string]scopeRow)
	for line := range strings.Lines(scopesTSV) {
		scope, list, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		var row scopeRow
		for _, p := range strings.Fields(list) {
			if prefix, ok := strings.CutPrefix(p, "?"); ok {
				row.unsure = append(row.unsure, prefix)
			} else {
				row.permissions = append(row.permissions, p)
			}
		}
		table[scope] = row
	}
	return table
})

// scopes returns what has to hold for the token's access scopes to let the
// request through: what a node may do is what IAM grants and its scopes cover.
// https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam
func (e *evaluation) scopes() access.Formula {
	if e.in.Scopes == nil {
		return access.True()
	}
	layer := access.Layer{Name: "access scopes"}
	var covered []access.Formula
	if e.in.Scopes.Missing != "" {
		covered = append(covered, access.Missing("access scopes of the token: "+e.in.Scopes.Missing))
	}
	for i, s := range e.in.Scopes.Scopes {
		covers := scopeCovers(s, e.in.Request.Action)
		covered = append(covered, covers)
		if e.explain {
			reason := ""
			if covers.IsFalse() {
				reason = "it does not cover " + e.in.Request.Action
			}
			layer.Statements = append(layer.Statements, access.Statement{Policy: s, Index: i, Applies: covers, Reason: reason})
		}
	}
	layer.Result = access.Or(covered...)
	if layer.Result.IsFalse() {
		layer.Note = "no scope of the token covers " + e.in.Request.Action
	}
	e.layer(layer)
	return layer.Result
}

func scopeCovers(scope, permission string) access.Formula {
	name, ok := strings.CutPrefix(scope, "https://www.googleapis.com/auth/")
	row, known := scopeTable()[name]
	if !ok || !known {
		return access.Missing("what access scope " + scope + " covers")
	}
	for _, p := range row.permissions {
		if prefix, ok := strings.CutSuffix(p, "*"); p == permission || ok && strings.HasPrefix(permission, prefix) {
			return access.True()
		}
	}
	if slices.ContainsFunc(row.unsure, func(prefix string) bool { return strings.HasPrefix(permission, prefix) }) {
		return access.Missing("whether access scope " + scope + " covers " + permission)
	}
	return access.False()
}
