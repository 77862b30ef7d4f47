package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// many is a scenario with a policy of n statements of which the first applies.
func many(t *testing.T, n int) *Scenario {
	t.Helper()
	var b strings.Builder
	b.WriteString(request + "aws:\n  identity:\n    Version: \"2012-10-17\"\n    Statement:\n    - {Sid: Own, Effect: Allow, Action: s3:GetObject, Resource: '*'}\n")
	for i := range n - 1 {
		fmt.Fprintf(&b, "    - {Effect: Allow, Action: s3:Put%d, Resource: '*'}\n", i)
	}
	scenarios, err := Read(write(t, "s.yaml", b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return scenarios[0]
}

func TestExplainManyStatements(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{2: 0, maxVariants: 0, maxVariants + 3: 3} {
		e, err := many(t, n).Explain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Untried != want || len(e.Statements) != 1 || e.Statements[0].Statement != "Own" {
			t.Errorf("of %d statements %d are untried, the verdict hangs on %v; want %d, Own", n, e.Untried, e.Statements, want)
		}
	}
}

func TestExplainEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := many(t, 2).Explain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Explain = %v, want the error of its context", err)
	}
}
