package advisory

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/finding"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got := mustParse(t, samples["PyPI"]["PYSEC-2023-62"])
	want := &Advisory{
		ID:              "PYSEC-2023-62",
		Aliases:         []string{"CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"},
		Vulnerabilities: []string{"CVE-2023-30861"},
		Summary:         "Flask",
		Severity:        finding.High,
		Score:           7.5,
		Vector:          "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
		Published:       time.Date(2023, 5, 2, 18, 15, 0, 0, time.UTC),
		Modified:        time.Date(2023, 5, 10, 17, 10, 0, 0, time.UTC),
		// The listed versions are all in the ranges; commits are left out.
		Affected: []Affected{{
			Ecosystem: "PyPI", Name: "flask",
			Ranges: []Range{{Fixed: "2.2.5"}, {Introduced: "2.3.0", Fixed: "2.3.2"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

func TestParseVulnerabilities(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, record string
		want         []string
	}{
		{"own_id", `{"id": "CVE-2024-3094", "upstream": ["CVE-2020-0001"]}`, []string{"CVE-2024-3094"}},
		{"wrapped_id", `{"id": "DEBIAN-CVE-2024-3094"}`, []string{"CVE-2024-3094"}},
		{"aliases", `{"id": "GO-1", "aliases": ["GHSA-1", "CVE-2020-0002", "CVE-2020-0001"]}`, []string{"CVE-2020-0001", "CVE-2020-0002"}},
		{"upstream", `{"id": "DSA-1-1", "upstream": ["CVE-2020-0002", "CVE-2020-0001", "CVE-2020-0002"]}`, []string{"CVE-2020-0001", "CVE-2020-0002"}},
		{"alias_before_upstream", `{"id": "X-1", "aliases": ["CVE-2020-0001"], "upstream": ["CVE-2020-0002"]}`, []string{"CVE-2020-0001"}},
		{"related_is_another", `{"id": "X-1", "related": ["CVE-2020-0001"]}`, []string{"X-1"}},
		{"none", `{"id": "MAL-2024-1"}`, []string{"MAL-2024-1"}},
		{"not_a_cve", `{"id": "X-1", "aliases": ["CVE-20-1", "cve-2020-0001", "CVE-2020-0001x"]}`, []string{"X-1"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, mustParse(t, tt.record).Vulnerabilities); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestParseSeverity(t *testing.T) {
	t.Parallel()
	const v3, v2 = `{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}`, `{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}`
	tests := []struct {
		name, record string
		want         finding.Severity
		score        float64
	}{
		{"none", `{"id": "X"}`, finding.Unknown, 0},
		{"v3", `{"id": "X", "severity": [` + v3 + `]}`, finding.Critical, 9.8},
		{"v2", `{"id": "X", "severity": [` + v2 + `]}`, finding.High, 7.5},
		{"newest", `{"id": "X", "severity": [` + v3 + `, ` + v2 + `]}`, finding.Critical, 9.8},
		{"v4", `{"id": "X", "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}, ` + v3 + `]}`, finding.Medium, 6.9},
		{"of_package", `{"id": "X", "affected": [{"severity": [` + v3 + `]}]}`, finding.Critical, 9.8},
		{"broken_vector", `{"id": "X", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:Q"}], "database_specific": {"severity": "MODERATE"}}`, finding.Medium, 0},
		{"github", `{"id": "X", "database_specific": {"severity": "HIGH"}}`, finding.High, 0},
		{"ubuntu", `{"id": "X", "severity": [{"type": "Ubuntu", "score": "negligible"}]}`, finding.Low, 0},
		{"worst_word", `{"id": "X", "affected": [{"ecosystem_specific": {"severity": "low"}}, {"database_specific": {"severity": "Important"}}]}`, finding.High, 0},
		{"not_a_word", `{"id": "X", "database_specific": {"severity": {"a": 1}}}`, finding.Unknown, 0},
		{"harmless", `{"id": "X", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}]}`, finding.Low, 0},
	}
	for _, tt := range tests {
		a := mustParse(t, tt.record)
		if a.Severity != tt.want || a.Score != tt.score {
			t.Errorf("%s: severity %v, score %v, want %v, %v", tt.name, a.Severity, a.Score, tt.want, tt.score)
		}
	}
}

func TestParseSummary(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`{"id": "X", "summary": " two\n lines\u0000 ", "details": "more"}`: "two lines",
		`{"id": "X", "summary": " ", "details": "\n\n## Impact\ntext"}`:    "Impact",
		`{"id": "X"}`: "",
		`{"id": "X", "summary": "` + strings.Repeat("é", 200) + `"}`: strings.Repeat("é", 148) + "…",
	}
	for record, want := range tests {
		if got := mustParse(t, record).Summary; got != want {
			t.Errorf("summary of %.60s = %q, want %q", record, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		``:                   "unexpected end",
		`{"id": "X"`:         "unexpected end",
		`[]`:                 "cannot unmarshal",
		`{}`:                 "id is missing",
		`{"id": "a\u0000b"}`: "control characters",
		`{"id": "` + strings.Repeat("x", 2000) + `"}`:                                                                                               "2000 bytes long",
		`{"id": "X", "affected": [{"package": {"ecosystem": "Go"}}]}`:                                                                               "affected 0: package name is missing",
		`{"id": "X", "affected": [{"package": {"name": "a"}}]}`:                                                                                     "ecosystem is missing",
		`{"id": "X", "affected": [{"package": {"ecosystem": "Go", "name": "a"}, "versions": [""]}]}`:                                                "version is missing",
		`{"id": "X", "affected": [{"package": {"ecosystem": "Go", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"fixed": "\u0000"}]}]}]}`: "fixed version",
	}
	for record, want := range tests {
		if a, err := Parse([]byte(record)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.80s) = %v, %v, want an error with %q", record, a, err, want)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	record := samples["PyPI"]["PYSEC-2023-62"]
	hash := mustParse(t, record).Hash()
	same := map[string]string{
		"order_and_spaces":     `{"affected": ` + record[strings.Index(record, `[{"package"`):strings.LastIndex(record, "}")] + `, ` + strings.TrimSuffix(record[1:strings.Index(record, `"affected"`)], ",\n\t\t\t") + "}",
		"date_of_modification": strings.Replace(record, "2023-05-10", "2026-01-01", 1),
		"order_of_aliases":     strings.Replace(record, `"CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"`, `"GHSA-m2qf-hxjv-5gpq", "CVE-2023-30861"`, 1),
	}
	for name, r := range same {
		if got := mustParse(t, r).Hash(); got != hash {
			t.Errorf("%s changes the hash", name)
		}
	}
	different := map[string]string{
		"fix":      strings.Replace(record, "2.3.2", "2.3.3", 1),
		"version":  strings.Replace(record, `"2.3.1"]`, `"2.3.9"]`, 1),
		"name":     strings.Replace(record, `"Flask"`, `"Flask-2"`, 1),
		"alias":    strings.Replace(record, "GHSA-m2qf", "GHSA-m2qg", 1),
		"severity": strings.Replace(record, "C:H", "C:L", 1),
	}
	for name, r := range different {
		if r == record {
			t.Fatalf("%s: the record is the same", name)
		}
		if got := mustParse(t, r).Hash(); got == hash {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, records := range samples {
		for _, r := range records {
			f.Add([]byte(r))
		}
	}
	f.Add([]byte(`{"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "a"},
		"ranges": [{"type": "SEMVER", "events": [{"limit": "2"}, {"introduced": "0"}, {"last_affected": "1"}]}], "versions": ["3"]}]}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		a, err := Parse(record)
		if err != nil {
			return
		}
		if a.ID == "" || len(a.Vulnerabilities) == 0 || strings.Contains(a.Summary, "\x00") {
			t.Fatalf("%+v", a)
		}
		if again, err := Parse(record); err != nil || again.Hash() != a.Hash() {
			t.Fatalf("parsed again: %v", err)
		}
		x := NewIndex()
		x.Put(a)
		for p := range bounds(a) {
			x.Match(p)
		}
		x.Delete(a.Source, a.ID)
		if x.Len() != 0 || len(x.packages) != 0 {
			t.Fatalf("deleted, but the index holds %v", x.packages)
		}
	})
}
