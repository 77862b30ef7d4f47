//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// starved is the least share of each outcome, in percent.
const starved = 10

// mustDecide is what has to make the difference in some case of a run: taken
// out, the decision is another.
var mustDecide = []string{
	"layer identity", "layer boundary", "layer session", "layer endpoint", "layer resource", "layer service control",
	"layer resource control", "setting block public access", "setting bucket tags",
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
	"NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
	"DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnNotEquals", "ArnLike",
	"ArnNotLike", "Null", "IfExists", "ForAllValues", "ForAnyValue",
	"NotAction", "NotResource", "NotPrincipal", "variable", "variable with default",
}

// A coverage is what the cases of a run were about.
type coverage struct {
	outcomes map[string]int
	services map[string]map[string]int
	kinds    map[string]map[string]int
	decisive map[string]int
	cases    int
}

func newCoverage() *coverage {
	return &coverage{
		outcomes: make(map[string]int), services: make(map[string]map[string]int), kinds: make(map[string]map[string]int),
		decisive: make(map[string]int),
	}
}

// count takes a case in, and looks for what was decisive in it.
func (v *coverage) count(t *testing.T, c awsiamtest.Case, outcome string) {
	v.cases++
	v.outcomes[outcome]++
	for by, key := range map[*map[string]map[string]int]string{&v.services: c.Service(), &v.kinds: c.Principal.Kind} {
		if (*by)[key] == nil {
			(*by)[key] = make(map[string]int)
		}
		(*by)[key][outcome]++
	}
	for _, p := range awsiamtest.Parts(c) {
		names := namesOf(p)
		if !slices.ContainsFunc(names, func(name string) bool { return v.decisive[name] < enough }) || decide(t, p.Without(c)) == outcome {
			continue
		}
		for _, name := range names {
			v.decisive[name]++
		}
	}
}

// enough is how often something has to be seen to make the difference; what was
// is not looked for in the cases that follow.
const enough = 20

// namesOf returns what a part of a case is an example of.
func namesOf(p awsiamtest.Part) []string {
	switch p.Kind {
	case "layer", "setting":
		return []string{p.Kind + " " + strings.TrimRight(p.Name, " 0123456789")}
	case "statement":
		return slices.Collect(maps.Keys(elementsOf(p.Statement)))
	case "condition":
		var names []string
		operator := p.Name
		if set, base, found := strings.Cut(operator, ":"); found {
			names, operator = append(names, set), base
		}
		if base, cut := strings.CutSuffix(operator, "IfExists"); cut {
			names, operator = append(names, "IfExists"), base
		}
		return append(names, operator)
	}
	return nil
}

// elementsOf returns what a statement is written with that not all are.
func elementsOf(s awsiamtest.Statement) map[string]bool {
	elements := map[string]bool{"NotAction": s.NotAction != nil, "NotResource": s.NotResource != nil, "NotPrincipal": s.NotPrincipal != nil}
	text := fmt.Sprint(s.Resource, s.NotResource, s.Condition)
	elements["variable"] = len(awsiamtest.Variables(text)) > 0
	elements["variable with default"] = elements["variable"] && strings.Contains(text, ", '")
	maps.DeleteFunc(elements, func(_ string, has bool) bool { return !has })
	return elements
}

// report logs what was covered, and fails the test when something was not.
func (v *coverage) report(t *testing.T) {
	t.Logf("%d cases: %s", v.cases, v.shares(v.outcomes))
	for _, by := range []map[string]map[string]int{v.services, v.kinds} {
		for _, name := range slices.Sorted(maps.Keys(by)) {
			t.Logf("  %-18s %s", name, v.shares(by[name]))
		}
	}
	t.Logf("made the difference (looked for until %d times): %v", enough, v.decisive)
	for _, outcome := range []string{allowed, explicit, implicit} {
		if v.outcomes[outcome]*100 < v.cases*starved {
			t.Errorf("%d of %d cases are %s, want %d %%", v.outcomes[outcome], v.cases, outcome, starved)
		}
		for service, counts := range v.services {
			if counts[outcome] == 0 {
				t.Errorf("no case of %s is %s", service, outcome)
			}
		}
	}
	if len(v.services) < 8 {
		t.Errorf("cases are of %d services, want 8", len(v.services))
	}
	for _, name := range mustDecide {
		if v.decisive[name] == 0 {
			t.Errorf("%s never made the difference", name)
		}
	}
}

// shares returns counts with their share of all.
func (v *coverage) shares(counts map[string]int) string {
	total := 0
	for _, n := range counts {
		total += n
	}
	var parts []string
	for _, outcome := range []string{allowed, explicit, implicit, denied, undecided} {
		if n := counts[outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%d %%)", n, outcome, 100*n/total))
		}
	}
	return strings.Join(parts, ", ")
}
