package scan

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The standard library's readers of executables load the tables that a header
// names, even those that nobody asks for, and trust what it says of them: a few
// megabytes of headers that all name the same table make gigabytes.
const (
	// maxSections is more than Windows loads. ELF's are few bytes each.
	maxSections = 4096
	// maxTable bounds the bytes of all tables together: symbols, their names
	// and relocations. Programs with all their symbols have some ten megabytes.
	maxTable = 64 << 20
	// maxCommands bounds the load commands of Mach-O.
	maxCommands = 1 << 20
)

// errTables is the cause when an executable is not searched.
var errTables = &LimitError{fmt.Sprintf("its header names more than %d sections, or tables of more than %d bytes", maxSections, maxTable)}

// ofExecutable returns read for executables whose headers are of a size that
// may be trusted.
func ofExecutable(read func(context.Context, *file) error) func(context.Context, *file) error {
	return func(ctx context.Context, f *file) error {
		if err := checkTables(f); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("%w: %w", errSpool, err)
		}
		return read(ctx, f)
	}
}

// checkTables returns an error if reading the headers of an executable would
// take too much. What is none, or cut, has none.
func checkTables(r io.ReaderAt) error {
	h := &headers{r: r, order: binary.LittleEndian}
	switch magic := h.bytes(0, 4); {
	case magic == nil:
	case string(magic) == "\x7fELF":
		h.elf()
	case string(magic[:2]) == "MZ":
		h.pe()
	case string(magic) == "\xcf\xfa\xed\xfe", string(magic) == "\xfe\xed\xfa\xcf":
		if magic[0] == 0xfe {
			h.order = binary.BigEndian
		}
		h.macho()
	}
	if h.table > maxTable {
		return errTables
	}
	return nil
}

// headers adds up what the headers of an executable name.
type headers struct {
	r     io.ReaderAt
	order binary.ByteOrder
	table uint64
}

// tooMany makes the sum too large.
const tooMany = math.MaxUint32

// bytes returns n bytes at an offset, or nil if there are none.
func (h *headers) bytes(at uint64, n int) []byte {
	b := make([]byte, n)
	if at > math.MaxInt64 {
		return nil
	}
	if _, err := h.r.ReadAt(b, int64(at)); err != nil {
		return nil
	}
	return b
}

// pe looks at the symbols and, for each section, its relocations.
func (h *headers) pe() {
	start := h.bytes(0x3c, 4)
	if start == nil {
		return
	}
	at := uint64(h.order.Uint32(start))
	head := h.bytes(at, 24)
	if head == nil || string(head[:4]) != "PE\x00\x00" {
		return
	}
	count, place, symbols := int(h.order.Uint16(head[6:])), uint64(h.order.Uint32(head[12:])), uint64(h.order.Uint32(head[16:]))
	if count > maxSections {
		h.table = tooMany
		return
	}
	const symbol, relocation, section = 18, 10, 40
	if place > 0 {
		h.table += symbol * symbols
		if names := h.bytes(place+symbol*symbols, 4); names != nil {
			h.table += uint64(h.order.Uint32(names))
		}
	}
	sections := h.bytes(at+24+uint64(h.order.Uint16(head[20:])), section*count)
	for ; len(sections) >= section; sections = sections[section:] {
		h.table += relocation * uint64(h.order.Uint16(sections[32:]))
	}
}

// elf looks at the number of sections and at their names, which may claim to
// be compressed.
func (h *headers) elf() {
	head := h.bytes(0, 64)
	if head == nil {
		return
	}
	if head[5] == 2 {
		h.order = binary.BigEndian
	}
	// The places of the numbers in both classes.
	wide := head[4] == 2
	section, flags, size, counts := 40, 8, 20, 46
	place := uint64(h.order.Uint32(head[32:]))
	if wide {
		section, flags, size, counts = 64, 8, 32, 58
		place = h.order.Uint64(head[40:])
	}
	stride, count, names := h.order.Uint16(head[counts:]), h.order.Uint16(head[counts+2:]), h.order.Uint16(head[counts+4:])
	switch {
	case place == 0:
		return // No sections.
	case count == 0:
		h.table = tooMany // More than fit into the number.
		return
	}
	s := h.bytes(place+uint64(stride)*uint64(names), section)
	if s == nil {
		return
	}
	number := func(at int) uint64 {
		if wide {
			return h.order.Uint64(s[at:])
		}
		return uint64(h.order.Uint32(s[at:]))
	}
	const compressed = 0x800
	if number(flags)&compressed != 0 {
		h.table = tooMany
		return
	}
	h.table += min(number(size), tooMany)
}

// macho looks at the symbols, and at the relocations of each section.
func (h *headers) macho() {
	head := h.bytes(0, 32)
	if head == nil {
		return
	}
	size := h.order.Uint32(head[20:])
	if size > maxCommands {
		h.table = tooMany
		return
	}
	commands := h.bytes(32, int(size))
	for range h.order.Uint32(head[16:]) {
		if len(commands) < 8 {
			return
		}
		kind, length := h.order.Uint32(commands), h.order.Uint32(commands[4:])
		if length < 8 || int64(length) > int64(len(commands)) {
			return
		}
		c := commands[:length]
		switch {
		case kind == 0x2 && length >= 24: // Symbols of 16 bytes, and their names.
			h.table += 16*uint64(h.order.Uint32(c[12:])) + uint64(h.order.Uint32(c[20:]))
		case kind == 0xb && length >= 80: // Numbers of indirect symbols.
			h.table += 4 * uint64(h.order.Uint32(c[60:]))
		case kind == 0x1:
			h.relocations(c, 56, 68, 52)
		case kind == 0x19:
			h.relocations(c, 72, 80, 60)
		}
		commands = commands[length:]
	}
}

// relocations adds those of the sections in a segment: 8 bytes each, whose
// number is at an offset of each section.
func (h *headers) relocations(segment []byte, head, section, number int) {
	for rest := segment[min(head, len(segment)):]; len(rest) >= section; rest = rest[section:] {
		h.table += 8 * uint64(h.order.Uint32(rest[number:]))
	}
}
