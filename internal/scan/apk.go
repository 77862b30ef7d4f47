package scan

import (
	"bufio"
	"context"
	"io"
)

var apkType = &packageType{
	purl:         "apk",
	title:        "apk",
	distribution: true,
	ecosystem:    "Alpine",
}

var apkDatabase = &reader{
	name:     "apk",
	packages: apkType,
	from:     "`/lib/apk/db/installed`",
	paths:    []string{"lib/apk/db/installed", "usr/lib/apk/db/installed", "var/lib/apk/db/installed"},
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		found, err := parseApk(f.walker.lines, f, f.walker.owns)
		f.found(apkType, found)
		return err
	},
}

// parseApk reads the packages of an apk database and calls owns with each file
// of theirs. See https://wiki.alpinelinux.org/wiki/Apk_spec.
func parseApk(buf *bufio.Reader, r io.Reader, owns func(path, name string)) ([]Package, error) {
	var (
		found []Package
		p     Package
		dir   string
	)
	flush := func() {
		if isName(p.Name) && isName(p.Version) {
			if p.Source == p.Name {
				p.Source = ""
			}
			found = append(found, p)
		}
		p, dir = Package{}, ""
	}
	err := eachLine(buf, r, func(line []byte) {
		if len(line) == 0 {
			flush()
			return
		}
		if len(line) < 2 || line[1] != ':' {
			return
		}
		value := line[2:]
		switch line[0] {
		case 'P':
			p.Name = clean(string(value))
		case 'V':
			p.Version = clean(string(value))
		case 'A':
			p.Architecture = clean(string(value))
		case 'o':
			p.Source = clean(string(value))
		case 'F':
			dir = string(value) + "/"
			if len(value) == 0 {
				dir = ""
			}
		case 'R':
			if len(dir)+len(value) <= maxPath && p.Name != "" {
				owns(dir+string(value), p.Name)
			}
		}
	})
	flush()
	return found, err
}
