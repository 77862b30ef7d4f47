package content

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A recipe is how an image is built.
type recipe struct {
	name, app, repository string
	// created is the day of the build: "2023-11-30".
	created string
	// single builds for amd64 only and has no index.
	single bool
	// docker uses Docker's image format instead of OCI's.
	docker bool
	// attested adds build attestations to the index, as BuildKit does.
	attested bool
	// sbom adds a referrer: an SPDX document about each manifest.
	sbom bool
	// cosign and notation add a signature of what the tag names, by that tool.
	cosign, notation bool

	config v1.Config
	layers []*layer
}

// tag returns the version in the recipe's name.
func (r recipe) tag() string { return r.name[strings.LastIndexByte(r.name, '-')+1:] }

// formats are the media types of one image format.
type formats struct {
	index, manifest, config, layer types.MediaType
}

var (
	ociFormats = formats{
		index: types.OCIImageIndex, manifest: types.OCIManifestSchema1,
		config: types.OCIConfigJSON, layer: types.OCILayer,
	}
	dockerFormats = formats{
		index: types.DockerManifestList, manifest: types.DockerManifestSchema2,
		config: types.DockerConfigJSON, layer: types.DockerLayer,
	}
)

func (r recipe) formats() formats {
	if r.docker {
		return dockerFormats
	}
	return ociFormats
}

// A builder builds images and remembers layers that they share.
type builder map[builtKey]built

type builtKey struct {
	layer *layer
	arch  string
}

// A built layer has the digest of its unpacked form too.
type built struct {
	data   []byte
	diffID string
}

// image builds a recipe. It panics when the recipe cannot be built: recipes
// are part of the program.
func (b builder) image(r recipe) *Image {
	i := &Image{Name: r.name, App: r.app, Repository: r.repository, Tag: r.tag(), Packages: overlay(r.layers)}
	arches := []string{"amd64", "arm64"}
	if r.single {
		arches = arches[:1]
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: r.formats().index}
	for _, arch := range arches {
		m := b.manifest(r, arch)
		i.Manifests = append(i.Manifests, m)
		d := descriptor(m.Blob)
		d.Platform = &v1.Platform{OS: "linux", Architecture: arch}
		index.Manifests = append(index.Manifests, d)
	}
	for _, m := range i.Manifests {
		if r.attested {
			a := attestation(m)
			i.Artifacts = append(i.Artifacts, a)
			d := descriptor(a.Blob)
			d.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"}
			d.Annotations = map[string]string{
				"vnd.docker.reference.type":   "attestation-manifest",
				"vnd.docker.reference.digest": m.Digest,
			}
			index.Manifests = append(index.Manifests, d)
		}
		if r.sbom {
			i.Artifacts = append(i.Artifacts, sbom(r.name, m, i.Packages))
		}
	}
	i.Top = i.Manifests[0].Blob
	if !r.single {
		i.Top = jsonBlob(index.MediaType, index)
	}
	if r.cosign {
		i.Artifacts = append(i.Artifacts, cosignSignature(r.repository, i.Top))
	}
	if r.notation {
		i.Artifacts = append(i.Artifacts, notationSignature(i.Top))
	}
	return i
}

// manifest builds a recipe for one architecture.
func (b builder) manifest(r recipe, arch string) Manifest {
	created, err := time.Parse(time.DateOnly, r.created)
	if err != nil {
		panic(fmt.Sprintf("recipe %s: %v", r.name, err))
	}
	f := r.formats()
	m := Manifest{Architecture: arch}
	config := v1.ConfigFile{
		OS: "linux", Architecture: arch,
		Created: v1.Time{Time: created},
		Config:  r.config,
		RootFS:  v1.RootFS{Type: "layers"},
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: f.manifest}
	for _, l := range r.layers {
		made := b.layer(l, arch)
		mediaType := f.layer
		if l.zstd {
			mediaType = types.OCILayerZStd
		}
		blob := newBlob(string(mediaType), made.data)
		m.Layers = append(m.Layers, blob)
		manifest.Layers = append(manifest.Layers, descriptor(blob))
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, hash(made.diffID))
		config.History = append(config.History, v1.History{Created: config.Created, CreatedBy: l.by})
	}
	config.History = append(config.History, metadataHistory(config)...)
	m.Config = jsonBlob(f.config, config)
	manifest.Config = descriptor(m.Config)
	m.Blob = jsonBlob(f.manifest, manifest)
	return m
}

// metadataHistory returns the history of the build steps that only change the
// configuration.
func metadataHistory(c v1.ConfigFile) []v1.History {
	var steps []string
	for _, env := range c.Config.Env {
		steps = append(steps, "ENV "+env)
	}
	if c.Config.User != "" {
		steps = append(steps, "USER "+c.Config.User)
	}
	if len(c.Config.Cmd) > 0 {
		steps = append(steps, fmt.Sprintf("CMD %q", c.Config.Cmd))
	}
	var h []v1.History
	for _, s := range steps {
		h = append(h, v1.History{Created: c.Created, CreatedBy: s, EmptyLayer: true})
	}
	return h
}

// layer builds a layer for an architecture, once.
func (b builder) layer(l *layer, arch string) built {
	key := builtKey{l, arch}
	if made, ok := b[key]; ok {
		return made
	}
	unpacked, err := l.archive(arch)
	if err != nil {
		panic(fmt.Sprintf("layer %q: %v", l.by, err))
	}
	packed, err := l.compress(unpacked)
	if err != nil {
		panic(fmt.Sprintf("layer %q: %v", l.by, err))
	}
	made := built{data: packed, diffID: newBlob("", unpacked).Digest}
	b[key] = made
	return made
}

// jsonBlob encodes one of the registry's documents.
func jsonBlob(mediaType types.MediaType, document any) Blob {
	data, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", mediaType, err))
	}
	return newBlob(string(mediaType), data)
}

func descriptor(b Blob) v1.Descriptor {
	return v1.Descriptor{MediaType: types.MediaType(b.MediaType), Digest: hash(b.Digest), Size: int64(len(b.Data))}
}

// hash parses a digest that this package computed.
func hash(digest string) v1.Hash {
	h, err := v1.NewHash(digest)
	if err != nil {
		panic(err)
	}
	return h
}
