package advisory

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage-dev/stowage/internal/finding"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	var advisories []*Advisory
	for _, record := range []string{
		// One CVE, by two advisories; the third names only an alias of it.
		`{"id": "GO-1", "aliases": ["CVE-2024-0001", "GHSA-1"], "summary": "short"}`,
		`{"id": "GHSA-1", "aliases": ["CVE-2024-0001"], "summary": "long", "database_specific": {"severity": "HIGH"}}`,
		`{"id": "PYSEC-1", "aliases": ["GHSA-1"], "database_specific": {"severity": "MODERATE"}}`,
		// A distribution's advisory about two, one of which is rated alone.
		`{"id": "DSA-1-1", "upstream": ["CVE-2024-0001", "CVE-2024-0002"], "summary": "update", "database_specific": {"severity": "CRITICAL"}}`,
		// No CVE at all.
		`{"id": "GO-3", "aliases": ["GHSA-3"]}`,
		`{"id": "PYSEC-3", "aliases": ["GO-3"]}`,
		`{"id": "MAL-4"}`,
		`{"id": "OLD-1", "aliases": ["CVE-2024-0001"], "withdrawn": "2024-01-01T00:00:00Z"}`,
	} {
		advisories = append(advisories, mustParse(t, record))
	}
	kev := &KEV{Exploited: map[string]Exploited{"CVE-2024-0002": {}}}
	want := []Vulnerability{
		{
			ID: "CVE-2024-0001", Aliases: []string{"GHSA-1", "GO-1", "PYSEC-1"}, Summary: "short",
			Severity: finding.High, Advisories: []string{"DSA-1-1", "GHSA-1", "GO-1", "PYSEC-1"},
		},
		{ID: "CVE-2024-0002", Summary: "update", Severity: finding.Critical, KEV: true, Advisories: []string{"DSA-1-1"}},
		{ID: "GHSA-3", Aliases: []string{"GO-3", "PYSEC-3"}, Advisories: []string{"GO-3", "PYSEC-3"}},
		{ID: "MAL-4", Advisories: []string{"MAL-4"}},
	}
	if diff := cmp.Diff(want, Merge(slices.Values(advisories), kev), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	slices.Reverse(advisories)
	reversed := Merge(slices.Values(advisories), kev)
	reversed[0].Summary = "short"
	if diff := cmp.Diff(want, reversed, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("in another order, mismatch (-want +got):\n%s", diff)
	}
}

// TestMergeKeepsApart has an identifier that two CVEs claim: it joins nothing.
func TestMergeKeepsApart(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, v := range Merge(slices.Values([]*Advisory{
		mustParse(t, `{"id": "A", "aliases": ["CVE-2024-0001", "GHSA-1"]}`),
		mustParse(t, `{"id": "B", "aliases": ["CVE-2024-0002", "GHSA-1"]}`),
		mustParse(t, `{"id": "C", "aliases": ["GHSA-1"]}`),
	}), nil) {
		ids = append(ids, v.ID)
	}
	if diff := cmp.Diff([]string{"CVE-2024-0001", "CVE-2024-0002", "GHSA-1"}, ids); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}
