package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// A Source gives the layers of an image.
type Source interface {
	// Blob opens a blob by its digest and compressed size. What is read must
	// be compared with the digest: at the end of other content Read returns an
	// error in place of [io.EOF]. Reading ends with ctx.
	Blob(ctx context.Context, digest string, size int64) (io.ReadCloser, error)
}

// A LayerCache keeps the results of layers by digest, each with the [Version]
// that found it.
type LayerCache interface {
	// Get returns the results that are there.
	Get(ctx context.Context, digests []string) (map[string]*LayerResult, error)
	Put(ctx context.Context, digest string, r *LayerResult) error
}

// Options are what [Image] may be told. The zero value is usable.
type Options struct {
	// Parallel is how many layers are read at the same time; 0 means 2.
	Parallel int
	Limits   Limits
	// JavaIndex tells which artifacts Java archives are that do not say so
	// themselves; it may be nil.
	JavaIndex *JavaIndex
	Secrets   SecretOptions
	// References are what workloads ask for to get the image.
	References []image.Reference
	// Base is what the image was built from, nil when that is not known;
	// TrustedBases are the rules for it.
	Base         *image.Base
	TrustedBases []image.TrustedBase
	// Referrers are what the registry keeps about the image; nil when it was
	// not asked.
	Referrers *image.Referrers
	// Now is the time that ages are reckoned from; zero means the present.
	Now time.Time
	// Progress is called as the scan goes on, never twice at the same time.
	Progress func(Progress)
}

// Progress is how far reading an image is. Layers that were read before count
// as read from the start.
type Progress struct {
	Layers, LayersDone int
	// Bytes and BytesDone are of compressed layers.
	Bytes, BytesDone int64
}

// A Result is what a scan found.
type Result struct {
	Inventory image.Inventory
	// Ecosystem is the OSV ecosystem of the distribution; empty without one.
	Ecosystem string
	Checks    []finding.CheckFinding
	// SecretsAllowed is how many secrets the allow-list kept out of Checks.
	SecretsAllowed int
	// LayersRead and BytesRead are the layers that were not in the cache, and
	// their compressed size.
	LayersRead int
	BytesRead  int64
}

// defaultParallel suits two cores: each layer has one that decompresses and
// one that hashes and searches.
const defaultParallel = 2

// errWall is the cause when an image takes too long.
var errWall = errors.New("the scan takes too long")

// Image scans an image. rawConfig is its configuration as published, of which
// nothing but findings leaves this function. cache may be nil.
//
// A layer that cannot be read for what it is (foreign, encrypted, no file
// system, over a limit) leaves the inventory partial, which then says so. A
// layer that is damaged or cannot be fetched is an error that names it.
func Image(ctx context.Context, source Source, m image.Manifest, rawConfig []byte, cache LayerCache, o Options) (*Result, error) {
	s := &imageScan{source: source, manifest: m, cache: cache, options: o, budget: newBudget(o.Limits, o.Secrets)}
	if err := s.readLayers(ctx); err != nil {
		return nil, err
	}
	result := &s.result
	inventory, err := overlayLayers(s.layers, o.JavaIndex)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", m.Digest, err)
	}
	result.Inventory = inventory
	if d := result.Inventory.Distribution; d != nil {
		result.Ecosystem = Ecosystem(*d)
	}
	if result.Inventory.Partial != "" {
		s.reasons = append(s.reasons, result.Inventory.Partial)
	}
	result.Inventory.Partial = summarize(s.reasons)

	config, err := check.ParseConfig(rawConfig)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", m.Digest, err)
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	result.Checks = check.Image(check.Input{
		Manifest: m, Config: config, Inventory: result.Inventory, References: o.References, Referrers: o.Referrers,
		Base: o.Base, TrustedBases: o.TrustedBases, Now: now,
		Secrets: check.Secrets{Key: o.Secrets.key(), Files: secretsOf(s.layers), Allowed: o.allowed(now, &result.SecretsAllowed)},
	})
	return result, nil
}

// An imageScan reads the layers of one image.
type imageScan struct {
	source   Source
	manifest image.Manifest
	cache    LayerCache
	options  Options
	budget   *budget

	// layers are the results in the manifest's order, nil where there is none.
	layers []*LayerResult
	// reasons tell why layers have no or no whole result.
	reasons []string

	mu       sync.Mutex // Guards what follows.
	result   Result
	progress Progress
	read     map[string]outcome
}

// An outcome is how reading a layer ended, if not with an error for the image.
type outcome struct {
	result *LayerResult
	reason string
}

