package export_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// hostile are cells that a spreadsheet would take for formulas, or that would
// break the file.
var hostile = []string{`=HYPERLINK("http://x")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", `a,"b"` + "\r\nc"}

// A store has a fixed inventory of two of everything.
type store struct {
	view.Store // The rest is not asked for.
	err        error
	// asked are the queries that reached the store.
	asked export.Query
}

var at = time.Date(2026, 11, 1, 10, 0, 0, 0, time.FixedZone("CET", 3600))

func (s *store) AllWorkloads(_ context.Context, q view.WorkloadQuery) iter.Seq2[view.Workload, error] {
	s.asked.Workloads = q
	gap := &view.Gap{
		ScopeKey:    inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "exposure"},
		ScopeResult: inventory.ScopeResult{Outcome: inventory.Denied, Reason: "elbv2 is denied there"},
	}
	w := view.Workload{
		Key: "k1", UID: "arn:aws:ecs:eu-west-1:111122223333:service/shop/cart", Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1",
		Kind: "aws.ecs.service", Name: "cart", Cluster: "shop", Replicas: 2, Images: []string{"registry.example/a:1", "registry.example/b:2"},
		Identity: "arn:aws:iam::111122223333:role/cart", Exposed: view.ExposedUnknown, ExposureGap: gap, MaxSeverity: finding.High, Critical: 0,
		High: 3, Unknown: 4, KEV: true, FailedChecks: 5, Score: 415, FirstSeen: at, ChangedAt: at.Add(time.Hour), LastSeen: at.Add(2 * time.Hour),
		Outcome: inventory.Complete,
	}
	odd := view.Workload{Name: hostile[0], Namespace: hostile[1], Cluster: hostile[2], Region: hostile[7], Exposed: view.ExposedNo}
	return list(s.err, w, odd)
}

func (s *store) AllImages(_ context.Context, q view.ImageQuery) iter.Seq2[view.Image, error] {
	s.asked.Images = q
	return list(s.err, view.Image{
		Digest: "sha256:1", References: []string{"registry.example/a:1"}, Platform: "linux/amd64", Size: 12, FirstSeen: at, ScanState: "partial",
		ScanError: "=1", ScannedAt: at, Distribution: "Debian:12", Packages: 9, MaxSeverity: finding.Low, Critical: 1, High: 2, Medium: 3, Low: 4,
		Unknown: 5, KEV: 6, FailedChecks: 7, Workloads: 8,
	}, view.Image{Digest: "sha256:2", ScanState: "new"})
}

func (s *store) AllFindings(_ context.Context, q view.FindingQuery) iter.Seq2[view.ImageFinding, error] {
	s.asked.Findings = q
	f := view.ImageFinding{
		Digest: "sha256:1", References: []string{"registry.example/a:1"}, Workloads: 3, Exposed: 1, ExposureUnknown: 2,
		VulnerabilityFinding: finding.VulnerabilityFinding{
			Vulnerability: "CVE-2021-1", Advisory: "GHSA-1", Summary: "-pollution", Severity: finding.High, KEV: true, Ecosystem: "npm",
			Package: "@scope/lodash", Version: "4.17.15", Fixed: "4.17.21", Path: "srv/package.json", Layer: 3,
		},
	}
	unplaced := f
	unplaced.Path, unplaced.Layer = "", -1
	return list(s.err, f, unplaced)
}

func (s *store) Scopes(_ context.Context, q view.ScopeQuery) (view.Page[view.Scope], error) {
	s.asked.Scopes = q
	return pages(s.err, q.Paging, view.Scope{
		ScopeKey: inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"},
		ScopeResult: inventory.ScopeResult{
			Outcome: inventory.Denied, Reason: "ecs:ListTasks denied", Permission: "ecs:ListTasks", Remedy: "add it",
		},
		Records: 4, TriedAt: at, Stale: true,
	}, view.Scope{ScopeKey: inventory.ScopeKey{Target: "\t=1"}})
}

func (s *store) UnresolvedContainers(_ context.Context, q view.UnresolvedQuery) (view.Page[view.UnresolvedContainer], error) {
	s.asked.Unresolved = q
	return pages(s.err, q.Paging, view.UnresolvedContainer{
		Workload: "k1", Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Kind: "aws.ecs.service", Name: "cart", Cluster: "shop",
		Exposed: view.ExposedYes, Container: "app", Type: inventory.MainContainer, Reference: "registry.example/a:1", Replicas: 2, Reason: "denied",
	}, view.UnresolvedContainer{Name: "\r=1", Reason: "@x"})
}

// list yields items, or an error after the first.
func list[T any](err error, items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i, item := range items {
			if i > 0 && err != nil {
				yield(item, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// pages returns one item a page, or an error instead of the second.
func pages[T any](err error, p view.Paging, items ...T) (view.Page[T], error) {
	n := len(p.Cursor)
	if n > 0 && err != nil {
		return view.Page[T]{}, err
	}
	page := view.Page[T]{Items: items[n : n+1]}
	if n+1 < len(items) {
		page.Next = p.Cursor + "x"
	}
	return page, nil
}

// write returns a dataset as a file.
func write(t *testing.T, s view.Store, d export.Dataset, f export.Format, q export.Query) (string, error) {
	t.Helper()
	var b strings.Builder
	err := export.Write(t.Context(), &b, f, d, s, q)
	return b.String(), err
}

// TestGolden writes every dataset in every format.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, d := range export.Datasets {
		for _, f := range export.Formats {
			t.Run(d.Name+"_"+f.Name, func(t *testing.T) {
				t.Parallel()
				got, err := write(t, &store{}, d, f, export.Query{})
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join("testdata", d.Name+f.Extension)
				if *export.Update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s mismatch; -update writes it again (-want +got):\n%s", path, diff)
				}
			})
		}
	}
}

// TestCSV reads every dataset's table as a program does: each row has the
// columns of the header, and no cell is a formula for a spreadsheet.
func TestCSV(t *testing.T) {
	t.Parallel()
	format, err := export.FormatNamed("csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range export.Datasets {
		got, err := write(t, &store{}, d, format, export.Query{})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%s: %d rows, %v, want a header and two", d.Name, len(rows), err)
		}
		if diff := cmp.Diff(d.Columns, rows[0]); diff != "" {
			t.Errorf("%s header mismatch (-want +got):\n%s", d.Name, diff)
		}
		for _, row := range rows[1:] {
			for i, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					t.Errorf("%s column %s holds the formula %q", d.Name, d.Columns[i], cell)
				}
			}
		}
	}
}

// TestFormulasAreDefused has each way to begin a formula in a cell; cells that
// only hold such a character stay as they are.
func TestFormulasAreDefused(t *testing.T) {
	t.Parallel()
	format, err := export.FormatNamed("csv")
	if err != nil {
		t.Fatal(err)
	}
	dataset, err := export.DatasetNamed("images")
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1",
		"a=1": "a=1", "1-1": "1-1", "": "", "'x": "'x", "sha256:1": "sha256:1",
	} {
		got, err := write(t, oneImage{digest: cell}, dataset, format, export.Query{})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		// The reader turns \r\n within a cell into \n, and nothing else.
		if len(rows) != 2 || rows[1][0] != want {
			t.Errorf("cell %q is written as %q, want %q", cell, rows[1:], want)
		}
	}
}

// oneImage is a store with one image.
type oneImage struct {
	view.Store
	digest string
}

func (s oneImage) AllImages(context.Context, view.ImageQuery) iter.Seq2[view.Image, error] {
	return list(nil, view.Image{Digest: s.digest})
}

func TestErrorsEndTheFile(t *testing.T) {
	t.Parallel()
	broken := errors.New("the connection was lost")
	for _, d := range export.Datasets {
		for _, f := range export.Formats {
			_, err := write(t, &store{err: broken}, d, f, export.Query{})
			if !errors.Is(err, broken) || !strings.Contains(err.Error(), d.Name+" as "+f.Name) {
				t.Errorf("%s as %s: %v, want the error of the store with what was written", d.Name, f.Name, err)
			}
			if err := export.Write(t.Context(), failing{}, f, d, &store{}, export.Query{}); !errors.Is(err, errFull) {
				t.Errorf("%s as %s to a full disk: %v, want %v", d.Name, f.Name, err, errFull)
			}
		}
	}
}

// failing is a full disk.
type failing struct{}

var errFull = errors.New("no space left")

func (failing) Write([]byte) (int, error) { return 0, errFull }

// TestQueriesReachTheStore gives each dataset a query of its own.
func TestQueriesReachTheStore(t *testing.T) {
	t.Parallel()
	q := export.Query{
		Workloads: view.WorkloadQuery{Account: "1"}, Images: view.ImageQuery{Name: "2"}, Findings: view.FindingQuery{Vulnerability: "3"},
		Unresolved: view.UnresolvedQuery{Region: "4"}, Scopes: view.ScopeQuery{Collector: "5"},
	}
	s := &store{}
	for _, d := range export.Datasets {
		if _, err := write(t, s, d, export.Formats[0], q); err != nil {
			t.Fatal(err)
		}
	}
	s.asked.Unresolved.Paging, s.asked.Scopes.Paging = view.Paging{}, view.Paging{}
	if diff := cmp.Diff(q, s.asked); diff != "" {
		t.Errorf("queries mismatch (-want +got):\n%s", diff)
	}
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	format, err := export.FormatNamed("jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dataset, err := export.DatasetNamed("workloads")
	if err != nil {
		t.Fatal(err)
	}
	got, err := write(t, &store{}, dataset, format, export.Query{})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want two: %q", len(lines), got)
	}
	var w view.Workload
	// Programs get names as they are.
	if err := json.Unmarshal([]byte(lines[1]), &w); err != nil || w.Name != hostile[0] || w.Region != hostile[7] {
		t.Errorf("line = %+v, %v, want the names as they are", w, err)
	}
	if strings.Contains(got, `\u003c`) {
		t.Errorf("the file is escaped for HTML: %s", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range export.Datasets {
		if found, err := export.DatasetNamed(d.Name); err != nil || found.Name != d.Name || seen[d.Name] {
			t.Errorf("DatasetNamed(%q) = %s, %v, want it once", d.Name, found.Name, err)
		}
		seen[d.Name] = true
	}
	for i, f := range export.Formats {
		if found, err := export.FormatNamed(f.Name); err != nil || found.Name != f.Name || seen[f.Name] {
			t.Errorf("FormatNamed(%q) = %s, %v, want it once", f.Name, found.Name, err)
		}
		seen[f.Name] = true
		if !strings.HasPrefix(f.Extension, ".") || f.MediaType == "" {
			t.Errorf("format %s has extension %q and media type %q", strconv.Itoa(i), f.Extension, f.MediaType)
		}
	}
	if _, err := export.DatasetNamed("nope"); !errors.Is(err, view.ErrBadQuery) || !strings.Contains(err.Error(), "workloads") {
		t.Errorf("DatasetNamed of none: %v, want a bad query that names all", err)
	}
	if _, err := export.FormatNamed("pdf"); !errors.Is(err, view.ErrBadQuery) || !strings.Contains(err.Error(), "csv") {
		t.Errorf("FormatNamed of none: %v, want a bad query that names all", err)
	}
}
