package scan

import (
	"bufio"
	"bytes"
	"io"
	"path"
	"strings"
)

// isDpkgDatabase reports whether a path is of dpkg's database, or of one of
// the files that distroless images have in its place.
func isDpkgDatabase(p string) bool {
	return p == "var/lib/dpkg/status" || strings.HasPrefix(p, statusDir) && !strings.HasSuffix(p, md5sums)
}

const (
	// dpkgType is the purl type of dpkg's packages.
	dpkgType  = "deb"
	statusDir = "var/lib/dpkg/status.d/"
	infoDir   = "var/lib/dpkg/info/"
	md5sums   = ".md5sums"
)

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

// dpkgOwner returns the package whose files a file of dpkg's database lists,
// or an empty string for other files.
func dpkgOwner(p string) string {
	if name, ok := strings.CutSuffix(p, ".list"); ok && strings.HasPrefix(p, infoDir) {
		name, _, _ = strings.Cut(path.Base(name), ":") // "libc6:amd64.list"
		return clean(name)
	}
	if name, ok := strings.CutSuffix(p, md5sums); ok && strings.HasPrefix(p, statusDir) {
		return clean(path.Base(name))
	}
	return ""
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
