package registry

import (
	"context"
	"io"
	"slices"

	"github.com/stowage-dev/stowage/internal/image"
)

// maxNesting bounds how deep an index may be in another.
const maxNesting = 3

// A fetcher reads the documents and blobs of one repository, layout or
// archive by digest.
type fetcher interface {
	document(ctx context.Context, digest string) (*Document, error)
	Blob(ctx context.Context, digest string, size int64) (io.ReadCloser, error)
}

// readImage returns the image of a document that runs on the platform, with
// its configuration as published.
func readImage(ctx context.Context, f fetcher, doc *Document, platform image.Platform) (image.Manifest, []byte, error) {
	declared := image.Platform{}
	if doc.Index != nil {
		images, err := flatten(ctx, f, doc.Index, maxNesting)
		if err != nil {
			return image.Manifest{}, nil, err
		}
		child, err := choose(images, platform)
		if err != nil {
			return image.Manifest{}, nil, err
		}
		declared = child.Platform
		if doc, err = f.document(ctx, child.Digest); err != nil {
			return image.Manifest{}, nil, err
		}
		if doc.Image == nil {
			return image.Manifest{}, nil, fault(Malformed, "%s is an index, though its parent says it is an image", doc.Digest)
		}
	}
	raw, err := readConfig(ctx, f, doc.Image.Config)
	if err != nil {
		return image.Manifest{}, nil, err
	}
	m, err := newImage(doc, raw)
	if err != nil {
		return image.Manifest{}, nil, err
	}
	if m.Platform == (image.Platform{}) {
		m.Platform = declared
	}
	return m, raw, nil
}

// newImage joins a manifest with its configuration.
func newImage(doc *Document, rawConfig []byte) (image.Manifest, error) {
	c, err := parseConfig(rawConfig)
	if err != nil {
		return image.Manifest{}, err
	}
	layers, err := c.layers(doc.Image.Layers)
	if err != nil {
		return image.Manifest{}, err
	}
	return image.Manifest{
		Digest:       doc.Digest,
		MediaType:    doc.MediaType,
		ConfigDigest: doc.Image.Config.Digest,
		Platform:     c.platform(),
		Layers:       layers,
		Config:       c.image(doc.MediaType),
		Annotations:  doc.Image.Annotations,
	}, nil
}

// readConfig reads the configuration that d describes.
func readConfig(ctx context.Context, f fetcher, d Descriptor) ([]byte, error) {
	if d.Size > maxConfig {
		return nil, fault(TooLarge, "the configuration %s has %d bytes, more than %d", d.Digest, d.Size, maxConfig)
	}
	blob, err := f.Blob(ctx, d.Digest, d.Size)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return readCapped(blob, d.Size)
}

// flatten returns the images of an index and of the indexes in it.
func flatten(ctx context.Context, f fetcher, index *Index, depth int) ([]Child, error) {
	images := slices.Clone(index.Images)
	for _, nested := range index.Indexes {
		if depth == 0 || len(images) > maxChildren {
			return nil, fault(Unsupported, "the indexes in the index are too many or too deep")
		}
		doc, err := f.document(ctx, nested.Digest)
		if err != nil {
			return nil, err
		}
		if doc.Index == nil {
			return nil, fault(Malformed, "%s is an image, though its parent says it is an index", doc.Digest)
		}
		more, err := flatten(ctx, f, doc.Index, depth-1)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if c.Name == "" {
				c.Name = nested.Name
			}
			if c.Reference == "" {
				c.Reference = nested.Reference
			}
			images = append(images, c)
		}
	}
	return images, nil
}
