// Package check finds what is wrong with the configuration, the build steps
// and the content of images ([Image]), and with how workloads run them
// ([Workload]).
//
// A check is a value with its documentation and a pure function, in a file of
// its own, and one line in list.go. Checks see the values of environment
// variables; findings never quote them.
package check

import (
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// Version is the version of the checks. It is raised whenever checks on images
// are added, dropped or find something else, or their data is newer, so that
// images are checked again, without reading layers.
const Version = 2

// An Input is all that checks on an image look at.
type Input struct {
	Manifest image.Manifest
	// Config is the image's configuration with what may not be stored.
	Config    Config
	Inventory image.Inventory
	// References are what workloads ask for to get the image; may be empty.
	References []image.Reference
	// Referrers are what the registry keeps about the image; nil when it was
	// not asked.
	Referrers *image.Referrers
	// Base is what the image was built from, nil when that is not known;
	// TrustedBases are the rules for it, none when any will do.
	Base         *image.Base
	TrustedBases []image.TrustedBase
	// Secrets are those of the files.
	Secrets Secrets
	// Now is the time that ages are reckoned from.
	Now time.Time
}

// An imageCheck is a check on images.
type imageCheck struct {
	finding.Check
	// find reports each place that fails, with [reporter.add].
	find func(in *Input, report *reporter)
}

// A reporter collects the findings of one check.
type reporter struct {
	check finding.Check
	found []finding.CheckFinding
	// more counts what is not in found because there is too much.
	more int
}

// maxFindings bounds the findings of one check on one image: the hundredth
// file tells nobody anything new.
const maxFindings = 50

// fromConfig is the layer of what the configuration shows.
const fromConfig = -1

// add reports a failure in the configuration with the check's severity.
func (r *reporter) add(detail string) {
	r.addFinding(finding.CheckFinding{Detail: detail, Layer: fromConfig})
}

// low reports what is wrong, but less than the check's severity says.
func (r *reporter) low(detail string) {
	r.addFinding(finding.CheckFinding{Detail: detail, Severity: finding.Low, Layer: fromConfig})
}

// file reports a failure of a file with the check's severity.
func (r *reporter) file(f image.File, detail string) {
	r.addFinding(finding.CheckFinding{Detail: detail, Path: f.Path, Layer: f.Layer})
}

// addFinding reports a failure. A severity of zero is the check's.
func (r *reporter) addFinding(f finding.CheckFinding) {
	if len(r.found) == maxFindings {
		r.more++
		return
	}
	f.Check = r.check.ID
	if f.Severity == finding.Unknown {
		f.Severity = r.check.Severity
	}
	r.found = append(r.found, f)
}

// Image returns the findings of all checks on an image.
func Image(in Input) []finding.CheckFinding {
	found := []finding.CheckFinding{}
	for _, c := range images {
		found = append(found, c.run(&in)...)
	}
	return found
}

func (c imageCheck) run(in *Input) []finding.CheckFinding {
	r := &reporter{check: c.Check}
	c.find(in, r)
	if r.more > 0 {
		last := &r.found[len(r.found)-1]
		last.Detail += plural(r.more, " (and %d more place)", " (and %d more places)")
	}
	return r.found
}

// A WorkloadFinding is one failed check on a workload, or on one of its
// containers. There is at most one for each check and container.
type WorkloadFinding struct {
	Check string
	// Container is empty when the workload as a whole fails.
	Container string
	Severity  finding.Severity
	// Detail is one sentence with the evidence.
	Detail string
}

// A workloadCheck is a check on workloads. One of its functions is set.
type workloadCheck struct {
	finding.Check
	// workload returns the evidence of a failure, or an empty string.
	workload func(w *inventory.Workload) string
	// container does the same for one container.
	container func(w *inventory.Workload, c *inventory.Container) string
}

// Workload returns the findings of all checks on a workload.
func Workload(w inventory.Workload) []WorkloadFinding {
	var found []WorkloadFinding
	for _, c := range workloads {
		found = append(found, c.run(&w)...)
	}
	return found
}

func (c workloadCheck) run(w *inventory.Workload) []WorkloadFinding {
	var found []WorkloadFinding
	add := func(container, detail string) {
		if detail != "" {
			found = append(found, WorkloadFinding{c.ID, container, c.Severity, detail})
		}
	}
	if c.workload != nil {
		add("", c.workload(w))
		return found
	}
	// A name comes twice while a rollout runs.
	seen := make(map[string]bool)
	for i := range w.Containers {
		k := &w.Containers[i]
		if detail := c.container(w, k); detail != "" && !seen[k.Name] {
			seen[k.Name] = true
			add(k.Name, detail)
		}
	}
	return found
}
