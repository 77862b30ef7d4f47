package postgres

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// snapshotVersion is part of every scope digest, so that a release that
// derives other columns from the same records writes them again.
const snapshotVersion = 1

// spoolMemory is how many bytes of encoded records a snapshot holds in memory
// before it spills to a temporary file. Hundreds of scopes are read at a time.
const spoolMemory = 64 << 10

// A Snapshot takes the records of one scope while it is collected: it
// implements collect.Sink. Records are encoded and hashed as they come; past
// 64 KiB they go to an unlinked temporary file, so that memory holds 48 bytes a
// record whatever its size.
type Snapshot struct {
	Key inventory.ScopeKey

	mu     sync.Mutex
	digest [16]byte
	index  map[recordKey]entry
	buf    *bytes.Buffer
	base   int64 // offset of buf in the spool
	file   *os.File
}

type recordKey struct {
	typ inventory.RecordType
	id  inventory.ID
}

type entry struct {
	hash   int64
	offset int64
	length int32
}

// NewSnapshot returns an empty snapshot of the scope.
func NewSnapshot(key inventory.ScopeKey) *Snapshot {
	return &Snapshot{Key: key, index: map[recordKey]entry{}, buf: buffers.Get().(*bytes.Buffer)}
}

// buffers are used again: every record of every collection passes through them,
// changed or not.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Emit adds a record. A record that is emitted twice, as when a list shifts
// between its pages, counts once, with what was seen last.
func (s *Snapshot) Emit(r inventory.Record) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if err := json.NewEncoder(buf).Encode(r); err != nil {
		return fmt.Errorf("encode %s %s: %w", r.RecordType(), r.RecordUID(), err)
	}
	data := sanitizeJSON(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	key := recordKey{r.RecordType(), inventory.IDOf(r.RecordUID())}
	sum := sha256.Sum256(data)
	hash := int64(binary.BigEndian.Uint64(sum[:8]))

	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.index[key]; ok {
		if have.hash == hash {
			return nil
		}
		s.mix(key, have.hash, -1)
	}
	s.index[key] = entry{hash: hash, offset: s.base + int64(s.buf.Len()), length: int32(len(data))}
	s.buf.Write(data)
	s.mix(key, hash, 1)
	if s.buf.Len() < spoolMemory {
		return nil
	}
	return s.spill()
}

// release gives a buffer back.
func release(b *bytes.Buffer) {
	b.Reset()
	buffers.Put(b)
}

// mix adds a record to the digest, or takes it out with sign -1. Addition
// makes the digest independent of the order in which records come.
func (s *Snapshot) mix(key recordKey, hash, sign int64) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(key.id))
	binary.BigEndian.PutUint64(b[8:], uint64(hash))
	sum := sha256.Sum256(append(b[:], key.typ...))
	for i := 0; i < len(s.digest); i += 8 {
		part := binary.BigEndian.Uint64(s.digest[i:]) + uint64(sign)*binary.BigEndian.Uint64(sum[i:])
		binary.BigEndian.PutUint64(s.digest[i:], part)
	}
}

func (s *Snapshot) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "stowage-snapshot-*")
		if err != nil {
			return fmt.Errorf("spool of scope %s: %w", s.Key, err)
		}
		// Unlinked at once: nothing remains after a crash.
		if err := os.Remove(f.Name()); err != nil {
			f.Close()
			return fmt.Errorf("spool of scope %s: %w", s.Key, err)
		}
		s.file = f
	}
	if _, err := s.file.Write(s.buf.Bytes()); err != nil {
		return fmt.Errorf("spool of scope %s: %w", s.Key, err)
	}
	s.base += int64(s.buf.Len())
	s.buf.Reset()
	return nil
}

// Len returns the number of records.
func (s *Snapshot) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.index)
}

// Digest returns the digest of the whole snapshot: equal digests mean equal
// records.
func (s *Snapshot) Digest() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]byte{snapshotVersion}, s.digest[:]...)
}

// read returns the encoding of one record.
func (s *Snapshot) read(e entry) (json.RawMessage, error) {
	if e.offset >= s.base {
		from := e.offset - s.base
		return s.buf.Bytes()[from : from+int64(e.length)], nil
	}
	data := make([]byte, e.length)
	if _, err := io.ReadFull(io.NewSectionReader(s.file, e.offset, int64(e.length)), data); err != nil {
		return nil, fmt.Errorf("spool of scope %s: %w", s.Key, err)
	}
	return data, nil
}

// Close releases the spool; the snapshot cannot be used any more.
func (s *Snapshot) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buf != nil {
		release(s.buf)
		s.buf = nil
	}
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}
