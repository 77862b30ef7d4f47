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
	// Of the compressed stream, which comes from a file or a network.
	compressedChunk, compressedChunks = 64 << 10, 8
)

// A pump reads a stream in a goroutine of its own, some chunks ahead of its
// reader.
type pump struct {
	full chan chunk
	free chan []byte
	size int
	// ctx is of the call that reads the layer, and ends with Close.
	ctx  context.Context
	stop context.CancelFunc
	wait sync.WaitGroup

	buffer []byte // of the current chunk, to be returned
	rest   []byte // what is left of the current chunk
	err    error  // after rest
}

type chunk struct {
	data []byte
	err  error
}

// newPump starts reading chunks of a size, at most n ahead. The caller must
// call Close, after which r is not used any more.
func newPump(ctx context.Context, r io.Reader, size, n int) *pump {
	ctx, stop := context.WithCancel(ctx)
	p := &pump{full: make(chan chunk, n), free: make(chan []byte, n), size: size, ctx: ctx, stop: stop}
	for range n {
		p.free <- nil // Allocated when needed: most layers are small.
	}
	p.wait.Go(func() { p.fill(r) })
	return p
}

// fill reads until the end of r, its first error or Close.
func (p *pump) fill(r io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-p.free:
		case <-p.ctx.Done():
			return
		}
		if buf == nil {
			buf = make([]byte, p.size)
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
		p.full <- chunk{buf[:n], err}
		if err != nil {
			return
		}
	}
}

// next makes the following chunk the current one, and returns it. The chunk
// before is not valid any more.
func (p *pump) next() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.buffer != nil {
		p.free <- p.buffer[:cap(p.buffer)]
		p.buffer = nil
	}
	select {
	case c := <-p.full:
		p.buffer, p.rest, p.err = c.data, c.data, c.err
	case <-p.ctx.Done():
		p.rest, p.err = nil, context.Cause(p.ctx)
	}
	if len(p.rest) == 0 {
		return nil, p.err
	}
	return p.rest, nil
}

func (p *pump) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for len(p.rest) == 0 {
		if _, err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close ends the reading.
func (p *pump) Close() {
	p.stop()
	p.wait.Wait()
}

// A readAhead is the unpacked stream of a layer, read ahead and hashed.
// Skipping with [readAhead.Seek] costs no copy, which package tar uses for what
// nobody wants to read.
type readAhead struct {
	*pump
	budget *budget
	// consumed returns the compressed bytes that were read so far.
	consumed func() int64

	hash   hash.Hash
	offset int64
}

// newReadAhead starts reading. The caller must call Close, after which r is
// not used any more.
func newReadAhead(ctx context.Context, r io.Reader, b *budget, consumed func() int64) *readAhead {
	return &readAhead{pump: newPump(ctx, r, chunkSize, aheadChunks), budget: b, consumed: consumed, hash: sha256.New()}
}

// next makes the following chunk the current one.
func (a *readAhead) next() error {
	data, err := a.pump.next()
	if err != nil {
		return err
	}
	a.hash.Write(data)
	a.offset += int64(len(data))
	if err := a.budget.addBytes(len(data)); err != nil {
		a.err = err
		return err
	}
	if err := a.budget.checkRatio(a.offset, a.consumed()); err != nil {
		a.err = err
		return err
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
