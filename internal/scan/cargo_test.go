package scan

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// withSection returns the executable of the fixture with another content of
// its section, which is put at the end.
func withSection(t *testing.T, content []byte) string {
	t.Helper()
	b := []byte(fixture(t, "shop.elf"))
	headers := binary.LittleEndian.Uint64(b[40:]) // Of which each has 64 bytes; the second is the section's.
	binary.LittleEndian.PutUint64(b[headers+64+24:], uint64(len(b)))
	binary.LittleEndian.PutUint64(b[headers+64+32:], uint64(len(content)))
	return string(append(b, content...))
}

func deflated(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCrates(t *testing.T) {
	t.Parallel()
	list := `{"packages":[{"name":"a","version":"1.0.0","kind":"runtime"},{"name":"b","version":"2.0.0","kind":"build"},{"name":"c","version":""}]}`
	found, err := parseCrates(strings.NewReader(withSection(t, deflated(t, list))))
	if err != nil || len(found) != 1 || found[0].Name != "a" {
		t.Errorf("parseCrates = %v, %v, want a alone", found, err)
	}
	bomb := deflated(t, `{"packages":[`+strings.Repeat(" ", maxCrates)+`]}`)
	if _, err := parseCrates(strings.NewReader(withSection(t, bomb))); !errors.As(err, new(*LimitError)) {
		t.Errorf("parseCrates of a bomb of %d bytes: %v, want a limit", len(bomb), err)
	}
	for name, content := range map[string][]byte{"plain": []byte(list), "empty": nil, "no_json": deflated(t, "x")} {
		if found, err := parseCrates(strings.NewReader(withSection(t, content))); err == nil || found != nil {
			t.Errorf("%s: parseCrates = %v, %v, want an error", name, found, err)
		}
	}
	if found, err := parseCrates(strings.NewReader("#!/bin/sh\n")); err != nil || found != nil {
		t.Errorf("parseCrates of a script = %v, %v", found, err)
	}
}
