package access

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
)

// A Formula is what has to hold for something to be so: true, false, a term
// whose truth is not known, or a conjunction or disjunction of formulas. It
// cannot be changed. The zero Formula is false: nothing is allowed unless
// something allows it.
//
// Negation is moved to the terms, and what is plainly true or false by the
// form of a formula is folded away: a term and its own negation are never both
// needed. A formula that is neither true nor false may still be one or the
// other for reasons that its terms do not show (an address that is in two
// ranges that do not meet); it is never the other way round.
type Formula struct{ n *node } // nil is false

type formulaKind uint8

const (
	kindTrue formulaKind = iota + 1
	kindTerm
	kindAnd
	kindOr
)

type node struct {
	kind    formulaKind
	negated bool // of a term
	missing bool // an input is missing somewhere below
	term    Term
	parts   []*node // of a conjunction or disjunction: two or more, none of the same kind
	sum     [16]byte
}

// A Term is a statement about the request or the world whose truth is not
// known.
type Term struct {
	// Missing names an input that could not be read, and why, as "service
	// control policies of 111122223333: organizations:ListPolicies was denied".
	// All other fields are empty then.
	Missing string `json:"missing,omitempty"`
	// Key is the context key or attribute that the term is about, as
	// "aws:SourceVpc"; "resource" for the name of the resource itself.
	Key string `json:"key,omitempty"`
	// Operator in the notation of the policy, as "StringEquals"; "expression"
	// for one whose text is the first of the values.
	Operator string `json:"operator,omitempty"`
	// Values that the key is compared with.
	Values []string `json:"values,omitempty"`
}

var trueNode = &node{kind: kindTrue, sum: sha256sum([]byte{byte(kindTrue)})}

// True returns the formula that always holds.
func True() Formula { return Formula{trueNode} }

// False returns the formula that never holds.
func False() Formula { return Formula{} }

// Of returns the formula that is plainly true or false.
func Of(value bool) Formula {
	if value {
		return True()
	}
	return False()
}

// If returns the formula that a term is.
func If(t Term) Formula {
	t.Values = slices.Clone(t.Values)
	h := []byte{byte(kindTerm)}
	for _, s := range append([]string{t.Missing, t.Key, t.Operator}, t.Values...) {
		h = binary.AppendUvarint(h, uint64(len(s)))
		h = append(h, s...)
	}
	return Formula{&node{kind: kindTerm, term: t, missing: t.Missing != "", sum: sha256sum(h)}}
}

// Missing returns the formula of an input that could not be read. It stays
// what it is when negated, and two of them never cancel each other out: what
// is behind them is not known.
func Missing(what string) Formula { return If(Term{Missing: what}) }

// And returns what holds when all formulas hold; of none, true.
func And(formulas ...Formula) Formula { return join(kindAnd, formulas) }

// Or returns what holds when one formula holds; of none, false.
func Or(formulas ...Formula) Formula { return join(kindOr, formulas) }

// Not returns what holds when a formula does not.
func Not(f Formula) Formula {
	switch {
	case f.n == nil:
		return True()
	case f.n.kind == kindTrue:
		return False()
	case f.n.kind == kindTerm:
		return Formula{f.n.negate()}
	}
	parts := make([]Formula, len(f.n.parts))
	for i, p := range f.n.parts {
		parts[i] = Not(Formula{p})
	}
	if f.n.kind == kindAnd {
		return Or(parts...)
	}
	return And(parts...)
}

// Value returns the value of a formula that is plainly true or false.
func (f Formula) Value() (value, known bool) {
	switch {
	case f.n == nil:
		return false, true
	case f.n.kind == kindTrue:
		return true, true
	}
	return false, false
}

// IsTrue reports whether the formula always holds.
func (f Formula) IsTrue() bool { return f.n == trueNode }

// IsFalse reports whether the formula never holds.
func (f Formula) IsFalse() bool { return f.n == nil }

// Verdict returns what the formula is as an answer.
func (f Formula) Verdict() Verdict {
	switch {
	case f.n == nil:
		return Denied
	case f.n.kind == kindTrue:
		return Allowed
	case f.n.missing:
		return Unknown
	}
	return Conditional
}

