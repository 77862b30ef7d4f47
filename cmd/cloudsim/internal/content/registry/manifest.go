package registry

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
)

// manifest answers /v2/<name>/manifests/<tag or digest>.
func (g *registry) manifest(w http.ResponseWriter, r *http.Request, tags map[string]string, reference string) {
	image, found := g.find(tags, reference)
	if image == nil {
		message := "manifest unknown"
		if isECR(hostOf(r)) {
			message = "Requested image not found"
		}
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN", message)
		return
	}
	if !accepts(r, found.MediaType) {
		// An old client gets the amd64 image of a Docker manifest list, and
		// nothing of what OCI brought.
		if types.MediaType(found.MediaType) != types.DockerManifestList {
			fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN",
				"OCI manifest found, but accept header does not support OCI manifests")
			return
		}
		found = image.Manifests[0].Blob
	}
	w.Header().Set("Content-Type", found.MediaType)
	serveBlob(w, r, found)
}

// find returns the manifest that a tag or digest names, and its image.
func (g *registry) find(tags map[string]string, reference string) (*content.Image, content.Blob) {
	if !strings.Contains(reference, ":") {
		if i, ok := g.store.Image(tags[reference]); ok {
			return i, i.Top
		}
		for _, i := range g.images(tags) {
			for _, a := range i.Artifacts {
				if a.Tag == reference {
					return i, a.Blob
				}
			}
		}
		return nil, content.Blob{}
	}
	for _, i := range g.images(tags) {
		if b, ok := i.ManifestByDigest(reference); ok {
			return i, b
		}
	}
	return nil, content.Blob{}
}

// accepts reports whether the client takes a media type. One that says nothing
// takes everything.
func accepts(r *http.Request, mediaType string) bool {
	headers := r.Header.Values("Accept")
	if len(headers) == 0 {
		return true
	}
	for _, h := range headers {
		for one := range strings.SplitSeq(h, ",") {
			one, _, _ = strings.Cut(one, ";")
			if one = strings.TrimSpace(one); one == "*/*" || one == mediaType {
				return true
			}
		}
	}
	return false
}

// referrers answers /v2/<name>/referrers/<digest>: an index of what refers to
// the manifest, which may be empty.
func (g *registry) referrers(w http.ResponseWriter, r *http.Request, tags map[string]string, digest string) {
	wanted := r.URL.Query().Get("artifactType")
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	for _, i := range g.images(tags) {
		for _, a := range i.Artifacts {
			if !a.Referrer || a.Subject != digest || wanted != "" && a.ArtifactType != wanted {
				continue
			}
			h, err := v1.NewHash(a.Digest)
			if err != nil {
				panic(err) // the content package computed it
			}
			index.Manifests = append(index.Manifests, v1.Descriptor{
				MediaType: types.MediaType(a.MediaType), Digest: h, Size: int64(len(a.Data)), ArtifactType: a.ArtifactType,
			})
		}
	}
	if wanted != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	w.Header().Set("Content-Type", string(types.OCIImageIndex))
	writeJSON(w, index)
}

// serveBlob sends a blob, or the range of it that is asked for.
func serveBlob(w http.ResponseWriter, r *http.Request, b content.Blob) {
	w.Header().Set("Docker-Content-Digest", b.Digest)
	w.Header().Set("Etag", strconv.Quote(b.Digest))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Data))
}
