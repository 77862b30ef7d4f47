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
// leading slash, but for those that no system could have.
func (p *Package) Files() iter.Seq[string] {
	return func(yield func(string) bool) {
		old := false
		for name := range p.header.strings(tagOldFilenames) {
			old = true
			if len(name) <= maxText && !yield(strings.TrimPrefix(string(name), "/")) {
				return
			}
		}
		if old {
			return
		}
		var folders [][]byte
		for folder := range p.header.strings(tagDirnames) {
			if len(folders) == maxFolders {
				break
			}
			folders = append(folders, folder)
		}
		i := -1
		for name := range p.header.strings(tagBasenames) {
			i++
			index, ok := p.header.number(tagDirindexes, i)
			if !ok || int64(index) >= int64(len(folders)) {
				return
			}
			folder := folders[index]
			if len(folder)+len(name) <= maxText && !yield(strings.TrimPrefix(string(folder)+string(name), "/")) {
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

// Bounds of what is kept of a header: a store of 32 MB has room for as many
// empty texts, each of which takes more memory than it is long.
const (
	// maxText is the length of the longest text that is no list, and of the
	// longest path: that of Linux.
	maxText = 4 << 10
	// maxFolders is far above what packages own.
	maxFolders = 1 << 18
)

// string returns the text of a tag; empty if there is none or it is too long.
func (h header) string(tag uint32) string {
	e := h.entries[tag]
	if e.kind != typeString && e.kind != typeI18NString || int64(e.offset) >= int64(len(h.store)) {
		return ""
	}
	rest := h.store[e.offset:]
	text, _, ok := bytes.Cut(rest[:min(len(rest), maxText+1)], []byte{0})
	if !ok {
		return ""
	}
	return string(text)
}

// strings returns the texts of a tag.
func (h header) strings(tag uint32) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		e := h.entries[tag]
		if e.kind != typeStringArray || int64(e.offset) >= int64(len(h.store)) {
			return
		}
		rest := h.store[e.offset:]
		for range min(int64(e.count), int64(len(rest))) {
			text, after, ok := bytes.Cut(rest, []byte{0})
			if !ok || !yield(text) {
				return
			}
			rest = after
		}
	}
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
