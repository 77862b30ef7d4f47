package scan

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// A JavaIndex tells of which artifact of a Maven repository a file is, by its
// SHA-1. It is a text file that is searched where it lies, so that one of many
// gigabytes costs no memory. Each line is
//
//	<40 hexadecimal digits in lower case> TAB <group>:<artifact>:<version>
//
// and the lines are sorted as "LC_ALL=C sort -u" does. It is safe for
// concurrent use.
type JavaIndex struct {
	name string
	file *os.File
	size int64
}

const (
	// maxIndexLine bounds a line of a Java index.
	maxIndexLine = 2048
	// indexSamples is how many lines are looked at to see that they ascend.
	indexSamples = 256
)

// OpenJavaIndex opens an index, and looks at some of its lines: one that is
// not sorted would not find what it has.
func OpenJavaIndex(name string) (*JavaIndex, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("index of Java archives: %w", err)
	}
	x := &JavaIndex{name: name, file: f}
	if err := x.check(); err != nil {
		f.Close()
		return nil, err
	}
	return x, nil
}

// Close closes the file.
func (x *JavaIndex) Close() error { return x.file.Close() }

func (x *JavaIndex) check() error {
	info, err := x.file.Stat()
	if err != nil {
		return fmt.Errorf("index of Java archives: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("index of Java archives %s is no regular file", x.name)
	}
	x.size = info.Size()
	last := ""
	for i := range int64(indexSamples) {
		line, _, err := x.line(x.size * i / indexSamples)
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		if line < last {
			return fmt.Errorf("index of Java archives %s is not sorted: %.40s is after %.40s; sort it with LC_ALL=C sort -u", x.name, line, last)
		}
		last = line
	}
	return nil
}

// lookup returns the artifact of a file by its SHA-1 in hexadecimal digits:
// "group:artifact" and version.
func (x *JavaIndex) lookup(sum string) (name, version string, ok bool, err error) {
	low, high := int64(0), x.size
	for low < high {
		middle := low + (high-low)/2
		line, end, err := x.line(middle)
		if err != nil {
			return "", "", false, err
		}
		switch {
		case line == "" || line[:len(sum)] > sum:
			high = middle
		case line[:len(sum)] < sum:
			low = end
		default:
			name, version := splitCoordinates(line[len(sum)+1:])
			return name, version, true, nil
		}
	}
	return "", "", false, nil
}

// line returns the first line that starts at offset or after it, and where the
// next one starts; an empty line after the last.
func (x *JavaIndex) line(offset int64) (string, int64, error) {
	from := max(offset-1, 0) // A line starts after the end of another.
	buf := make([]byte, 2*maxIndexLine)
	n, err := x.file.ReadAt(buf, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, fmt.Errorf("index of Java archives: %w", err)
	}
	buf = buf[:n]
	if offset > 0 {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 && from+int64(n) < x.size {
			return "", 0, fmt.Errorf("index of Java archives %s: the line at byte %d has more than %d bytes", x.name, from, maxIndexLine)
		}
		if i < 0 {
			return "", x.size, nil
		}
		buf, from = buf[i+1:], from+int64(i)+1
	}
	if len(buf) == 0 {
		return "", x.size, nil
	}
	text, _, ended := bytes.Cut(buf, []byte("\n"))
	if !ended && from+int64(len(buf)) < x.size || !isIndexLine(string(text)) {
		return "", 0, fmt.Errorf("index of Java archives %s: the line at byte %d is not a SHA-1, a tab and group:artifact:version", x.name, from)
	}
	return string(text), from + int64(len(text)) + 1, nil
}

func isIndexLine(line string) bool {
	sum, coordinates, ok := strings.Cut(line, "\t")
	if !ok || len(sum) != 40 || strings.ToLower(sum) != sum || strings.Count(coordinates, ":") != 2 {
		return false
	}
	_, err := hex.DecodeString(sum)
	name, version := splitCoordinates(coordinates)
	return err == nil && isName(name) && isName(version)
}

// splitCoordinates splits "group:artifact:version" before the version.
func splitCoordinates(s string) (name, version string) {
	i := strings.LastIndexByte(s, ':')
	return s[:i], s[i+1:]
}
