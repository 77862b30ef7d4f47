// Package derrors adds the failing call and its arguments to errors, one line
// per function.
package derrors

import "fmt"

// Wrap adds context to *errp if it is not nil: defer it as the first line of a
// function with a named error result.
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *errp)
	}
}
