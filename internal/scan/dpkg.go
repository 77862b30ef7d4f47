package scan

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path"
	"strings"
)

var debType = &packageType{
	purl:         "deb",
	title:        "dpkg",
	distribution: true,
	ecosystem:    "Debian",
}

var dpkgDatabase = &reader{
	name:     "dpkg",
	packages: debType,
	from:     "`/var/lib/dpkg/status` and `status.d` (distroless)",
	paths:    []string{"var/lib/dpkg/status"},
	limit:    maxDatabase,
	read:     readDpkg,
}

// dpkgStatusFiles are what distroless images have in place of the database.
var dpkgStatusFiles = &reader{
	name:     "dpkg-status-files",
	packages: debType,
	folders:  []string{"var/lib/dpkg/status.d"},
	wants:    func(p string) bool { return !strings.HasSuffix(p, md5sums) },
	limit:    maxDatabase,
	read:     readDpkg,
}

// dpkgLists tell which files packages own.
var dpkgLists = &reader{
	name:     "dpkg-lists",
	packages: debType,
	suffixes: []string{".list"},
	wants:    func(p string) bool { return strings.HasPrefix(p, "var/lib/dpkg/info/") },
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		name, _, _ := strings.Cut(path.Base(f.path), ":") // "libc6:amd64.list"
		owner := clean(strings.TrimSuffix(name, ".list"))
		return parseDpkgFiles(f.walker.lines, f, false, func(file string) { f.walker.owns(file, owner) })
	},
}

// dpkgSums are the lists of distroless images.
var dpkgSums = &reader{
	name:     "dpkg-sums",
	packages: debType,
	folders:  []string{"var/lib/dpkg/status.d"},
	wants:    func(p string) bool { return strings.HasSuffix(p, md5sums) },
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		owner := clean(strings.TrimSuffix(path.Base(f.path), md5sums))
		return parseDpkgFiles(f.walker.lines, f, true, func(file string) { f.walker.owns(file, owner) })
	},
}

const md5sums = ".md5sums"

func readDpkg(_ context.Context, f *file) error {
	found, err := parseDpkg(f.walker.lines, f)
	f.found(debType, found)
	return err
}

// parseDpkg reads the packages of a dpkg database that are there, be it only
// half: all but the removed ones of which settings are left.
// See deb-control(5) and dpkg-query(1).
func parseDpkg(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	var (
		found  []Package
		p      Package
		status string
	)
	flush := func() {
		// The files of distroless images have no status.
		state := status[strings.LastIndexByte(status, ' ')+1:]
		if isName(p.Name) && isName(p.Version) && state != "not-installed" && state != "config-files" {
			found = append(found, p)
		}
		p, status = Package{}, ""
	}
	err := eachLine(buf, r, func(line []byte) {
		if len(line) == 0 {
			flush()
			return
		}
		field, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || line[0] == ' ' || line[0] == '\t' {
			return // A continuation, or nothing that dpkg wrote.
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(field, []byte("Package")):
			p.Name = clean(string(value))
		case bytes.EqualFold(field, []byte("Version")):
			p.Version = clean(string(value))
		case bytes.EqualFold(field, []byte("Architecture")):
			p.Architecture = clean(string(value))
		case bytes.EqualFold(field, []byte("Status")):
			status = string(value)
		case bytes.EqualFold(field, []byte("Source")):
			p.Source, p.SourceVersion = parseSource(clean(string(value)))
		}
	})
	flush()
	return found, err
}

// parseSource reads "name" or "name (version)".
func parseSource(s string) (name, version string) {
	name, version, ok := strings.Cut(s, " (")
	if !ok || !strings.HasSuffix(version, ")") {
		return name, ""
	}
	return name, strings.TrimSuffix(version, ")")
}

// parseDpkgFiles reads the paths of a list of files: one a line, or one a line
// after its MD5 sum.
func parseDpkgFiles(buf *bufio.Reader, r io.Reader, isSums bool, f func(path string)) error {
	return eachLine(buf, r, func(line []byte) {
		if isSums {
			_, line, _ = bytes.Cut(line, []byte("  "))
		}
		if p := bytes.TrimPrefix(line, []byte("/")); len(p) > 0 && len(p) <= maxPath {
			f(string(p))
		}
	})
}
