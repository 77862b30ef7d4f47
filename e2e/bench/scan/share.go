package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/stowage-dev/stowage/internal/scan"
)

// measureSharing prints what all images cost together when a layer is read
// once, and what an image costs whose layers are all known.
func measureSharing(ctx context.Context, layouts []string) error {
	cache := &jsonCache{results: map[string][]byte{}}
	var alone, shared time.Duration
	for _, l := range layouts {
		before := processTime()
		if err := scanLayout(ctx, l, &jsonCache{results: map[string][]byte{}}); err != nil {
			return err
		}
		alone += processTime() - before
		before = processTime()
		if err := scanLayout(ctx, l, cache); err != nil {
			return err
		}
		shared += processTime() - before
	}
	fmt.Printf("\nall images alone: %.2f CPU s; in one database, each layer read once: %.2f CPU s (%.2f ×)\n",
		alone.Seconds(), shared.Seconds(), ratio(shared, alone))
	for _, l := range layouts {
		start := time.Now()
		if err := scanLayout(ctx, l, cache); err != nil {
			return err
		}
		fmt.Printf("%s, all layers known: %.1f ms\n", filepath.Base(l), float64(time.Since(start).Microseconds())/1000)
	}
	return nil
}

func scanLayout(ctx context.Context, layout string, cache scan.LayerCache) error {
	source, manifest, config, err := open(ctx, layout)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = scan.Image(ctx, source, manifest, config, cache, scan.Options{})
	return err
}

// processTime returns the CPU time of the process.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A jsonCache keeps results in the form in which a database does.
type jsonCache struct {
	mu      sync.Mutex
	results map[string][]byte
}

// Get implements [scan.LayerCache].
func (c *jsonCache) Get(_ context.Context, digests []string) (map[string]*scan.LayerResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]*scan.LayerResult{}
	for _, d := range digests {
		b, ok := c.results[d]
		if !ok {
			continue
		}
		var r scan.LayerResult
		if err := json.Unmarshal(b, &r); err != nil {
			return nil, err
		}
		found[d] = &r
	}
	return found, nil
}

// Put implements [scan.LayerCache].
func (c *jsonCache) Put(_ context.Context, digest string, r *scan.LayerResult) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[digest] = b
	return nil
}
