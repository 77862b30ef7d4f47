package job

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// TestReferrers has a signed image, and a registry that does not tell what it
// keeps: the scan says so and concludes nothing.
func TestReferrers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		denied bool
		checks []string
	}{
		"signed":   {checks: []string{"image/provenance-missing"}},
		"not_told": {denied: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ref, digest := r.registry.debian("shop/cart", harmless)
			r.registry.tag("shop/cart", strings.Replace(digest, ":", "-", 1)+".sig")
			if test.denied {
				r.registry.answer(func(w http.ResponseWriter, req *http.Request) bool {
					if !strings.Contains(req.URL.Path, "/referrers/") && !strings.Contains(req.URL.Path, ".sig") {
						return false
					}
					w.WriteHeader(http.StatusForbidden)
					return true
				})
			}
			r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
			c := r.client(emits("ecs", service("cart", ref, digest)))
			r.start(c)
			if s := r.pass(c); s.Images["scanned"] != 1 {
				t.Fatalf("images = %v, want one scanned", s.Images)
			}
			d, err := r.db.Reader(tenant).Image(t.Context(), digest)
			if err != nil {
				t.Fatal(err)
			}
			var checks []string
			for _, f := range d.Checks {
				if f.Check == "image/signature-missing" || f.Check == "image/provenance-missing" {
					checks = append(checks, f.Check)
				}
			}
			if diff := cmp.Diff(test.checks, checks); diff != "" {
				t.Errorf("checks mismatch (-want +got):\n%s", diff)
			}
			has, known := d.Referrers.Has(image.Signature)
			if has != !test.denied || known != !test.denied || (d.Referrers.Problem == "") != !test.denied {
				t.Errorf("referrers = %+v: signed %t, known %t", d.Referrers, has, known)
			}
		})
	}
}

// TestSignedLater has a signature that comes after the scan: the image is
// looked at again, and none of its layers read.
func TestSignedLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref, digest := r.registry.debian("shop/cart", harmless)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	c := r.client(emits("ecs", service("cart", ref, digest)))
	r.start(c)
	r.pass(c)
	signed := func() bool {
		t.Helper()
		d, err := r.db.Reader(tenant).Image(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		has, _ := d.Referrers.Has(image.Signature)
		missing := slices.ContainsFunc(d.Checks, func(f finding.CheckFinding) bool { return f.Check == "image/signature-missing" })
		if has == missing {
			t.Errorf("signed is %t, and the check fails: %t", has, missing)
		}
		return has
	}
	if signed() {
		t.Fatal("signed before anybody signed")
	}
	id := inventory.IDOf(digest)
	for _, tt := range []struct {
		before time.Time
		want   []inventory.ID
	}{{time.Now().Add(-referrersTTL), nil}, {time.Now().Add(time.Hour), []inventory.ID{id}}} {
		got, err := r.db.ReferrersToRead(t.Context(), tt.before, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("images to ask about (-want +got):\n%s", diff)
		}
	}
	look := func(n int) {
		t.Helper()
		if err := c.insert(t.Context(), []river.InsertManyParams{{Args: ReferrersArgs{Image: id}}}); err != nil {
			t.Fatal(err)
		}
		r.await("the look at the referrers", func(view.Status) bool {
			jobs := slices.DeleteFunc(append(r.jobs(c, "referrers"), r.jobs(c, "scan")...), func(j *rivertype.JobRow) bool {
				return j.State != rivertype.JobStateCompleted
			})
			return len(jobs) == n
		})
	}
	look(2) // One look more than the scan: nothing changed.
	layer := r.registry.layer(ref)
	r.registry.tag("shop/cart", strings.Replace(digest, ":", "-", 1)+".sig")
	r.registry.answer(func(w http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, layer) {
			t.Error("the layer is read again")
		}
		return false
	})
	look(4)
	if !signed() {
		t.Error("the signature was not seen")
	}
}
