package rpmdb

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
)

// A Package is what rpm knows of an installed package. Text is as it is in the
// database.
type Package struct {
	Name    string
	Epoch   uint32
	Version string
	Release string
	// Architecture is empty for keys, which rpm keeps as packages.
	Architecture string
	// SourceRPM is the file name of the source package: "bash-5.2-1.src.rpm".
	SourceRPM string
	// Module is the label of the module that the package was built for:
	// "nodejs:22:9080020260101:rhel9"; empty for all others.
	Module string
	Vendor string

	header header
}

// Files returns the paths of the files that the package owns, without the
// leading slash.
func (p *Package) Files() iter.Seq[string] {
	return func(yield func(string) bool) {
		if old := p.header.strings(tagOldFilenames); len(old) > 0 {
			for _, name := range old {
				if !yield(strings.TrimPrefix(string(name), "/")) {
					return
				}
			}
			return
		}
		names, folders := p.header.strings(tagBasenames), p.header.strings(tagDirnames)
		for i, name := range names {
			index, ok := p.header.number(tagDirindexes, i)
			if !ok || int64(index) >= int64(len(folders)) {
				return
			}
			if !yield(strings.TrimPrefix(string(folders[index])+string(name), "/")) {
				return
			}
		}
	}
}

// The tags that are read.
// See https://rpm-software-management.github.io/rpm/manual/tags.html.
const (
	tagName            = 1000
	tagVersion         = 1001
	tagRelease         = 1002
	tagEpoch           = 1003
	tagVendor          = 1011
	tagArch            = 1022
	tagOldFilenames    = 1027
	tagSourceRPM       = 1044
	tagDirindexes      = 1116
	tagBasenames       = 1117
	tagDirnames        = 1118
	tagModularityLabel = 5096
)

// The types of values that are read.
const (
	typeInt32       = 4
	typeString      = 6
	typeStringArray = 8
	typeI18NString  = 9
)

// A header is a package in rpm's binary form: an index of tags, and the store
// of their values.
// See https://rpm-software-management.github.io/rpm/manual/format_header.html.
type header struct {
	entries map[uint32]entry
	store   []byte
}

type entry struct{ kind, offset, count uint32 }

// parseHeader reads a header as databases hold it, without magic number.
func parseHeader(blob []byte) (*Package, error) {
	if len(blob) < 8 {
		return nil, malformed("a header of %d bytes", len(blob))
	}
	count, length := int64(binary.BigEndian.Uint32(blob)), int64(binary.BigEndian.Uint32(blob[4:]))
	if 8+16*count+length > int64(len(blob)) {
		return nil, malformed("a header of %d bytes that claims %d entries and a store of %d", len(blob), count, length)
	}
	h := header{entries: make(map[uint32]entry), store: blob[8+16*count:][:length]}
	for i := range count {
		b := blob[8+16*i:]
		tag := binary.BigEndian.Uint32(b)
		switch tag {
		case tagName, tagVersion, tagRelease, tagEpoch, tagVendor, tagArch, tagOldFilenames, tagSourceRPM,
			tagDirindexes, tagBasenames, tagDirnames, tagModularityLabel:
			h.entries[tag] = entry{binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])}
		}
	}
	p := &Package{
		Name: h.string(tagName), Version: h.string(tagVersion), Release: h.string(tagRelease),
		Architecture: h.string(tagArch), SourceRPM: h.string(tagSourceRPM),
		Module: h.string(tagModularityLabel), Vendor: h.string(tagVendor),
		header: h,
	}
	p.Epoch, _ = h.number(tagEpoch, 0)
	return p, nil
}

// string returns the text of a tag; empty if there is none.
func (h header) string(tag uint32) string {
	e := h.entries[tag]
	if e.kind != typeString && e.kind != typeI18NString || int64(e.offset) >= int64(len(h.store)) {
		return ""
	}
	text, _, ok := bytes.Cut(h.store[e.offset:], []byte{0})
	if !ok {
		return ""
	}
	return string(text)
}

// strings returns the texts of a tag.
func (h header) strings(tag uint32) [][]byte {
	e := h.entries[tag]
	if e.kind != typeStringArray || int64(e.offset) >= int64(len(h.store)) {
		return nil
	}
	var all [][]byte
	rest := h.store[e.offset:]
	for range min(int64(e.count), int64(len(rest))) {
		text, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			break
		}
		all, rest = append(all, text), after
	}
	return all
}

// number returns the i-th number of a tag.
func (h header) number(tag uint32, i int) (uint32, bool) {
	e := h.entries[tag]
	start := int64(e.offset) + 4*int64(i)
	if e.kind != typeInt32 || int64(i) >= int64(e.count) || start+4 > int64(len(h.store)) {
		return 0, false
	}
	return binary.BigEndian.Uint32(h.store[start:]), true
}
