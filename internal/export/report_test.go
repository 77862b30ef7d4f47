package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// Update is the flag of all tests of the package.
var Update = flag.Bool("update", false, "write the golden files")

// schemas are the files of the formats' schemas.
var schemas = map[string]string{
	"cyclonedx": "bom-1.6.schema.json", "spdx": "spdx-2.3.schema.json", "sarif": "sarif-2.1.0.schema.json",
}

func digestOf(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// report returns a report with one of everything, some of it hostile.
func report() *Report {
	return &Report{
		Name:      "registry.example:5000/shop/cart:1.4",
		Reference: image.Reference{Host: "registry.example:5000", Repository: "shop/cart", Tag: "1.4"},
		Manifest: image.Manifest{
			Digest: digestOf("a"), ConfigDigest: digestOf("b"), Platform: image.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"},
			Layers: []image.Layer{{Digest: digestOf("1"), Size: 10}, {Digest: digestOf("2"), Size: 20}},
		},
		Distribution: &image.Distribution{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
		Packages: []image.Package{
			{
				Ecosystem: "npm", Name: "lodash", Version: "4.17.15", PURL: "pkg:npm/lodash@4.17.15",
				Path: "app/node_modules/lodash/package.json", Layer: 1,
			},
			{
				Ecosystem: "npm", Name: "lodash", Version: "4.17.15", PURL: "pkg:npm/lodash@4.17.15",
				Path: "opt/a b:c/node_modules/lodash/package.json", Layer: 1,
			},
			{
				Ecosystem: "npm", Name: "lodash", Version: "4.17.15", PURL: "pkg:npm/lodash@4.17.15",
				Path: "usr/share/nodejs/lodash/package.json", Layer: 0, OwnedBy: "node-lodash",
			},
			{
				Ecosystem: "Debian:12", Name: "libssl3", Version: "3.0.11-1", Source: "openssl", Architecture: "arm64",
				PURL: "pkg:deb/debian/libssl3@3.0.11-1?arch=arm64&distro=debian-12", Path: "var/lib/dpkg/status", Layer: 0,
			},
			{
				Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1",
				PURL: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", Path: "app/app.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar", Layer: 1,
			},
		},
		Vulnerabilities: []finding.VulnerabilityFinding{
			{
				Vulnerability: "CVE-2021-0001", Advisory: "GHSA-aaaa", Summary: "Injection in [lodash](https://evil.example) <b>.", Severity: finding.High,
				Ecosystem: "npm", Package: "lodash", Version: "4.17.15", Fixed: "4.17.21", Path: "app/node_modules/lodash/package.json", Layer: 1,
			},
			{
				Vulnerability: "CVE-2021-0001", Advisory: "GHSA-aaaa", Summary: "Injection in [lodash](https://evil.example) <b>.", Severity: finding.High,
				Ecosystem: "npm", Package: "lodash", Version: "4.17.15", Fixed: "4.17.21", Path: "opt/a b:c/node_modules/lodash/package.json", Layer: 1,
			},
			{
				Vulnerability: "CVE-2021-44228", Advisory: "GHSA-jfh8", Summary: "Remote code execution", Severity: finding.Critical, KEV: true,
				Ecosystem: "Maven", Package: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Fixed: "2.15.0",
				Path: "app/app.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar", Layer: 1,
			},
			{
				Vulnerability: "DEBIAN-CVE-2024-1", Advisory: "DEBIAN-CVE-2024-1", Ecosystem: "Debian:12", Package: "libssl3", Version: "3.0.11-1",
				Path: "var/lib/dpkg/status", Layer: 0,
			},
		},
		Matched: true,
		Checks: []finding.CheckFinding{
			{Check: "image/user-root", Severity: finding.Medium, Detail: "The image sets no user, which means root.", Layer: -1},
			{Check: "image/file-setuid", Severity: finding.Low, Detail: "Setuid root.", Path: "usr/bin/../bin/helper", Layer: 1},
			{Check: "image/unknown-check", Severity: finding.High, Detail: "A check that nobody describes.", Layer: -1},
		},
		Rules: []finding.Check{
			{
				ID: "image/user-root", Title: "The image runs as root", Severity: finding.Medium, Why: "Because.", Remediation: "Set USER.",
				References: []string{"CIS Docker 4.1"},
			},
			{ID: "image/file-setuid", Title: "A file is setuid root", Severity: finding.Low, Why: "Because.", Remediation: "Remove the bit."},
		},
		Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600)), Version: "1.2.3",
	}
}

// bare returns a report of an archive without manifest, of which a part was
// read and nothing found.
func bare() *Report {
	return &Report{
		Name:     "./out/image.tar",
		Manifest: image.Manifest{ConfigDigest: digestOf("b"), Platform: image.Platform{OS: "linux", Architecture: "amd64"}},
		Partial:  "layer 0: over the limit", Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Version: "development",
	}
}

