package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
)

// TestConfigDigest runs an image of which the runtime reports the digest of
// the configuration: it is found through the tag.
func TestConfigDigest(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	w := workload(1)
	w.Containers[0].Digest, w.Containers[0].DigestKind = digest(1011), inventory.ConfigDigest
	collect(t, db, complete, w)
	if got := container(t, db, w.UID); got.ImageDigest != "" || got.Unresolved == "" {
		t.Errorf("before the registry was asked: image %q because %q, want none and a reason", got.ImageDigest, got.Unresolved)
	}
	ref := reference
	ref.Tag = "1.0"
	resolve(t, db, postgres.Resolution{Reference: ref, TagDigest: digest(12), Manifest: manifest(12, "amd64")})
	if got := container(t, db, w.UID); got.ImageDigest != "" || got.Unresolved == "" {
		t.Errorf("when the tag is another image: image %q because %q, want none and a reason", got.ImageDigest, got.Unresolved)
	}
	resolve(t, db, postgres.Resolution{Reference: ref, TagDigest: digest(11), Manifest: manifest(11, "amd64")})
	if got := container(t, db, w.UID); got.ImageDigest != digest(11) || got.Unresolved != "" {
		t.Errorf("when the tag is the image: image %q because %q, want %s", got.ImageDigest, got.Unresolved, digest(11))
	}
	resolve(t, db, postgres.Resolution{Reference: ref, Problem: "it is gone"})
	if got := container(t, db, w.UID); got.ImageDigest != digest(11) {
		t.Errorf("when the tag is gone: image %q, want %s still", got.ImageDigest, digest(11))
	}
}

// TestFailuresWait leaves an image that could not be read alone for a while.
func TestFailuresWait(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	again := func(failedBefore time.Time) []postgres.Reference {
		t.Helper()
		refs, err := db.ReferencesToResolve(t.Context(), tenant, time.Time{}, failedBefore, 10)
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	ref := reference
	ref.Digest = digest(1)
	if diff := cmp.Diff([]postgres.Reference{ref}, again(time.Now().Add(time.Minute))); diff != "" {
		t.Errorf("never tried (-want +got):\n%s", diff)
	}
	// Time passes: the image was first seen long ago.
	if _, err := db.Pool().Exec(t.Context(), `update image set first_seen = now() - interval '30 days'`); err != nil {
		t.Fatal(err)
	}
	resolve(t, db, postgres.Resolution{Reference: ref, Problem: "denied"})
	if got := again(time.Now().Add(-time.Hour)); len(got) > 0 {
		t.Errorf("tried a moment ago: %+v, want nothing", got)
	}
	if got := again(time.Now().Add(time.Minute)); len(got) != 1 {
		t.Errorf("tried before: %+v, want it again", got)
	}
}

// TestResolutionMissed has a container that came up while the registry's
// answer was stored.
func TestResolutionMissed(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1))
	ref := reference
	ref.Digest = digest(1)
	r := postgres.Resolution{
		Tenant: tenant, Reference: ref, Index: digest(1), Manifest: manifest(11, "amd64"),
		Children: []inventory.PlatformManifest{{Digest: digest(11), OS: "linux", Architecture: "amd64"}},
	}
	resolve(t, db, r)
	missed := func() (missed bool) {
		t.Helper()
		if err := db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
			missed, err = postgres.ResolutionMissed(t.Context(), tx, r)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return missed
	}
	if missed() {
		t.Error("missed a container that is linked")
	}
	if _, err := db.Pool().Exec(t.Context(), `update container set image_id = null`); err != nil {
		t.Fatal(err)
	}
	if !missed() {
		t.Error("did not miss a container that is not linked")
	}
}

// TestResolveAtOnce resolves images that run side by side in the same
// workloads: no transaction may wait for one that waits for it.
func TestResolveAtOnce(t *testing.T) {
	t.Parallel()
	dsn := storetest.DSN(t)
	db, err := postgres.Open(t.Context(), dsn, 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.PutRoots(t.Context(), tenant, []inventory.ChildScope{{ScopeKey: ecsScope}}); err != nil {
		t.Fatal(err)
	}
	const images, rounds = 4, 10
	var records []inventory.Record
	for n := range 30 {
		w := workload(n)
		w.Containers = nil
		for i := range images {
			w.Containers = append(w.Containers, inventory.Container{
				Name: fmt.Sprint(i), Type: inventory.MainContainer, Image: fmt.Sprintf("registry.example/shop/app-%d:1.0", i),
				Digest: digest(i), Architecture: "amd64", Replicas: 1,
			})
		}
		records = append(records, w)
	}
	collect(t, db, complete, records...)
	for round := range rounds {
		var g errgroup.Group
		for i := range images {
			g.Go(func() error {
				r := postgres.Resolution{Tenant: tenant, Reference: postgres.Reference{
					Host: "registry.example", Repository: fmt.Sprintf("shop/app-%d", i), Digest: digest(i), Architecture: "amd64",
				}}
				if r.Problem = "not now"; round > 0 {
					r.Problem, r.Manifest = "", manifest(i, "amd64")
				}
				return db.SaveResolution(t.Context(), r, nil)
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	db.Close() // A session tells its statistics at its end.
	if n := deadlocks(t, dsn); n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}
