package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// An Error is a failure that an adapter has classified, so that the coverage
// page can say what failed, on what, why, and what to do about it.
type Error struct {
	Outcome inventory.Outcome
	// Action is what was asked, in the notation of [Call.Action].
	Action string
	// On is what it was asked of: "111122223333/eu-west-1", a role's ARN, a
	// registry's host.
	On string
	// Cause completes the sentence "<action> <outcome> in <on> …": "by a
	// service control policy"; empty when Err says it.
	Cause string
	// Permission is the missing one of a denial; empty when it is Action.
	Permission string
	// Remedy tells what to do; empty for the outcome's usual one.
	Remedy string
	// Err is the provider's error.
	Err error
}

// Error returns the reason and the provider's own words.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.reason()
	}
	return e.reason() + ": " + e.Err.Error()
}

// Unwrap returns the provider's error.
func (e *Error) Unwrap() error { return e.Err }

// verbs say each outcome in the reason.
var verbs = map[inventory.Outcome]string{
	inventory.Denied:      "denied",
	inventory.Throttled:   "throttled",
	inventory.Failed:      "failed",
	inventory.Disabled:    "not possible",
	inventory.Unreachable: "got no connection",
}

// reason returns the one-sentence reason without the provider's own words.
func (e *Error) reason() string {
	s := strings.TrimSpace(e.Action + " " + verbs[e.Outcome])
	if e.On != "" {
		s += " in " + e.On
	}
	if e.Cause != "" {
		s += " " + e.Cause
	}
	return s
}

// remedy returns what to do about e.
func (e *Error) remedy() string {
	if e.Remedy != "" {
		return e.Remedy
	}
	switch e.Outcome {
	case inventory.Denied:
		return fmt.Sprintf("add %s to the role that Stowage uses", e.Action)
	case inventory.Throttled:
		return "nothing: the next run tries again, at a lower rate"
	case inventory.Disabled:
		return "nothing, unless workloads are expected there: then enable it with the provider"
	case inventory.Unreachable:
		return "check the network path, DNS, proxy and CA certificates from here to the endpoint"
	}
	return ""
}

// maxReason bounds a stored reason, in bytes: providers put whole HTML pages
// into their errors.
const maxReason = 500

// Result returns the outcome that err stands for: complete for nil, the
// classified outcome for an [Error] in its chain, unreachable for a deadline
// that passed, failed for anything else.
func Result(err error) inventory.ScopeResult {
	if err == nil {
		return inventory.ScopeResult{Outcome: inventory.Complete}
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Outcome: inventory.Failed, Err: err}
		if errors.Is(err, context.DeadlineExceeded) {
			e.Outcome = inventory.Unreachable
		}
	}
	result := inventory.ScopeResult{Outcome: e.Outcome, Remedy: e.remedy()}
	switch {
	case e.Action == "" && e.On == "" && e.Err != nil:
		result.Reason = oneLine(err.Error())
	case e.Cause == "" && e.Err != nil && e.Outcome != inventory.Denied && e.Outcome != inventory.Throttled:
		result.Reason = oneLine(e.Error())
	default:
		result.Reason = oneLine(e.reason())
	}
	if e.Outcome == inventory.Denied {
		result.Permission = cmp.Or(e.Permission, e.Action)
	}
	return result
}

// oneLine returns s as one line of valid UTF-8 of at most maxReason bytes.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxReason {
		s = s[:maxReason-len("…")] + "…"
	}
	return strings.ToValidUTF8(s, "")
}
