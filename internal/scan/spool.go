package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A spool holds one file at a time for random access: in memory up to a size,
// above it in a temporary file that has no name, so that nothing is left over
// however the process ends. The memory is used again for the next file.
type spool struct {
	memory int64
	buf    []byte
	file   *os.File
}

// content is what a spool holds.
type content interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// errSpool is the cause when there is no place for a temporary file.
var errSpool = errors.New("temporary file")

// errTooLarge is the cause when a file has more than it may have.
var errTooLarge = errors.New("too large")

// load reads r, which has at most limit bytes, to its end. What it returns is
// valid until the next load or Close.
func (s *spool) load(r io.Reader, limit int64) (content, int64, error) {
	s.release()
	r = io.LimitReader(r, limit+1)
	b := bytes.NewBuffer(s.buf[:0])
	n, err := io.CopyN(b, r, min(s.memory, limit)+1)
	s.buf = b.Bytes()
	switch {
	case err != nil && err != io.EOF:
		return nil, n, err
	case n > limit:
		return nil, n, errTooLarge
	case n <= s.memory:
		return bytes.NewReader(s.buf), n, nil
	}
	f, err := openNameless()
	if err != nil {
		return nil, n, err
	}
	s.file = f
	if _, err := f.Write(s.buf); err != nil {
		return nil, n, fmt.Errorf("%w: %w", errSpool, err)
	}
	more, err := io.Copy(f, r)
	n += more
	if errors.As(err, new(*fs.PathError)) {
		err = fmt.Errorf("%w: %w", errSpool, err) // Such as a full disk.
	}
	if err != nil {
		return nil, n, err
	}
	if n > limit {
		return nil, n, errTooLarge
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, n, fmt.Errorf("%w: %w", errSpool, err)
	}
	return f, n, nil
}

// release drops what the spool holds.
func (s *spool) release() {
	if s.file != nil {
		s.file.Close() // Its content is of no interest any more.
		s.file = nil
	}
}

// Close drops what the spool holds, and its memory.
func (s *spool) Close() {
	s.release()
	s.buf = nil
}

// openNameless opens a temporary file and removes its name.
func openNameless() (*os.File, error) {
	f, err := os.CreateTemp("", "stowage-scan-*")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSpool, err)
	}
	if err := os.Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Close()
		return nil, fmt.Errorf("%w: %w", errSpool, err)
	}
	return f, nil
}
