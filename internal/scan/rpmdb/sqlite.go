package rpmdb

import (
	"encoding/binary"
	"io"
)

// The format of SQLite, of which one table is read.
// See https://www.sqlite.org/fileformat2.html.
const (
	sqliteMagic = "SQLite format 3\x00"

	sqliteFileHeader = 100
	// The types of pages.
	sqliteInterior = 5
	sqliteLeaf     = 13
	// sqliteMaxDepth is more than a table of the largest size has.
	sqliteMaxDepth = 20
	// sqliteTable is the table with a row for each package: its number, and
	// its header.
	sqliteTable = "Packages"
)

func isSQLite(start []byte) bool { return string(start) == sqliteMagic }

// A sqlite reads tables.
type sqlite struct {
	pages *pages
	// usable is what a page holds.
	usable int64
	// left is how many bytes of rows may still be read of leaves: rows do not
	// overlap.
	left int64
	// overflow is a page of a row that does not fit on one.
	overflow, row []byte
}

// readSQLite calls f with the blob of each package.
func readSQLite(r io.ReaderAt, size int64, f func([]byte) error) error {
	var head [sqliteFileHeader]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return malformed("SQLite of %d bytes", size)
	}
	pageSize := int64(binary.BigEndian.Uint16(head[16:]))
	if pageSize == 1 {
		pageSize = 64 << 10
	}
	usable := pageSize - int64(head[20])
	if pageSize < 512 || pageSize&(pageSize-1) != 0 || usable < 480 {
		return malformed("SQLite with pages of %d bytes, %d usable", pageSize, usable)
	}
	if encoding := binary.BigEndian.Uint32(head[56:]); encoding > 1 {
		return malformed("SQLite with text encoding %d", encoding)
	}
	s := sqlite{pages: newPages(r, size, pageSize), usable: usable, left: size, overflow: make([]byte, pageSize)}
	root := int64(0)
	err := s.table(1, 0, func(row []byte) error {
		columns, err := sqliteColumns(row)
		if err != nil || len(columns) < 4 {
			return err
		}
		if string(columns[0]) == "table" && string(columns[1]) == sqliteTable {
			root = sqliteInteger(columns[3])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if root == 0 {
		return malformed("SQLite without the table %s", sqliteTable)
	}
	return s.table(root, 0, func(row []byte) error {
		columns, err := sqliteColumns(row)
		if err != nil {
			return err
		}
		if len(columns) < 2 {
			return malformed("a row of %d columns", len(columns))
		}
		return f(columns[1])
	})
}

// table calls f with each row of the table whose tree has a page as its root.
// Pages count from 1.
func (s *sqlite) table(number int64, depth int, f func(row []byte) error) error {
	if depth > sqliteMaxDepth {
		return malformed("a tree deeper than %d", sqliteMaxDepth)
	}
	page := make([]byte, s.pages.size)
	if err := s.pages.read(number-1, page); err != nil {
		return err
	}
	page = page[:s.usable]
	start := 0
	if number == 1 {
		start = sqliteFileHeader
	}
	kind, cells := page[start], int(binary.BigEndian.Uint16(page[start+3:]))
	index := start + 8
	if kind == sqliteInterior {
		index = start + 12
	}
	if kind != sqliteInterior && kind != sqliteLeaf || index+2*cells > len(page) {
		return malformed("page %d is none of a table", number)
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(page[index+2*i:]))
		if at+4 > len(page) {
			return malformed("a cell at %d", at)
		}
		if kind == sqliteInterior {
			if err := s.table(int64(binary.BigEndian.Uint32(page[at:])), depth+1, f); err != nil {
				return err
			}
			continue
		}
		row, err := s.cell(page[at:])
		if err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
	if kind == sqliteInterior {
		return s.table(int64(binary.BigEndian.Uint32(page[start+8:])), depth+1, f)
	}
	return nil
}

// cell returns the row of a leaf's cell, with what is on other pages.
func (s *sqlite) cell(cell []byte) ([]byte, error) {
	length, cell, ok := sqliteVarint(cell)
	if !ok || length < 0 || length > maxHeader {
		return nil, malformed("a row of %d bytes", length)
	}
	_, cell, ok = sqliteVarint(cell) // The number of the row.
	local := s.local(length)
	if !ok || local > int64(len(cell)) {
		return nil, malformed("a row that leaves its page")
	}
	if s.left -= local; s.left < 0 {
		return nil, malformed("rows that overlap")
	}
	if local == length {
		return cell[:length], nil
	}
	if local+4 > int64(len(cell)) {
		return nil, malformed("a row that leaves its page")
	}
	s.row = append(s.row[:0], cell[:local]...)
	next := int64(binary.BigEndian.Uint32(cell[local:]))
	for missing := length - local; missing > 0; missing = length - int64(len(s.row)) {
		if err := s.pages.read(next-1, s.overflow); err != nil {
			return nil, err
		}
		s.row = append(s.row, s.overflow[4:s.usable][:min(missing, s.usable-4)]...)
		next = int64(binary.BigEndian.Uint32(s.overflow))
	}
	return s.row, nil
}

// local returns how many bytes of a row are on the leaf itself.
func (s *sqlite) local(length int64) int64 {
	most := s.usable - 35
	if length <= most {
		return length
	}
	least := (s.usable-12)*32/255 - 23
	if n := least + (length-least)%(s.usable-4); n <= most {
		return n
	}
	return least
}

// sqliteMaxColumns is as many as the table of tables has, and more than are
// read. A hostile row has millions, of no bytes each.
const sqliteMaxColumns = 5

// sqliteColumns returns the first columns of a row as their bytes.
func sqliteColumns(row []byte) ([][]byte, error) {
	length, types, ok := sqliteVarint(row)
	head := int64(len(row) - len(types))
	if !ok || length < head || length > int64(len(row)) {
		return nil, malformed("a row with a head of %d bytes", length)
	}
	types, values := types[:length-head], row[length:]
	var columns [][]byte
	for len(types) > 0 && len(columns) < sqliteMaxColumns {
		var kind int64
		if kind, types, ok = sqliteVarint(types); !ok || kind < 0 {
			return nil, malformed("a column of type %d", kind)
		}
		size := sqliteSize(kind)
		if size > int64(len(values)) {
			return nil, malformed("a column of %d bytes", size)
		}
		columns, values = append(columns, values[:size]), values[size:]
	}
	return columns, nil
}

// sqliteSize returns the bytes of a column of a serial type.
func sqliteSize(kind int64) int64 {
	switch {
	case kind >= 12:
		return (kind - 12) / 2
	case kind <= 4:
		return kind
	case kind == 5:
		return 6
	case kind <= 7:
		return 8
	}
	return 0 // The constants 0 and 1.
}

// sqliteInteger returns the value of a column of up to eight bytes.
func sqliteInteger(b []byte) int64 {
	var n int64
	for _, c := range b[:min(len(b), 8)] {
		n = n<<8 | int64(c)
	}
	return n
}

// sqliteVarint reads an integer of up to nine bytes, and returns what is after
// it.
func sqliteVarint(b []byte) (n int64, rest []byte, ok bool) {
	for i, c := range b {
		if i == 8 {
			return n<<8 | int64(c), b[9:], true
		}
		n = n<<7 | int64(c&0x7f)
		if c < 0x80 {
			return n, b[i+1:], true
		}
	}
	return 0, b, false
}
