package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

func manifest(n int, arch string) *image.Manifest {
	return &image.Manifest{
		Digest: digest(n), MediaType: "application/vnd.oci.image.manifest.v1+json", ConfigDigest: digest(n + 1000),
		Platform: image.Platform{OS: "linux", Architecture: arch},
		Layers:   []image.Layer{{Digest: digest(n + 2000), DiffID: digest(n + 3000), Size: 10}},
		Config:   image.Config{User: "app", EnvNames: []string{"PATH"}},
	}
}

func resolve(t *testing.T, db *postgres.DB, r postgres.Resolution) (scans []postgres.ImageState) {
	t.Helper()
	r.Tenant = tenant
	err := db.SaveResolution(t.Context(), r, func(_ context.Context, _ pgx.Tx, s postgres.ImageState) error {
		scans = append(scans, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return scans
}

func container(t *testing.T, db *postgres.DB, uid string) view.Container {
	t.Helper()
	d, err := db.Reader(tenant).Workload(t.Context(), uid, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Containers[0]
}

var reference = postgres.Reference{Host: "registry.example", Repository: "shop/app-1", Architecture: "amd64"}

func TestResolveIndex(t *testing.T) {
	t.Parallel()
	children := []inventory.PlatformManifest{
		{Digest: digest(11), OS: "linux", Architecture: "amd64"},
		{Digest: digest(12), OS: "linux", Architecture: "arm64"},
	}
	t.Run("one_child_fits", func(t *testing.T) {
		t.Parallel()
		db := openWithScope(t)
		collect(t, db, complete, workload(1))
		if got := container(t, db, workload(1).UID); got.ImageDigest != digest(1) || got.ScanState != "new" {
			t.Errorf("before the registry was asked: %+v, want the digest that runs", got)
		}
		ref := reference
		ref.Digest = digest(1)
		scans := resolve(t, db, postgres.Resolution{Reference: ref, Index: digest(1), Children: children, Manifest: manifest(11, "amd64")})
		if len(scans) != 1 || scans[0].Digest != digest(11) {
			t.Errorf("scans = %+v, want the child", scans)
		}
		if got := container(t, db, workload(1).UID); got.ImageDigest != digest(11) || got.Unresolved != "" {
			t.Errorf("container = %+v, want the child of its architecture", got)
		}
		images, err := db.Reader(tenant).Images(t.Context(), view.ImageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if len(images.Items) != 1 || images.Items[0].Platform != "linux/amd64" {
			t.Errorf("images = %+v, want only the child", images.Items)
		}
	})
	t.Run("none_fits", func(t *testing.T) {
		t.Parallel()
		db := openWithScope(t)
		w := workload(1)
		w.Containers[0].Architecture = "s390x"
		collect(t, db, complete, w)
		ref := reference
		ref.Digest = digest(1)
		resolve(t, db, postgres.Resolution{Reference: ref, Index: digest(1), Children: children, Problem: "no manifest for s390x"})
		if got := container(t, db, w.UID); got.ImageDigest != "" || got.Unresolved == "" {
			t.Errorf("container = %+v, want unresolved with a reason", got)
		}
	})
	t.Run("registry_denies", func(t *testing.T) {
		t.Parallel()
		db := openWithScope(t)
		collect(t, db, complete, workload(1))
		ref := reference
		ref.Digest = digest(1)
		resolve(t, db, postgres.Resolution{Reference: ref, Problem: "pull denied"})
		images, err := db.Reader(tenant).Images(t.Context(), view.ImageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if len(images.Items) != 1 || images.Items[0].ScanState != "failed" || images.Items[0].ScanError != "pull denied" {
			t.Errorf("images = %+v, want the image with the reason", images.Items)
		}
	})
}

func TestResolveTag(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	w := workload(1)
	w.Containers[0].Digest, w.Containers[0].RuntimeImage = "", ""
	collect(t, db, complete, w)
	if got := container(t, db, w.UID); got.ImageDigest != "" || got.Unresolved == "" {
		t.Errorf("container = %+v, want unresolved with a reason", got)
	}
	due, err := db.ReferencesToResolve(t.Context(), tenant, time.Now(), time.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	ref := reference
	ref.Tag = "1.0"
	if diff := cmp.Diff([]postgres.Reference{ref}, due); diff != "" {
		t.Errorf("references to resolve mismatch (-want +got):\n%s", diff)
	}
	resolve(t, db, postgres.Resolution{Reference: ref, TagDigest: digest(11), Manifest: manifest(11, "amd64")})
	got := container(t, db, w.UID)
	if got.ImageDigest != digest(11) || got.TagDigest != digest(11) || got.Drift {
		t.Errorf("container = %+v, want the image of the tag", got)
	}
	// The workload is seen again unchanged but for its replicas: it stays
	// resolved.
	w.Replicas = 5
	collect(t, db, complete, w)
	if got := container(t, db, w.UID); got.ImageDigest != digest(11) {
		t.Errorf("container = %+v, want the image of the tag", got)
	}
}

// scanned collects a workload, resolves its image and saves a scan that found
// the packages.
func scanned(t *testing.T, db *postgres.DB, packages ...image.Package) inventory.ID {
	t.Helper()
	collect(t, db, complete, workload(1))
	ref := reference
	ref.Digest = digest(1)
	scans := resolve(t, db, postgres.Resolution{Reference: ref, Manifest: manifest(1, "amd64")})
	err := db.SaveScan(t.Context(), postgres.ScanResult{
		Image: scans[0].ID, Version: 1, Ecosystem: "Debian:12",
		Inventory: image.Inventory{Distribution: &image.Distribution{ID: "debian", Version: "12"}, Packages: packages},
		Checks:    []finding.CheckFinding{{Check: "image/user-root", Severity: finding.High, Detail: "User is empty", Layer: -1}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return scans[0].ID
}

// TestReferrers keeps what a registry answered, and that it was never asked.
func TestReferrers(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	id := scanned(t, db)
	detail := func() *image.Referrers {
		t.Helper()
		d, err := db.Reader(tenant).Image(t.Context(), digest(1))
		if err != nil {
			t.Fatal(err)
		}
		return d.Referrers
	}
	if got := detail(); got != nil {
		t.Errorf("referrers = %+v before a registry was asked, want none known", got)
	}
	signature := image.Referrer{
		Kind: image.Signature, ArtifactType: "application/vnd.cncf.notary.signature", Digest: digest(5), Size: 7,
		Place: image.InReferrers, Subject: digest(1),
	}
	provenance := image.Referrer{
		Kind: image.Provenance, PredicateType: "https://slsa.dev/provenance/v1", Digest: digest(6), Size: 8,
		Place: image.InIndex, Subject: digest(1),
	}
	for _, want := range []*image.Referrers{
		{Items: []image.Referrer{signature, provenance}, Problem: "denied\uFFFD"},
		{Items: []image.Referrer{provenance}},
		{Items: []image.Referrer{}},
	} {
		if err := db.SaveScan(t.Context(), postgres.ScanResult{Image: id, Version: 1, Referrers: want}, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, detail()); diff != "" {
			t.Errorf("referrers mismatch (-want +got):\n%s", diff)
		}
	}
}

// TestImageIndexes finds the indexes that hold an image.
func TestImageIndexes(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	ref := reference
	ref.Digest = digest(1)
	children := []inventory.PlatformManifest{{Digest: digest(11), OS: "linux", Architecture: "amd64"}}
	scans := resolve(t, db, postgres.Resolution{Reference: ref, Index: digest(1), Children: children, Manifest: manifest(11, "amd64")})
	source, err := db.ImageSource(t.Context(), scans[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{digest(1)}, source.Indexes); diff != "" {
		t.Errorf("indexes mismatch (-want +got):\n%s", diff)
	}
}

func importAdvisories(t *testing.T, db *postgres.DB, removed []string, advisories ...advisory.Advisory) {
	t.Helper()
	var changed []int64
	store := db.Advisories(func(_ context.Context, _ pgx.Tx, ids []int64) error {
		changed = append(changed, ids...)
		return nil
	})
	if err := store.ApplyAdvisories(t.Context(), "osv/test", advisories, removed); err != nil {
		t.Fatal(err)
	}
	if err := db.MatchAdvisories(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
}

func lodash(fixed string) advisory.Advisory {
	return advisory.Advisory{
		ID: "GHSA-1", Aliases: []string{"CVE-2021-1"}, Vulnerabilities: []string{"CVE-2021-1"}, Summary: "Prototype pollution",
		Severity: finding.High, Score: 7.5,
		Affected: []advisory.Affected{{Ecosystem: "npm", Name: "lodash", Ranges: []advisory.Range{{Fixed: fixed}}}},
	}
}

func vulnerabilities(t *testing.T, db *postgres.DB) []string {
	t.Helper()
	d, err := db.Reader(tenant).Image(t.Context(), digest(1))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, v := range d.Vulnerabilities {
		got = append(got, v.Vulnerability+" "+v.Package+" "+v.Version+" fixed "+v.Fixed)
	}
	return got
}

func TestMatchBothWays(t *testing.T) {
	t.Parallel()
	packages := []image.Package{
		{Ecosystem: "npm", Name: "lodash", Version: "4.17.15", Path: "app/node_modules/lodash/package.json", Layer: 2},
		{Ecosystem: "npm", Name: "lodash", Version: "4.17.20", Path: "usr/share/nodejs/lodash/package.json", OwnedBy: "node-lodash"},
	}
	want := []string{"CVE-2021-1 lodash 4.17.15 fixed 4.17.21"}
	t.Run("new_image", func(t *testing.T) {
		t.Parallel()
		db := openWithScope(t)
		importAdvisories(t, db, nil, lodash("4.17.21"))
		id := scanned(t, db, packages...)
		if err := db.MatchImage(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, vulnerabilities(t, db)); diff != "" {
			t.Errorf("vulnerabilities mismatch (-want +got):\n%s", diff)
		}
	})
	t.Run("new_advisory", func(t *testing.T) {
		t.Parallel()
		db := openWithScope(t)
		id := scanned(t, db, packages...)
		if err := db.MatchImage(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		importAdvisories(t, db, nil, lodash("4.17.21"))
		if diff := cmp.Diff(want, vulnerabilities(t, db)); diff != "" {
			t.Errorf("vulnerabilities mismatch (-want +got):\n%s", diff)
		}
		page, err := db.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{Vulnerability: "CVE-2021-1", Severity: finding.High})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != 1 || page.Items[0].High != 1 || page.Items[0].MaxSeverity != finding.High {
			t.Errorf("workloads = %+v, want the one that runs the image, rolled up", page.Items)
		}

		// It is exploited, then it is not what it seemed, then it is withdrawn.
		if err := db.SaveKEV(t.Context(), "cisa/kev", &advisory.KEV{Exploited: map[string]advisory.Exploited{"CVE-2021-1": {Name: "x", Added: time.Now()}}}, advisory.State{}); err != nil {
			t.Fatal(err)
		}
		d, err := db.Reader(tenant).Vulnerability(t.Context(), "GHSA-1")
		if err != nil {
			t.Fatal(err)
		}
		if d.ID != "CVE-2021-1" || !d.KEV || d.Workloads != 1 || len(d.Packages) != 1 || d.KEVAdded.IsZero() {
			t.Errorf("vulnerability = %+v, want CVE-2021-1, exploited, in one workload", d)
		}
		importAdvisories(t, db, nil, lodash("4.17.10"))
		if diff := cmp.Diff([]string{}, vulnerabilities(t, db)); diff != "" {
			t.Errorf("after the range changed (-want +got):\n%s", diff)
		}
		importAdvisories(t, db, nil, lodash("4.17.21"))
		importAdvisories(t, db, []string{"GHSA-1"})
		if diff := cmp.Diff([]string{}, vulnerabilities(t, db)); diff != "" {
			t.Errorf("after the advisory was removed (-want +got):\n%s", diff)
		}
		if _, err := db.Reader(tenant).Vulnerability(t.Context(), "GHSA-1"); !errors.Is(err, view.ErrNotFound) {
			t.Errorf("removed advisory: error %v, want not found", err)
		}
	})
}

// A package of a module is compared with the fixes of its stream, whichever of
// the two comes first.
func TestMatchModule(t *testing.T) {
	t.Parallel()
	rhel := func(version, module string) image.Package {
		return image.Package{Ecosystem: "Red Hat:enterprise_linux:9", Name: "nodejs", Version: version, Module: module, Path: "var/lib/rpm/rpmdb.sqlite"}
	}
	packages := []image.Package{
		rhel("1:22.1.0-1.module+el9+1", "nodejs:22:9080020260101:rhel9"), rhel("1:20.1.0-1.module+el9+1", "nodejs:20:9080020260101:rhel9"),
		rhel("1:16.20.2-8.el9_4", ""),
	}
	fix, err := advisory.Parse([]byte(`{"id": "RHSA-2026:1", "upstream": ["CVE-2026-19534"], "summary": "Important: nodejs:22 security update", "affected": [
		{"package": {"ecosystem": "Red Hat:enterprise_linux:9::appstream", "name": "nodejs"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:22.23.2-2.module+el9.8.0+24958+80b2ac6e"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"CVE-2026-19534 nodejs 1:22.1.0-1.module+el9+1 fixed 1:22.23.2-2.module+el9.8.0+24958+80b2ac6e"}
	for name, steps := range map[string][]func(*testing.T, *postgres.DB){
		"new_image":    {func(t *testing.T, db *postgres.DB) { importAdvisories(t, db, nil, *fix) }, func(t *testing.T, db *postgres.DB) { matchModules(t, db, packages) }},
		"new_advisory": {func(t *testing.T, db *postgres.DB) { matchModules(t, db, packages) }, func(t *testing.T, db *postgres.DB) { importAdvisories(t, db, nil, *fix) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openWithScope(t)
			for _, step := range steps {
				step(t, db)
			}
			if diff := cmp.Diff(want, vulnerabilities(t, db)); diff != "" {
				t.Errorf("vulnerabilities mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func matchModules(t *testing.T, db *postgres.DB, packages []image.Package) {
	t.Helper()
	if err := db.MatchImage(t.Context(), scanned(t, db, packages...)); err != nil {
		t.Fatal(err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	id := scanned(t, db, image.Package{Ecosystem: "npm", Name: "lodash", Version: "4.17.15"})
	importAdvisories(t, db, nil, lodash(""))
	if err := db.MatchImage(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	s, err := db.Reader(tenant).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !s.FirstPass || !s.Covered || s.Workloads != 1 || s.Replicas != 2 || s.Images["scanned"] != 1 || s.Vulnerabilities[finding.High] != 1 {
		t.Errorf("status = %+v, want one scanned image with one high vulnerability", s)
	}
	for i, err := range db.Reader(tenant).AllImages(t.Context(), view.ImageQuery{Package: "lodash", Check: "image/user-root", Name: "SHOP"}) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Digest != digest(1) || i.FailedChecks != 1 {
			t.Errorf("image = %+v, want the scanned one", i)
		}
	}
}

// An image of a distribution without advisories does not look like one without
// vulnerabilities.
func TestUnmatched(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	id := scanned(t, db)
	for ecosystem, want := range map[string]int{"Debian:12": 0, "amzn:2023": 1, "": 0} {
		inv := image.Inventory{Packages: []image.Package{}}
		if want > 0 {
			inv.Unmatched = "no advisories"
		}
		if err := db.SaveScan(t.Context(), postgres.ScanResult{Image: id, Version: 1, Ecosystem: ecosystem, Inventory: inv}, nil); err != nil {
			t.Fatal(err)
		}
		s, err := db.Reader(tenant).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d, err := db.Reader(tenant).Image(t.Context(), digest(1))
		if err != nil {
			t.Fatal(err)
		}
		if s.Unmatched != want || d.Unmatched != inv.Unmatched {
			t.Errorf("%q: %d images unmatched, the image says %q, want %d and %q", ecosystem, s.Unmatched, d.Unmatched, want, inv.Unmatched)
		}
	}
}

// TestLinkAndMatchAtOnce links workloads to an image while its findings
// change: whichever comes last, no workload may miss them.
func TestLinkAndMatchAtOnce(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	id := scanned(t, db, image.Package{Ecosystem: "npm", Name: "lodash", Version: "4.17.15"})
	if err := db.MatchImage(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		fixed := ""
		if round%2 == 1 {
			fixed = "4.0.0"
		}
		records := []inventory.Record{workload(1)}
		for n := range 5 {
			w := workload(1)
			w.UID = fmt.Sprintf("%s-%d-%d", w.UID, round, n)
			records = append(records, w)
		}
		g, ctx := errgroup.WithContext(t.Context())
		g.Go(func() error {
			_, err := tryCollect(ctx, db, complete, records...)
			return err
		})
		g.Go(func() error {
			var changed []int64
			store := db.Advisories(func(_ context.Context, _ pgx.Tx, ids []int64) error {
				changed = ids
				return nil
			})
			if err := store.ApplyAdvisories(ctx, "osv/test", []advisory.Advisory{lodash(fixed)}, nil); err != nil {
				return err
			}
			return db.MatchAdvisories(ctx, changed)
		})
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		want := 1 - round%2
		for w, err := range db.Reader(tenant).AllWorkloads(t.Context(), view.WorkloadQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			if w.High != want {
				t.Fatalf("round %d: %s has %d high vulnerabilities, want %d", round, w.UID, w.High, want)
			}
		}
	}
}
