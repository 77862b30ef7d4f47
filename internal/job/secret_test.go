package job

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/scan/secret"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

// TestSecrets finds a secret in a file, keeps its hash alone, and looks again
// when the allow-list changed, without pulling the layer again.
func TestSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := secrettest.Value("github-token")
	ref, digest := r.registry.push("shop/cart", map[string]string{
		"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n",
		"app/.env":       "A=b\nGITHUB=" + token + "\n",
	})
	layer := r.registry.layer(ref)
	var pulled atomic.Int32
	r.registry.answer(func(_ http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, layer) {
			pulled.Add(1)
		}
		return false
	})
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	first := r.client(emits("ecs", service("a", ref, digest)))
	r.start(first)
	r.pass(first)
	found := r.secrets(digest)
	if len(found) != 1 || found[0].Path != "app/.env" || found[0].Secret.Line != 2 || found[0].Secret.Rule != "github-token" {
		t.Fatalf("found %+v, want the token in line 2 of app/.env", found)
	}
	hash := found[0].Secret.Hash
	key, err := r.db.SecretKey(t.Context(), make([]byte, 32))
	if err != nil || secret.Key(key).Hash([]byte(token)) != hash {
		t.Errorf("the hash %s is not under the installation's key (%v)", hash, err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	allow, err := secret.ParseAllowList(strings.NewReader("allow:\n- {hash: " + hash + ", reason: it is revoked}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r.secretOptions = Secrets{Allow: allow}
	second := r.client(emits("ecs", service("a", ref, digest)))
	r.start(second)
	if err := second.insert(t.Context(), []river.InsertManyParams{{Args: SweepArgs{Tenant: tenant}}}); err != nil {
		t.Fatal(err)
	}
	r.await("the sweep ends", quiet)
	if found := r.secrets(digest); len(found) != 0 {
		t.Errorf("found %+v, want it allowed", found)
	}
	if pulled.Load() != 1 {
		t.Errorf("the layer was pulled %d times, want once", pulled.Load())
	}
}

// secrets returns the findings about secrets of an image.
func (r *rig) secrets(digest string) []finding.CheckFinding {
	r.t.Helper()
	d, err := r.db.Reader(tenant).Image(r.t.Context(), digest)
	if err != nil {
		r.t.Fatal(err)
	}
	var found []finding.CheckFinding
	for _, f := range d.Checks {
		if f.Secret != nil {
			found = append(found, f)
		}
	}
	return found
}
