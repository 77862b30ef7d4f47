// Scan measures what reading images costs, against the least that any scanner
// must do with the same bytes: hash what comes, decompress it, hash that, and
// walk the tar, in one thread.
//
//	scan [-runs 3] [-secrets=false] [DIR]
//
// DIR holds OCI image layouts, each with one image for linux/amd64; without it
// a small image is made up. Every measurement is a process of its own, the
// limit and the scan in turns, so that CPU and the highest resident memory are
// those of one image. Absolute numbers depend on what else the machine does:
// compare the ratios of one run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-scan:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	runs := flag.Int("runs", 3, "how often each image is measured; the median counts")
	role := flag.String("role", "", "what a process of its own measures")
	flag.Parse()
	if *role != "" {
		return play(ctx, *role, flag.Arg(0))
	}
	dir := flag.Arg(0)
	if dir == "" {
		temporary, err := os.MkdirTemp("", "stowage-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		fmt.Println("DIR=… names a directory of OCI layouts; without it a made-up image of 120 MB is measured.")
		if err := writeSample(filepath.Join(temporary, "sample")); err != nil {
			return err
		}
		dir = temporary
	}
	layouts, err := filepath.Glob(filepath.Join(dir, "*", "index.json"))
	if err == nil && len(layouts) == 0 {
		err = fmt.Errorf("no OCI layout in a folder of %s", dir)
	}
	if err != nil {
		return err
	}
	for i, index := range layouts {
		layouts[i] = filepath.Dir(index)
	}
	if err := compareWithLimit(ctx, layouts, *runs); err != nil {
		return err
	}
	return measureSharing(ctx, layouts)
}

// compareWithLimit prints, for each image, what the limit and the scans cost.
func compareWithLimit(ctx context.Context, layouts []string, runs int) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "image\tunpacked MB\tlimit CPU s\tscan\t× limit\twith secrets\t× limit\tlimit wall s\tscan\t× limit\twith secrets\t× limit\tpeak MiB\twith secrets\t")
	for _, l := range layouts {
		var measured [len(roles)][]cost
		for range runs {
			for i, role := range roles {
				c, err := measure(ctx, role, l)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", role, l, err)
				}
				measured[i] = append(measured[i], c)
			}
		}
		limit, scan, secrets := median(measured[0]), median(measured[1]), median(measured[2])
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t\n", filepath.Base(l), float64(scan.unpacked)/1e6,
			limit.cpu.Seconds(), scan.cpu.Seconds(), ratio(scan.cpu, limit.cpu), secrets.cpu.Seconds(), ratio(secrets.cpu, limit.cpu),
			limit.wall.Seconds(), scan.wall.Seconds(), ratio(scan.wall, limit.wall), secrets.wall.Seconds(), ratio(secrets.wall, limit.wall), mebibytes(scan.peak), mebibytes(secrets.peak))
	}
	return w.Flush()
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

var errUsage = errors.New("unknown role")
