package scan

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// LayerOptions are what [ReadLayer] may be told. The zero value is usable.
type LayerOptions struct {
	// MediaType is the manifest's word for the layer. Only whether it is a
	// file system at all is taken from it.
	MediaType string
	// Limits are of this layer alone.
	Limits Limits
	// Secrets is how secrets are looked for.
	Secrets SecretOptions
}

// ReadLayer reads a layer as it is stored, compressed or not, to the end of r.
// It does not compare r's digest with anything, which is for the caller's
// reader to do, but r's errors are returned as they are.
//
// Errors about the content are [ErrMalformed], [ErrUnsupported] or of type
// [*LimitError]. With a LimitError the result has what was found until then.
// If ctx ends while r.Read waits, ReadLayer waits with it: r should end by the
// same context.
func ReadLayer(ctx context.Context, r io.Reader, o LayerOptions) (*LayerResult, error) {
	return readLayer(ctx, r, o.MediaType, newBudget(o.Limits, o.Secrets))
}

// readLayer is ReadLayer within a budget that other layers may share.
func readLayer(ctx context.Context, r io.Reader, mediaType string, b *budget) (*LayerResult, error) {
	if err := checkMediaType(mediaType); err != nil {
		return nil, err
	}
	source := &source{r: r}
	result, err := readStream(ctx, source, b)
	switch {
	case err == nil:
		return result, nil
	case errors.As(err, new(*LimitError)):
		return result, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case source.err != nil:
		return nil, source.err
	case errors.Is(err, errSpool):
		return nil, err
	}
	// Bytes that were damaged on their way look like a malformed layer until
	// the reader has compared their digest.
	if _, err := io.Copy(io.Discard, source); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
}

// readStream decompresses and walks a layer.
func readStream(ctx context.Context, source *source, b *budget) (*LayerResult, error) {
	// Reading, which hashes, and decompressing take turns otherwise.
	compressed := newPump(ctx, source, compressedChunk, compressedChunks)
	defer compressed.Close()
	plain, free, err := decompress(bufio.NewReaderSize(compressed, compressedChunk))
	if err != nil {
		return nil, err
	}
	defer free()
	ahead := newReadAhead(ctx, plain, b, source.count.Load)
	defer ahead.Close()

	w := newWalker(b)
	defer w.Close()
	err = walk(ctx, tar.NewReader(ahead), w)
	if err == nil {
		err = ahead.drain()
	}
	result := w.finish()
	result.DiffID, result.Size = ahead.sum(), ahead.offset
	return result, err
}

// walk gives the entries of a tar to w.
func walk(ctx context.Context, t *tar.Reader, w *walker) error {
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.entry(ctx, h, t); err != nil {
			return err
		}
	}
}

// A source counts what is read, and keeps the error that reading ended with.
type source struct {
	r     io.Reader
	count atomic.Int64
	// err is not io.EOF. It is read when nothing is being read.
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.count.Add(int64(n))
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
