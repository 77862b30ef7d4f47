//go:build e2e

package e2e

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/e2e/rig/browser"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// demoTime is how long after its build "make demo" may take to show a populated
// dashboard.
const demoTime = 2 * time.Minute

// TestDemo runs what "make demo" does, with a private PostgreSQL. It runs alone,
// as its time counts.
func TestDemo(t *testing.T) {
	i := install(t)
	began := time.Now()
	up := i.serve(t, "up", "--demo")
	status := ask[view.Status](t, i, "status", "--wait")
	took := time.Since(began)
	t.Logf("first pass done after %s: %d workloads, %v images", took.Round(100*time.Millisecond), status.Workloads, status.Images)
	if took > demoTime {
		t.Errorf("the first pass took %s, want at most %s", took, demoTime)
	}
	if !status.FirstPass || status.Images["scanned"] == 0 || len(status.Vulnerabilities) == 0 {
		t.Errorf("status = %+v, want a first pass with scanned images and vulnerabilities", status)
	}
	// The simulation is the same for the same seed.
	want := simulate(t).truth(t)
	shown := shownWorkloads(i.workloads(t))
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("workloads mismatch (-truth +got):\n%s", diff)
	}
	answers := map[view.Exposed]int{}
	for _, w := range want {
		answers[w.Exposed]++
	}
	if status.Workloads != len(want) || status.Exposed != answers[view.ExposedYes] || status.ExposureUnknown != answers[view.ExposedUnknown] {
		t.Errorf("status counts %d workloads, %d exposed, %d unknown, want %d, %v",
			status.Workloads, status.Exposed, status.ExposureUnknown, len(want), answers)
	}
	if answers[view.ExposedUnknown] == 0 || status.Covered {
		t.Errorf("the demo has %v and covered = %t, want a gap that leaves exposures unknown", answers, status.Covered)
	}
	t.Run("doctor", func(t *testing.T) { checkDoctor(t, i) })
	t.Run("pages", func(t *testing.T) { checkPages(t, i) })
	t.Run("browser", func(t *testing.T) { checkBrowser(t, i) })
	up.Stop(t)
}

// checkDoctor looks for an explanation of every gap of the simulated estate: a
// denied call, what depends on it, and a cluster that does not answer.
func checkDoctor(t *testing.T, i *installation) {
	outcomes := map[string]inventory.Outcome{}
	for _, gap := range list[view.Scope](t, i, "doctor") {
		outcomes[gap.Collector] = gap.Outcome
		if gap.Reason == "" || gap.Remedy == "" {
			t.Errorf("gap %s: reason %q, remedy %q, want both", gap.ScopeKey, gap.Reason, gap.Remedy)
		}
		if gap.Outcome == inventory.Denied && gap.Permission != "elasticloadbalancing:DescribeLoadBalancers" {
			t.Errorf("gap %s names the permission %q", gap.ScopeKey, gap.Permission)
		}
	}
	want := map[string]inventory.Outcome{"elbv2": inventory.Denied, "exposure": inventory.Denied, "kubernetes": inventory.Unreachable}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("gaps mismatch (-want +got):\n%s", diff)
	}
}

// link is the target of a link, a style sheet, a script or a picture.
var link = regexp.MustCompile(`(?:href|src)="([^"#]+)`)

// pagesOfAKind is how many pages are loaded of those that differ in one name.
const pagesOfAKind = 25

// checkPages follows all links from the overview.
func checkPages(t *testing.T, i *installation) {
	base, err := url.Parse(i.url)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	seen := map[string]bool{"/": true}
	for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
		page := queue[0]
		body := getPage(t, base.String()+page)
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			u, err := base.Parse(page)
			if err == nil {
				u, err = u.Parse(html.UnescapeString(m[1]))
			}
			if err != nil {
				t.Errorf("page %s links to %q: %v", page, m[1], err)
				continue
			}
			next := u.RequestURI()
			if u.Host != base.Host || seen[next] {
				continue
			}
			seen[next] = true
			kind, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
			if kinds[kind]++; kinds[kind] <= pagesOfAKind {
				queue = append(queue, next)
			}
		}
	}
	for _, kind := range []string{"workloads", "images", "vulnerabilities", "coverage", "scans", "accounts"} {
		if kinds[kind] == 0 {
			t.Errorf("no page links to /%s", kind)
		}
	}
	t.Logf("links by the first part of their path: %v", kinds)
}

// getPage loads a page, which must be there and forbid foreign content.
func getPage(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		t.Errorf("GET %s: %s", address, r.Status)
	}
	if policy := r.Header.Get("Content-Security-Policy"); strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && !strings.Contains(policy, "default-src 'none'") && !strings.Contains(policy, "default-src 'self'") {
		t.Errorf("GET %s: Content-Security-Policy is %q", address, policy)
	}
	return string(body)
}

// checkBrowser loads one page of each kind in a browser, which must have
// nothing to complain of.
func checkBrowser(t *testing.T, i *installation) {
	program := need(t, "chromium", "chromium-browser", "google-chrome")
	pages := []string{"/", "/workloads", "/images", "/vulnerabilities", "/coverage", "/accounts", "/scans", "/unresolved"}
	for _, w := range list[view.Workload](t, i, "workloads", "--exposed", "true", "--limit", "1") {
		pages = append(pages, "/workloads/"+w.Key)
	}
	for _, m := range list[view.Image](t, i, "images", "--severity", "high", "--limit", "1") {
		pages = append(pages, "/images/"+m.Digest)
		d := ask[view.ImageDetail](t, i, "image", m.Digest)
		if len(d.Vulnerabilities) > 0 {
			pages = append(pages, "/vulnerabilities/"+d.Vulnerabilities[0].Vulnerability)
		}
	}
	if len(pages) != 11 {
		t.Errorf("pages to load are %q, want one of a workload, an image and a vulnerability", pages)
	}
	for _, page := range pages {
		document, messages := browser.Load(t, program, i.url+page)
		if !strings.Contains(document, "<main") {
			t.Errorf("page %s has no main part: %.300s", page, document)
		}
		for _, m := range messages {
			t.Errorf("page %s: %s", page, m)
		}
	}
}
