package kubernetes

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// errWireType means that a field has another type than the API defines.
var errWireType = errors.New("protobuf: field has an unexpected wire type")

// A message walks over the fields of one encoded protobuf message without
// decoding those that nobody asks for:
//
//	m := message{rest: b}
//	for m.next() {
//		switch m.field {
//		case 1:
//			name = m.bytes()
//		}
//	}
//	return m.err
type message struct {
	rest []byte
	// field is the number of the current field.
	field  protowire.Number
	typ    protowire.Type
	value  []byte // of a field with a length
	number uint64 // of a varint field
	err    error
}

// next moves to the next field. It returns false at the end of the message and
// on malformed input, which err tells apart.
func (m *message) next() bool {
	if m.err != nil || len(m.rest) == 0 {
		return false
	}
	num, typ, n := protowire.ConsumeTag(m.rest)
	if n < 0 {
		m.err = fmt.Errorf("protobuf: tag: %w", protowire.ParseError(n))
		return false
	}
	m.rest = m.rest[n:]
	m.field, m.typ = num, typ
	switch typ {
	case protowire.BytesType:
		m.value, n = protowire.ConsumeBytes(m.rest)
	case protowire.VarintType:
		m.number, n = protowire.ConsumeVarint(m.rest)
	default:
		n = protowire.ConsumeFieldValue(num, typ, m.rest)
	}
	if n < 0 {
		m.err = fmt.Errorf("protobuf: field %d: %w", num, protowire.ParseError(n))
		return false
	}
	m.rest = m.rest[n:]
	return true
}

// bytes returns the current string, bytes or message field. It aliases the
// input.
func (m *message) bytes() []byte {
	if m.typ != protowire.BytesType {
		m.fail(errWireType)
		return nil
	}
	return m.value
}

// int returns the current integer field.
func (m *message) int() int64 {
	if m.typ != protowire.VarintType {
		m.fail(errWireType)
		return 0
	}
	return int64(m.number)
}

// bool returns the current boolean field.
func (m *message) bool() bool { return m.int() != 0 }

// boolPointer returns the current optional boolean field. The result is shared
// and must not be written to.
func (m *message) boolPointer() *bool {
	if m.bool() {
		return &yes
	}
	return &no
}

var yes, no = true, false

// intPointer returns the current optional integer field.
func (m *message) intPointer() *int64 {
	v := m.int()
	return &v
}

// present is for message fields whose content does not matter.
func (m *message) present() *struct{} {
	m.bytes()
	return &struct{}{}
}

// within decodes the current message field with scan.
func (m *message) within(scan func([]byte) error) {
	b := m.bytes()
	if m.err == nil {
		m.fail(scan(b))
	}
}

// fail keeps the first error, which ends the walk.
func (m *message) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// submessage returns the last field of b with the given number, nil if there
// is none.
func submessage(b []byte, field protowire.Number) ([]byte, error) {
	var found []byte
	m := message{rest: b}
	for m.next() {
		if m.field == field {
			found = m.bytes()
		}
	}
	return found, m.err
}

// scanTime decodes a meta/v1.Time. Kubernetes keeps whole seconds; an empty
// message is the zero time.
func scanTime(b []byte) (time.Time, error) {
	if len(b) == 0 {
		return time.Time{}, nil
	}
	var seconds int64
	m := message{rest: b}
	for m.next() {
		if m.field == 1 {
			seconds = m.int()
		}
	}
	return time.Unix(seconds, 0).UTC(), m.err
}

// scanEntry decodes one entry of a map<string, string>.
func scanEntry(b []byte) (key, value []byte, err error) {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			key = m.bytes()
		case 2:
			value = m.bytes()
		}
	}
	return key, value, m.err
}

// An interner hands out one string for equal bytes, because the pods of a
// workload repeat each other's names. It forgets all when full, so that pods
// without anything in common do not fill memory.
type interner map[string]string

const (
	maxInterned       = 1 << 15
	maxInternedLength = 512
)

// string returns b as a string that does not alias it.
func (in interner) string(b []byte) string {
	if s, ok := in[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) > maxInternedLength {
		return s
	}
	if len(in) >= maxInterned {
		clear(in)
	}
	in[s] = s
	return s
}

// extend appends an element to s and returns it. The element may be one that
// was there before s was cut to length 0: its own slices can be reused.
func extend[T any](s *[]T) *T {
	if n := len(*s); n < cap(*s) {
		*s = (*s)[:n+1]
	} else {
		var zero T
		*s = append(*s, zero)
	}
	return &(*s)[len(*s)-1]
}
