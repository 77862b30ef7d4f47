package secret

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"sync"
)

// A Confidence tells how sure it is that a match is a secret.
type Confidence int

// The confidences, in ascending order.
const (
	// Low: a name promises a secret and the value looks random.
	Low Confidence = iota + 1
	// Medium: the shape is right, and could belong to something else.
	Medium
	// High: a checksum, a structure or a shape that nothing else has.
	High
)

// String returns the lower-case name.
func (c Confidence) String() string {
	switch c {
	case Low:
		return "low"
	case Medium:
		return "medium"
	case High:
		return "high"
	}
	return fmt.Sprintf("confidence(%d)", int(c))
}

// MarshalText implements [encoding.TextMarshaler].
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (c *Confidence) UnmarshalText(b []byte) error {
	for _, known := range []Confidence{Low, Medium, High} {
		if known.String() == string(b) {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("confidence %q is not low, medium or high", b)
}

// A Rule describes one kind of secret and how it is found.
type Rule struct {
	// ID is stable: allow-lists name it.
	ID string
	// Title names the secret in a sentence: "a GitHub token".
	Title string
	// Source is the page that documents the format.
	Source string
	// Confidence is that of a match; a validator may lower it.
	Confidence Confidence

	// keywords are what a match begins with or has in it. Without fold they
	// are compared as they are.
	keywords []string
	fold     bool
	// pattern is anchored where the keyword begins, or looked for from before
	// bytes ahead of it. Its first group is the value if it has one.
	pattern string
	before  int
	// window is how many bytes from the keyword on are looked at; 0 means
	// defaultWindow.
	window int
	// quick spares expressions after a keyword that is a common word.
	quick func(rest []byte) bool
	// valid tells whether a value is what it looks like.
	valid func(value []byte) bool
	// find replaces pattern and valid where a rule needs more than those.
	find func(t *text, at, end int) (match, bool)
	// random is whether a value without randomness is an example, so that it
	// counts in test data too.
	random bool
}

// Pattern returns the expression of a rule; empty for one that takes more.
func (r Rule) Pattern() string { return r.pattern }

// defaultWindow is more than the tokens with a fixed shape have.
const defaultWindow = 320

// expressions are the compiled patterns of the rules, by their number.
var expressions = sync.OnceValue(func() []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(rules))
	for i, r := range rules {
		if r.pattern == "" {
			continue
		}
		anchor := `\A`
		if r.before > 0 {
			anchor = ""
		}
		all[i] = regexp.MustCompile(anchor + `(?:` + r.pattern + `)`)
	}
	return all
})

// rules are all rules. Of two that match the same text the first wins.
var rules = slices.Concat(
	cloudRules, forgeRules, registryRules, modelRules, chatRules, paymentRules, operationRules, hostingRules,
	keyRules, fileRules, urlRules, genericRules,
)

// Rules returns all rules by their ID.
func Rules() []Rule {
	return slices.SortedFunc(slices.Values(rules), func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// ByID returns the rule of an ID.
func ByID(id string) (Rule, bool) {
	for _, r := range rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
