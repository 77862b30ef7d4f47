// Package migrations holds the SQL migrations, in the order of their numbers.
// They are forward-only in production and additive: each works with the binary
// before it and the binary after it.
package migrations

import "embed"

// FS holds the migrations as goose reads them.
//
//go:embed *.sql
var FS embed.FS
