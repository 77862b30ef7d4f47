package scan

import (
	"context"
	"debug/pe"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
)

var dotnetAssembly = &reader{
	name:     "assembly",
	packages: nugetType,
	suffixes: []string{".dll"},
	wants:    isLooseAssembly,
	read: ofExecutable(func(_ context.Context, f *file) error {
		found, err := parseAssembly(f)
		f.found(nugetType, found)
		return err
	}),
}

// isLooseAssembly reports whether a library may be of interest: those of
// shared runtimes, their reference assemblies and SDKs are listed elsewhere.
func isLooseAssembly(p string) bool {
	return !strings.Contains(p, "/shared/Microsoft.") && !strings.Contains(p, "/packs/Microsoft.") &&
		!strings.Contains(p, "/sdk/") && !strings.HasSuffix(p, ".resources.dll")
}

const (
	// resourceDirectory and commonLanguageDirectory are the places of data
	// directories in the header of a PE file.
	resourceDirectory       = 2
	commonLanguageDirectory = 14
	// versionResource is the number of the type of version resources.
	versionResource = 16
	// maxVersionResource bounds a version resource. They have some 1 KiB.
	maxVersionResource = 64 << 10
	// maxVersionBlocks bounds the blocks of a version resource.
	maxVersionBlocks = 1000
)

// assemblyVersion is a version that a package may have, before what says of
// which commit it was built.
var assemblyVersion = regexp.MustCompile(`^\d+\.\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z][0-9A-Za-z.-]*)?$`)

// parseAssembly returns the package that a .NET assembly is likely to be of:
// compilers put the name of the file and the version of the package into its
// version resource. Libraries that are not of .NET have no package.
// See https://learn.microsoft.com/en-us/windows/win32/menurc/vs-versioninfo.
func parseAssembly(r io.ReaderAt) (_ []Package, err error) {
	defer recovered(&err)
	f, err := pe.NewFile(r)
	if err != nil {
		return nil, err
	}
	directories := dataDirectories(f)
	if len(directories) <= commonLanguageDirectory || directories[commonLanguageDirectory].Size == 0 {
		return nil, nil
	}
	return assemblyOf(versionStrings(findVersionResource(f, directories[resourceDirectory]))), nil
}

// assemblyOf returns the package that the strings of a version resource tell
// of.
func assemblyOf(text map[string]string) []Package {
	name, ok := cutSuffixFold(text["OriginalFilename"], ".dll")
	if !ok {
		name, ok = cutSuffixFold(text["InternalName"], ".dll")
	}
	if !ok {
		return nil
	}
	for _, key := range []string{"ProductVersion", "FileVersion"} {
		version, _, _ := strings.Cut(text[key], "+")
		if assemblyVersion.MatchString(version) {
			return packages(Package{Name: clean(name), Version: version})
		}
	}
	return nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if len(s) <= len(suffix) || !strings.EqualFold(s[len(s)-len(suffix):], suffix) {
		return "", false
	}
	return s[:len(s)-len(suffix)], true
}

func dataDirectories(f *pe.File) []pe.DataDirectory {
	switch h := f.OptionalHeader.(type) {
	case *pe.OptionalHeader32:
		return h.DataDirectory[:min(h.NumberOfRvaAndSizes, uint32(len(h.DataDirectory)))]
	case *pe.OptionalHeader64:
		return h.DataDirectory[:min(h.NumberOfRvaAndSizes, uint32(len(h.DataDirectory)))]
	}
	return nil
}

// findVersionResource returns the version resource, or nil. Resources are in a
// tree of three levels: type, name, language.
func findVersionResource(f *pe.File, d pe.DataDirectory) []byte {
	// Where a resource directory has no name entries before it, the first
	// entry will do: there is one version, in one language.
	offset, ok := uint32(0), true
	for level := range 3 {
		id := uint32(versionResource)
		if level > 0 {
			id = anyResource
		}
		if offset, ok = findResource(f, d, offset, id); !ok {
			return nil
		}
	}
	entry := readAt(f, d.VirtualAddress+offset, 16)
	if entry == nil {
		return nil
	}
	size := binary.LittleEndian.Uint32(entry[4:])
	if size > maxVersionResource {
		return nil
	}
	return readAt(f, binary.LittleEndian.Uint32(entry), size)
}

// anyResource asks for the first entry of a resource directory.
const anyResource = ^uint32(0)

// findResource returns the offset that the entry with a number has in a
// resource directory.
func findResource(f *pe.File, d pe.DataDirectory, directory, id uint32) (uint32, bool) {
	head := readAt(f, d.VirtualAddress+directory, 16)
	if head == nil {
		return 0, false
	}
	count := uint32(binary.LittleEndian.Uint16(head[12:])) + uint32(binary.LittleEndian.Uint16(head[14:]))
	entries := readAt(f, d.VirtualAddress+directory+16, min(count, 256)*8)
	for ; len(entries) >= 8; entries = entries[8:] {
		if id == anyResource || binary.LittleEndian.Uint32(entries) == id {
			return binary.LittleEndian.Uint32(entries[4:]) &^ (1 << 31), true
		}
	}
	return 0, false
}

// readAt returns n bytes at an address of the program in memory, or nil.
func readAt(f *pe.File, address, n uint32) []byte {
	for _, s := range f.Sections {
		if offset := int64(address) - int64(s.VirtualAddress); offset >= 0 && offset+int64(n) <= int64(s.Size) {
			b := make([]byte, n)
			if _, err := s.ReadAt(b, offset); err != nil {
				return nil
			}
			return b
		}
	}
	return nil
}

// versionStrings returns the strings of a version resource by their names. It
// is a tree of blocks: length, length of the value, type, name, value, blocks.
// Strings have no blocks in them.
func versionStrings(b []byte) map[string]string {
	found := make(map[string]string)
	left := maxVersionBlocks
	var walk func(b []byte, depth int)
	walk = func(b []byte, depth int) {
		for len(b) >= 6 && left > 0 {
			left--
			length := int(binary.LittleEndian.Uint16(b))
			if length < 6 || length > len(b) {
				return
			}
			key, rest := utf16Text(b[6:length])
			rest = aligned(b, length, len(rest))
			switch depth {
			case 0: // The whole, with binary numbers as its value.
				if n := int(binary.LittleEndian.Uint16(b[2:])); n <= len(rest) {
					walk(aligned(b, length, len(rest)-n), 1)
				}
			case 1, 2: // "StringFileInfo" or "VarFileInfo", and the tables in it.
				if depth == 2 || key == "StringFileInfo" {
					walk(rest, depth+1)
				}
			default:
				value, _ := utf16Text(rest)
				found[key] = strings.TrimSpace(value)
			}
			b = b[min((length+3)&^3, len(b)):]
		}
	}
	walk(b, 0)
	return found
}

// aligned returns the last n bytes of a block, from the next multiple of four
// on.
func aligned(block []byte, length, n int) []byte {
	return block[min((length-n+3)&^3, length):length]
}

// utf16Text returns the text before a NUL, and what follows.
func utf16Text(b []byte) (string, []byte) {
	var units []uint16
	for len(b) >= 2 {
		u := binary.LittleEndian.Uint16(b)
		b = b[2:]
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units)), b
}
