package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

func TestNewList(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/workloads?severity=high&image=sha256%3Aabc&region=&cursor=old&unknown=1&as_of=2026-01-02", nil)
	l := newList(r, workloadFields, "new")
	want := []chip{
		{"Severity: high or worse", "/workloads?as_of=2026-01-02&image=sha256%3Aabc"},
		{"As of: 2026-01-02", "/workloads?image=sha256%3Aabc&severity=high"},
		{"Runs image: sha256:abc", "/workloads?as_of=2026-01-02&severity=high"},
	}
	if diff := cmp.Diff(want, l.Chips); diff != "" {
		t.Errorf("chips mismatch (-want +got):\n%s", diff)
	}
	if want := "/workloads?as_of=2026-01-02&cursor=new&image=sha256%3Aabc&severity=high"; l.Next != want {
		t.Errorf("next = %q, want %q", l.Next, want)
	}
	if want := "/workloads?as_of=2026-01-02&image=sha256%3Aabc&severity=high"; l.First != want {
		t.Errorf("first = %q, want %q", l.First, want)
	}
	if !l.MoreSet() {
		t.Error("the fields that show on demand are hidden though one is set")
	}
	exports := exportLinks("workloads", l.query)
	if want := (link{"csv", "/api/v1/export/workloads?as_of=2026-01-02&format=csv&image=sha256%3Aabc&severity=high"}); exports[0] != want {
		t.Errorf("export = %v, want %v", exports[0], want)
	}
}

func TestPlainDate(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"": true, "2026-01-02": true, "2026-01-02T03:04:05Z": false} {
		if got := (field{Date: true, Value: value}).PlainDate(); got != want {
			t.Errorf("PlainDate of %q = %t, want %t", value, got, want)
		}
	}
}

func TestAccountPages(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	for i := range accountsPerPage + 1 {
		store.accounts = append(store.accounts, view.Account{
			Account: inventory.Account{Provider: inventory.AWS, ID: fmt.Sprintf("%012d", i)}, Scopes: map[inventory.Outcome]int{inventory.Complete: 1},
		})
	}
	s := &site{store: store}
	for path, want := range map[string]struct {
		rows int
		next string
	}{
		"/accounts":              {accountsPerPage, "/accounts?cursor=200"},
		"/accounts?cursor=200":   {1, ""},
		"/accounts?cursor=x":     {accountsPerPage, "/accounts?cursor=200"},
		"/accounts?cursor=-1":    {accountsPerPage, "/accounts?cursor=200"},
		"/accounts?cursor=99999": {accountsPerPage, "/accounts?cursor=200"},
		"/accounts?name=0200":    {1, ""},
	} {
		p, err := s.accounts(httptest.NewRequest(http.MethodGet, path, nil))
		if err != nil {
			t.Fatal(err)
		}
		if d := p.Data.(accountsPage); len(d.Items) != want.rows || d.Next != want.next {
			t.Errorf("%s has %d rows and leads to %q, want %d and %q", path, len(d.Items), d.Next, want.rows, want.next)
		}
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	row := newAccountRow(view.Account{Scopes: map[inventory.Outcome]int{inventory.Complete: 2, inventory.Denied: 1}})
	want := []segment{{inventory.Complete, 2, 0, 66}, {inventory.Denied, 1, 66, 100}}
	if diff := cmp.Diff(want, row.Segments); diff != "" {
		t.Errorf("segments mismatch (-want +got):\n%s", diff)
	}
	if row.Gaps != 1 {
		t.Errorf("gaps = %d, want 1", row.Gaps)
	}
}

// TestUnrated looks at findings without a severity, which are not no findings.
func TestUnrated(t *testing.T) {
	t.Parallel()
	store := estate()
	store.workloads[0].MaxSeverity = 0
	store.workloads = store.workloads[:1]
	if got := getPage(t, newHandler(store), "/workloads", http.StatusOK).text("tbody"); strings.Contains(got, "none") || !strings.Contains(got, "Exploited") {
		t.Errorf("a workload with an unrated exploited vulnerability shows %q", got)
	}
	counts := severities([]finding.VulnerabilityFinding{
		{Vulnerability: "CVE-1", Severity: finding.Low}, {Vulnerability: "CVE-1", Severity: finding.High}, {Vulnerability: "CVE-2"},
	})
	if diff := cmp.Diff(map[finding.Severity]int{finding.High: 1, finding.Unknown: 1}, counts); diff != "" {
		t.Errorf("severities mismatch (-want +got):\n%s", diff)
	}
}
