// Package risk scores workloads, so that lists begin with what matters most.
package risk

import "github.com/stowage-dev/stowage/internal/finding"

// Facts are what a workload's score depends on.
type Facts struct {
	// Severity is the highest severity of the images' vulnerabilities.
	Severity finding.Severity
	// KEV is whether one of them is known to be exploited.
	KEV bool
	// Exposed is whether the internet reaches the workload.
	Exposed bool
	// ReadsCritical is whether the workload's identity reads critical data.
	ReadsCritical bool
	// FailedChecks counts the workload's own failed checks.
	FailedChecks int
}

// A Term is one addend of a score.
type Term struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
}

// severityPoints are the points of the highest severity.
var severityPoints = map[finding.Severity]int{
	finding.Low: 10, finding.Medium: 50, finding.High: 150, finding.Critical: 300,
}

// maxCheckPoints bounds what failed checks add: many small faults must not
// outweigh one exploited vulnerability.
const maxCheckPoints = 50

// Terms returns the addends of a workload's score, leaving out those of zero.
// A fully exposed workload with an exploited critical vulnerability that reads
// critical data comes to 950 to 1,000 points.
func Terms(f Facts) []Term {
	terms := []Term{
		{"highest severity " + f.Severity.String(), severityPoints[f.Severity]},
		{"known exploited vulnerability", when(f.KEV, 250)},
		{"reachable from the internet", when(f.Exposed, 200)},
		{"reads critical data", when(f.ReadsCritical, 200)},
		{"failed configuration checks", min(f.FailedChecks*5, maxCheckPoints)},
	}
	kept := terms[:0]
	for _, t := range terms {
		if t.Points > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// Score returns the sum of the terms, from 0 to 1,000.
func Score(f Facts) int {
	sum := 0
	for _, t := range Terms(f) {
		sum += t.Points
	}
	return sum
}

func when(yes bool, points int) int {
	if yes {
		return points
	}
	return 0
}
