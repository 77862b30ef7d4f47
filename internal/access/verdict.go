package access

import (
	"fmt"
	"slices"
)

// A Verdict is the short form of a decision.
type Verdict int8

// The verdicts, from no access to access.
const (
	// Denied: no request of this kind can succeed.
	Denied Verdict = iota
	// Unknown: it depends on an input that could not be read.
	Unknown
	// Conditional: it depends on the request, by a condition that is shown.
	Conditional
	// Allowed: every request of this kind succeeds.
	Allowed
)

var verdictNames = []string{"denied", "unknown", "conditional", "allowed"}

// String returns the verdict in lower case.
func (v Verdict) String() string { return nameOf(verdictNames, v) }

// MarshalText returns the verdict in lower case.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (v *Verdict) UnmarshalText(text []byte) error {
	return parseName(v, verdictNames, text, "verdict")
}

// A Level says what a principal can do with the content of a data store. The
// higher ones do not contain the lower: a role may write what it cannot read.
type Level int8

// The levels.
const (
	// List: see the names and properties of what is stored.
	List Level = iota
	// Read: see the content.
	Read
	// Write: change or delete the content.
	Write
	// Admin: change who has access, copy the whole store by its control plane,
	// or mint credentials for it. It implies reading and writing after a step
	// that can be seen, so it is kept apart from them.
	Admin
)

var levelNames = []string{"list", "read", "write", "admin"}

// String returns the level in lower case.
func (l Level) String() string { return nameOf(levelNames, l) }

// MarshalText returns the level in lower case.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (l *Level) UnmarshalText(text []byte) error {
	return parseName(l, levelNames, text, "access level")
}

// nameOf returns the name of a small enumeration's value.
func nameOf[T ~int8](names []string, value T) string {
	if value < 0 || int(value) >= len(names) {
		return fmt.Sprintf("%d", int8(value))
	}
	return names[value]
}

// parseName sets value to the one that has the name.
func parseName[T ~int8](value *T, names []string, text []byte, what string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("unknown %s %q: want one of %q", what, text, names)
	}
	*value = T(i)
	return nil
}
