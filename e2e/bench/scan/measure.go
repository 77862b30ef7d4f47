package main

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan"
)

// roles are what a process of its own can be asked to do.
var roles = [...]string{"limit", "scan", "secrets"}

// A cost is what one process took.
type cost struct {
	cpu, wall time.Duration
	// peak is the highest resident memory in bytes.
	peak int64
	// unpacked is the bytes of all layers.
	unpacked int64
}

// measure plays a role for a layout in a process of its own.
func measure(ctx context.Context, role, layout string) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", role, layout)
	cmd.Stderr = os.Stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return cost{}, err
	}
	c := cost{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	var told report
	err = json.Unmarshal(out, &told)
	c.peak, c.unpacked = told.Peak, told.Unpacked
	return c, err
}

// A report is what a process tells of itself.
type report struct {
	// Unpacked is the bytes of all layers.
	Unpacked int64
	// Peak is the highest resident memory in bytes.
	Peak int64
}

// peak returns the highest resident memory of the process, in bytes. The
// resource usage that a parent gets would count the parent's own memory, too.
// See proc_pid_status(5); it is 0 where there is no such file.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes * 1024
}

// median returns the middle of each number.
func median(all []cost) cost {
	middle := func(f func(cost) int64) int64 {
		values := make([]int64, len(all))
		for i, c := range all {
			values[i] = f(c)
		}
		slices.SortFunc(values, cmp.Compare)
		return values[len(values)/2]
	}
	return cost{
		cpu:      time.Duration(middle(func(c cost) int64 { return int64(c.cpu) })),
		wall:     time.Duration(middle(func(c cost) int64 { return int64(c.wall) })),
		peak:     middle(func(c cost) int64 { return c.peak }),
		unpacked: middle(func(c cost) int64 { return c.unpacked }),
	}
}

// play does what a role says with a layout, and prints a [report].
func play(ctx context.Context, role, layout string) error {
	source, manifest, config, err := open(ctx, layout)
	if err != nil {
		return err
	}
	defer source.Close()
	var unpacked int64
	switch role {
	case "limit":
		for _, l := range manifest.Layers {
			n, err := readNothing(ctx, source, l)
			if err != nil {
				return err
			}
			unpacked += n
		}
	case "scan", "secrets":
		sizes := sizeCache{}
		options := scan.Options{Secrets: scan.SecretOptions{Off: role == "scan"}}
		if _, err := scan.Image(ctx, source, manifest, config, &sizes, options); err != nil {
			return err
		}
		unpacked = sizes.total
	default:
		return fmt.Errorf("%w %q", errUsage, role)
	}
	return json.NewEncoder(os.Stdout).Encode(report{unpacked, peak()})
}

// open opens the image of a layout.
func open(ctx context.Context, layout string) (*registry.Local, image.Manifest, []byte, error) {
	source, err := registry.OpenLayout(layout, "")
	if err != nil {
		return nil, image.Manifest{}, nil, err
	}
	manifest, config, err := source.Image(ctx, image.Platform{OS: "linux", Architecture: "amd64"})
	if err != nil {
		source.Close()
		return nil, image.Manifest{}, nil, err
	}
	return source, manifest, config, nil
}

// readNothing does what nobody can do without, in one thread, and returns the
// bytes that a layer unpacks to. Layers are gzip or plain.
func readNothing(ctx context.Context, source registry.Source, l image.Layer) (int64, error) {
	blob, err := source.Blob(ctx, l.Digest, l.Size) // Which hashes what it reads.
	if err != nil {
		return 0, err
	}
	defer blob.Close()
	z, err := gzip.NewReader(blob)
	if err != nil {
		return 0, fmt.Errorf("layer %s: %w", l.Digest, err)
	}
	plain := &counter{w: sha256.New()}
	tee := io.TeeReader(z, plain)
	for t := tar.NewReader(tee); err == nil; {
		_, err = t.Next()
	}
	if err != io.EOF {
		return 0, fmt.Errorf("layer %s: %w", l.Digest, err)
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return 0, fmt.Errorf("layer %s: %w", l.Digest, err)
	}
	return plain.n, nil
}

// A counter counts what is written to w.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}

// A sizeCache adds up the sizes of the layers that it is given and keeps
// nothing.
type sizeCache struct{ total int64 }

func (*sizeCache) Get(context.Context, []string) (map[string]*scan.LayerResult, error) {
	return nil, nil
}

func (c *sizeCache) Put(_ context.Context, _ string, r *scan.LayerResult) error {
	c.total += r.Size
	return nil
}
