package kubernetes

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// magic begins every protobuf answer of an API server. A runtime.Unknown
// follows: its type in field 1, the object in field 2.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
const magic = "k8s\x00"

// errNotKubernetes means that an answer does not begin with magic.
var errNotKubernetes = errors.New("the answer does not begin as Kubernetes' protobuf does")

const (
	// maxItem bounds one object, in bytes. By default etcd takes no more than
	// 1.5 MiB.
	maxItem = 32 << 20
	// maxHeader bounds what surrounds the objects: type and list metadata.
	maxHeader = 1 << 20
)

// A pageReader reads lists in protobuf from a stream, one object in memory at
// a time. Its buffers serve one page after the other.
type pageReader struct {
	stream *bufio.Reader
	buffer []byte
}

// scan calls item with each encoded object of a list and returns the token of
// the next page. The bytes are overwritten by the next object.
func (p *pageReader) scan(body io.Reader, item func([]byte) error) (next string, err error) {
	if p.stream == nil {
		p.stream = bufio.NewReaderSize(body, 64<<10)
	} else {
		p.stream.Reset(body)
	}
	begin, err := p.stream.Peek(len(magic))
	if err != nil {
		return "", unexpected(err)
	}
	if string(begin) != magic {
		return "", errNotKubernetes
	}
	p.stream.Discard(len(magic))
	unknown := &section{stream: p.stream, left: math.MaxUint64, open: true}
	for {
		field, length, err := unknown.header()
		switch {
		case err == io.EOF:
			return next, nil
		case err != nil:
			return "", err
		case field == 2:
			next, err = p.scanList(&section{stream: p.stream, left: length}, item)
		case field == 1:
			var b, kind []byte
			if b, err = p.read(unknown, length, maxHeader); err == nil {
				kind, err = submessage(b, 2)
			}
			if err == nil && !strings.HasSuffix(string(kind), "List") {
				err = fmt.Errorf("the answer is a %q and no list", kind)
			}
		default:
			_, err = p.read(unknown, length, maxHeader)
		}
		if err != nil {
			return "", err
		}
	}
}

// scanList reads a list message: metadata in field 1, objects in field 2.
func (p *pageReader) scanList(list *section, item func([]byte) error) (next string, err error) {
	for n := 0; ; {
		field, length, err := list.header()
		switch {
		case err == io.EOF:
			return next, nil
		case err != nil:
			return "", err
		}
		bound := uint64(maxHeader)
		if field == 2 {
			bound = maxItem
		}
		b, err := p.read(list, length, bound)
		if err != nil {
			return "", err
		}
		switch field {
		case 1:
			token, err := submessage(b, 3)
			if err != nil {
				return "", fmt.Errorf("list metadata: %w", err)
			}
			next = string(token)
		case 2:
			if err := item(b); err != nil {
				return "", fmt.Errorf("item %d: %w", n, err)
			}
			n++
		}
	}
}

// read returns the next length bytes of s, in p's buffer.
func (p *pageReader) read(s *section, length, bound uint64) ([]byte, error) {
	if length > bound {
		return nil, fmt.Errorf("protobuf: a field of %d bytes, where at most %d are expected", length, bound)
	}
	if length > s.left {
		return nil, fmt.Errorf("protobuf: a field of %d bytes in a message with %d left", length, s.left)
	}
	p.buffer = slices.Grow(p.buffer[:0], int(length))[:length]
	n, err := io.ReadFull(s.stream, p.buffer)
	s.left -= uint64(n)
	return p.buffer, unexpected(err)
}

// A section is a message on the stream, of which left bytes are unread. An open
// section ends with the stream.
type section struct {
	stream *bufio.Reader
	left   uint64
	open   bool
}

// header reads the number and length of the next field, which must have a
// length. At the end of the section it returns [io.EOF].
func (s *section) header() (protowire.Number, uint64, error) {
	if s.left == 0 {
		return 0, 0, io.EOF
	}
	if _, err := s.stream.Peek(1); err != nil {
		if s.open {
			return 0, 0, err
		}
		return 0, 0, unexpected(err)
	}
	tag, err := binary.ReadUvarint(s)
	if err != nil {
		return 0, 0, unexpected(err)
	}
	field, typ := protowire.DecodeTag(tag)
	if field < 1 || typ != protowire.BytesType {
		return 0, 0, fmt.Errorf("protobuf: field %d of a list: %w", field, errWireType)
	}
	length, err := binary.ReadUvarint(s)
	return field, length, unexpected(err)
}

// ReadByte implements [io.ByteReader].
func (s *section) ReadByte() (byte, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	return s.stream.ReadByte()
}

// unexpected returns err, where the end of the stream is an error.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// decodePage calls use with each item of a list in JSON, one in memory at a
// time, and returns the token of the next page.
func decodePage[T any](body io.Reader, use func(*T) error) (next string, err error) {
	d := json.NewDecoder(body)
	if err := expect(d, json.Delim('{')); err != nil {
		return "", err
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", unexpected(err)
		}
		switch key {
		case "metadata":
			var meta struct {
				Continue string `json:"continue"`
			}
			err = d.Decode(&meta)
			next = meta.Continue
		case "items":
			found = true
			err = decodeItems(d, use)
		default:
			var skipped json.RawMessage
			err = d.Decode(&skipped)
		}
		if err != nil {
			return "", unexpected(err)
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return "", err
	}
	if !found {
		return "", errors.New("the answer has no items and is no list")
	}
	return next, nil
}

// decodeItems decodes an array.
func decodeItems[T any](d *json.Decoder, use func(*T) error) error {
	t, err := d.Token()
	if err != nil || t == nil { // null is how Go encodes an empty list.
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("the items begin with %v and are no array", t)
	}
	for n := 0; d.More(); n++ {
		var item T
		if err := d.Decode(&item); err != nil {
			return fmt.Errorf("item %d: %w", n, unexpected(err))
		}
		if err := use(&item); err != nil {
			return fmt.Errorf("item %d: %w", n, err)
		}
	}
	return expect(d, json.Delim(']'))
}

// expect consumes one token.
func expect(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return unexpected(err)
	}
	if t != want {
		return fmt.Errorf("the answer has %v where %v is expected", t, want)
	}
	return nil
}
