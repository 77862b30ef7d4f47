package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// refreshSeconds is after how long pages that show progress are asked for
// again.
const refreshSeconds = 4

// overviewRows is how many items the overview's lists have.
const overviewRows = 8

type overviewPage struct {
	view.Status
	Progress progress
	Bars     []severityBar
	// Urgent are reached from the internet and have a vulnerability that is
	// known to be exploited.
	Urgent, Top workloadTable
	Gaps        view.Page[view.Scope]
}

// progress is how far the first pass is.
type progress struct {
	Scopes, Gaps, Pending int
	Images, Scanned       int
	ScanFailed, ScanNew   int
	Jobs                  int
}

// A severityBar is one bar of the chart of vulnerabilities.
type severityBar struct {
	Severity finding.Severity
	Count    int
	// Width is relative to the longest bar, from 0 to 100.
	Width int
}

func (s *site) overview(r *http.Request) (page, error) {
	ctx := r.Context()
	status, err := s.store.Status(ctx)
	if err != nil {
		return page{}, err
	}
	d := overviewPage{Status: status, Progress: progressOf(status), Bars: severityBars(status.Vulnerabilities)}
	yes := true
	d.Urgent.Compact = true
	d.Urgent.Caption = "Reached from the internet, with a vulnerability that is known to be exploited"
	if d.Urgent.Items, err = s.top(r, view.WorkloadQuery{Exposed: view.ExposedYes, KEV: &yes}); err != nil {
		return page{}, err
	}
	d.Top.Caption = "Workloads with the highest scores"
	if d.Top.Items, err = s.top(r, view.WorkloadQuery{}); err != nil {
		return page{}, err
	}
	d.Gaps, err = s.store.Scopes(ctx, view.ScopeQuery{Gaps: true, Paging: view.Paging{Limit: overviewRows}})
	if err != nil {
		return page{}, err
	}
	p := page{Title: "Overview", Section: "/", Data: d}
	if !status.FirstPass {
		p.Refresh = refreshSeconds
	}
	return p, nil
}

// top returns the first workloads of a query.
func (s *site) top(r *http.Request, q view.WorkloadQuery) ([]view.Workload, error) {
	q.Limit = overviewRows
	found, err := s.store.Workloads(r.Context(), q)
	return found.Items, err
}

func progressOf(s view.Status) progress {
	p := progress{Pending: s.Scopes[inventory.Pending], ScanFailed: s.Images["failed"], ScanNew: s.Images["new"]}
	p.Scopes, p.Gaps = scopeCounts(s)
	for _, n := range s.Images {
		p.Images += n
	}
	p.Scanned = p.Images - p.ScanNew - p.ScanFailed
	for _, q := range s.Queue {
		p.Jobs += q.Waiting + q.Running
	}
	return p
}

// Collected counts the scopes that were tried.
func (p progress) Collected() int { return p.Scopes - p.Pending }

// Complete counts the scopes that were read completely.
func (p progress) Complete() int { return p.Scopes - p.Gaps }

func severityBars(counts map[finding.Severity]int) []severityBar {
	longest := 0
	for _, n := range counts {
		longest = max(longest, n)
	}
	var bars []severityBar
	for s := finding.Critical; s >= finding.Unknown; s-- {
		if n := counts[s]; n > 0 || s != finding.Unknown {
			bars = append(bars, severityBar{s, n, width(n, longest)})
		}
	}
	return bars
}

// width returns the length of a bar for n of at most longest, from 0 to 100;
// what is not zero can be seen.
func width(n, longest int) int {
	if n <= 0 || longest <= 0 {
		return 0
	}
	return max(1, n*100/longest)
}
