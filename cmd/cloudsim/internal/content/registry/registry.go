// Package registry serves the contents over the OCI distribution protocol, as
// Amazon ECR and the public registries do: one handler stands for all of them.
//
// A request tells the registry that it means by the query parameter "ns", as
// containerd does when it asks a mirror, or else by its Host header.
// See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
package registry

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
)

// Options are what a registry needs to know of its estate.
type Options struct {
	// Repository returns the name of the content behind each tag of a
	// repository such as "shop/cart"; nil when there is no such repository.
	Repository func(host, repository string) map[string]string
	// Access returns who may pull from a host. Without it anyone may, except
	// that ECR always asks for a password.
	Access func(host string) Access
	// Fault returns what goes wrong with a request. It may be nil.
	Fault func(*http.Request) Fault
	// Now is the clock by which tokens expire; [time.Now] if nil.
	Now func() time.Time
}

// Access is the account that may pull. The zero value lets anyone pull.
type Access struct {
	User, Password string
}

// registry is the handler.
type registry struct {
	Options
	store *content.Store
	key   []byte // signs tokens
}

// New returns the handler of "/v2/" and of "/token".
func New(o Options) http.Handler {
	if o.Access == nil {
		o.Access = func(string) Access { return Access{} }
	}
	if o.Fault == nil {
		o.Fault = func(*http.Request) Fault { return Fault{} }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &registry{Options: o, store: content.Catalog(), key: newKey()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/", g.serve)
	mux.HandleFunc("GET /token", g.token)
	mux.HandleFunc("GET /token/", g.token)
	return mux
}

// hostOf returns the registry that a request means.
func hostOf(r *http.Request) string { return cmp.Or(r.URL.Query().Get("ns"), r.Host) }

// ecrHost matches the hosts of private Amazon ECR registries.
var ecrHost = regexp.MustCompile(`^\d{12}\.dkr[.-]ecr(?:-fips)?\.`)

func isECR(host string) bool { return ecrHost.MatchString(host) }

// serve answers requests below /v2/.
func (g *registry) serve(w http.ResponseWriter, r *http.Request) {
	name, kind, reference := split(strings.TrimPrefix(r.URL.Path, "/v2/"))
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	f := g.Fault(r)
	if f.ends(r.Context(), w) {
		return
	}
	host := hostOf(r)
	if !g.allowed(r, host, name) {
		g.challenge(w, r, host, name)
		return
	}
	if name == "" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
		return
	}
	tags := g.Repository(host, name)
	if tags == nil {
		unknownRepository(w, host, name)
		return
	}
	w = f.writer(r.Context(), w)
	switch kind {
	case "manifests":
		g.manifest(w, r, tags, reference)
	case "blobs":
		g.blob(w, r, tags, reference)
	case "tags":
		listTags(w, r, name, tags)
	case "referrers":
		g.referrers(w, r, tags, reference)
	default:
		fail(w, http.StatusNotFound, "UNSUPPORTED", "The operation is unsupported.")
	}
}

// split parses "<name>/manifests/<reference>" and its kin. Names have slashes,
// so that the kind is the last but one part.
func split(path string) (name, kind, reference string) {
	rest, reference := cutLast(path)
	name, kind = cutLast(rest)
	return name, kind, reference
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// images returns the contents of a repository in order.
func (g *registry) images(tags map[string]string) []*content.Image {
	var images []*content.Image
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if i, ok := g.store.Image(tags[tag]); ok {
			images = append(images, i)
		}
	}
	return images
}

// blob answers /v2/<name>/blobs/<digest>, with ranges.
func (g *registry) blob(w http.ResponseWriter, r *http.Request, tags map[string]string, digest string) {
	for _, i := range g.images(tags) {
		for _, b := range i.Blobs() {
			if b.Digest == digest {
				w.Header().Set("Content-Type", "application/octet-stream")
				serveBlob(w, r, b)
				return
			}
		}
	}
	fail(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
}

// listTags answers /v2/<name>/tags/list, in pages of n.
func listTags(w http.ResponseWriter, r *http.Request, name string, tags map[string]string) {
	names := slices.Sorted(maps.Keys(tags))
	if last := r.URL.Query().Get("last"); last != "" {
		i, found := slices.BinarySearch(names, last)
		if found {
			i++
		}
		names = names[i:]
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil && n >= 0 && n < len(names) {
		names = names[:n]
		if n > 0 {
			w.Header().Set("Link", fmt.Sprintf(`</v2/%s/tags/list?n=%d&last=%s>; rel="next"`, name, n, names[n-1]))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	writeJSON(w, map[string]any{"name": name, "tags": names})
}

// writeJSON sends a document. A client that is gone is no error of ours.
func writeJSON(w http.ResponseWriter, document any) {
	_ = json.NewEncoder(w).Encode(document)
}
