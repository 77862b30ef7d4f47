package postgres_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/postgres"
)

func TestSecretKey(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	for _, candidate := range []string{"first", "second"} {
		key, err := db.SecretKey(t.Context(), []byte(candidate))
		if err != nil || !bytes.Equal(key, []byte("first")) {
			t.Errorf("SecretKey(%s) = %q, %v, want the first candidate", candidate, key, err)
		}
	}
}

// Images are due again when the search for secrets changed, and only then.
func TestExpectSecretSearch(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	if changed, err := db.ExpectSecretSearch(t.Context(), "a", 1); err != nil || !changed {
		t.Fatalf("first: %t, %v", changed, err)
	}
	scanned(t, db)
	for _, test := range []struct {
		fingerprint string
		due         int
	}{{"a", 0}, {"b", 1}, {"b", 1}} {
		if _, err := db.ExpectSecretSearch(t.Context(), test.fingerprint, 1); err != nil {
			t.Fatal(err)
		}
		images, err := db.ImagesToScan(t.Context(), 1, time.Unix(0, 0), time.Unix(0, 0), 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(images) != test.due {
			t.Errorf("after %q %d images are due, want %d", test.fingerprint, len(images), test.due)
		}
	}
}

func TestSecretFindings(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	id := scanned(t, db)
	want := []finding.CheckFinding{
		{
			Check: "image/file-secret", Severity: finding.High, Detail: "Line 1 of /a.", Path: "a", Layer: 2,
			Secret: &finding.Secret{Rule: "npm-token", Title: "an npm token", Line: 1, Confidence: "high", Hash: "ab"},
		},
		{Check: "image/user-root", Severity: finding.Medium, Detail: "x", Layer: -1},
	}
	if err := db.SaveScan(t.Context(), postgres.ScanResult{Image: id, Version: 1, Inventory: image.Inventory{}, Checks: want}, nil); err != nil {
		t.Fatal(err)
	}
	d, err := db.Reader(tenant).Image(t.Context(), digest(1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.Checks); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// A layer that was read in another way replaces what was known of it.
func TestSaveLayerAgain(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	for _, result := range []string{"one", "two"} {
		if err := db.SaveLayer(t.Context(), 1, digest(1), []byte(result)); err != nil {
			t.Fatal(err)
		}
		layers, err := db.Layers(t.Context(), 1, []string{digest(1)})
		if err != nil || string(layers[digest(1)]) != result {
			t.Errorf("Layers = %q, %v, want %s", layers[digest(1)], err, result)
		}
	}
}
