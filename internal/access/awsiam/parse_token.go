package awsiam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A reader reads the tokens of a document, each with its position.
type reader struct {
	data []byte
	dec  *json.Decoder
	path []step
	// values counts strings and numbers.
	values int
	// offset, line and column are the position of the last token. They only
	// go forward: counting each from the start would take the square of the
	// size of a document that is one line.
	offset, line, column int
	// positions of values by their paths; nil when nobody asks for them.
	positions map[string]position
}

type position struct{ line, column int }

// A token is a value, the begin of one, or the name of an element.
type token struct {
	kind         tokenKind
	text         string // of a string, number or boolean
	line, column int
}

type tokenKind uint8

const (
	kindString tokenKind = iota
	kindNumber
	kindBoolean
	kindNull
	kindObject
	kindArray
)

// String returns the kind with its article.
func (k tokenKind) String() string {
	return [...]string{"a string", "a number", "a boolean", "null", "an object", "an array"}[k]
}

// newReader returns a reader at the start of a document that is known to be
// valid JSON. Token by token the decoder does not say exactly where an error
// is, so it is checked as a whole first.
func newReader(data []byte) (*reader, error) {
	if len(data) > MaxDocumentSize {
		return nil, tooLarge(len(data), MaxDocumentSize)
	}
	r := &reader{data: data, line: 1, column: 1}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return nil, r.errorAtOffset(0, "the document starts with a byte order mark; remove these three bytes")
	}
	if at := invalidUTF8(data); at >= 0 {
		return nil, r.errorAtOffset(at, "the byte 0x%02x is not UTF-8; save the document in that encoding", data[at])
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		at := 0
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = max(int(syntax.Offset)-1, 0) // the offset is behind the character
		}
		if at < len(data) && data[at] >= utf8.RuneSelf { // which the decoder would show as another one
			c, _ := utf8.DecodeRune(data[at:])
			return nil, r.errorAtOffset(at, "the document is not valid JSON: the character %s is not in a string; remove it or put it into one", quote(string(c)))
		}
		return nil, r.errorAtOffset(at, "the document is not valid JSON: %v", err)
	}
	r.dec = json.NewDecoder(bytes.NewReader(data))
	r.dec.UseNumber()
	return r, nil
}

// token returns the first token of the next value.
func (r *reader) token() (token, error) {
	tok, err := r.next()
	if r.positions != nil {
		r.positions[pathText(r.path)] = position{tok.line, tok.column}
	}
	return tok, err
}

// next returns the next token. The ends of objects and arrays are not tokens;
// object and array read them.
func (r *reader) next() (token, error) {
	begin := r.nextOffset()
	r.moveTo(begin)
	tok := token{line: r.line, column: r.column}
	value, err := r.dec.Token()
	if err != nil {
		return tok, r.errorAt(tok, "the document is not valid JSON: %v", err)
	}
	switch v := value.(type) {
	case json.Delim:
		tok.kind = kindObject
		if v == '[' {
			tok.kind = kindArray
		}
		return tok, nil
	case json.Number:
		tok.kind, tok.text = kindNumber, v.String()
	case bool:
		tok.kind, tok.text = kindBoolean, strconv.FormatBool(v)
	case nil:
		tok.kind = kindNull
	case string:
		tok.kind, tok.text = kindString, v
		if at := loneSurrogate(r.data[begin:r.dec.InputOffset()]); at >= 0 {
			return tok, r.errorAtOffset(begin+at, "the escape %s is half of a character; write both halves, or the character itself",
				r.data[begin+at:begin+at+6])
		}
	}
	if r.values++; r.values > MaxDocumentValues {
		return tok, r.errorAt(tok, "the document has more than %d values; no policy that AWS takes has as many, so make sure that it is one",
			MaxDocumentValues)
	}
	return tok, nil
}

