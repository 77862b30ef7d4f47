// Package content builds the real container images that the simulated
// registries serve: package databases where distributions keep them, jars with
// their pom.properties, Go binaries with build information, known vulnerable
// versions, and the flaws that a scanner looks for.
//
// Everything is made in memory from tables in this package and carries fixed
// times, so that the same code always gives the same digests.
package content

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
)

// A Blob is something that a registry stores under its digest: an index, a
// manifest, a configuration or a layer.
type Blob struct {
	MediaType string
	// Digest is "sha256:" and the hash of Data.
	Digest string
	Data   []byte
}

func newBlob(mediaType string, data []byte) Blob {
	sum := sha256.Sum256(data)
	return Blob{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(sum[:]), Data: data}
}

// An Image is one content: an index of the manifests of several platforms, or
// a single manifest.
type Image struct {
	// Name identifies the content: "storefront-4.2.0".
	Name string
	// App is the name that a person would use: "Storefront".
	App string
	// Repository and Tag are where the content belongs when nothing else says so.
	Repository string
	Tag        string
	// Top is what the tag names: the index, or the only manifest.
	Top Blob
	// Manifests are those of the platforms, amd64 first.
	Manifests []Manifest
	// Artifacts are manifests that accompany the image without being one:
	// build attestations listed in the index, and referrers.
	Artifacts []Artifact
	// Packages are what a scanner must find in the amd64 image, sorted.
	Packages []Package
}

// A Manifest is the image of one platform.
type Manifest struct {
	Blob
	// Architecture is in OCI's words: "amd64", "arm64".
	Architecture string
	Config       Blob
	Layers       []Blob
}

// An Artifact is a manifest that refers to another one.
type Artifact struct {
	Blob
	ArtifactType string
	// Subject is the digest of the manifest that it is about.
	Subject string
	// Referrer is whether the manifest names its subject, so that the
	// registry's referrers API lists it. Build attestations do not.
	Referrer bool
	// Tag is the tag by which cosign finds it; empty for the others.
	Tag    string
	Config Blob
	Layers []Blob
}

// A Package is an installed package, in the words of its ecosystem.
type Package struct {
	// Type is the package URL type: "deb", "apk", "npm", "pypi", "maven", "golang".
	Type string
	// Name is the binary package's name; "group:artifact" for Maven.
	Name    string
	Version string
	// Source and SourceVersion are those of a distribution's source package.
	Source        string
	SourceVersion string
	// Path is the file that tells of the package.
	Path string
}

// Blobs returns every blob of the image.
func (i *Image) Blobs() []Blob {
	blobs := []Blob{i.Top}
	for _, m := range i.Manifests {
		blobs = append(append(blobs, m.Blob, m.Config), m.Layers...)
	}
	for _, a := range i.Artifacts {
		blobs = append(append(blobs, a.Blob, a.Config), a.Layers...)
	}
	return blobs
}

// ManifestByDigest returns the index, manifest or artifact with the digest.
func (i *Image) ManifestByDigest(digest string) (Blob, bool) {
	if i.Top.Digest == digest {
		return i.Top, true
	}
	for _, m := range i.Manifests {
		if m.Digest == digest {
			return m.Blob, true
		}
	}
	for _, a := range i.Artifacts {
		if a.Digest == digest {
			return a.Blob, true
		}
	}
	return Blob{}, false
}

// A Store holds all contents.
type Store struct {
	images map[string]*Image
	blobs  map[string]Blob
}

// Catalog returns the contents; they are built at the first call.
func Catalog() *Store { return catalog() }

var catalog = sync.OnceValue(func() *Store {
	s := &Store{images: map[string]*Image{}, blobs: map[string]Blob{}}
	b := builder{}
	for _, r := range recipes {
		image := b.image(r)
		s.images[r.name] = image
		for _, blob := range image.Blobs() {
			s.blobs[blob.Digest] = blob
		}
	}
	return s
})

// Images returns the contents, sorted by name.
func (s *Store) Images() []*Image {
	return slices.SortedFunc(maps.Values(s.images), func(a, b *Image) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}

// Image returns the content with the name.
func (s *Store) Image(name string) (*Image, bool) {
	i, ok := s.images[name]
	return i, ok
}

// Blob returns the blob with the digest, of whichever content.
func (s *Store) Blob(digest string) (Blob, bool) {
	b, ok := s.blobs[digest]
	return b, ok
}

// Digests returns the digests of a content: of the index (empty for a single
// manifest), of each manifest by architecture, and of the image configuration
// of the amd64 manifest. All are empty for an unknown content.
func (s *Store) Digests(name string) (index string, manifests map[string]string, config string) {
	i, ok := s.images[name]
	if !ok {
		return "", nil, ""
	}
	manifests = make(map[string]string, len(i.Manifests))
	for _, m := range i.Manifests {
		manifests[m.Architecture] = m.Digest
		if m.Architecture == "amd64" {
			config = m.Config.Digest
		}
	}
	if i.Top.Digest != i.Manifests[0].Digest {
		index = i.Top.Digest
	}
	return index, manifests, config
}
