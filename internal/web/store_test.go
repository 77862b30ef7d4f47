package web

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// A fakeStore answers from what a test put in it; the zero value is an
// inventory of a service that has just started.
type fakeStore struct {
	status          view.Status
	accounts        []view.Account
	scopes          []view.Scope
	workloads       []view.WorkloadDetail
	unresolved      []view.UnresolvedContainer
	images          []view.ImageDetail
	vulnerabilities []view.VulnerabilityDetail
	// err is what every call returns when it is set.
	err error
}

var _ view.Store = (*fakeStore)(nil)

func (f *fakeStore) Status(context.Context) (view.Status, error) { return f.status, f.err }

func (f *fakeStore) Accounts(context.Context, view.AccountQuery) ([]view.Account, error) {
	return f.accounts, f.err
}

func (f *fakeStore) Scopes(_ context.Context, q view.ScopeQuery) (view.Page[view.Scope], error) {
	return paged(f.err, f.scopes, q.Paging, func(s view.Scope) (view.Scope, bool) {
		return s, equalOrEmpty(q.Account, s.Account) && equalOrEmpty(q.Region, s.Region) && equalOrEmpty(string(q.Outcome), string(s.Outcome)) &&
			equalOrEmpty(q.Collector, s.Collector) && (!q.Gaps || s.Outcome != inventory.Complete)
	})
}

func (f *fakeStore) Workloads(_ context.Context, q view.WorkloadQuery) (view.Page[view.Workload], error) {
	return paged(f.err, f.workloads, q.Paging, func(d view.WorkloadDetail) (view.Workload, bool) {
		return d.Workload, strings.Contains(strings.ToLower(d.Name), strings.ToLower(q.Name)) &&
			equalOrEmpty(q.Account, d.Account) && equalOrEmpty(string(q.Exposed), string(d.Exposed)) && (q.KEV == nil || *q.KEV == d.KEV) &&
			d.MaxSeverity >= q.Severity
	})
}

func (f *fakeStore) AllWorkloads(context.Context, view.WorkloadQuery) iter.Seq2[view.Workload, error] {
	return func(yield func(view.Workload, error) bool) {
		for _, w := range f.workloads {
			if !yield(w.Workload, nil) {
				return
			}
		}
	}
}

func (f *fakeStore) Workload(_ context.Context, key string, at time.Time) (view.WorkloadDetail, error) {
	if key == "several" {
		return view.WorkloadDetail{}, fmt.Errorf("fake.Workload: %w", &view.AmbiguousError{
			Kind: "workload", Name: key, Candidates: []view.Candidate{{Key: "1z141z3", Detail: "one " + hostile}, {Key: "3ledger", Detail: "other"}},
		})
	}
	for _, w := range f.workloads {
		if w.Key == key {
			w.AsOf = at
			return w, f.err
		}
	}
	return view.WorkloadDetail{}, notHeld(f.err, "workload", key)
}

func (f *fakeStore) UnresolvedContainers(_ context.Context, q view.UnresolvedQuery) (view.Page[view.UnresolvedContainer], error) {
	return paged(f.err, f.unresolved, q.Paging, func(c view.UnresolvedContainer) (view.UnresolvedContainer, bool) {
		return c, strings.Contains(c.Reference, q.Reference) && equalOrEmpty(q.Account, c.Account)
	})
}

func (f *fakeStore) Images(_ context.Context, q view.ImageQuery) (view.Page[view.Image], error) {
	return paged(f.err, f.images, q.Paging, func(d view.ImageDetail) (view.Image, bool) {
		return d.Image, equalOrEmpty(q.State, d.ScanState) && strings.Contains(strings.Join(d.References, " "), q.Name)
	})
}

func (f *fakeStore) AllImages(context.Context, view.ImageQuery) iter.Seq2[view.Image, error] {
	return func(yield func(view.Image, error) bool) {
		for _, i := range f.images {
			if !yield(i.Image, nil) {
				return
			}
		}
	}
}

func (f *fakeStore) Image(_ context.Context, digest string) (view.ImageDetail, error) {
	for _, i := range f.images {
		if strings.HasPrefix(i.Digest, digest) {
			return i, f.err
		}
	}
	return view.ImageDetail{}, notHeld(f.err, "image", digest)
}

func (f *fakeStore) Vulnerabilities(_ context.Context, q view.VulnerabilityQuery) (view.Page[view.Vulnerability], error) {
	return paged(f.err, f.vulnerabilities, q.Paging, func(d view.VulnerabilityDetail) (view.Vulnerability, bool) {
		return d.Vulnerability, strings.Contains(d.ID, q.ID) && d.Severity >= q.Severity && (q.KEV == nil || *q.KEV == d.KEV)
	})
}

func (f *fakeStore) AllFindings(context.Context, view.FindingQuery) iter.Seq2[view.ImageFinding, error] {
	return func(func(view.ImageFinding, error) bool) {}
}

func (f *fakeStore) Vulnerability(_ context.Context, id string) (view.VulnerabilityDetail, error) {
	for _, v := range f.vulnerabilities {
		for _, name := range append([]string{v.ID}, v.Aliases...) {
			if name == id {
				return v, f.err
			}
		}
	}
	return view.VulnerabilityDetail{}, notHeld(f.err, "vulnerability", id)
}

func notHeld(err error, kind, name string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("fake.Get(%s): %w", name, &view.NotFoundError{Kind: kind, Name: name, Hint: "ask for another"})
}

func equalOrEmpty(want, got string) bool { return want == "" || want == got }

// paged returns a page of the items that pick keeps; cursors are offsets.
func paged[T, R any](err error, items []T, p view.Paging, pick func(T) (R, bool)) (page view.Page[R], _ error) {
	if err != nil {
		return page, err
	}
	start := 0
	if p.Cursor != "" {
		if start, err = strconv.Atoi(p.Cursor); err != nil {
			return page, fmt.Errorf("fake.List: %w: cursor %q is not one that a list returned", view.ErrBadQuery, p.Cursor)
		}
	}
	limit := p.Limit
	if limit == 0 {
		limit = 4 // So that a few items make several pages.
	}
	var picked []R
	for _, item := range items {
		if r, ok := pick(item); ok {
			picked = append(picked, r)
		}
	}
	start = min(start, len(picked))
	page.Items = picked[start:min(start+limit, len(picked))]
	if start+limit < len(picked) {
		page.Next = strconv.Itoa(start + limit)
	}
	return page, nil
}
