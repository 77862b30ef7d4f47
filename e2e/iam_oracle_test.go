//go:build e2e

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/iamsimulate"
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// update writes the golden cases of awsiam again.
var update = flag.Bool("update", false, "write testdata of internal/access/awsiam again")

// The cases that are compared: so many, from this seed.
const (
	oracleCases = 24_000
	oracleSeed  = 20_261_001
	oracleBatch = 500
)

// mostReported is how many differences are worth making small.
const mostReported = 12

// TestIAMOracle compares decisions on generated requests with those of another
// evaluator. The only differences are those of the table of deviations.
func TestIAMOracle(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	need(t, "node")
	o := newOracle(t)
	seed, cases := number(t, "STOWAGE_E2E_ORACLE_SEED", oracleSeed), number(t, "STOWAGE_E2E_ORACLE_CASES", oracleCases)
	seen := newCoverage()
	deviated := make(map[string]int)
	var golden []goldenCase
	for start := uint64(0); start < cases && !t.Failed(); start += oracleBatch {
		var batch []awsiamtest.Case
		for n := start; n < min(start+oracleBatch, cases); n++ {
			batch = append(batch, awsiamtest.Generate(seed, n, awsiamtest.Options{}))
		}
		theirs, reported := o.ask(batch...), 0
		for i, c := range batch {
			ours := decide(t, c)
			seen.count(t, c, ours)
			if agree(ours, theirs[i]) {
				if ours != denied {
					golden = append(golden, goldenCase{c, ours})
				}
				continue
			}
			ids := o.explain(c, ours)
			if ids == "" {
				if reported++; reported > mostReported {
					break
				}
				o.report(c, seed, start+uint64(i))
			}
			deviated[ids]++
		}
	}
	if !t.Failed() {
		seen.report(t)
	}
	reportDeviations(t, deviated, seed == oracleSeed && cases >= oracleCases)
	if *update && !t.Failed() {
		writeGolden(t, golden)
	}
}

// TestIAMOracleDocumented: the documentation lists every deviation with the
// page of AWS behind it.
func TestIAMOracleDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(cache.Repository(t), "docs", "access-oracle.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for _, d := range deviations {
		listed[d.id] = d.docs
	}
	for _, d := range residualDeviations {
		listed[d.id] = d.docs
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[3], "](") {
			continue
		}
		rows++
		id := strings.TrimSpace(cells[1])
		if docs, ok := listed[id]; !ok || !strings.Contains(cells[3], "("+docs+")") {
			t.Errorf("docs/access-oracle.md has %s with %s, want %s", id, cells[3], docs)
		}
	}
	if rows != len(listed) {
		t.Errorf("docs/access-oracle.md has %d deviations, want %d", rows, len(listed))
	}
}

// number returns a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// The outcomes of a case. The first three are those of the other evaluator.
const (
	allowed   = "allowed"
	explicit  = "explicitly denied"
	implicit  = "implicitly denied"
	undecided = "conditional"
	// denied is what is denied in any case, and perhaps explicitly: that is left
	// open as is what the denying statement means.
	denied = "denied"
)

// agree reports whether an outcome of ours is that of the other evaluator.
func agree(ours, theirs string) bool {
	return ours == theirs || ours == denied && (theirs == explicit || theirs == implicit)
}

// decide returns the outcome of our engine.
func decide(t *testing.T, c awsiamtest.Case) string {
	d, err := c.Evaluate()
	if err != nil {
		t.Fatalf("%v\n%s", err, c)
	}
	switch d.Verdict() {
	case access.Allowed:
		return allowed
	case access.Denied:
		if deciding := d.Evidence.Deciding(); len(deciding) > 0 && deciding[0].Denies {
			return explicit
		}
		for _, l := range d.Evidence.Layers {
			if slices.ContainsFunc(l.Statements, func(s access.Statement) bool { return s.Denies && !s.Applies.IsFalse() }) {
				return denied
			}
		}
		return implicit
	}
	return undecided
}

// An oracle is the other evaluator, in a test.
type oracle struct {
	t *testing.T
	s *iamsimulate.Simulator
}

func newOracle(t *testing.T) oracle { return oracle{t, iamsimulate.Start(t)} }

// ask returns the outcomes of the other evaluator.
func (o oracle) ask(cases ...awsiamtest.Case) []string {
	answers, err := o.s.Ask(o.t.Context(), cases...)
	if err != nil {
		o.t.Fatal(err)
	}
	outcomes := make([]string, len(answers))
	for i, a := range answers {
		if slices.Contains(a.BlockedBy, "s3-bpa") {
			outcomes[i] = implicit // No statement denies it.
			continue
		}
		outcomes[i] = map[string]string{"Allowed": allowed, "ExplicitlyDenied": explicit, "ImplicitlyDenied": implicit}[a.Result]
	}
	return outcomes
}