// Equal reports whether two formulas are the same by their form.
func (f Formula) Equal(g Formula) bool {
	if f.n == nil || g.n == nil {
		return f.n == g.n
	}
	return f.n.sum == g.n.sum
}

// Sum returns a hash of the formula's form: that of two formulas is the same
// when they are Equal.
func (f Formula) Sum() [16]byte {
	if f.n == nil {
		return [16]byte{}
	}
	return f.n.sum
}

// Terms yields the terms of a formula, and whether each is negated, in the
// order of the text. A term may come up more than once.
func (f Formula) Terms() iter.Seq2[Term, bool] {
	return func(yield func(Term, bool) bool) { f.n.walk(yield) }
}

// MissingInputs returns the inputs that the formula depends on and that could
// not be read, in order.
func (f Formula) MissingInputs() []string {
	var inputs []string
	for t := range f.Terms() {
		if t.Missing != "" {
			inputs = append(inputs, t.Missing)
		}
	}
	slices.Sort(inputs)
	return slices.Compact(inputs)
}

// Map returns the formula with each term replaced by what a function makes of
// it, before it is negated. It folds what becomes plain.
func (f Formula) Map(replace func(Term) Formula) Formula {
	if f.n == nil || f.n.kind == kindTrue {
		return f
	}
	if f.n.kind == kindTerm {
		to := replace(f.n.term)
		if f.n.negated {
			return Not(to)
		}
		return to
	}
	parts := make([]Formula, len(f.n.parts))
	for i, p := range f.n.parts {
		parts[i] = Formula{p}.Map(replace)
	}
	return join(f.n.kind, parts)
}

func (n *node) walk(yield func(Term, bool) bool) bool {
	if n == nil || n.kind == kindTrue {
		return true
	}
	if n.kind == kindTerm {
		return yield(n.term, n.negated)
	}
	for _, p := range n.parts {
		if !p.walk(yield) {
			return false
		}
	}
	return true
}

// negate returns the other side of a term.
func (n *node) negate() *node {
	if n.missing {
		return n
	}
	other := *n
	other.negated = !n.negated
	other.sum[0] ^= 1
	return &other
}

// join makes a conjunction or disjunction. It folds constants, takes in parts
// of the same kind, and drops repetitions.
func join(kind formulaKind, formulas []Formula) Formula {
	neutral, absorbing := True(), False()
	if kind == kindOr {
		neutral, absorbing = absorbing, neutral
	}
	var parts []*node
	for _, f := range formulas {
		switch {
		case f.n == absorbing.n:
			return absorbing
		case f.n == neutral.n:
		case f.n.kind == kind:
			parts = append(parts, f.n.parts...)
		default:
			parts = append(parts, f.n)
		}
	}
	switch len(parts) {
	case 0:
		return neutral
	case 1:
		return Formula{parts[0]}
	}
	joined := &node{kind: kind}
	seen := make(map[[16]byte]bool, len(parts))
	for _, p := range parts {
		if seen[p.sum] {
			continue
		}
		if p.kind == kindTerm && !p.missing && seen[p.negate().sum] {
			return absorbing
		}
		seen[p.sum] = true
		joined.parts = append(joined.parts, p)
		joined.missing = joined.missing || p.missing
	}
	if len(joined.parts) == 1 {
		return Formula{joined.parts[0]}
	}
	// The sum does not depend on the order of the parts.
	sums := make([][16]byte, 0, len(joined.parts))
	for _, p := range joined.parts {
		sums = append(sums, p.sum)
	}
	slices.SortFunc(sums, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
	h := []byte{byte(kind)}
	for _, s := range sums {
		h = append(h, s[:]...)
	}
	joined.sum = sha256sum(h)
	return Formula{joined}
}

// sha256sum is long enough that nobody can write two different policies whose
// formulas are taken for one.
func sha256sum(b []byte) [16]byte {
	full := sha256.Sum256(b)
	sum := [16]byte(full[:16])
	sum[0] &^= 1 // the last bit says whether a term is negated
	return sum
}
