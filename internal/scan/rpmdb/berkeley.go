package rpmdb

import (
	"encoding/binary"
	"io"
)

// The format of the hash of Berkeley DB, of which only the pages with values
// are read, in their order in the file.
// See https://github.com/berkeleydb/libdb/blob/v5.3.28/src/dbinc/db_page.h.
const (
	berkeleyMagic = 0x061561

	berkeleyHeader = 26 // Of each page; the index of items follows.
	// The types of pages.
	berkeleyUnsorted = 2
	berkeleyOverflow = 7
	berkeleyHash     = 13
	// The types of items.
	berkeleyOnPage  = 1
	berkeleyOffPage = 3
)

func isBerkeley(start []byte) bool {
	return binary.LittleEndian.Uint32(start[12:]) == berkeleyMagic || binary.BigEndian.Uint32(start[12:]) == berkeleyMagic
}

// A berkeley reads a hash.
type berkeley struct {
	order binary.ByteOrder
	pages *pages
	// overflow is a page of a value that has its own pages.
	overflow, value []byte
}

// readBerkeley calls f with the blob of each package.
func readBerkeley(r io.ReaderAt, size int64, f func([]byte) error) error {
	var meta [72]byte
	if _, err := r.ReadAt(meta[:], 0); err != nil {
		return malformed("Berkeley DB of %d bytes", size)
	}
	b := berkeley{order: binary.LittleEndian}
	if b.order.Uint32(meta[12:]) != berkeleyMagic {
		b.order = binary.BigEndian
	}
	pageSize := int64(b.order.Uint32(meta[20:]))
	if pageSize < 512 || pageSize > 64<<10 || pageSize&(pageSize-1) != 0 {
		return malformed("Berkeley DB with pages of %d bytes", pageSize)
	}
	b.pages = newPages(r, size, pageSize)
	// Pages of values are read once by their number and once by a link.
	b.pages.left *= 2
	b.overflow = make([]byte, pageSize)
	page := make([]byte, pageSize)
	for number := int64(1); number < b.pages.count; number++ {
		if err := b.pages.read(number, page); err != nil {
			return err
		}
		if kind := page[25]; kind != berkeleyHash && kind != berkeleyUnsorted {
			continue
		}
		if err := b.items(page, f); err != nil {
			return err
		}
	}
	return nil
}

// items calls f with the values on a page: each second item, as keys and
// values take turns.
func (b *berkeley) items(page []byte, f func([]byte) error) error {
	count := int(b.order.Uint16(page[20:]))
	if berkeleyHeader+2*count > len(page) {
		return malformed("a page of %d items", count)
	}
	for i := 1; i < count; i += 2 {
		key, err := b.item(page, i-1)
		if err != nil {
			return err
		}
		value, err := b.item(page, i)
		if err != nil {
			return err
		}
		if len(key) == 5 && b.order.Uint32(key[1:]) == 0 {
			continue // The number of the next package.
		}
		switch value[0] {
		case berkeleyOnPage:
			value = value[1:]
		case berkeleyOffPage:
			if value, err = b.offPage(value); err != nil {
				return err
			}
		default:
			return malformed("an item of type %d", value[0])
		}
		if err := f(value); err != nil {
			return err
		}
	}
	return nil
}

// item returns an item with its type. Items fill a page from its end.
func (b *berkeley) item(page []byte, i int) ([]byte, error) {
	start, end := int(b.order.Uint16(page[berkeleyHeader+2*i:])), len(page)
	if i > 0 {
		end = int(b.order.Uint16(page[berkeleyHeader+2*(i-1):]))
	}
	if start >= end || end > len(page) {
		return nil, malformed("an item from %d to %d", start, end)
	}
	return page[start:end], nil
}

// offPage returns a value that has pages of its own.
func (b *berkeley) offPage(item []byte) ([]byte, error) {
	if len(item) < 12 {
		return nil, malformed("a link of %d bytes", len(item))
	}
	next, length := int64(b.order.Uint32(item[4:])), int64(b.order.Uint32(item[8:]))
	if length > maxHeader {
		return nil, malformed("a package of %d bytes", length)
	}
	b.value = b.value[:0]
	for next != 0 {
		if err := b.pages.read(next, b.overflow); err != nil {
			return nil, err
		}
		used := int(b.order.Uint16(b.overflow[22:]))
		if b.overflow[25] != berkeleyOverflow || berkeleyHeader+used > len(b.overflow) {
			return nil, malformed("page %d is none of a value", next)
		}
		if int64(len(b.value)+used) > length {
			return nil, malformed("a package of more than %d bytes, where as many are meant", length)
		}
		b.value = append(b.value, b.overflow[berkeleyHeader:][:used]...)
		next = int64(b.order.Uint32(b.overflow[16:]))
	}
	if int64(len(b.value)) != length {
		return nil, malformed("a package of %d bytes, where %d are meant", len(b.value), length)
	}
	return b.value, nil
}
