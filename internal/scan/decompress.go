package scan

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory that a zstd stream may ask for. It is what
// "zstd --long" needs; registries hold nothing above.
const maxWindow = 128 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	// skippableMagic starts a zstd frame without content, but for the low
	// half of its first byte.
	skippableMagic = []byte{0x50, 0x2a, 0x4d, 0x18}
)

// decompress returns the content of a blob by what it starts with: the media
// types of manifests are often wrong about compression. The closer frees what
// the decoder holds, not r.
func decompress(r *bufio.Reader) (io.Reader, func(), error) {
	head, err := r.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		// Concatenated members are one stream, as eStargz has them.
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip: %w", err)
		}
		return z, func() {}, nil
	case bytes.Equal(head, zstdMagic), len(head) == 4 && head[0]&0xf0 == skippableMagic[0] && bytes.Equal(head[1:], skippableMagic[1:]):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("zstd: %w", err)
		}
		return z, z.Close, nil
	default:
		return r, func() {}, nil
	}
}

// checkMediaType refuses what is known not to be a tar of a file system. An
// empty type is that of archives that do not tell.
func checkMediaType(t string) error {
	switch {
	case strings.Contains(t, "encrypted"):
		return fmt.Errorf("%w: it is encrypted (%s)", ErrUnsupported, t)
	case t == "", strings.Contains(t, "tar"), strings.Contains(t, "rootfs.diff"):
		return nil
	default:
		return fmt.Errorf("%w: its media type is %q", ErrUnsupported, t)
	}
}
