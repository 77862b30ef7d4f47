package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// TestAllFindings has two images of different workloads in different clusters;
// both hold lodash, at different places.
func TestAllFindings(t *testing.T) {
	t.Parallel()
	e := openExposureEstate(t)
	apply(t, e.DB, e.exposure, complete, inventory.Exposure{Workload: workload(1).UID, Via: "aws.elbv2.load_balancer", Address: "web.example"})
	for n, packages := range map[int][]image.Package{
		1: {
			{Ecosystem: "npm", Name: "lodash", Version: "4.17.15", Path: "srv/a/package.json", Layer: 3},
			{Ecosystem: "npm", Name: "lodash", Version: "4.17.15", Path: "srv/b/package.json", Layer: 5},
			{Ecosystem: "npm", Name: "express", Version: "4.0.0", Path: "srv/express/package.json", Layer: 0},
		},
		4: {{Ecosystem: "npm", Name: "lodash", Version: "4.17.15", Path: "app/package.json", Layer: 7}},
	} {
		ref := reference
		ref.Digest = digest(n)
		scans := resolve(t, e.DB, postgres.Resolution{Reference: ref, Manifest: manifest(n, "amd64")})
		if err := e.SaveScan(t.Context(), postgres.ScanResult{
			Image: scans[0].ID, Version: 1, Inventory: image.Inventory{Packages: packages},
		}, nil); err != nil {
			t.Fatal(err)
		}
		importAdvisories(t, e.DB, nil, lodash(""), advisory.Advisory{
			ID: "GHSA-2", Aliases: []string{"CVE-2022-2"}, Vulnerabilities: []string{"CVE-2022-2"},
			Affected: []advisory.Affected{{Ecosystem: "npm", Name: "express", Ranges: []advisory.Range{{Fixed: "4.1.0"}}}},
		})
		if err := e.MatchImage(t.Context(), scans[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	find := func(q view.FindingQuery) []string {
		t.Helper()
		got := []string{}
		for f, err := range e.Reader(tenant).AllFindings(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(f.Digest[len(f.Digest)-1:], " ", f.Vulnerability, " ", f.Package, " ", f.Path, " ", f.Layer, " ",
				f.Workloads, "/", f.Exposed, "/", f.ExposureUnknown))
		}
		return got
	}
	const (
		first  = "1 CVE-2021-1 lodash srv/a/package.json 3 1/1/0"
		second = "1 CVE-2022-2 express srv/express/package.json 0 1/1/0"
		third  = "4 CVE-2021-1 lodash app/package.json 7 1/0/1"
	)
	yes, no := true, false
	for name, test := range map[string]struct {
		q    view.FindingQuery
		want []string
	}{
		"severity":        {view.FindingQuery{Severity: finding.High, Package: "lodash", Workloads: view.WorkloadQuery{Region: "eu-west-1"}}, []string{first}},
		"unrated":         {view.FindingQuery{Vulnerability: "CVE-2022-2"}, []string{second}},
		"exposed":         {view.FindingQuery{Workloads: view.WorkloadQuery{Exposed: view.ExposedYes}}, []string{first, second}},
		"exposure":        {view.FindingQuery{Workloads: view.WorkloadQuery{Exposed: view.ExposedUnknown}}, []string{third}},
		"not_exposed":     {view.FindingQuery{Workloads: view.WorkloadQuery{Exposed: view.ExposedNo}}, []string{}},
		"fixed":           {view.FindingQuery{Fixed: &yes}, []string{second}},
		"image":           {view.FindingQuery{Workloads: view.WorkloadQuery{Image: digest(4)}}, []string{third}},
		"account":         {view.FindingQuery{Workloads: view.WorkloadQuery{Account: "444455556666"}}, []string{}},
		"kev":             {view.FindingQuery{KEV: &yes}, []string{}},
		"not_kev_not_fix": {view.FindingQuery{KEV: &no, Fixed: &no, Workloads: view.WorkloadQuery{Region: "us-east-1"}}, []string{third}},
	} {
		if diff := cmp.Diff(test.want, find(test.q)); diff != "" {
			t.Errorf("%s mismatch (-want +got):\n%s", name, diff)
		}
	}
	all := find(view.FindingQuery{})
	if len(all) != 3 {
		t.Fatalf("findings = %q, want three", all)
	}
	// The findings of an image stand together, the worst first.
	if all[0] == second || all[1] == third && all[0] == first {
		t.Errorf("findings = %q, want them image by image, worst first", all)
	}
	images, err := e.Reader(tenant).Images(t.Context(), view.ImageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images.Items {
		if want := map[string]int{digest(1): 1}[i.Digest]; i.Unknown != want {
			t.Errorf("image %s has %d unrated vulnerabilities, want %d", i.Digest, i.Unknown, want)
		}
	}
	page, err := e.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{Name: "service-1"})
	if err != nil || len(page.Items) != 1 || page.Items[0].Unknown != 1 {
		t.Errorf("workload = %+v, %v, want one unrated vulnerability", page.Items, err)
	}
	v, err := e.Reader(tenant).Vulnerability(t.Context(), "CVE-2021-1")
	if err != nil || v.Workloads != 2 || v.Exposed != 1 || v.ExposureUnknown != 1 {
		t.Errorf("vulnerability = %+v, %v, want two workloads, one exposed, one not known", v, err)
	}
}

// TestExploitedFirst has an exploited vulnerability that nobody rated: it comes
// before a high one of its image, and its image before one with a critical one.
func TestExploitedFirst(t *testing.T) {
	t.Parallel()
	e := openExposureEstate(t)
	fixed := func(id, name string, severity finding.Severity) advisory.Advisory {
		return advisory.Advisory{
			ID: id, Vulnerabilities: []string{id}, Severity: severity,
			Affected: []advisory.Affected{{Ecosystem: "npm", Name: name, Ranges: []advisory.Range{{Fixed: "2.0.0"}}}},
		}
	}
	importAdvisories(t, e.DB, nil,
		fixed("CVE-2022-1", "express", finding.Unknown), fixed("CVE-2022-2", "lodash", finding.High), fixed("CVE-2022-3", "qs", finding.Critical))
	exploited := &advisory.KEV{Exploited: map[string]advisory.Exploited{"CVE-2022-1": {Name: "x", Added: time.Now()}}}
	if err := e.SaveKEV(t.Context(), "cisa/kev", exploited, advisory.State{}); err != nil {
		t.Fatal(err)
	}
	for n, names := range map[int][]string{1: {"express", "lodash"}, 4: {"qs"}} {
		var packages []image.Package
		for _, name := range names {
			packages = append(packages, image.Package{Ecosystem: "npm", Name: name, Version: "1.0.0", Path: name + "/package.json"})
		}
		ref := reference
		ref.Digest = digest(n)
		scans := resolve(t, e.DB, postgres.Resolution{Reference: ref, Manifest: manifest(n, "amd64")})
		result := postgres.ScanResult{Image: scans[0].ID, Version: 1, Inventory: image.Inventory{Packages: packages}}
		if err := e.SaveScan(t.Context(), result, nil); err != nil {
			t.Fatal(err)
		}
		if err := e.MatchImage(t.Context(), scans[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	var images, all, one []string
	for q := (view.ImageQuery{Paging: view.Paging{Limit: 1}}); ; {
		page, err := e.Reader(tenant).Images(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Items {
			images = append(images, i.Digest)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for f, err := range e.Reader(tenant).AllFindings(t.Context(), view.FindingQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Vulnerability)
	}
	d, err := e.Reader(tenant).Image(t.Context(), digest(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Vulnerabilities {
		one = append(one, f.Vulnerability)
	}
	got := map[string][]string{"images": images, "all": all, "one": one}
	// Two more images of the estate were not scanned.
	want := map[string][]string{
		"images": {digest(1), digest(4), digest(3), digest(2)}, "all": {"CVE-2022-1", "CVE-2022-2", "CVE-2022-3"}, "one": {"CVE-2022-1", "CVE-2022-2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
