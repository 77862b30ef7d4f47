package aws

import (
	"crypto/sha256"
	"io"
	"log/slog"
	"os"
	"sync"
)

// A spool is a cache of what never changes, by what identifies it. There are
// as many such things as an estate has, so it keeps them in unlinked temporary
// files and in memory only where they are. It is safe for concurrent use.
//
// It has two generations: when the young one is full it becomes the old one,
// whose things move to the next young one as they are used. What was not used
// while a generation filled is forgotten.
type spool struct {
	// max is the most bytes in the file of a generation.
	max int64
	log *slog.Logger

	mu         sync.Mutex
	young, old *generation // nil before the first use
	broken     bool        // there is no file to write to
}

// A generation is a file and where the things are in it.
type generation struct {
	file  *os.File
	size  int64
	spans map[spoolKey]span
}

// A spoolKey identifies a thing.
type spoolKey [16]byte

// A span is a part of a file.
type span struct {
	offset, length uint32
}

// maxSpool is the most bytes in the file of a generation: the task definitions
// and functions of an estate of more than 100,000 workloads.
const maxSpool = 64 << 20

// newSpool returns an empty spool whose files hold up to max bytes each.
func newSpool(max int64, log *slog.Logger) *spool { return &spool{max: max, log: log} }

// keyOf returns the key of what the parts together identify.
func keyOf(parts ...string) spoolKey {
	h := sha256.New()
	for _, p := range parts {
		io.WriteString(h, p)
		h.Write([]byte{0})
	}
	return spoolKey(h.Sum(nil)[:len(spoolKey{})])
}

// get returns the data of a thing.
func (s *spool) get(key spoolKey) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok := s.young.read(key); ok {
		return data, true
	}
	data, ok := s.old.read(key)
	if ok {
		s.write(key, data)
	}
	return data, ok
}

// add keeps the data of a thing.
func (s *spool) add(key spoolKey, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(key, data)
}

// write adds data to the young generation. Without it things are read again.
func (s *spool) write(key spoolKey, data []byte) {
	if s.broken || int64(len(data)) > s.max {
		return
	}
	err := s.make(int64(len(data)))
	if err == nil {
		_, err = s.young.file.WriteAt(data, s.young.size)
	}
	if err != nil {
		s.broken = true
		s.log.Warn("collect cache off", "error", err, "remedy", "give the worker a temporary folder that it may write to")
		return
	}
	s.young.spans[key] = span{uint32(s.young.size), uint32(len(data))}
	s.young.size += int64(len(data))
}

// make makes room for n bytes in the young generation.
func (s *spool) make(n int64) error {
	if s.young != nil && s.young.size+n <= s.max {
		return nil
	}
	f, err := os.CreateTemp("", "stowage-spool-*")
	if err != nil {
		return err
	}
	// Unlinked at once: nothing remains after a crash.
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return err
	}
	if s.old != nil {
		s.old.file.Close()
	}
	s.old, s.young = s.young, &generation{file: f, spans: map[spoolKey]span{}}
	return nil
}

// read returns the data of a thing that the generation has.
func (g *generation) read(key spoolKey) ([]byte, bool) {
	if g == nil {
		return nil, false
	}
	where, ok := g.spans[key]
	if !ok {
		return nil, false
	}
	data := make([]byte, where.length)
	_, err := g.file.ReadAt(data, int64(where.offset))
	return data, err == nil
}
