package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// A scanReport is what the scan command prints as JSON, and what its other
// formats are made of.
type scanReport struct {
	Reference string `json:"reference"`
	// Digest is that of the manifest; empty for an archive of docker save,
	// which holds none.
	Digest string `json:"digest,omitempty"`
	// ConfigDigest is what Docker calls the image ID.
	ConfigDigest string `json:"config_digest"`
	Platform     string `json:"platform"`
	Distribution string `json:"distribution,omitempty"`
	Partial      string `json:"partial,omitempty"`
	// Unmatched explains why the distribution's packages are compared with no
	// advisories.
	Unmatched string        `json:"unmatched,omitempty"`
	Layers    []image.Layer `json:"layers"`
	// Referrers are what the registry keeps about the image: present, not
	// verified. There are none without a registry.
	Referrers       *image.Referrers               `json:"referrers,omitempty"`
	Packages        []image.Package                `json:"packages"`
	Vulnerabilities []finding.VulnerabilityFinding `json:"vulnerabilities"`
	Checks          []finding.CheckFinding         `json:"checks"`
	// Matched is whether advisories were given: no vulnerabilities mean
	// something only then.
	Matched bool `json:"matched"`
	// NotCompared are the ecosystems of packages that the given advisories
	// have nothing about.
	NotCompared []string `json:"not_compared,omitempty"`

	ref      image.Reference // zero for an image in a file
	os       *image.Distribution
	manifest image.Manifest
	read     time.Time
}

func newScanReport(name string, m image.Manifest, result *scan.Result, referrers *image.Referrers) scanReport {
	m = check.Redact(m) // Build steps may hold secrets.
	// The worst first, and the places of one check together.
	slices.SortStableFunc(result.Checks, func(a, b finding.CheckFinding) int { return int(b.Severity) - int(a.Severity) })
	return scanReport{
		Reference: name, Digest: m.Digest, ConfigDigest: m.ConfigDigest, Platform: m.Platform.String(), Distribution: result.Ecosystem,
		Partial: result.Inventory.Partial, Unmatched: result.Inventory.Unmatched, Layers: append([]image.Layer{}, m.Layers...), Referrers: referrers,
		Packages:        append([]image.Package{}, result.Inventory.Packages...),
		Vulnerabilities: []finding.VulnerabilityFinding{},
		Checks:          append([]finding.CheckFinding{}, result.Checks...),
		os:              result.Inventory.Distribution, manifest: m, read: time.Now(),
	}
}

// scanWriter returns what writes a report in the format.
func scanWriter(format string) (func(io.Writer, scanReport) error, error) {
	switch format {
	case "table":
		return printScan, nil
	case "json":
		return func(w io.Writer, r scanReport) error { return printJSON(w, r) }, nil
	}
	f, err := export.ReportFormatNamed(format)
	if err != nil {
		return nil, fmt.Errorf("--format %q is none of %s", format, strings.Join(scanFormats(), ", "))
	}
	return func(w io.Writer, r scanReport) error { return export.WriteReport(w, f, r.export()) }, nil
}

// export returns the report in the terms of the export formats.
func (r scanReport) export() *export.Report {
	return &export.Report{
		Name: r.Reference, Reference: r.ref, Manifest: r.manifest, Distribution: r.os, Packages: r.Packages, Partial: r.Partial,
		Vulnerabilities: r.Vulnerabilities, Matched: r.Matched, Checks: r.Checks, Rules: check.All(), Time: r.read, Version: version(),
	}
}

// found says in one line what was found.
func (r scanReport) found() string {
	vulnerabilities := "vulnerabilities not looked for"
	if r.Matched {
		vulnerabilities = r.countVulnerabilities()
	}
	return vulnerabilities + "; " + r.countChecks()
}

// countVulnerabilities counts the vulnerabilities by severity, each once
// however many packages have it.
func (r scanReport) countVulnerabilities() string {
	worst := map[string]finding.Severity{}
	exploited := map[string]bool{}
	packages := map[string]bool{}
	for _, v := range r.Vulnerabilities {
		worst[v.Vulnerability] = max(worst[v.Vulnerability], v.Severity)
		exploited[v.Vulnerability] = exploited[v.Vulnerability] || v.KEV
		packages[v.Ecosystem+" "+v.Package] = true
	}
	if len(worst) == 0 {
		return "no vulnerabilities in these advisories"
	}
	counts := map[finding.Severity]int{}
	for _, s := range worst {
		counts[s]++
	}
	text := fmt.Sprintf("%s in %s", bySeverity(counts, "vulnerability", "vulnerabilities"), plural(len(packages), "package"))
	n := 0
	for _, e := range exploited {
		if e {
			n++
		}
	}
	if n > 0 {
		text += fmt.Sprintf(", %d known to be exploited", n)
	}
	return text
}

// countChecks counts the failed checks by severity, each once however many
// places fail it.
func (r scanReport) countChecks() string {
	worst := map[string]finding.Severity{}
	for _, c := range r.Checks {
		if c.Severity > finding.Informational {
			worst[c.Check] = max(worst[c.Check], c.Severity)
		}
	}
	if len(worst) == 0 {
		return "no failed checks"
	}
	counts := map[finding.Severity]int{}
	for _, s := range worst {
		counts[s]++
	}
	return bySeverity(counts, "failed check", "failed checks")
}

// bySeverity returns "2 critical, 1 low vulnerabilities".
func bySeverity(counts map[finding.Severity]int, one, many string) string {
	var parts []string
	total := 0
	for s := finding.Critical; s >= finding.Unknown; s-- {
		name := s.String()
		if s == finding.Unknown {
			name = "unrated"
		}
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], name))
			total += counts[s]
		}
	}
	noun := many
	if total == 1 {
		noun = one
	}
	return strings.Join(parts, ", ") + " " + noun
}

// uniqueStrings returns the different strings in order.
func uniqueStrings(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }
