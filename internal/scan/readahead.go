package scan

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

const (
	chunkSize   = 256 << 10
	aheadChunks = 8
)

// A readAhead reads a stream in a goroutine of its own, some chunks ahead of
// its reader, and hashes what was handed out. Skipping with [readAhead.Seek]
// costs no copy, which package tar uses for what nobody wants to read.
type readAhead struct {
	budget *budget
	// consumed returns the compressed bytes that were read so far.
	consumed func() int64

	full chan chunk
	free chan []byte
	// ctx is of the call that reads the layer, and ends with Close.
	ctx  context.Context
	stop context.CancelFunc
	wait sync.WaitGroup

	hash   hash.Hash
	offset int64
	buffer []byte // of the current chunk, to be returned
	rest   []byte // what is left of the current chunk
	err    error
}

type chunk struct {
	data []byte
	err  error
}

// newReadAhead starts reading. The caller must call Close, after which r is
// not used any more.
func newReadAhead(ctx context.Context, r io.Reader, b *budget, consumed func() int64) *readAhead {
	ctx, stop := context.WithCancel(ctx)
	a := &readAhead{
		budget:   b,
		consumed: consumed,
		full:     make(chan chunk, aheadChunks),
		free:     make(chan []byte, aheadChunks),
		stop:     stop,
		ctx:      ctx,
		hash:     sha256.New(),
	}
	for range aheadChunks {
		a.free <- nil // Allocated when needed: most layers are small.
	}
	a.wait.Go(func() { a.fill(r) })
	return a
}

// fill reads until the end of r, its first error or Close.
func (a *readAhead) fill(r io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.ctx.Done():
			return
		}
		if buf == nil {
			buf = make([]byte, chunkSize)
		}
		var (
			n   int
			err error
		)
		for n < len(buf) && err == nil {
			var m int
			m, err = r.Read(buf[n:])
			n += m
		}
		// Never blocks: full has room for every buffer there is.
		a.full <- chunk{buf[:n], err}
		if err != nil {
			return
		}
	}
}

// next makes the following chunk the current one.
func (a *readAhead) next() error {
	if a.err != nil {
		return a.err
	}
	if a.buffer != nil {
		a.free <- a.buffer[:cap(a.buffer)]
		a.buffer = nil
	}
	var c chunk
	select {
	case c = <-a.full:
	case <-a.ctx.Done():
		a.err = context.Cause(a.ctx)
		return a.err
	}
	a.buffer, a.rest, a.err = c.data, c.data, c.err
	a.hash.Write(c.data)
	a.offset += int64(len(c.data))
	if err := a.budget.addBytes(len(c.data)); err != nil {
		a.err = err
		return err
	}
	if err := a.budget.checkRatio(a.offset, a.consumed()); err != nil {
		a.err = err
		return err
	}
	if len(c.data) == 0 {
		return a.err
	}
	return nil
}

func (a *readAhead) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(a.rest) == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Seek implements [io.Seeker] for moving forward from the current place only.
// Beyond the end it stops at the end.
func (a *readAhead) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || offset < 0 {
		return 0, fmt.Errorf("seek to %d from %d: a stream only goes forward", offset, whence)
	}
	for offset > int64(len(a.rest)) {
		offset -= int64(len(a.rest))
		a.rest = nil
		if err := a.next(); errors.Is(err, io.EOF) {
			offset = 0
		} else if err != nil {
			return 0, err
		}
	}
	a.rest = a.rest[offset:]
	return a.offset - int64(len(a.rest)), nil
}

// drain reads to the end of the stream.
func (a *readAhead) drain() error {
	for {
		if err := a.next(); errors.Is(err, io.EOF) {
			a.rest = nil
			return nil
		} else if err != nil {
			return err
		}
	}
}

// sum returns the digest of what was read.
func (a *readAhead) sum() string { return fmt.Sprintf("sha256:%x", a.hash.Sum(nil)) }

// Close ends the reading.
func (a *readAhead) Close() {
	a.stop()
	a.wait.Wait()
}
