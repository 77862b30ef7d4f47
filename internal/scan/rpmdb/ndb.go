package rpmdb

import (
	"encoding/binary"
	"io"
)

// The format of rpm's own database, which SUSE used before SQLite: a header
// and pages of slots, each with the place of a blob in units of 16 bytes. All
// numbers are little-endian.
// See https://github.com/rpm-software-management/rpm/blob/rpm-4.20.x/lib/backend/ndb/rpmpkg.c.
const (
	ndbMagic     = "RpmP"
	ndbSlotMagic = "Slot"
	ndbBlobMagic = "BlbS"

	ndbPage = 4096
	ndbUnit = 16
	// ndbHeader is as long as two slots, and stands in their place.
	ndbHeader = 2 * ndbUnit
	// ndbMaxPages is far above what rpm makes: 2048 pages hold half a million
	// packages.
	ndbMaxPages = 2048
)

func isNDB(start []byte) bool { return string(start[:4]) == ndbMagic }

// readNDB calls f with the blob of each package.
func readNDB(r io.ReaderAt, size int64, f func([]byte) error) error {
	var head [16]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	pages := int64(binary.LittleEndian.Uint32(head[12:]))
	if version := binary.LittleEndian.Uint32(head[4:]); version != 0 {
		return malformed("ndb of version %d", version)
	}
	if pages == 0 || pages > ndbMaxPages || pages*ndbPage > size {
		return malformed("ndb of %d bytes with %d pages of slots", size, pages)
	}
	slots := make([]byte, pages*ndbPage)
	if _, err := r.ReadAt(slots, 0); err != nil {
		return err
	}
	left := size // Blobs do not overlap.
	var blob []byte
	for at := ndbHeader; at < len(slots); at += ndbUnit {
		slot := slots[at : at+ndbUnit]
		if string(slot[:4]) != ndbSlotMagic {
			return malformed("ndb slot %q", slot[:4])
		}
		index := binary.LittleEndian.Uint32(slot[4:])
		if index == 0 {
			continue // A free one.
		}
		var err error
		if blob, err = readNDBBlob(r, index, int64(binary.LittleEndian.Uint32(slot[8:]))*ndbUnit, left, blob); err != nil {
			return err
		}
		left -= int64(len(blob))
		if err := f(blob); err != nil {
			return err
		}
	}
	return nil
}

// readNDBBlob reads the blob of a package, of at most limit bytes, into buf or
// a larger buffer.
func readNDBBlob(r io.ReaderAt, index uint32, offset, limit int64, buf []byte) ([]byte, error) {
	var head [16]byte
	if _, err := r.ReadAt(head[:], offset); err != nil {
		return nil, malformed("no blob of package %d", index)
	}
	length := int64(binary.LittleEndian.Uint32(head[12:]))
	if string(head[:4]) != ndbBlobMagic || binary.LittleEndian.Uint32(head[4:]) != index {
		return nil, malformed("no blob of package %d", index)
	}
	if length > min(limit, maxHeader) {
		return nil, malformed("a package of %d bytes", length)
	}
	if int64(cap(buf)) < length {
		buf = make([]byte, length)
	}
	buf = buf[:length]
	if _, err := r.ReadAt(buf, offset+int64(len(head))); err != nil {
		return nil, malformed("the blob of package %d is cut", index)
	}
	return buf, nil
}
