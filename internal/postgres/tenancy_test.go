package postgres_test

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// TestTenantsRepositories shows what is known of an image to whoever runs it,
// and no repository of another tenant.
func TestTenantsRepositories(t *testing.T) {
	t.Parallel()
	const other = tenant + 1
	db := openWithScope(t)
	id := scanned(t, db)
	for _, statement := range []string{
		`insert into tenant (id, name) values (2, 'other')`,
		`insert into container (tenant_id, workload_id, ordinal, name, type, reference, host, repository, tag, image_id)
			select 2, workload_id, ordinal, name, type, 'x', 'private.example', 'plans/merger', tag, image_id from container`,
	} {
		if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	detail := func(tenant int) view.ImageDetail {
		t.Helper()
		d, err := db.Reader(tenant).Image(t.Context(), digest(1))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const base = "private.example/plans/base:1"
	for _, test := range []struct {
		name, problem string
		// own is whether the problem is for the first tenant, theirs whether
		// it is for the other.
		own, theirs bool
	}{
		{"theirs", "private.example/plans/merger@sha256:1: denied: HTTP 403", false, true},
		{"own", "registry.example/shop/app-1:1.0: denied: HTTP 403", true, false},
		{"longer_name", "registry.example/shop/app-1-b:1.0: denied: HTTP 403", true, true}, // Nobody's.
		{"nobodys", "malformed layer", true, true},
	} {
		if err := db.FailScan(t.Context(), id, 1, test.problem); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Pool().Exec(t.Context(), `update image set referrers_at = now(), referrers_problem = $1`, test.problem); err != nil {
			t.Fatal(err)
		}
		for tenant, want := range map[int]bool{tenant: test.own, other: test.theirs} {
			d := detail(tenant)
			if got := d.ScanError == test.problem; got != want {
				t.Errorf("%s: tenant %d reads %q", test.name, tenant, d.ScanError)
			}
			if got := d.Referrers.Problem == test.problem; got != want {
				t.Errorf("%s: tenant %d reads of referrers %q", test.name, tenant, d.Referrers.Problem)
			}
		}
	}

	found := &image.Base{Name: base, Digest: digest(99), Layers: 1, Evidence: image.BaseByLayers}
	if err := db.SaveScan(t.Context(), postgres.ScanResult{Image: id, Version: 1, Base: found}, nil); err != nil {
		t.Fatal(err)
	}
	if got := detail(tenant).Base; got.Name != "" || got.Layers != 1 {
		t.Errorf("base = %+v, want none of the names that others give it", got)
	}
	// An image of the tenant says the name.
	collect(t, db, complete, workload(1), workload(2))
	ref := reference
	ref.Repository, ref.Digest = "shop/app-2", digest(2)
	scans := resolve(t, db, postgres.Resolution{Reference: ref, Manifest: manifest(2, "amd64")})
	claimed := &image.Base{Name: base, Evidence: image.BaseUnverified, Problem: "denied"}
	if err := db.SaveScan(t.Context(), postgres.ScanResult{Image: scans[0].ID, Version: 1, Base: claimed}, nil); err != nil {
		t.Fatal(err)
	}
	if got := detail(tenant).Base; got.Name != base {
		t.Errorf("base = %+v, want the name that an image of the tenant says", got)
	}
}
