package scan

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkLayer compares [ReadLayer] with the least that any scanner must do
// on the same bytes, in the same run and in turns: hash what comes, unpack it,
// hash that and walk the tar. Ratios are of CPU and of wall time; below 1 in
// wall means that read-ahead hides more than searching costs.
// "make bench-scan" does the same with whole images.
func BenchmarkLayer(b *testing.B) {
	synthetic, source := syntheticLayer(b, 120<<20), sourceLayer(b)
	b.Run("synthetic", func(b *testing.B) { benchmarkLayer(b, synthetic, LayerOptions{}) })
	b.Run("source", func(b *testing.B) { benchmarkLayer(b, source, LayerOptions{}) })
	b.Run("source_without_secrets", func(b *testing.B) {
		benchmarkLayer(b, source, LayerOptions{Secrets: SecretOptions{Off: true}})
	})
}

func benchmarkLayer(b *testing.B, layer []byte, o LayerOptions) {
	var scan, limit cost
	var unpacked int64
	for b.Loop() {
		limit.measure(func() {
			if err := readNothing(layer); err != nil {
				b.Fatal(err)
			}
		})
		scan.measure(func() {
			h := sha256.New()
			r, err := ReadLayer(b.Context(), io.TeeReader(bytes.NewReader(layer), h), o)
			if err != nil {
				b.Fatal(err)
			}
			h.Sum(nil)
			unpacked += r.Size
		})
	}
	b.ReportMetric(scan.cpu.Seconds()/limit.cpu.Seconds(), "cpu/limit")
	b.ReportMetric(scan.wall.Seconds()/limit.wall.Seconds(), "wall/limit")
	b.ReportMetric(float64(unpacked)/scan.cpu.Seconds()/1e6, "MB/cpu-s")
	b.ReportMetric(float64(unpacked)/float64(b.N)/1e6, "MB/op")
}

// A cost is the sum of what something took.
type cost struct{ cpu, wall time.Duration }

func (c *cost) measure(f func()) {
	cpu, start := processTime(), time.Now()
	f()
	c.cpu += processTime() - cpu
	c.wall += time.Since(start)
}

// processTime returns the CPU time of the process.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// readNothing does what nobody can do without, in one goroutine.
func readNothing(layer []byte) error {
	compressed, plain := sha256.New(), sha256.New()
	z, err := gzip.NewReader(io.TeeReader(bytes.NewReader(layer), compressed))
	if err != nil {
		return err
	}
	t := tar.NewReader(io.TeeReader(z, plain))
	for {
		if _, err := t.Next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if _, err := io.Copy(plain, z); err != nil {
		return err
	}
	compressed.Sum(nil)
	plain.Sum(nil)
	return nil
}

// syntheticLayer returns a layer that unpacks to about size bytes, with the
// mix of files and the compressibility of an application on a distribution.
func syntheticLayer(b *testing.B, size int) []byte {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4000)
	for i := range words {
		words[i] = fmt.Sprintf("%x ", rnd.Uint64()>>(4*rnd.IntN(14)))
	}
	text := func(n int) string {
		var s strings.Builder
		for s.Len() < n {
			s.WriteString(words[rnd.IntN(len(words))])
		}
		return s.String()
	}
	members := []member{
		{name: "etc/os-release", body: bookworm},
		{name: "var/lib/dpkg/status", body: status(strings.Split(strings.TrimSpace(strings.Repeat("package 1.0,", 400)), ",")...)},
	}
	for total, i := 0, 0; total < size; i++ {
		m := member{name: fmt.Sprintf("usr/share/d%d/file%d", i%500, i), body: text(1 + rnd.IntN(16<<10))}
		switch {
		case i%25 == 0:
			m = member{name: fmt.Sprintf("app/node_modules/p%d/package.json", i), body: fmt.Sprintf(`{"name":"p%d","version":"1.%d.0","description":%q}`, i, i, text(1000))}
		case i%60 == 1:
			m = member{name: fmt.Sprintf("usr/bin/tool%d", i), body: "\x7fELF" + text(200<<10), mode: 0o755}
		case i%200 == 2:
			m = member{name: fmt.Sprintf("usr/share/java/lib%d-1.0.jar", i), body: makeZip(b, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n", "A.class", text(100<<10))}
		}
		members = append(members, m)
		total += len(m.body)
	}
	return gzipped(b, makeTar(b, members...))
}

// sourceLayer returns a layer with the source of Go as an application: nothing
// but text in which secrets are looked for, which no image has as much of.
func sourceLayer(b *testing.B) []byte {
	b.Helper()
	var members []member
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no Go source tree: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(name)
		members = append(members, member{name: "app" + strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(root)), body: string(body)})
		return err
	})
	if err != nil {
		b.Skipf("no Go source tree: %v", err)
	}
	return gzipped(b, makeTar(b, members...))
}
