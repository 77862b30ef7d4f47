package view

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// Exposed says whether the internet reaches a workload. What could not be read
// is neither a yes nor a no.
type Exposed string

// The answers. The empty one restricts nothing in a query.
const (
	// ExposedYes means that a way from the internet was found.
	ExposedYes Exposed = "yes"
	// ExposedNo means that none was found where everything could be read.
	ExposedNo Exposed = "no"
	// ExposedUnknown means that none was found, but that a scope which could
	// show one was not read completely when last tried.
	ExposedUnknown Exposed = "unknown"
)

// ParseExposed reads an answer of a query: true or yes, false or no, unknown,
// or nothing.
func ParseExposed(s string) (Exposed, error) {
	switch s {
	case "":
		return "", nil
	case "true", "yes":
		return ExposedYes, nil
	case "false", "no":
		return ExposedNo, nil
	case "unknown":
		return ExposedUnknown, nil
	}
	return "", fmt.Errorf("%w: exposed is %q, want true, false or unknown", ErrBadQuery, s)
}

// A Gap is a scope that was not complete when last tried, and why.
type Gap struct {
	inventory.ScopeKey
	inventory.ScopeResult
}
