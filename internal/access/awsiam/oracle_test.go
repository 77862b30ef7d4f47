package awsiam_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// TestGolden decides generated cases on which this engine and another
// evaluator agreed when they were written, as docs/access-oracle.md tells.
func TestGolden(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, outcomes := bufio.NewScanner(f), make(map[string]int)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var golden struct {
			Case awsiamtest.Case `json:"case"`
			Want string          `json:"want"`
		}
		if err := json.Unmarshal(lines.Bytes(), &golden); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		d, err := golden.Case.Evaluate()
		if err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		got := d.Verdict().String()
		if deciding := d.Evidence.Deciding(); d.Verdict() == access.Denied {
			got = "implicitly denied"
			if len(deciding) > 0 && deciding[0].Denies {
				got = "explicitly denied"
			}
		}
		outcomes[got]++
		if got != golden.Want {
			t.Errorf("line %d: %s, want %s:\n%s", n, got, golden.Want, golden.Case)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(outcomes) < 3 {
		t.Errorf("outcomes %v, want three", outcomes)
	}
}
