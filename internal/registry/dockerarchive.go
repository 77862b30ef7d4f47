package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

// A dockerArchive is the [Source] of an archive of "docker save" without an
// OCI layout in it. It holds no manifest: the image has no digest but that of
// its configuration, and the digests of the layers are of the files in the
// archive.
type dockerArchive struct {
	files    files
	path     string
	manifest image.Manifest
	config   []byte
	// layers are the paths of the layers by digest.
	layers map[string]string
}

// savedImage is an entry of manifest.json.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func newDockerArchive(f files, path, name string) (*dockerArchive, error) {
	raw, err := readFile(f, "manifest.json", maxManifest)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Kind == NotFound {
			return nil, fault(Unsupported, "neither an OCI layout nor a Docker archive: it has no oci-layout and no manifest.json")
		}
		return nil, err
	}
	var saved []savedImage
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, fault(Malformed, "manifest.json: %w", err)
	}
	s, err := selectSaved(saved, name)
	if err != nil {
		return nil, err
	}
	a := &dockerArchive{files: f, path: path, layers: map[string]string{}}
	if err := a.read(s); err != nil {
		return nil, err
	}
	return a, nil
}

// selectSaved returns the image with the given tag.
func selectSaved(saved []savedImage, name string) (savedImage, error) {
	var tags []string
	for _, s := range saved {
		if name != "" && slices.ContainsFunc(s.RepoTags, func(tag string) bool { return sameName(tag, name) }) {
			return s, nil
		}
		tags = append(tags, s.RepoTags...)
	}
	switch {
	case name != "":
		return savedImage{}, fault(NotFound, "no image is called %q; there are: %s", name, strings.Join(tags, ", "))
	case len(saved) == 1:
		return saved[0], nil
	default:
		return savedImage{}, fault(NoPlatform, "the archive holds %d images; name one of: %s", len(saved), strings.Join(tags, ", "))
	}
}

// sameName reports whether two references are the same when written in full.
func sameName(a, b string) bool {
	ra, errA := image.ParseReference(a)
	rb, errB := image.ParseReference(b)
	return errA == nil && errB == nil && ra == rb
}

// read sets what a knows of the image.
func (a *dockerArchive) read(s savedImage) error {
	raw, err := readFile(a.files, s.Config, maxConfig)
	if err != nil {
		return err
	}
	c, err := parseConfig(raw)
	if err != nil {
		return err
	}
	if len(s.Layers) > maxLayers {
		return fault(TooLarge, "%d layers, more than %d", len(s.Layers), maxLayers)
	}
	if len(s.Layers) != len(c.RootFS.DiffIDs) {
		return fault(Malformed, "manifest.json has %d layers but the configuration has %d diff_ids", len(s.Layers), len(c.RootFS.DiffIDs))
	}
	descriptors := make([]Descriptor, 0, len(s.Layers))
	for i, name := range s.Layers {
		d, err := a.layer(name, c.RootFS.DiffIDs[i])
		if err != nil {
			return err
		}
		descriptors = append(descriptors, d)
		a.layers[d.Digest] = name
	}
	layers, err := c.layers(descriptors)
	if err != nil {
		return err
	}
	a.config = raw
	a.manifest = image.Manifest{
		MediaType:    string(types.DockerManifestSchema2),
		ConfigDigest: fmt.Sprintf("sha256:%x", sha256.Sum256(raw)),
		Platform:     c.platform(),
		Layers:       layers,
		Config:       c.image(string(types.DockerManifestSchema2)),
	}
	return nil
}

// layer describes a layer's file. Docker writes layers as they are, whose
// digest the configuration has; other tools compress them, and then the file
// must be read for its digest.
func (a *dockerArchive) layer(name, diffID string) (Descriptor, error) {
	f, size, err := a.files.open(name)
	if err != nil {
		return Descriptor{}, &Error{Kind: kindOf(err), Err: err}
	}
	defer f.Close()
	head := make([]byte, len(gzipMagic))
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Descriptor{}, fault(Unreachable, "%s: %w", name, err)
	}
	if !isGzip(head[:n]) {
		return Descriptor{Digest: diffID, MediaType: string(types.DockerUncompressedLayer), Size: size}, nil
	}
	h := sha256.New()
	h.Write(head[:n])
	if _, err := io.Copy(h, f); err != nil {
		return Descriptor{}, fault(Unreachable, "%s: %w", name, err)
	}
	return Descriptor{Digest: fmt.Sprintf("sha256:%x", h.Sum(nil)), MediaType: string(types.DockerLayer), Size: size}, nil
}

// Image implements [Source]. The archive holds one image, whatever its
// platform is.
func (a *dockerArchive) Image(context.Context, image.Platform) (image.Manifest, []byte, error) {
	m := a.manifest
	m.Layers = slices.Clone(m.Layers)
	return m, slices.Clone(a.config), nil
}

// Blob implements [Source].
func (a *dockerArchive) Blob(_ context.Context, digest string, size int64) (io.ReadCloser, error) {
	fail := func(k Kind, err error) error {
		return &Error{Kind: k, Repository: a.path, Object: digest, Err: err}
	}
	if err := checkBlob(digest, size); err != nil {
		return nil, fail(Malformed, err)
	}
	if digest == a.manifest.ConfigDigest {
		return verify(io.NopCloser(bytes.NewReader(a.config)), digest, size, fail), nil
	}
	name, ok := a.layers[digest]
	if !ok {
		return nil, fail(NotFound, errors.New("the archive has no such layer"))
	}
	return openVerified(a.files, name, digest, size, fail)
}
