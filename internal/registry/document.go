package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

const (
	// maxManifest bounds manifests and indexes; registries are to accept
	// 4 MiB and need not accept more.
	maxManifest = 4 << 20
	// maxConfig bounds image configurations.
	maxConfig = 8 << 20
	// maxLayers bounds the layers of an image; runtimes fail far below.
	maxLayers = 1024
	// maxAnnotation bounds an annotation that names an image, in bytes.
	maxAnnotation = 1 << 10
	// maxChildren bounds the manifests of an index.
	maxChildren = 1024
)

// A Descriptor says what content is and how to verify it.
type Descriptor struct {
	Digest    string
	MediaType string
	// Size is in bytes.
	Size int64
}

// A Document is the content that a manifest's digest or a tag names. One of
// Image and Index is set.
type Document struct {
	Descriptor
	Image *Manifest
	Index *Index
}

// A Manifest is one image as the registry has it.
type Manifest struct {
	Config Descriptor
	// Layers are in the order in which they are applied.
	Layers []Descriptor
	// Annotations are those that name the base image.
	Annotations map[string]string
}

// An Index is a list of manifests, usually one image for several platforms.
type Index struct {
	// Images are the manifests that may run, in the order of the index.
	Images []Child
	// Attestations are the statements about the images that build tools put
	// beside them (https://docs.docker.com/build/metadata/attestations/attestation-storage/).
	Attestations []Child
	// Indexes are nested indexes, as layouts on disk have them.
	Indexes []Child
}

// A Child is an entry of an index.
type Child struct {
	Descriptor
	// Platform is empty when the index does not say.
	Platform image.Platform
	// OSVersion tells apart Windows images of one platform.
	OSVersion string
	// Name is what a layout on disk calls the entry; empty in registries.
	Name string
	// Reference is the full reference that containerd calls it by in a
	// layout, where Name is a tag.
	Reference string
	// Of is the digest of the image that an attestation is about.
	Of string
	// ArtifactType is what the index says that an attestation is.
	ArtifactType string
}

const (
	annotationReferenceType   = "vnd.docker.reference.type"
	annotationReferenceDigest = "vnd.docker.reference.digest"
	annotationRefName         = "org.opencontainers.image.ref.name"
	annotationContainerdName  = "io.containerd.image.name"
)

// document is what manifests and indexes are decoded into. That a document
// can be only one of them is checked afterwards.
type document struct {
	SchemaVersion int             `json:"schemaVersion"`
	MediaType     types.MediaType `json:"mediaType"`
	Config        *v1.Descriptor  `json:"config"`
	Layers        []v1.Descriptor `json:"layers"`
	Manifests     []v1.Descriptor `json:"manifests"`
	// FSLayers are the layers of schema 1, which held no configuration.
	FSLayers    []json.RawMessage `json:"fsLayers"`
	Annotations map[string]string `json:"annotations"`
}

