package web

import (
	"github.com/stowage-dev/stowage/internal/finding"
)

// A failedCheck is a check with everything that fails it on one page.
type failedCheck struct {
	finding.Check
	Evidence []evidence
}

// Evidence is one place where a check fails.
type evidence struct {
	Detail string
	// Container is the container of a workload, Path the file of an image.
	Container, Path string
	// Layer is the layer of Path, from 0; -1 for none.
	Layer int
}

// failedChecks groups findings by check and keeps their order.
type failedChecks []failedCheck

// Failures returns the checks that fail.
func (f failedChecks) Failures() failedChecks { return f.with(false) }

// Notes returns the checks that only inform.
func (f failedChecks) Notes() failedChecks { return f.with(true) }

func (f failedChecks) with(informational bool) (out failedChecks) {
	for _, c := range f {
		if (c.Severity == finding.Informational) == informational {
			out = append(out, c)
		}
	}
	return out
}

// add adds a finding of the check with the ID.
func (f *failedChecks) add(checks map[string]finding.Check, id string, severity finding.Severity, e evidence) {
	for i := range *f {
		if (*f)[i].ID == id {
			(*f)[i].Evidence = append((*f)[i].Evidence, e)
			return
		}
	}
	c, ok := checks[id]
	if !ok { // A newer version stored it.
		c = finding.Check{ID: id, Title: id}
	}
	c.Severity = severity
	*f = append(*f, failedCheck{c, []evidence{e}})
}