func written(t *testing.T, f ReportFormat, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteReport(&b, f, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// schemaOf returns the official schema of a format.
func schemaOf(t *testing.T, format string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for url, file := range map[string]string{
		"http://cyclonedx.org/schema/bom-1.6.schema.json":  "bom-1.6.schema.json",
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schema.json",
		"http://test.invalid/spdx-2.3.schema.json":         "spdx-2.3.schema.json",
		"http://test.invalid/sarif-2.1.0.schema.json":      "sarif-2.1.0.schema.json",
	} {
		raw, err := os.Open(filepath.Join("testdata", "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(raw)
		raw.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	c.AssertFormat()
	base := "http://test.invalid/"
	if format == "cyclonedx" {
		base = "http://cyclonedx.org/schema/"
	}
	s, err := c.Compile(base + schemas[format])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReports compares every format with its golden file and with the schema
// of those who defined it.
func TestReports(t *testing.T) {
	t.Parallel()
	for _, f := range ReportFormats {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			schema := schemaOf(t, f.Name)
			for name, r := range map[string]*Report{"full": report(), "bare": bare()} {
				got := written(t, f, r)
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := schema.Validate(doc); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if err := schema.Validate(map[string]any{"version": "0"}); err == nil {
					t.Errorf("the schema of %s takes anything", f.Name)
				}
				golden := filepath.Join("testdata", "golden", name+f.Extension)
				if *Update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s mismatch (-want +got):\n%s", golden, diff)
				}
			}
			// The order in which things were found is no property of the image.
			turned := report()
			slices.Reverse(turned.Packages)
			slices.Reverse(turned.Vulnerabilities)
			slices.Reverse(turned.Checks)
			if diff := cmp.Diff(string(written(t, f, report())), string(written(t, f, turned))); diff != "" {
				t.Errorf("the document depends on the order (-one +other):\n%s", diff)
			}
		})
	}
}

// TestReportsRefer checks what schemas cannot: identifiers are unique, and
// references lead somewhere.
func TestReportsRefer(t *testing.T) {
	t.Parallel()
	var bom struct {
		SerialNumber string
		Components   []struct {
			Ref string `json:"bom-ref"`
		}
		Dependencies    []struct{ DependsOn []string }
		Vulnerabilities []struct{ Affects []struct{ Ref string } }
	}
	if err := json.Unmarshal(written(t, cyclonedxFormat, report()), &bom); err != nil {
		t.Fatal(err)
	}
	refs := map[string]bool{}
	for _, c := range bom.Components {
		if refs[c.Ref] {
			t.Errorf("two components are called %q", c.Ref)
		}
		refs[c.Ref] = true
	}
	if len(refs) != 6 || len(bom.Vulnerabilities) != 3 {
		t.Errorf("%d components and %d vulnerabilities, want 6 and 3", len(refs), len(bom.Vulnerabilities))
	}
	for _, v := range bom.Vulnerabilities {
		for _, a := range v.Affects {
			if !refs[a.Ref] {
				t.Errorf("nothing is called %q", a.Ref)
			}
		}
	}
	for _, ref := range bom.Dependencies[0].DependsOn {
		if !refs[ref] {
			t.Errorf("nothing is called %q", ref)
		}
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID              string
				RuleIndex           int
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(written(t, sarifFormat, report()), &log); err != nil {
		t.Fatal(err)
	}
	run, prints := log.Runs[0], map[string]bool{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result of %s refers to rule %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
		print := r.PartialFingerprints["primaryLocationLineHash"]
		if print == "" || prints[print] {
			t.Errorf("result of %s has the fingerprint %q, want one of its own", r.RuleID, print)
		}
		prints[print] = true
	}
	if len(run.Results) != 7 || len(run.Tool.Driver.Rules) != 6 {
		t.Errorf("%d results of %d rules, want 7 of 6", len(run.Results), len(run.Tool.Driver.Rules))
	}
}

// TestReportOfFile has a layout whose name could be a reference: nothing says
// that a registry has the image.
func TestReportOfFile(t *testing.T) {
	t.Parallel()
	r := report()
	r.Name, r.Reference = "cart", image.Reference{}
	for _, f := range ReportFormats {
		if got := string(written(t, f, r)); strings.Contains(got, "pkg:oci/") || strings.Contains(got, "docker.io") || strings.Contains(got, "library/") {
			t.Errorf("%s claims a place in a registry: %s", f.Name, got)
		}
	}
}

func TestReportFormatNamed(t *testing.T) {
	t.Parallel()
	for _, f := range ReportFormats {
		if got, err := ReportFormatNamed(f.Name); err != nil || got.Name != f.Name {
			t.Errorf("ReportFormatNamed(%q) = %q, %v", f.Name, got.Name, err)
		}
	}
	if _, err := ReportFormatNamed("pdf"); err == nil || !strings.Contains(err.Error(), "cyclonedx, sarif, spdx") {
		t.Errorf("ReportFormatNamed(pdf) = %v, want what there is", err)
	}
}
