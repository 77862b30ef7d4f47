package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// String returns the formula for people, as
// "aws:SourceVpc StringEquals "vpc-1" and not (…)".
func (f Formula) String() string {
	switch {
	case f.n == nil:
		return "never"
	case f.n.kind == kindTrue:
		return "always"
	}
	var b strings.Builder
	f.n.write(&b, 0)
	return b.String()
}

// String returns the term for people.
func (t Term) String() string {
	if t.Missing != "" {
		return "unknown: " + t.Missing
	}
	if t.Operator == Expression && len(t.Values) > 0 {
		return t.Values[0]
	}
	if t.isAbsence() {
		return t.Key + " is absent"
	}
	quoted := make([]string, len(t.Values))
	for i, v := range t.Values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	values := strings.Join(quoted, ", ")
	if len(quoted) != 1 {
		values = "[" + values + "]"
	}
	return t.Key + " " + t.Operator + " " + values
}

// isAbsence reports whether the term says that a key is not there.
func (t Term) isAbsence() bool {
	return t.Operator == "Null" && len(t.Values) == 1 && t.Values[0] == "true"
}

// Expression is the operator of a term whose first value is its whole text, in
// the expression language of the policy.
const Expression = "expression"

func (n *node) write(b *strings.Builder, depth int) {
	if n.kind == kindTerm {
		switch {
		case n.negated && n.term.isAbsence():
			b.WriteString(n.term.Key + " is present")
		case n.negated:
			b.WriteString("not (" + n.term.String() + ")")
		default:
			b.WriteString(n.term.String())
		}
		return
	}
	word := " and "
	if n.kind == kindOr {
		word = " or "
	}
	if depth > 0 {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for i, p := range n.parts {
		if i > 0 {
			b.WriteString(word)
		}
		p.write(b, depth+1)
	}
}

// formulaJSON is a formula as JSON: true, false, or an object with one field.
type formulaJSON struct {
	All  []Formula `json:"all,omitempty"`
	Any  []Formula `json:"any,omitempty"`
	Not  *Term     `json:"not,omitempty"`
	Term *Term     `json:"term,omitempty"`
}

// MarshalJSON returns true, false, {"term": …}, {"not": …} with a term,
// {"all": […]} or {"any": […]}.
func (f Formula) MarshalJSON() ([]byte, error) {
	if value, known := f.Value(); known {
		return json.Marshal(value)
	}
	var out formulaJSON
	switch {
	case f.n.kind == kindTerm && f.n.negated:
		out.Not = &f.n.term
	case f.n.kind == kindTerm:
		out.Term = &f.n.term
	default:
		parts := make([]Formula, len(f.n.parts))
		for i, p := range f.n.parts {
			parts[i] = Formula{p}
		}
		if f.n.kind == kindAnd {
			out.All = parts
		} else {
			out.Any = parts
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON returns.
func (f *Formula) UnmarshalJSON(data []byte) error {
	var value bool
	if json.Unmarshal(data, &value) == nil {
		*f = Of(value)
		return nil
	}
	var in formulaJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	switch {
	case in.Term != nil:
		*f = If(*in.Term)
	case in.Not != nil:
		*f = Not(If(*in.Not))
	case in.All != nil:
		*f = And(in.All...)
	case in.Any != nil:
		*f = Or(in.Any...)
	default:
		return errors.New(`formula has none of "term", "not", "all", "any"`)
	}
	return nil
}
