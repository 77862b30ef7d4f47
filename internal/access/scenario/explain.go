package scenario

import (
	"cmp"
	"context"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Explanation tells what a decision hangs on.
type Explanation struct {
	Decision access.Decision
	// Keys are the context keys that decide: with nothing known of one of
	// them, the verdict is another.
	Keys []KeyEffect
	// Statements are those without which the verdict is another.
	Statements []StatementEffect
	// Untried is how many statements, the last ones, were not left out to see
	// what follows, as there are too many.
	Untried int
}

// A KeyEffect is what the answer is when nothing is known of a context key.
type KeyEffect struct {
	Key   string
	Known access.Value // what the request says of it
	// Then is what has to hold for the request to succeed when the key may
	// have any value or be absent.
	Then access.Formula
}

// A StatementEffect is what the answer is without a statement.
type StatementEffect struct {
	Policy, Statement string
	Then              access.Formula
}

// maxVariants bounds the statements that are left out one by one.
const maxVariants = 500

// Explain returns the answer and what would change it. It ends early with the
// error of a context that is done: a large policy takes a while.
func (s *Scenario) Explain(ctx context.Context) (Explanation, error) {
	e := Explanation{Decision: s.Decide()}
	verdict := e.Decision.Verdict()
	for _, key := range s.Request.Context.Keys() {
		known := s.Request.Context.Lookup(key)
		if known.State == access.UnknownState {
			continue
		}
		then := s.question.decide(s.Request.Context.WithUnknown(key)).Formula
		if then.Verdict() != verdict {
			e.Keys = append(e.Keys, KeyEffect{cmp.Or(s.spelling[key], key), known, then})
		}
	}
	n := s.question.statements()
	e.Untried = max(n-maxVariants, 0)
	for i := range n - e.Untried {
		if err := ctx.Err(); err != nil {
			return Explanation{}, err
		}
		q, policy, statement := s.question.without(i)
		then := q.decide(s.Request.Context).Formula
		if then.Verdict() != verdict {
			e.Statements = append(e.Statements, StatementEffect{policy, statement, then})
		}
	}
	return e, nil
}
