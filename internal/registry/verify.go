package registry

import (
	"fmt"
	"hash"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/stowage-dev/stowage/internal/image"
)

// A verifiedReader reads content of a known size and digest. In place of
// io.EOF it returns an error when the content was not that.
type verifiedReader struct {
	io.ReadCloser
	digest    string
	remaining int64
	hash      hash.Hash
	// fail makes the error for content that is wrong.
	fail func(Kind, error) error
	err  error
}

// verify returns a reader of r's content that compares it with the digest and
// size, and reads no further than size. The digest is known to be valid.
func verify(r io.ReadCloser, digest string, size int64, fail func(Kind, error) error) *verifiedReader {
	algorithm, _, _ := strings.Cut(digest, ":")
	h, err := v1.Hasher(algorithm)
	if err != nil {
		err = fail(Unsupported, err)
	}
	return &verifiedReader{ReadCloser: r, digest: digest, remaining: size, hash: h, fail: fail, err: err}
}

func (v *verifiedReader) Read(p []byte) (int, error) {
	if v.err != nil || len(p) == 0 {
		return 0, v.err
	}
	if v.remaining == 0 {
		v.err = v.end()
		return 0, v.err
	}
	n, err := v.ReadCloser.Read(p[:min(int64(len(p)), v.remaining)])
	v.hash.Write(p[:n])
	v.remaining -= int64(n)
	switch {
	case v.remaining == 0:
		v.err = v.end()
	case err == io.EOF:
		v.err = v.fail(DigestMismatch, fmt.Errorf("the content ends %d bytes early", v.remaining))
	case err != nil:
		v.err = err
	}
	return n, v.err
}

// end returns io.EOF if the content that was read is what it should be.
func (v *verifiedReader) end() error {
	algorithm, _, _ := strings.Cut(v.digest, ":")
	if got := fmt.Sprintf("%s:%x", algorithm, v.hash.Sum(nil)); got != v.digest {
		return v.fail(DigestMismatch, fmt.Errorf("the content that came has digest %s", got))
	}
	return io.EOF
}

// checkBlob reports what is wrong with the arguments of [Source.Blob].
func checkBlob(digest string, size int64) error {
	if !image.ValidDigest(digest) {
		return fmt.Errorf("%q is not a digest", digest)
	}
	if size < 0 {
		return fmt.Errorf("%s has a size of %d", digest, size)
	}
	return nil
}
