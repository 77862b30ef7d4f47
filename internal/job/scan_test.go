package job

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// TestChecksRenewed raises the version of the checks: images that are known
// are checked again, and no byte of a layer is read.
func TestChecksRenewed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	reference, digest := r.registry.debian("shop/cart", vulnerable)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	c := r.client(emits("ecs", service("cart", reference, digest)))
	r.start(c)
	r.pass(c)
	checks := func() []finding.CheckFinding {
		t.Helper()
		d, err := r.db.Reader(tenant).Image(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		return d.Checks
	}
	want := checks()
	if len(want) == 0 {
		t.Fatal("no check finds anything")
	}

	layer := r.registry.layer(reference)
	var mu sync.Mutex
	var asked []string
	r.registry.answer(func(_ http.ResponseWriter, req *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, req.URL.Path)
		return false
	})
	// sweep returns what a sweep, and what follows from it, asks for.
	sweep := func() []string {
		t.Helper()
		mu.Lock()
		asked = nil
		mu.Unlock()
		if _, err := c.river.Insert(t.Context(), SweepArgs{Tenant: tenant}, nil); err != nil {
			t.Fatal(err)
		}
		r.await("the sweep ends", quiet)
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
	// What an image looks like that a program with older checks scanned.
	age := func(set string, args ...any) {
		t.Helper()
		if _, err := r.db.Pool().Exec(t.Context(), `update image set `+set, args...); err != nil {
			t.Fatal(err)
		}
		if _, err := r.db.Pool().Exec(t.Context(), `delete from image_check`); err != nil {
			t.Fatal(err)
		}
	}

	if asked := sweep(); len(asked) > 0 {
		t.Fatalf("a sweep with nothing to do asks for %q", asked)
	}
	for name, old := range map[string]func(){
		"older_checks": func() { age(`scan_version = $1`, scan.ImageVersion-1) },
		"a_week_ago":   func() { age(`scanned_at = $1`, time.Now().Add(-checkAgain-time.Minute)) },
	} {
		old()
		asked := sweep()
		if len(asked) == 0 {
			t.Errorf("%s: the image was not asked for", name)
		}
		if slices.ContainsFunc(asked, func(path string) bool { return strings.Contains(path, layer) }) {
			t.Errorf("%s: the layer was read again: %q", name, asked)
		}
		if got := checks(); len(got) != len(want) {
			t.Errorf("%s: %d findings, want the %d of before", name, len(got), len(want))
		}
	}
	t.Run("older_extractors", func(t *testing.T) {
		if scan.ImageVersion != scan.Version*1000+check.Version || check.Version >= 1000 {
			t.Fatalf("version %d does not count layers before checks", scan.ImageVersion)
		}
		age(`scan_version = $1`, scan.ImageVersion-1000)
		if _, err := r.db.Pool().Exec(t.Context(), `update layer set version = version - 1`); err != nil {
			t.Fatal(err)
		}
		asked := sweep()
		if !slices.ContainsFunc(asked, func(path string) bool { return strings.Contains(path, layer) }) {
			t.Errorf("the layer was not read again: %q", asked)
		}
	})
}