// readLayers fills layers and reasons.
func (s *imageScan) readLayers(ctx context.Context) error {
	s.read = make(map[string]outcome)
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	wall, cancel := context.WithTimeoutCause(ctx, s.budget.limits.Wall, errWall)
	defer cancel()
	group, wall := errgroup.WithContext(wall)
	group.SetLimit(cmp.Or(max(s.options.Parallel, 0), defaultParallel))
	s.progress.Layers = len(s.manifest.Layers)
	for _, l := range s.manifest.Layers {
		s.progress.Bytes += l.Size
	}
	started := make(map[string]bool)
	for i, l := range s.manifest.Layers {
		if started[l.Digest] || known[l.Digest] != nil {
			s.skip(l)
			continue
		}
		started[l.Digest] = true
		group.Go(func() error {
			out, err := s.readLayer(ctx, wall, l)
			if err != nil {
				return fmt.Errorf("layer %d (%s): %w", i, l.Digest, err)
			}
			s.tell(func(p *Progress) {
				p.LayersDone++
				s.read[l.Digest] = out
			})
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, l := range s.manifest.Layers {
		out := s.read[l.Digest]
		if r := known[l.Digest]; r != nil {
			out.result = r
		}
		s.layers = append(s.layers, out.result)
		if out.reason != "" {
			s.reasons = append(s.reasons, fmt.Sprintf("layer %d (%s): %s", i, l.Digest, out.reason))
		}
	}
	return nil
}

// known returns the results that the cache has.
func (s *imageScan) known(ctx context.Context) (map[string]*LayerResult, error) {
	if s.cache == nil || len(s.manifest.Layers) == 0 {
		return nil, nil
	}
	var digests []string
	for _, l := range s.manifest.Layers {
		digests = append(digests, l.Digest)
	}
	known, err := s.cache.Get(ctx, digests)
	if err != nil {
		return nil, fmt.Errorf("known layers of %s: %w", s.manifest.Digest, err)
	}
	return s.options.Secrets.searchedAlike(known), nil
}

// readLayer reads one layer under the context wall, which ends when time is
// up, and stores its result under ctx.
func (s *imageScan) readLayer(ctx, wall context.Context, l image.Layer) (outcome, error) {
	if l.Foreign() {
		return outcome{reason: "its licence keeps it out of registries, so that it was not read"}, nil
	}
	r, err := s.fetch(wall, l)
	if r != nil {
		s.tell(func(*Progress) { s.result.LayersRead++ })
	}
	var limit *LimitError
	switch {
	case err == nil:
	case errors.As(err, &limit):
		return outcome{r, limit.Reason + ", and was read only to there"}, nil
	case errors.Is(err, ErrUnsupported):
		return outcome{reason: err.Error()}, nil
	case errors.Is(context.Cause(wall), errWall):
		return outcome{reason: fmt.Sprintf("%v: more than %v", errWall, s.budget.limits.Wall)}, nil
	default:
		return outcome{}, err
	}
	if l.DiffID != "" && r.DiffID != l.DiffID {
		return outcome{}, fmt.Errorf("%w: it unpacks to %s, the configuration says %s", ErrMalformed, r.DiffID, l.DiffID)
	}
	if s.cache != nil {
		if err := s.cache.Put(ctx, l.Digest, r); err != nil {
			return outcome{}, fmt.Errorf("store what is in it: %w", err)
		}
	}
	return outcome{result: r}, nil
}

// fetch opens and reads a layer.
func (s *imageScan) fetch(ctx context.Context, l image.Layer) (*LayerResult, error) {
	if err := checkMediaType(l.MediaType); err != nil {
		return nil, err
	}
	blob, err := s.source.Blob(ctx, l.Digest, l.Size)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return readLayer(ctx, progressReader{blob, s}, l.MediaType, s.budget)
}

// skip counts a layer that need not or cannot be read.
func (s *imageScan) skip(l image.Layer) {
	s.tell(func(p *Progress) {
		p.LayersDone++
		p.BytesDone += l.Size
	})
}

// tell changes the progress and tells of it.
func (s *imageScan) tell(change func(*Progress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.progress)
	if s.options.Progress != nil {
		s.options.Progress(s.progress)
	}
}

// A progressReader counts what is read of a blob.
type progressReader struct {
	io.Reader
	scan *imageScan
}

func (r progressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.scan.tell(func(p *Progress) {
		p.BytesDone += int64(n)
		r.scan.result.BytesRead += int64(n)
	})
	return n, err
}
