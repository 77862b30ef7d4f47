package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// holey returns n bytes with parts at offsets.
func holey(n int, parts map[int][]byte) []byte {
	b := make([]byte, n)
	for at, part := range parts {
		copy(b[at:], part)
	}
	return b
}

func le16(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func le32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// Headers that name more than any program has are not given to readers.
func TestCheckTables(t *testing.T) {
	t.Parallel()
	pe := func(parts map[int][]byte) []byte {
		all := map[int][]byte{0: []byte("MZ"), 0x3c: le32(0x40), 0x40: []byte("PE\x00\x00")}
		for at, part := range parts {
			all[at] = part
		}
		return holey(1<<17, all)
	}
	relocations := map[int][]byte{0x46: le16(1000)}
	for i := range 1000 {
		relocations[0x58+40*i+32] = le16(0xffff)
	}
	elf := func(parts map[int][]byte) []byte {
		all := map[int][]byte{0: []byte("\x7fELF\x02\x01\x01"), 40: le32(64), 58: le16(64), 60: le16(2), 62: le16(1)}
		for at, part := range parts {
			all[at] = part
		}
		return holey(1<<12, all)
	}
	macho := func(kind, length int, parts map[int][]byte) []byte {
		all := map[int][]byte{0: {0xcf, 0xfa, 0xed, 0xfe}, 16: le32(1), 20: le32(length), 32: le32(kind), 36: le32(length)}
		for at, part := range parts {
			all[32+at] = part
		}
		return holey(1<<12, all)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		content []byte
		refused bool
	}{
		"nothing":              {nil, false},
		"text":                 {[]byte("#!/bin/sh -e"), false},
		"this_program":         {program, false},
		"pe":                   {pe(nil), false},
		"pe_cut":               {pe(nil)[:0x42], false},
		"pe_sections":          {pe(map[int][]byte{0x46: le16(0xffff)}), true},
		"pe_symbols":           {pe(map[int][]byte{0x4c: le32(1), 0x50: le32(50_000_000)}), true},
		"pe_symbols_nowhere":   {pe(map[int][]byte{0x50: le32(50_000_000)}), false},
		"pe_names":             {pe(map[int][]byte{0x4c: le32(0x100), 0x100: le32(1 << 30)}), true},
		"pe_relocations":       {pe(relocations), true},
		"elf":                  {elf(nil), false},
		"elf_sections":         {elf(map[int][]byte{60: le16(0)}), true},
		"elf_no_sections":      {elf(map[int][]byte{40: le32(0), 60: le16(0)}), false},
		"elf_names":            {elf(map[int][]byte{128 + 32: le32(1 << 30)}), true},
		"elf_compressed_names": {elf(map[int][]byte{128 + 8: le32(0x800)}), true},
		"macho":                {macho(0x2, 24, map[int][]byte{12: le32(100), 20: le32(1000)}), false},
		"macho_symbols":        {macho(0x2, 24, map[int][]byte{12: le32(100_000_000)}), true},
		"macho_relocations":    {macho(0x19, 72+80, map[int][]byte{72 + 60: le32(100_000_000)}), true},
		"macho_commands":       {macho(0x2, maxCommands+1, nil), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkTables(bytes.NewReader(test.content))
			if refused := errors.As(err, new(*LimitError)); refused != test.refused {
				t.Errorf("checkTables = %v, want refused %t", err, test.refused)
			}
		})
	}
}

func FuzzCheckTables(f *testing.F) {
	f.Add([]byte("MZ"))
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Add([]byte("\xcf\xfa\xed\xfe"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := checkTables(bytes.NewReader(b)); err != nil && !errors.As(err, new(*LimitError)) {
			t.Error(err)
		}
	})
}
