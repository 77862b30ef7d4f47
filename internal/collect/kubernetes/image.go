package kubernetes

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// parseImageID returns the digest in a container status's imageID and what it
// is the digest of. Runtimes write it in several forms:
//
//	repo@sha256:…                    containerd, CRI-O: what the tag led to, index or manifest
//	docker-pullable://repo@sha256:…  dockershim: the same
//	docker://sha256:…                dockershim, image built on the node: its configuration
//	sha256:…                         containerd, image without repository: its configuration
//
// The repository in it is not to be used: runtimes know images by content and
// may name another one with the same image. An empty digest means that the
// container's image is not pulled yet, or a form that is not known.
func parseImageID(id string) (digest string, kind inventory.DigestKind) {
	if _, rest, ok := strings.Cut(id, "://"); ok {
		id = rest
	}
	if _, digest, ok := strings.Cut(id, "@"); ok {
		if image.ValidDigest(digest) {
			return digest, inventory.UnknownDigest
		}
		return "", ""
	}
	if image.ValidDigest(id) {
		return id, inventory.ConfigDigest
	}
	return "", ""
}

// pinned returns the digest that an image reference asks for, if any.
func pinned(reference string) string {
	if _, digest, ok := strings.Cut(reference, "@"); ok && image.ValidDigest(digest) {
		return digest
	}
	return ""
}
