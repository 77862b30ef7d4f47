package scan

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"go.uber.org/goleak"
)

// A bomb is a reader of a gzip stream that is made while it is read: a tar
// that has what write writes.
func bomb(t testing.TB, write func(w *tar.Writer) error) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err == nil {
			tw := tar.NewWriter(z)
			err = errors.Join(write(tw), tw.Close(), z.Close())
		}
		w.CloseWithError(err)
	}()
	t.Cleanup(func() {
		r.Close()
		<-done
	})
	return r
}

func zeros(w *tar.Writer, size int64) error {
	if err := w.WriteHeader(&tar.Header{Name: "zeros", Size: size, Mode: 0o644}); err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(block)) {
		if _, err := w.Write(block[:min(size, int64(len(block)))]); err != nil {
			return err
		}
	}
	return nil
}

func TestLimits(t *testing.T) {
	t.Parallel()
	good := func(w *tar.Writer) error {
		const body = `{"name":"good","version":"1"}`
		if err := w.WriteHeader(&tar.Header{Name: "package.json", Size: int64(len(body)), Mode: 0o644}); err != nil {
			return err
		}
		_, err := w.Write([]byte(body))
		return err
	}
	for name, test := range map[string]struct {
		limits Limits
		write  func(w *tar.Writer) error
		want   string
	}{
		"bytes": {
			Limits{Bytes: 4 << 20},
			func(w *tar.Writer) error { return errors.Join(good(w), zeros(w, 64<<20)) },
			"unpacks to more than 4194304 bytes",
		},
		"entries": {
			Limits{Entries: 1000},
			func(w *tar.Writer) error {
				err := good(w)
				for i := 0; i < 2000 && err == nil; i++ {
					err = w.WriteHeader(&tar.Header{Name: fmt.Sprint("f", i), Mode: 0o644})
				}
				return err
			},
			"more than 1000 entries",
		},
		"result": {
			Limits{Result: 100_000},
			func(w *tar.Writer) error {
				err := good(w)
				for i := 0; i < 2000 && err == nil; i++ {
					err = w.WriteHeader(&tar.Header{Name: fmt.Sprint(strings.Repeat("long", 20), i), Mode: 0o4777})
				}
				return err
			},
			"what is known of the layer",
		},
		"accounts": {
			Limits{Result: 100_000},
			func(w *tar.Writer) error {
				users := strings.Repeat("a:x:1:1\n", 5000)
				err := errors.Join(good(w), w.WriteHeader(&tar.Header{Name: "etc/passwd", Size: int64(len(users)), Mode: 0o644}))
				if err == nil {
					_, err = w.Write([]byte(users))
				}
				return err
			},
			"what is known of the layer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadLayer(t.Context(), bomb(t, test.write), LayerOptions{Limits: test.limits})
			var limit *LimitError
			if !errors.As(err, &limit) || !strings.Contains(limit.Reason, test.want) {
				t.Fatalf("ReadLayer: %v, want a limit error with %q", err, test.want)
			}
			if got == nil || len(got.Packages) != 1 {
				t.Errorf("ReadLayer = %+v, want what was found until then", got)
			}
		})
	}
}

// A stream that unpacks to a thousand times its size is given up soon.
func TestLimitRatio(t *testing.T) {
	t.Parallel()
	b := newBudget(Limits{}, SecretOptions{})
	if err := b.checkRatio(ratioFrom, 1); err != nil {
		t.Errorf("checkRatio of little: %v, want nil", err)
	}
	if err := b.checkRatio(ratioFrom+1, ratioFrom/1000); err == nil {
		t.Error("checkRatio of a bomb = nil, want an error")
	}
	if err := b.checkRatio(ratioFrom*3, ratioFrom); err != nil {
		t.Errorf("checkRatio of an ordinary layer: %v, want nil", err)
	}
}

// A sparse file of 10 GB and a crowd of empty files are no reason to give up.
func TestCheapBombs(t *testing.T) {
	t.Parallel()
	t.Run("sparse", func(t *testing.T) {
		t.Parallel()
		got, err := ReadLayer(t.Context(), bytes.NewReader(sparse(t, "big.jar", 10<<30)), LayerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Skipped) != 1 || !strings.Contains(got.Skipped[0].Reason, "10737418240 bytes") {
			t.Errorf("skipped %v, want the sparse jar", got.Skipped)
		}
	})
	t.Run("entries", func(t *testing.T) {
		t.Parallel()
		const n = 1_000_000
		got, err := ReadLayer(t.Context(), bomb(t, func(w *tar.Writer) error {
			for i := range n {
				if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint("d/", i), Mode: 0o644}); err != nil {
					return err
				}
			}
			return nil
		}), LayerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Entries != n || len(got.NonDirectories) != n {
			t.Errorf("ReadLayer has %d entries and %d paths, want %d", got.Entries, len(got.NonDirectories), n)
		}
	})
}

// sparse returns a tar with one old GNU sparse file of the size, all holes but
// for one block at its end.
func sparse(t *testing.T, name string, size int64) []byte {
	t.Helper()
	h := make([]byte, 512)
	octal := func(at, n int, v int64) { copy(h[at:at+n], fmt.Sprintf("%0*o\x00", n-1, v)) }
	copy(h, name)
	octal(100, 8, 0o644)
	octal(108, 8, 0)
	octal(116, 8, 0)
	octal(124, 12, 512)
	octal(136, 12, 0)
	h[156] = tar.TypeGNUSparse
	copy(h[257:], "ustar  \x00")
	octal(386, 12, size-512) // Where the one block of data is.
	octal(398, 12, 512)
	h[483] = 0
	// Sizes above 8 GiB do not fit into octal: GNU writes them in base 256.
	h[483+0] = 0x80
	for i, v := 11, size; i > 0; i, v = i-1, v>>8 {
		h[483+i] = byte(v)
	}
	h[386] = 0x80
	for i, v := 11, size-512; i > 0; i, v = i-1, v>>8 {
		h[386+i] = byte(v)
	}
	copy(h[148:156], "        ")
	sum := int64(0)
	for _, c := range h {
		sum += int64(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return append(h, make([]byte, 512*3)...)
}

// Reading leaves no goroutine behind, however it ends.
func TestReadLayerLeavesNothing(t *testing.T) {
	current := goleak.IgnoreCurrent()
	blob := gzipped(t, makeTar(t, member{name: "a.jar", body: strings.Repeat("x", 1<<20)}))
	for i := range 50 {
		_, err := ReadLayer(t.Context(), bytes.NewReader(blob[:len(blob)-i*10]), LayerOptions{Limits: Limits{MemoryBytes: 1, Bytes: int64(1 + i*20_000)}})
		if err == nil {
			t.Fatal("ReadLayer = nil, want an error")
		}
	}
	goleak.VerifyNone(t, current)
}
