package scan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

const (
	// maxLine is the longest line of a text file that is read whole. What is
	// longer holds nothing of interest, such as the list of what a package
	// provides.
	maxLine = 64 << 10
	// maxPath is the longest path that Linux knows.
	maxPath = 4096
	// maxName is the longest name or version of a package: what is longer is
	// neither, and an index of a database could not hold it.
	maxName = 512
)

// eachLine calls f with every line of r, without its end and cut to maxLine.
// The line is valid until f returns.
func eachLine(buf *bufio.Reader, r io.Reader, f func(line []byte)) error {
	buf.Reset(r)
	for {
		line, err := buf.ReadSlice('\n')
		if len(line) > 0 {
			f(bytes.TrimRight(line, "\r\n"))
		}
		for err == bufio.ErrBufferFull {
			_, err = buf.ReadSlice('\n')
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// newLineBuffer returns a buffer for eachLine.
func newLineBuffer() *bufio.Reader { return bufio.NewReaderSize(nil, maxLine) }

// clean returns s as text that JSON and databases keep as it is.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// isName reports whether s can be the name or version of a package.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) < 0
}
