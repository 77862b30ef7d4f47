package advisory

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of what a feed may hold. The largest public one, npm's, has some
// hundred thousand records and one gigabyte.
const (
	maxRecord   = 32 << 20
	maxRecords  = 4 << 20
	maxUnpacked = 64 << 30
)

// An archive is the records of a feed, opened.
type archive struct {
	records []packed
	closer  io.Closer
	// unpacked counts the bytes that were read.
	unpacked int64
	buf      bytes.Buffer
}

// A packed record is one that has not been read yet.
type packed struct {
	name string
	size uint64
	open func() (io.ReadCloser, error)
}

// open fetches and opens the feed, or returns ErrUnchanged.
func (f *Fetcher) open(ctx context.Context, feed Feed, last State) (*archive, State, error) {
	if info, err := os.Stat(feed.location); err == nil && info.IsDir() {
		a, err := looseRecords(feed.location)
		return a, State{Format: hashFormat}, err
	}
	got, state, err := f.fetch(ctx, feed.location, last)
	if err != nil {
		return nil, state, err
	}
	a, err := zipRecords(got, got.size)
	if err != nil {
		return nil, last, errors.Join(err, got.Close())
	}
	a.closer = got
	return a, state, nil
}

func zipRecords(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read archive of %d bytes: %w; it is cut short or not a zip archive", size, err)
	}
	a := &archive{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ".json") {
			a.records = append(a.records, packed{f.Name, f.UncompressedSize64, f.Open})
		}
	}
	return a, a.check()
}

func looseRecords(directory string) (*archive, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	a := &archive{closer: io.NopCloser(nil)}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && !e.IsDir() {
			file := filepath.Join(directory, e.Name())
			a.records = append(a.records, packed{e.Name(), 0, func() (io.ReadCloser, error) { return os.Open(file) }})
		}
	}
	return a, a.check()
}

func (a *archive) check() error {
	switch n := len(a.records); {
	case n == 0:
		return fmt.Errorf("it holds no .json records: %w", ErrNoRecords)
	case n > maxRecords:
		return fmt.Errorf("it holds %d records, more than %d", n, maxRecords)
	}
	return nil
}

// Close implements [io.Closer].
func (a *archive) Close() error { return a.closer.Close() }

// A BadRecord is one that could not be used. Others are not affected.
type BadRecord struct {
	// Name is that of the file in the feed.
	Name string
	Err  error
}

// Error implements error.
func (b *BadRecord) Error() string { return fmt.Sprintf("record %q: %v", b.Name, b.Err) }

// Unwrap returns the cause.
func (b *BadRecord) Unwrap() error { return b.Err }

// read returns the advisory of a record. The error is a *BadRecord when only
// the record is of no use, anything else when the archive as a whole is broken.
func (a *archive) read(p packed) (*Advisory, error) {
	if p.size > maxRecord {
		return nil, &BadRecord{p.name, fmt.Errorf("%w: %d bytes", errTooLarge, p.size)}
	}
	err := a.unpack(p)
	a.unpacked += int64(a.buf.Len())
	switch {
	case a.unpacked > maxUnpacked:
		return nil, fmt.Errorf("records of more than %d bytes: %w", int64(maxUnpacked), errTooLarge)
	case errors.Is(err, errTooLarge):
		return nil, &BadRecord{p.name, fmt.Errorf("%w: more than %d bytes", err, maxRecord)}
	case err != nil:
		return nil, fmt.Errorf("record %q cannot be read: %w", p.name, err)
	}
	advisory, err := Parse(a.buf.Bytes())
	if err != nil {
		return nil, &BadRecord{p.name, err}
	}
	return advisory, nil
}

// unpack reads a record into the buffer.
func (a *archive) unpack(p packed) error {
	a.buf.Reset()
	r, err := p.open()
	if err != nil {
		return err
	}
	_, err = a.buf.ReadFrom(&limitedReader{r, maxRecord})
	return errors.Join(err, r.Close())
}

// id returns the identifier that a record should have by its file name.
func (p packed) id() string { return strings.TrimSuffix(path.Base(p.name), ".json") }
