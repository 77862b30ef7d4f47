package registry

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	sha512Digest := fmt.Sprintf("sha512:%x", sha512.Sum512([]byte("content")))
	tests := []struct {
		name   string
		r      io.Reader
		digest string
		size   int64
		// want is the error in place of io.EOF, by kind or itself.
		want  Kind
		cause error
	}{
		{"good", strings.NewReader("content"), digestOf([]byte("content")), 7, "", nil},
		{"byte_by_byte", iotest.OneByteReader(strings.NewReader("content")), digestOf([]byte("content")), 7, "", nil},
		{"data_with_eof", iotest.DataErrReader(strings.NewReader("content")), digestOf([]byte("content")), 7, "", nil},
		{"sha512", strings.NewReader("content"), sha512Digest, 7, "", nil},
		{"empty", strings.NewReader(""), digestOf(nil), 0, "", nil},
		{"empty_but_should_not", strings.NewReader(""), digestOf([]byte("content")), 0, DigestMismatch, nil},
		{"more_follows", strings.NewReader("content and more"), digestOf([]byte("content")), 7, "", nil},
		{"too_short", strings.NewReader("conten"), digestOf([]byte("content")), 7, DigestMismatch, nil},
		{"other_content", strings.NewReader("CONTENT"), digestOf([]byte("content")), 7, DigestMismatch, nil},
		{"broken", io.MultiReader(strings.NewReader("con"), iotest.ErrReader(errBroken)), digestOf([]byte("content")), 7, "", errBroken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := verify(io.NopCloser(tt.r), tt.digest, tt.size, func(k Kind, err error) error {
				return &Error{Kind: k, Err: err}
			})
			got, err := io.ReadAll(v)
			_, again := v.Read(make([]byte, 1))
			switch {
			case tt.want != "":
				wantKind(t, err, tt.want)
				wantKind(t, again, tt.want)
			case tt.cause != nil:
				if !errors.Is(err, tt.cause) {
					t.Errorf("Read = %v, want %v", err, tt.cause)
				}
			case err != nil || again != io.EOF || int64(len(got)) != tt.size:
				t.Errorf("Read = %q, %v, then %v; want the content, then EOF", got, err, again)
			}
		})
	}
}
