package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// sampleSize is about how many bytes the sample unpacks to.
const sampleSize = 120 << 20

// writeSample writes a layout of one image with the mix of files and the
// compressibility of an application on a distribution, always the same.
func writeSample(dir string) error {
	body, err := sampleLayer()
	if err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil })
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	var ready v1.Image
	if ready, err = mutate.ConfigFile(image, config); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(ready)
}

func sampleLayer() ([]byte, error) {
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
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(name, body string, mode int64) error {
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(body))})
		_, writeErr := io.WriteString(w, body)
		return errors.Join(err, writeErr)
	}
	err := add("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644)
	for i := 0; err == nil && out.Len() < sampleSize; i++ {
		switch {
		case i%25 == 0:
			err = add(fmt.Sprintf("app/node_modules/p%d/package.json", i), fmt.Sprintf(`{"name":"p%d","version":"1.%d.0","description":%q}`, i, i, text(1000)), 0o644)
		case i%60 == 1:
			err = add(fmt.Sprintf("usr/bin/tool%d", i), "\x7fELF"+text(200<<10), 0o755)
		default:
			err = add(fmt.Sprintf("srv/d%d/file%d", i%500, i), text(1+rnd.IntN(16<<10)), 0o644)
		}
	}
	return out.Bytes(), errors.Join(err, w.Close())
}
