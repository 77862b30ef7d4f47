package advisory

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const kevSample = `{"title": "CISA Catalog", "catalogVersion": "2025.08.25", "count": 2, "vulnerabilities": [
	{"cveID": "CVE-2025-48384", "vulnerabilityName": "Git Link Following Vulnerability", "dateAdded": "2025-08-25",
		"dueDate": "2025-09-15", "knownRansomwareCampaignUse": "Unknown"},
	{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "knownRansomwareCampaignUse": "Known"}]}`

func TestParseKEV(t *testing.T) {
	t.Parallel()
	got, err := ParseKEV(strings.NewReader(kevSample))
	if err != nil {
		t.Fatal(err)
	}
	want := &KEV{Version: "2025.08.25", Exploited: map[string]Exploited{
		"CVE-2025-48384": {
			Name:  "Git Link Following Vulnerability",
			Added: time.Date(2025, 8, 25, 0, 0, 0, 0, time.UTC), Due: time.Date(2025, 9, 15, 0, 0, 0, 0, time.UTC),
		},
		"CVE-2021-44228": {Added: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), Ransomware: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if !got.Has("CVE-2021-44228") || got.Has("CVE-2021-1") || (*KEV)(nil).Has("CVE-2021-44228") {
		t.Error("Has is wrong")
	}
}

func TestParseKEVRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":              "unexpected end",
		kevSample[:300]: "unexpected end",
		"{}":            "no vulnerability",
		"<html>":        "invalid character",
		strings.Replace(kevSample, "2,", "3,", 1):                "2 of the 3",
		strings.Replace(kevSample, "CVE-2021-44228", "CVE-x", 1): `"CVE-x" is not a CVE`,
	}
	for in, want := range tests {
		if _, err := ParseKEV(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseKEV(%.40s) = %v, want an error with %q", in, err, want)
		}
	}
}

func FuzzParseKEV(f *testing.F) {
	f.Add(kevSample)
	f.Add(`{"count": -1, "vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "x"}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		k, err := ParseKEV(strings.NewReader(in))
		if err == nil && len(k.Exploited) == 0 {
			t.Fatal("an empty catalogue is accepted")
		}
	})
}