// object reads the rest of an object after its opening brace. The function
// reads the value of each name.
func (r *reader) object(value func(name token) error) error {
	lines := make(map[string]int)
	for r.dec.More() {
		name, err := r.next()
		if err != nil {
			return err
		}
		if len(name.text) > MaxNameSize {
			return r.errorAt(name, "the name %s has %d bytes, more than %d; no name that AWS knows is as long, so correct it",
				quote(name.text), len(name.text), MaxNameSize)
		}
		r.path = append(r.path, step{name: name.text})
		if line := lines[name.text]; line > 0 {
			return r.errorAt(name, "%s is there twice, first on line %d; keep one of them", quote(name.text), line)
		}
		lines[name.text] = name.line
		if err := value(name); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
	}
	return r.end()
}

// array reads the rest of an array after its opening bracket. The function
// reads what is left of each item after its first token.
func (r *reader) array(item func(first token) error) error {
	for i := 1; r.dec.More(); i++ {
		r.path = append(r.path, step{index: i})
		tok, err := r.token()
		if err != nil {
			return err
		}
		if err := item(tok); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
	}
	return r.end()
}

// end reads the end of an object or array.
func (r *reader) end() error {
	_, err := r.dec.Token()
	return err
}

// text reads a string.
func (r *reader) text() (string, error) {
	tok, err := r.token()
	if err != nil {
		return "", err
	}
	if tok.kind != kindString {
		return "", r.wrongType(tok, "the value has to be a string")
	}
	return tok.text, nil
}

// texts reads a string or an array of strings. The list is never nil.
func (r *reader) texts() ([]string, error) {
	return r.list("the value has to be a string or an array of strings", func(k tokenKind) bool { return k == kindString })
}

// scalars reads a string, number or boolean, or an array of them. The list is
// never nil.
func (r *reader) scalars() ([]string, error) {
	return r.list("the value has to be a string, number or boolean, or an array of them",
		func(k tokenKind) bool { return k == kindString || k == kindNumber || k == kindBoolean })
}

func (r *reader) list(want string, allowed func(tokenKind) bool) ([]string, error) {
	tok, err := r.token()
	if err != nil {
		return nil, err
	}
	found := []string{}
	add := func(tok token) error {
		if !allowed(tok.kind) {
			return r.wrongType(tok, want)
		}
		found = append(found, tok.text)
		return nil
	}
	if tok.kind == kindArray {
		err = r.array(add)
	} else {
		err = add(tok)
	}
	return found, err
}

// nextOffset returns where the next token begins.
func (r *reader) nextOffset() int {
	at := int(r.dec.InputOffset())
	for at < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[at]) >= 0 {
		at++
	}
	return at
}

// moveTo moves the position forward to an offset.
func (r *reader) moveTo(offset int) {
	for r.offset < offset {
		if r.data[r.offset] == '\n' {
			r.line++
			r.column = 1
			r.offset++
			continue
		}
		_, size := utf8.DecodeRune(r.data[r.offset:])
		r.column++
		r.offset += size
	}
}

// errorAtOffset returns an error at an offset that is not before the last
// token.
func (r *reader) errorAtOffset(offset int, format string, args ...any) error {
	r.moveTo(offset)
	return &SyntaxError{Line: r.line, Column: r.column, Path: pathText(r.path), Message: fmt.Sprintf(format, args...)}
}

// invalidUTF8 returns where the first byte is that is not part of a character,
// or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// loneSurrogate returns where in the text of a JSON string an escape begins
// that is one half of a pair without the other, or -1. The decoder would
// replace it by another character.
func loneSurrogate(raw []byte) int {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first, ok := surrogate(raw[i:])
		if !ok {
			i++
			continue
		}
		second, ok := surrogate(raw[min(i+6, len(raw)):])
		if first >= 0xdc00 || !ok || second < 0xdc00 {
			return i
		}
		i += 11
	}
	return -1
}

// surrogate returns the half of a pair that an escape at the start of a text
// stands for.
func surrogate(raw []byte) (uint64, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return code, err == nil && 0xd800 <= code && code <= 0xdfff
}
