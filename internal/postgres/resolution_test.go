package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
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
