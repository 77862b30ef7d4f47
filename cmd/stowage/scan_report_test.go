package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var update = flag.Bool("update", false, "write the golden files")

// printed is a report with what makes tables hard: long names, many places,
// names that move the cursor.
func printed() scanReport {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	r := scanReport{
		Reference: "registry.example/shop/cart:1.4", Digest: digest, ConfigDigest: digest, Platform: "linux/amd64", Distribution: "Debian:12",
		Partial: "layer 2 (" + digest + "): its licence keeps it out of registries, so that it was not read",
		Layers:  []image.Layer{{Digest: digest, Size: 31_415_926}, {Digest: digest, Size: 1000}},
		Referrers: &image.Referrers{Items: []image.Referrer{
			{Kind: image.Provenance, PredicateType: "https://slsa.dev/provenance/v1", Digest: digest, Size: 1, Place: image.InIndex, Subject: digest},
		}},
		Matched: true, os: &image.Distribution{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
		read: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	add := func(severity finding.Severity, id, ecosystem, name, version, fixed, path string, kev bool) {
		r.Packages = append(r.Packages, image.Package{Ecosystem: ecosystem, Name: name, Version: version, Path: path})
		r.Vulnerabilities = append(r.Vulnerabilities, finding.VulnerabilityFinding{
			Vulnerability: id, Severity: severity, Ecosystem: ecosystem, Package: name, Version: version, Fixed: fixed, Path: path, KEV: kev,
		})
	}
	const dpkg = "var/lib/dpkg/status"
	for _, name := range []string{"libssl3", "openssl"} {
		for _, id := range []string{"CVE-2024-0003", "CVE-2024-0001", "CVE-2024-0002"} {
			add(finding.High, id, "Debian:12", name, "3.0.11-1~deb12u1", "3.0.14-1~deb12u2", dpkg, false)
		}
	}
	add(finding.Unknown, "CVE-2005-2541", "Debian:12", "tar", "1.34+dfsg-1", "", dpkg, false)
	for i := range 9 {
		add(finding.Critical, "CVE-2021-44228", "Maven", "org.apache.logging.log4j:log4j-core-with-a-long-name", "2.14.1", "2.15.0",
			"opt/application/lib/"+strings.Repeat("deep/", 12)+string(rune('a'+i))+".jar", true)
	}
	add(finding.Medium, "GHSA-\x1b[2J", "npm", "evil\x1b]0;owned\x07", "1", "2", "app/evil\u202e.json", false)
	r.Checks = []finding.CheckFinding{
		{Check: "image/user-root", Severity: finding.Medium, Detail: "The image sets no user, which means root.", Layer: -1},
		{Check: "image/file-setuid", Severity: finding.Low, Detail: "/bin/su runs as user 0.", Path: "bin/su"},
	}
	return r
}

// TestPrintScan compares the table with what was looked at, narrow and wide.
func TestPrintScan(t *testing.T) {
	t.Parallel()
	for file, width := range map[string]int{"scan_80.txt": 80, "scan_140.txt": 140} {
		var b bytes.Buffer
		if err := printScanAt(&b, printed(), width); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%s: a line has %d characters: %q", file, n, line)
			}
		}
		if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
			t.Errorf("%s: a name moves the cursor", file)
		}
		golden := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s mismatch (-want +got):\n%s", file, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{"", []string{""}},
		{"one", []string{"one"}},
		{"one two three", []string{"one two", "three"}},
		{"org.example:long-name 1", []string{"org.examp", "le:long-", "name 1"}},
		{"aaaaaaaaaaaaa", []string{"aaaaaaaaa", "aaaa"}},
		{"äöüäöüäöüäöü", []string{"äöüäöüäöü", "äöü"}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.in, 9)); diff != "" {
			t.Errorf("wrap(%q) mismatch (-want +got):\n%s", tt.in, diff)
		}
	}
}

// TestScanFormats writes each format to a file.
func TestScanFormats(t *testing.T) {
	t.Parallel()
	dir, _ := advisories(t)
	path := forms(t, npmImage(t, "4.17.15"))["layout"]
	formats := []string{"json"}
	for _, f := range export.ReportFormats {
		formats = append(formats, f.Name)
	}
	for _, format := range formats {
		out := filepath.Join(t.TempDir(), format)
		code, stdout, stderr := call(t, "scan", path, "--platform", "linux/amd64", "--advisories", dir, "--format", format, "--output", out, "--fail-on", "high")
		if code != exitFindings || stdout != "" || !strings.Contains(stderr, "Wrote "+out+": 1 critical vulnerability in 1 package; ") {
			t.Errorf("--format %s: exit %d, says %q and %q", format, code, stdout, stderr)
		}
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil || !strings.Contains(string(raw), "CVE-2026-0001") || !strings.Contains(string(raw), "lodash") {
			t.Errorf("--format %s: %v in %q", format, err, raw)
		}
	}
}
