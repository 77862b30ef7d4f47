package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/view"
)

// TestDifferentVulnerabilities looks at vulnerabilities that several packages
// have: every count but that of the findings has them once.
func TestDifferentVulnerabilities(t *testing.T) {
	t.Parallel()
	d := view.ImageDetail{Layers: make([]image.Layer, 2)}
	d.Digest, d.ScanState = "sha256:"+strings.Repeat("ab", 32), "scanned"
	d.Vulnerabilities = []finding.VulnerabilityFinding{
		{Vulnerability: "CVE-1", KEV: true, Package: "libc6"},
		{Vulnerability: "CVE-1", KEV: true, Package: "libc-bin"},
		{Vulnerability: "CVE-2", Severity: finding.High, Package: "openssl"},
		{Vulnerability: "CVE-2", Severity: finding.High, Package: "openssl", Layer: 1},
		{Vulnerability: "CVE-3", Severity: finding.Low, Package: "tar", Layer: 1},
	}
	want := []layer{{Vulnerabilities: 2, Urgent: 2}, {Vulnerabilities: 2, Urgent: 1}}
	if diff := cmp.Diff(want, layers(d), cmpopts.IgnoreFields(layer{}, "Layer")); diff != "" {
		t.Errorf("layers (-want +got):\n%s", diff)
	}
	page := getPage(t, newHandler(&fakeStore{images: []view.ImageDetail{d}}), imageURL(d.Digest), http.StatusOK).text("main")
	if want := "5 findings, one for each package, of 3 vulnerabilities"; !strings.Contains(page, want) {
		t.Errorf("the page shows %q, want it to hold %q", page, want)
	}
}
