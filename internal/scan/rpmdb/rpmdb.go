// Package rpmdb reads the databases in which rpm keeps what is installed:
// SQLite, rpm's own "ndb" and, of old releases, Berkeley DB.
//
// It takes a database as bytes of somebody else, needs no name in a file
// system, and never holds more than one package. A damaged or hostile database
// ends with an error after work that is in proportion to its size.
package rpmdb

import (
	"errors"
	"fmt"
	"io"
)

// ErrMalformed is the cause when bytes are not a database of rpm, or a damaged
// one.
var ErrMalformed = errors.New("malformed rpm database")

// maxHeader bounds what rpm knows of one package: of most it is a few
// kilobytes, of packages with 100,000 files about ten megabytes.
const maxHeader = 32 << 20

// Read calls f with each package of a database of any format, until f returns
// an error. The package is valid until f returns. An empty file, which rpm
// leaves where it has no database of a format, has no packages.
func Read(r io.ReaderAt, size int64, f func(*Package) error) error {
	if size == 0 {
		return nil
	}
	var start [16]byte
	if _, err := r.ReadAt(start[:], 0); err != nil {
		return malformed("it has only %d bytes", size)
	}
	each := func(blob []byte) error {
		p, err := parseHeader(blob)
		if err != nil {
			return err
		}
		return f(p)
	}
	switch {
	case isSQLite(start[:]):
		return readSQLite(r, size, each)
	case isNDB(start[:]):
		return readNDB(r, size, each)
	case isBerkeley(start[:]):
		return readBerkeley(r, size, each)
	}
	return malformed("it is none of SQLite, ndb and Berkeley DB")
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// pages reads the pages of a database. As each page has one place in one tree
// or list, no more pages are read than there are: links that go in a circle
// end there.
type pages struct {
	r    io.ReaderAt
	size int64
	// count is the number of pages, left how many may still be read.
	count, left int64
}

func newPages(r io.ReaderAt, fileSize, pageSize int64) *pages {
	count := fileSize / pageSize
	return &pages{r, pageSize, count, count}
}

// read fills buf with the page of a number that counts from 0.
func (p *pages) read(number int64, buf []byte) error {
	if number < 0 || number >= p.count {
		return malformed("page %d of %d", number, p.count)
	}
	if p.left == 0 {
		return malformed("its pages go in a circle")
	}
	p.left--
	_, err := p.r.ReadAt(buf[:p.size], number*p.size)
	return err
}
