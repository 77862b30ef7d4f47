package job

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// on pushes an image with one layer on another, with what it says of that, and
// returns its reference and digest.
func (s *shelf) on(repository, base string, annotations map[string]string) (reference, digest string) {
	s.t.Helper()
	below, err := remote.Image(s.reference(base))
	if err != nil {
		s.t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(tarOf(s.t, map[string]string{"app/name": repository}))), nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	img, err := mutate.AppendLayers(below, layer)
	if err != nil {
		s.t.Fatal(err)
	}
	if annotations != nil {
		img = mutate.Annotations(img, annotations).(v1.Image)
	}
	reference = s.host + "/" + repository + ":1.0"
	if err := remote.Write(s.reference(reference), img); err != nil {
		s.t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	return reference, d.String()
}

func (s *shelf) reference(text string) name.Reference {
	s.t.Helper()
	ref, err := name.ParseReference(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return ref
}

// TestBase tells what images were built from, and that a newer base fixes a
// vulnerability, without any workload running that base.
func TestBase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish("TEST-2026-0001", "openssl", "3.0.11-2")
	base, old := r.registry.debian("base/debian", vulnerable)
	claim := map[string]string{image.AnnotationBaseName: base, image.AnnotationBaseDigest: old}
	cart, cartDigest := r.registry.on("shop/cart", base, claim)
	silent, silentDigest := r.registry.on("shop/silent", base, nil)
	liar, liarDigest := r.registry.on("shop/liar", base, map[string]string{image.AnnotationBaseName: base})
	elsewhere := newShelf(t)
	chosen := elsewhere.host + "/base:1"
	far, farDigest := r.registry.on("shop/far", base, map[string]string{image.AnnotationBaseName: chosen})
	_, newer := r.registry.debian("base/debian", "openssl 3.0.11-2")

	records := []inventory.Record{service("base", base, old)}
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	c := r.client(emitting("ecs", &records))
	r.start(c)
	r.advisories(c)
	r.pass(c)
	// The base is known by now, whatever is scanned first.
	records = append(records, service("cart", cart, cartDigest), service("silent", silent, silentDigest),
		service("liar", liar, liarDigest), service("far", far, farDigest))
	r.pass(c)
	r.await("the newer base is scanned and matched", quiet)

	for digest, want := range map[string]*view.Base{
		cartDigest: {
			Base:  image.Base{Name: base, Digest: old, Layers: 1, Evidence: image.BaseByClaim},
			Newer: newer, NewerState: "scanned", FromBase: 1, Fixes: []string{"CVE-2026-0001"},
		},
		silentDigest: {Base: image.Base{Name: base, Digest: old, Layers: 1, Evidence: image.BaseByLayers}, FromBase: 1},
		// The tag is not what the image was built on any more; the layers are
		// still known.
		liarDigest: {
			Base:  image.Base{Name: base, Layers: 1, Evidence: image.BaseUnverified, Problem: "set"},
			Newer: newer, NewerState: "scanned", FromBase: 1, Fixes: []string{"CVE-2026-0001"},
		},
		// An image cannot send requests to a host of its choice.
		farDigest: {Base: image.Base{Name: chosen, Layers: 1, Evidence: image.BaseUnverified, Problem: "set"}, FromBase: 1},
		old:       nil,
	} {
		d, err := r.db.Reader(tenant).Image(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		if d.Base != nil && d.Base.Problem != "" {
			d.Base.Problem = "set"
		}
		if diff := cmp.Diff(want, d.Base, cmpopts.IgnoreFields(view.Base{}, "CheckedAt", "TagProblem")); diff != "" {
			t.Errorf("base of %v mismatch (-want +got):\n%s", d.References, diff)
		}
	}
	if n := elsewhere.seen(); n > 0 {
		t.Errorf("an image sent %d requests to a host of its choice", n)
	}
	// Others are not kept waiting by a tag that is never asked for.
	due, err := r.db.BasesToCheck(t.Context(), time.Now().Add(-baseTTL), 10)
	if err != nil || len(due) > 0 {
		t.Errorf("tags to look at = %v, %v, want none", due, err)
	}
}
