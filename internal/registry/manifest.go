package registry

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

// manifestTimeout bounds one attempt at reading a manifest.
const manifestTimeout = time.Minute

// acceptManifests asks for what is stored. A registry that is not told all
// types converts indexes to one of their manifests.
var acceptManifests = http.Header{"Accept": {strings.Join([]string{
	string(types.OCIImageIndex),
	string(types.DockerManifestList),
	string(types.OCIManifestSchema1),
	string(types.DockerManifestSchema2),
}, ", ")}}

// Resolve returns what ref means now, without reading it where the registry
// allows: with HEAD, which registries do not count as a pull.
func (c *Client) Resolve(ctx context.Context, ref image.Reference) (Descriptor, error) {
	t, err := c.target(ref)
	if err != nil {
		return Descriptor{}, err
	}
	d, err := c.head(ctx, t)
	if err != nil || d.Digest != "" {
		return d, err
	}
	doc, err := c.manifest(ctx, t)
	if err != nil {
		return Descriptor{}, err
	}
	return doc.Descriptor, nil
}

// head asks for the descriptor of the target. It is empty when the registry's
// answer is not enough.
func (c *Client) head(ctx context.Context, t target) (Descriptor, error) {
	if err := t.acquire(ctx); err != nil {
		return Descriptor{}, t.interrupted(ctx)
	}
	defer t.release()
	var d Descriptor
	err := c.retry(ctx, t, func() error {
		ctx, cancel := context.WithTimeout(ctx, manifestTimeout)
		defer cancel()
		resp, err := c.try(ctx, t, http.MethodHead, "manifests", acceptManifests)
		if err != nil {
			return err
		}
		resp.Body.Close()
		d = Descriptor{
			Digest:    resp.Header.Get("Docker-Content-Digest"),
			MediaType: mediaType(resp.Header),
			Size:      resp.ContentLength,
		}
		return nil
	})
	var e *Error
	if errors.As(err, &e) && e.Kind == Unsupported {
		return Descriptor{}, nil // Some registries do not know HEAD.
	}
	if err != nil {
		return Descriptor{}, err
	}
	if !image.ValidDigest(d.Digest) || !isManifestType(d.MediaType) || d.Size <= 0 {
		return Descriptor{}, nil
	}
	if types.MediaType(d.MediaType).IsSchema1() {
		return Descriptor{}, nil // Reading it gives the reason to refuse it.
	}
	if strings.Contains(t.object, ":") && d.Digest != t.object {
		return Descriptor{}, t.fail(DigestMismatch, fmt.Errorf("the registry has %s there", d.Digest))
	}
	return d, nil
}

// Manifest reads the manifest or index at ref. One read by tag has the digest
// of the content that came.
func (c *Client) Manifest(ctx context.Context, ref image.Reference) (*Document, error) {
	t, err := c.target(ref)
	if err != nil {
		return nil, err
	}
	return c.manifest(ctx, t)
}

func (c *Client) manifest(ctx context.Context, t target) (*Document, error) {
	raw, header, err := c.rawManifest(ctx, t)
	var doc *Document
	if err == nil {
		doc, err = verifyDocument(raw, t.object, header)
	}
	return doc, locate(err, t.name, t.repository, t.object)
}

// rawManifest reads a manifest or index as it is, without comparing it with
// its digest.
func (c *Client) rawManifest(ctx context.Context, t target) ([]byte, http.Header, error) {
	return c.read(ctx, t, "manifests", acceptManifests)
}

// read reads a document of the class whole.
func (c *Client) read(ctx context.Context, t target, class string, accept http.Header) (raw []byte, header http.Header, err error) {
	if err := t.acquire(ctx); err != nil {
		return nil, nil, t.interrupted(ctx)
	}
	defer t.release()
	err = c.retry(ctx, t, func() error {
		ctx, cancel := context.WithTimeout(ctx, manifestTimeout)
		defer cancel()
		resp, err := c.try(ctx, t, http.MethodGet, class, accept)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		header = resp.Header
		raw, err = readCapped(resp.Body, maxManifest)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			return t.fail(Unreachable, fmt.Errorf("the manifest broke off: %w", networkError(err)))
		}
		return err
	})
	return raw, header, locate(err, t.name, t.repository, t.object)
}

// verifyDocument compares a manifest with its digest and decodes it.
func verifyDocument(raw []byte, object string, header http.Header) (*Document, error) {
	digest, err := verifyManifest(raw, object, header)
	if err != nil {
		return nil, err
	}
	return parseDocument(raw, digest, mediaType(header))
}

// verifyManifest compares a manifest with the digest, or with what the
// registry says its digest is if it was read by tag, and returns its digest.
func verifyManifest(raw []byte, object string, header http.Header) (string, error) {
	want := object
	if !image.ValidDigest(want) {
		want = header.Get("Docker-Content-Digest")
	}
	algorithm := "sha256"
	if image.ValidDigest(want) {
		algorithm, _, _ = strings.Cut(want, ":")
	} else {
		want = ""
	}
	h, err := v1.Hasher(algorithm)
	if err != nil {
		return "", fault(Unsupported, "%w", err)
	}
	h.Write(raw)
	got := fmt.Sprintf("%s:%x", algorithm, h.Sum(nil))
	if want != "" && got != want {
		return "", fault(DigestMismatch, "the manifest that came has digest %s, not %s", got, want)
	}
	return got, nil
}

// mediaType returns the media type of a response without parameters.
func mediaType(h http.Header) string {
	mt, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mt
}
