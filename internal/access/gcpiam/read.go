package gcpiam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
)

// The limits of an answer of an API.
const (
	maxDocument = 32 << 20
	maxDepth    = 64
)

// decode reads what an API returned. Keys that come twice, which readers take
// differently, are an error, as is nesting without end.
func decode(what string, data []byte, v any) error {
	if len(data) > maxDocument {
		return fmt.Errorf("%s: %d bytes are more than %d", what, len(data), maxDocument)
	}
	if err := checkJSON(data); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", what, atPosition(data, err))
	}
	return nil
}

// decodeStrict reads one object of an answer, and returns the name of a field
// that is not known, by which it may mean something else than what was read.
func decodeStrict(data json.RawMessage, v any) (unread string, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil {
		return "", nil
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "", atPosition(nil, err)
	}
	unread = strings.TrimPrefix(err.Error(), "json: ")
	if err := json.Unmarshal(data, v); err != nil {
		return "", atPosition(nil, err)
	}
	return unread, nil
}

// checkJSON walks a document without recursion.
func checkJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	type level struct {
		keys  map[string]bool // nil of an array
		value bool            // of an object: a value comes next
	}
	var levels []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return atPosition(data, err)
		}
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			levels = levels[:len(levels)-1]
			if len(levels) == 0 {
				return trailing(data, d)
			}
			continue
		}
		if n := len(levels); n > 0 && levels[n-1].keys != nil {
			top := &levels[n-1]
			if !top.value {
				key := token.(string)
				folded := strings.Map(foldRune, key)
				if top.keys[folded] {
					return fmt.Errorf("%s: key %q comes twice", position(data, d.InputOffset()), shorten(key))
				}
				top.keys[folded], top.value = true, true
				continue
			}
			top.value = false
		}
		delim, ok := token.(json.Delim)
		if !ok {
			if len(levels) == 0 {
				return trailing(data, d)
			}
			continue
		}
		if len(levels) == maxDepth {
			return fmt.Errorf("%s: nested more than %d deep", position(data, d.InputOffset()), maxDepth)
		}
		next := level{}
		if delim == '{' {
			next.keys = make(map[string]bool)
		}
		levels = append(levels, next)
	}
}

// foldRune returns what encoding/json takes a letter of a key for, as the
// long s and K of Kelvin for theirs.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// trailing reports what comes after the document.
func trailing(data []byte, d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: something comes after the end", position(data, d.InputOffset()))
	}
	return nil
}

// atPosition rewrites an error of JSON so that a person finds the place.
func atPosition(data []byte, err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%s: %w", position(data, e.Offset), err)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		text := fmt.Sprintf("%s is of JSON type %s, want %s", fieldName(e.Field), e.Value, jsonType(e.Type))
		if data == nil {
			return errors.New(text)
		}
		return fmt.Errorf("%s: %s", position(data, e.Offset), text)
	}
	return err
}

// fieldName returns the path that an API has for one of a Go type, which names
// embedded types too.
func fieldName(path string) string {
	var names []string
	for name := range strings.SplitSeq(path, ".") {
		if name != "" && !strings.HasSuffix(name, "JSON") {
			names = append(names, strings.ToLower(name[:1])+name[1:])
		}
	}
	if len(names) == 0 {
		return "it"
	}
	return strings.Join(names, ".")
}

// jsonType returns what JSON calls a type.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return "array"
		}
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "object"
	case reflect.Int:
		return "number"
	}
	return t.Kind().String()
}

// position returns line and column of what ends at an offset.
func position(data []byte, offset int64) string {
	before := data[:max(0, min(int(offset), len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d, column %d", line, max(column, 1))
}
