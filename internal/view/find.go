package view

import (
	"fmt"
	"strings"
)

// A NotFoundError says that the inventory holds nothing of a name, and what to
// do; it is an [ErrNotFound].
type NotFoundError struct {
	// Kind and Name are what was looked for: "workload", "cart".
	Kind, Name string
	// Hint says what to do.
	Hint string
}

// Error implements error.
func (e *NotFoundError) Error() string {
	message := fmt.Sprintf("%s %s: not found", e.Kind, e.Name)
	if e.Hint != "" {
		message += ": " + e.Hint
	}
	return message
}

// Is reports whether target is [ErrNotFound].
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// An AmbiguousError says that several things have a name.
type AmbiguousError struct {
	// Kind and Name are what was looked for: "workload", "cart".
	Kind, Name string
	// Candidates are the first [MaxCandidates] of them.
	Candidates []Candidate
	// More is whether there are others.
	More bool
}

// MaxCandidates is how many things of one name an error tells.
const MaxCandidates = 20

// A Candidate is one of several things that have a name.
type Candidate struct {
	// Key names it alone.
	Key string
	// Detail tells it apart for a person.
	Detail string
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	var keys []string
	for _, c := range e.Candidates {
		keys = append(keys, c.Key+" ("+c.Detail+")")
	}
	return e.Summary() + ": " + strings.Join(keys, ", ")
}

// Summary returns the message without the candidates.
func (e *AmbiguousError) Summary() string {
	if e.More {
		return fmt.Sprintf("more than %d %ss are meant by %s; ask for one of them, such as", len(e.Candidates), e.Kind, e.Name)
	}
	return fmt.Sprintf("%d %ss are meant by %s; ask for one of them", len(e.Candidates), e.Kind, e.Name)
}
