package scan

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Limits bound what reading costs. A zero field has the value of
// [DefaultLimits].
type Limits struct {
	// Wall bounds how long reading the layers of an image takes.
	Wall time.Duration
	// Bytes bounds the unpacked bytes of all layers together.
	Bytes int64
	// Entries bounds the tar entries of all layers together.
	Entries int64
	// Ratio bounds the unpacked bytes of a layer for each compressed one. It
	// holds from 1 GiB on: small layers of zeros are harmless and common.
	Ratio int64
	// Result bounds what is remembered of one layer, in bytes: paths and
	// packages.
	Result int64
	// Results bounds what is remembered of the layers of an image together.
	Results int64
	// FileBytes is the size of the largest file that is searched for packages.
	FileBytes int64
	// MemoryBytes is the size from which such a file, or an archive in it, is
	// kept in a temporary file instead of memory while it is searched.
	MemoryBytes int64
	// Nesting is how deep archives in archives are searched.
	Nesting int
}

// DefaultLimits are enough for every image that is meant to be run.
var DefaultLimits = Limits{
	Wall:        30 * time.Minute,
	Bytes:       64 << 30,
	Entries:     5_000_000,
	Ratio:       250,
	Result:      128 << 20,
	Results:     512 << 20,
	FileBytes:   1 << 30,
	MemoryBytes: 16 << 20,
	Nesting:     4,
}

// ratioFrom is the number of unpacked bytes from which [Limits.Ratio] holds.
const ratioFrom = 1 << 30

func (l Limits) withDefaults() Limits {
	if l.Wall == 0 {
		l.Wall = DefaultLimits.Wall
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.Entries == 0 {
		l.Entries = DefaultLimits.Entries
	}
	if l.Ratio == 0 {
		l.Ratio = DefaultLimits.Ratio
	}
	if l.Result == 0 {
		l.Result = DefaultLimits.Result
	}
	if l.Results == 0 {
		l.Results = DefaultLimits.Results
	}
	if l.FileBytes == 0 {
		l.FileBytes = DefaultLimits.FileBytes
	}
	if l.MemoryBytes == 0 {
		l.MemoryBytes = DefaultLimits.MemoryBytes
	}
	if l.Nesting == 0 {
		l.Nesting = DefaultLimits.Nesting
	}
	return l
}

// A LimitError tells that a layer was not read to its end because it, or its
// image, is over a limit. Reading it again does not help.
type LimitError struct{ Reason string }

func (e *LimitError) Error() string { return e.Reason }

// ErrMalformed is the cause when the content of a layer is not what its
// digest's owner should have pushed: reading it again does not help.
var ErrMalformed = errors.New("malformed layer")

// ErrUnsupported is the cause when a layer is no readable file system: its
// media type is of something else, or it is encrypted.
var ErrUnsupported = errors.New("not a readable layer")

// A budget counts what the layers of one image cost together, and says what
// is looked for in them. It is safe for concurrent use.
type budget struct {
	limits  Limits
	secrets SecretOptions
	bytes   atomic.Int64
	entries atomic.Int64
	// remembered counts what is known of the layers that were read.
	remembered atomic.Int64
}

func newBudget(l Limits, s SecretOptions) *budget {
	return &budget{limits: l.withDefaults(), secrets: s}
}

// addBytes counts n unpacked bytes.
func (b *budget) addBytes(n int) error {
	if b.bytes.Add(int64(n)) > b.limits.Bytes {
		return &LimitError{fmt.Sprintf("the image unpacks to more than %d bytes", b.limits.Bytes)}
	}
	return nil
}

// addEntry counts a tar entry.
func (b *budget) addEntry() error {
	if b.entries.Add(1) > b.limits.Entries {
		return &LimitError{fmt.Sprintf("the image has more than %d entries", b.limits.Entries)}
	}
	return nil
}

// checkRatio compares the two sizes of a layer that is being read.
func (b *budget) checkRatio(unpacked, compressed int64) error {
	if unpacked > ratioFrom && unpacked/max(compressed, 1) > b.limits.Ratio {
		return &LimitError{fmt.Sprintf("the layer unpacks to more than %d times its size", b.limits.Ratio)}
	}
	return nil
}
