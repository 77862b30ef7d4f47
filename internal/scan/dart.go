package scan

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path"
	"strings"
)

var pubType = &packageType{
	purl:  "pub",
	title: "Dart", matched: "OSV `Pub`",
	ecosystem: "Pub",
}

var pubCache = &reader{
	name:     "pub-cache",
	packages: pubType,
	from:     "`.pub-cache/hosted`; `pubspec.lock`",
	names:    []string{"pubspec.yaml"},
	wants:    func(p string) bool { return strings.Contains(p, "hosted/") },
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		if p, ok := pubspecOf(f.path); ok {
			f.found(pubType, []Package{p})
		}
		return nil
	},
}

var pubspecLock = &reader{
	name:     "pubspec-lock",
	packages: pubType,
	names:    []string{"pubspec.lock"},
	limit:    maxMetadata,
	lock:     true,
	read: func(_ context.Context, f *file) error {
		found, err := parsePubspecLock(f.walker.lines, f)
		f.found(pubType, found)
		return err
	},
}

// pubspecOf returns the package whose description in Dart's cache is at a
// path: ".pub-cache/hosted/pub.dev/http-1.1.0/pubspec.yaml". The cache says all
// by the names of folders. Programs that were compiled hold nothing of it.
func pubspecOf(p string) (Package, bool) {
	dir := path.Dir(p)
	if path.Base(p) != "pubspec.yaml" || path.Base(path.Dir(path.Dir(dir))) != "hosted" {
		return Package{}, false
	}
	name, version, ok := strings.Cut(path.Base(dir), "-") // Names have no "-".
	return Package{Name: name, Version: version}, ok && isName(name) && isName(version)
}

// parsePubspecLock reads what pubspec.lock has from package repositories. It
// is YAML that Dart writes, always in the same shape:
//
//	packages:
//	  http:
//	    dependency: "direct main"
//	    description:
//	      name: http
//	    source: hosted
//	    version: "1.1.0"
func parsePubspecLock(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	var (
		found          []Package
		p              Package
		inside, hosted bool
	)
	flush := func() {
		if hosted {
			found = append(found, packages(p)...)
		}
		p, hosted = Package{}, false
	}
	err := eachLine(buf, r, func(line []byte) {
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		key, value, ok := strings.Cut(strings.TrimSpace(clean(string(line))), ":")
		if !ok {
			return
		}
		value = strings.Trim(value, ` "'`)
		switch {
		case indent == 0:
			flush()
			inside = key == "packages"
		case !inside:
		case indent == 2:
			flush()
			p.Name = strings.Trim(key, `"'`)
		case indent == 4 && key == "source":
			hosted = value == "hosted"
		case indent == 4 && key == "version":
			p.Version = value
		}
	})
	flush()
	return found, err
}