// parseDocument decodes a manifest or an index. The media type is that of the
// content; declared is what the registry said, which counts only when the
// content does not say: registries are known to send "text/plain".
func parseDocument(raw []byte, digest, declared string) (*Document, error) {
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, &Error{Kind: Malformed, Object: digest, Err: fmt.Errorf("manifest: %w", err)}
	}
	doc := &Document{Descriptor: Descriptor{Digest: digest, MediaType: string(d.MediaType), Size: int64(len(raw))}}
	if doc.MediaType == "" {
		doc.MediaType = impliedType(d, declared)
	}
	err := doc.fill(d)
	var e *Error
	if errors.As(err, &e) {
		e.Object = digest
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// fill sets the parts of doc that its media type asks for.
func (doc *Document) fill(d document) error {
	switch mt := types.MediaType(doc.MediaType); {
	case mt.IsSchema1() || d.SchemaVersion == 1 || d.FSLayers != nil:
		return fault(Unsupported, "a manifest of schema 1, which was abandoned in 2017; push the image again with a current tool")
	case d.Manifests != nil && (d.Layers != nil || d.Config != nil):
		// Clients that look at different fields would see different images
		// (CVE-2021-41190).
		return fault(Malformed, "the manifest is an image and an index at the same time")
	case mt.IsIndex():
		index, err := newIndex(d.Manifests)
		doc.Index = index
		return err
	case mt.IsImage():
		manifest, err := newManifest(d)
		doc.Image = manifest
		return err
	case doc.MediaType == "":
		return fault(Malformed, "neither a manifest nor an index")
	default:
		return fault(Unsupported, "media type %q is not of an image", doc.MediaType)
	}
}

// impliedType returns the media type of a document that does not name it, as
// OCI allows: the declared one if it is a manifest's, or what the fields tell.
func impliedType(d document, declared string) string {
	switch {
	case isManifestType(declared):
		return declared
	case d.Manifests != nil:
		return string(types.OCIImageIndex)
	case d.Config != nil && d.Config.MediaType == types.DockerConfigJSON:
		return string(types.DockerManifestSchema2)
	case d.Config != nil:
		return string(types.OCIManifestSchema1)
	default:
		return ""
	}
}

func isManifestType(s string) bool {
	mt := types.MediaType(s)
	return mt.IsImage() || mt.IsIndex() || mt.IsSchema1()
}

func newIndex(manifests []v1.Descriptor) (*Index, error) {
	if len(manifests) > maxChildren {
		return nil, fault(TooLarge, "%d manifests in the index, more than %d", len(manifests), maxChildren)
	}
	index := &Index{}
	for i, m := range manifests {
		d, err := newDescriptor(m)
		if err != nil {
			return nil, fault(Malformed, "manifest %d of the index: %w", i, err)
		}
		c := Child{Descriptor: d, Name: m.Annotations[annotationRefName], Reference: m.Annotations[annotationContainerdName]}
		if p := m.Platform; p != nil {
			c.Platform = image.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}
			c.OSVersion = p.OSVersion
		}
		switch {
		case m.MediaType.IsIndex():
			index.Indexes = append(index.Indexes, c)
		case m.Annotations[annotationReferenceType] != "", c.Platform.OS == "unknown":
			c.Of = m.Annotations[annotationReferenceDigest]
			if !types.MediaType(m.ArtifactType).IsConfig() {
				c.ArtifactType = m.ArtifactType
			}
			index.Attestations = append(index.Attestations, c)
		case m.MediaType.IsImage() && isConfigType(types.MediaType(m.ArtifactType)):
			index.Images = append(index.Images, c)
		}
	}
	return index, nil
}

func newManifest(d document) (*Manifest, error) {
	if d.Config == nil {
		return nil, fault(Malformed, "the manifest names no configuration")
	}
	if len(d.Layers) > maxLayers {
		return nil, fault(TooLarge, "%d layers, more than %d", len(d.Layers), maxLayers)
	}
	config, err := newDescriptor(*d.Config)
	if err != nil {
		return nil, fault(Malformed, "configuration: %w", err)
	}
	if !isConfigType(d.Config.MediaType) {
		return nil, fault(Unsupported, "an artifact with a configuration of type %q, not a container image", config.MediaType)
	}
	m := &Manifest{Config: config, Layers: make([]Descriptor, 0, len(d.Layers))}
	for _, key := range []string{image.AnnotationBaseName, image.AnnotationBaseDigest} {
		if value, ok := d.Annotations[key]; ok && len(value) <= maxAnnotation {
			if m.Annotations == nil {
				m.Annotations = map[string]string{}
			}
			m.Annotations[key] = value
		}
	}
	for i, l := range d.Layers {
		layer, err := newDescriptor(l)
		if err != nil {
			return nil, fault(Malformed, "layer %d: %w", i, err)
		}
		m.Layers = append(m.Layers, layer)
	}
	return m, nil
}

// isConfigType reports whether a manifest with a configuration of this type is
// a container image; in an index the type is the artifact type, if given.
// Docker 1.10 pushed configurations as octet streams.
func isConfigType(mt types.MediaType) bool {
	return mt.IsConfig() || mt == "" || mt == "application/octet-stream"
}

// newDescriptor checks what is used of a descriptor. The places outside the
// registry that it may name are not even kept.
func newDescriptor(d v1.Descriptor) (Descriptor, error) {
	digest := d.Digest.String()
	switch {
	case !image.ValidDigest(digest):
		return Descriptor{}, fmt.Errorf("%q is not a digest", strings.TrimSuffix(digest, ":"))
	case d.Size < 0:
		return Descriptor{}, fmt.Errorf("%s has a size of %d", digest, d.Size)
	}
	return Descriptor{Digest: digest, MediaType: string(d.MediaType), Size: d.Size}, nil
}
