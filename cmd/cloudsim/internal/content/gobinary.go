package content

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// A goBinary is an executable with the build information that the Go linker
// leaves in it. The code is missing: nothing here ever runs it.
type goBinary struct {
	path      string
	goVersion string   // "go1.20.4"
	module    string   // of the main package
	list      []string // "module@version"
}

func (g goBinary) files(arch string) []file {
	data := append(buildInfo(g.goVersion, g.modules()), make([]byte, goBinarySize)...)
	return []file{{path: g.path, mode: 0o755, data: executable(arch, data)}}
}

// goBinarySize is the size of the code that is missing: no Go program is
// smaller, and scanners know that.
const goBinarySize = 1 << 20

func (g goBinary) packages() []Package {
	found := []Package{{Type: "golang", Name: "stdlib", Version: strings.TrimPrefix(g.goVersion, "go"), Path: g.path}}
	for _, m := range g.list {
		name, version := splitVersion(m)
		found = append(found, Package{Type: "golang", Name: name, Version: strings.TrimPrefix(version, "v"), Path: g.path})
	}
	return found
}

// modules returns the module information as the go command prints it.
func (g goBinary) modules() string {
	var b strings.Builder
	fmt.Fprintf(&b, "path\t%s\nmod\t%[1]s\t(devel)\t\n", g.module)
	for _, m := range g.list {
		name, version := splitVersion(m)
		fmt.Fprintf(&b, "dep\t%s\t%s\th1:%s=\n", name, version, fakeBase64(m, 32))
	}
	b.WriteString("build\t-compiler=gc\nbuild\tCGO_ENABLED=0\nbuild\tGOOS=linux\n")
	return b.String()
}

// buildInfo returns the contents of the section .go.buildinfo: a header, the
// Go version and the module information, each with its length before it.
// See https://pkg.go.dev/debug/buildinfo and cmd/link/internal/ld.
func buildInfo(goVersion, modules string) []byte {
	const (
		magic       = "\xff Go buildinf:"
		pointerSize = 8
		inlineFlag  = 2 // strings follow the header, since Go 1.18
		headerSize  = 32
		start       = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
		end         = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
	)
	b := append([]byte(magic), pointerSize, inlineFlag)
	b = append(b, make([]byte, headerSize-len(b))...)
	for _, s := range []string{goVersion, start + modules + end} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// program returns an executable that nothing can be learned from.
func program(arch string) []byte { return executable(arch, nil) }

// executable returns an ELF file for an architecture with one writable data
// segment, which is the section .go.buildinfo.
func executable(arch string, data []byte) []byte {
	const (
		names       = "\x00.go.buildinfo\x00.shstrtab\x00"
		headerSize  = 64
		segmentSize = 56
		address     = 0x400000
		dataOffset  = 128 // after the header and the segment table, aligned to 16
	)
	machine := elf.EM_X86_64
	if arch == "arm64" {
		machine = elf.EM_AARCH64
	}
	namesOffset := uint64(dataOffset + len(data))
	sections := namesOffset + uint64(len(names))
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Entry: address, Phoff: headerSize, Shoff: sections,
		Ehsize: headerSize, Phentsize: segmentSize, Phnum: 1, Shentsize: 64, Shnum: 3, Shstrndx: 2,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: dataOffset,
		Vaddr: address, Paddr: address, Filesz: uint64(len(data)), Memsz: uint64(len(data)), Align: 16,
	}
	table := []elf.Section64{
		{},
		{
			Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE),
			Addr: address, Off: dataOffset, Size: uint64(len(data)), Addralign: 16,
		},
		{Name: 15, Type: uint32(elf.SHT_STRTAB), Off: namesOffset, Size: uint64(len(names)), Addralign: 1},
	}
	var buf bytes.Buffer
	for _, v := range []any{header, segment, make([]byte, dataOffset-headerSize-segmentSize), data, []byte(names), table} {
		if err := binary.Write(&buf, binary.LittleEndian, v); err != nil {
			panic(err) // fixed-size values only
		}
	}
	return buf.Bytes()
}