// explain returns the known deviations that make up a difference, as "O1+O2",
// or nothing. They do when the case is written as AWS's documentation says that
// it is meant, our decision stays what it was, and the other evaluator comes to
// the same.
func (o oracle) explain(c awsiamtest.Case, ours string) string {
	if ours == undecided {
		return o.explainOpen(c)
	}
	var applicable []deviation
	for _, d := range deviations {
		if d.write == nil {
			continue
		}
		if _, ok := d.write(c); ok {
			applicable = append(applicable, d)
		}
	}
	for _, set := range subsets(len(applicable)) {
		meant, ids := c.Clone(), []string(nil)
		for i, d := range applicable {
			if set&(1<<i) == 0 {
				continue
			}
			ids = append(ids, d.id)
			if written, ok := d.write(meant); ok {
				meant = written
			}
		}
		if decide(o.t, meant) == ours && agree(ours, o.ask(meant)[0]) {
			return strings.Join(ids, "+")
		}
	}
	return ""
}

// explainOpen is explain for what our engine does not decide, because the
// documentation leaves it open: every reading decides it, and not all of them
// alike.
func (o oracle) explainOpen(c awsiamtest.Case) string {
	var applicable []deviation
	for _, d := range deviations {
		if d.readings != nil && len(d.readings(c)) > 1 {
			applicable = append(applicable, d)
		}
	}
	for _, set := range subsets(len(applicable)) {
		open, ids := []awsiamtest.Case{c}, []string(nil)
		for i, d := range applicable {
			if set&(1<<i) == 0 {
				continue
			}
			ids = append(ids, d.id)
			var next []awsiamtest.Case
			for _, one := range open {
				next = append(next, d.readings(one)...)
			}
			open = next
		}
		if o.readAlike(open) {
			return strings.Join(ids, "+")
		}
	}
	return ""
}

// readAlike reports whether both evaluators decide each reading alike, and the
// readings differ.
func (o oracle) readAlike(readings []awsiamtest.Case) bool {
	outcomes := make(map[string]bool)
	for _, reading := range readings {
		ours := decide(o.t, reading)
		if ours == undecided || !agree(ours, o.ask(reading)[0]) && o.explain(reading, ours) == "" {
			return false
		}
		outcomes[ours] = true
	}
	return len(outcomes) > 1
}

// subsets returns the subsets of so many things but the empty one, as bits, the
// small ones first: fewer deviations explain better.
func subsets(n int) []int {
	var sets []int
	for set := 1; set < 1<<n; set++ {
		sets = append(sets, set)
	}
	slices.SortStableFunc(sets, func(a, b int) int { return bits.OnesCount(uint(a)) - bits.OnesCount(uint(b)) })
	return sets
}

// report fails the test with the smallest case that shows the difference.
func (o oracle) report(c awsiamtest.Case, seed, number uint64) {
	small := awsiamtest.Shrink(c, func(c awsiamtest.Case) bool {
		if _, err := o.s.Ask(o.t.Context(), c); err != nil {
			return false
		}
		ours := decide(o.t, c)
		return !agree(ours, o.ask(c)[0]) && o.explain(c, ours) == ""
	})
	o.t.Errorf("case %d of seed %d: ours is %s, theirs is %s:\n%s", number, seed, decide(o.t, small), o.ask(small)[0], small)
}

// reportDeviations logs how often each deviation was seen. Of all cases, it
// fails the test when one never was: then nothing shows that it is one.
func reportDeviations(t *testing.T, counts map[string]int, all bool) {
	total := 0
	by := make(map[string]int)
	for ids, n := range counts {
		total += n
		for _, id := range strings.Split(ids, "+") {
			by[id] += n
		}
	}
	t.Logf("%d differences are known deviations: %v", total, counts)
	for _, d := range deviations {
		t.Logf("%4d times %s: %s (%s)", by[d.id], d.id, d.what, d.docs)
		if by[d.id] == 0 && all && !t.Failed() {
			t.Errorf("deviation %s was never seen: take it off the list", d.id)
		}
	}
}

// A goldenCase is a case and what both evaluators made of it.
type goldenCase struct {
	Case awsiamtest.Case `json:"case"`
	Want string          `json:"want"`
}

// goldenOfEach is how many golden cases there are of each service and outcome.
const goldenOfEach = 6

// writeGolden writes cases that were agreed on to the test data of awsiam.
func writeGolden(t *testing.T, all []goldenCase) {
	var b strings.Builder
	of := make(map[string]int)
	for _, g := range all {
		if kind := g.Case.Service() + " " + g.Want; of[kind] < goldenOfEach {
			of[kind]++
			data, err := json.Marshal(goldenCase{asked(g.Case), g.Want})
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(data, '\n'))
		}
	}
	name := filepath.Join(cache.Repository(t), "internal", "access", "awsiam", "testdata", "oracle.jsonl")
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// asked returns the case without the keys that no policy asks for.
func asked(c awsiamtest.Case) awsiamtest.Case {
	text := strings.ToLower(fmt.Sprint(c.All()))
	for _, p := range c.All() {
		data, _ := json.Marshal(p)
		text += strings.ToLower(string(data))
	}
	c = c.Clone()
	maps.DeleteFunc(c.Context, func(key string, _ awsiamtest.Strings) bool { return !strings.Contains(text, strings.ToLower(key)) })
	return c
}
