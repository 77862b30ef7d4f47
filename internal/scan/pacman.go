package scan

import (
	"bufio"
	"context"
	"io"
	"path"
	"strings"
)

var alpmType = &packageType{
	purl:         "alpm",
	title:        "pacman",
	distribution: true,
	ecosystem:    "arch",
}

// pacmanPackage is what pacman knows of a package.
var pacmanPackage = &reader{
	name:     "pacman",
	packages: alpmType,
	from:     "`/var/lib/pacman/local/*/desc`",
	names:    []string{"desc"},
	wants:    isPacman,
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		found, err := parsePacman(f.walker.lines, f)
		f.found(alpmType, found)
		return err
	},
}

// pacmanFiles are the files of a package.
var pacmanFiles = &reader{
	name:     "pacman-files",
	packages: alpmType,
	names:    []string{"files"},
	wants:    isPacman,
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		owner := pacmanOwner(f.path)
		return parsePacmanFiles(f.walker.lines, f, func(file string) { f.walker.owns(file, owner) })
	},
}

func isPacman(p string) bool {
	return strings.HasPrefix(p, "var/lib/pacman/local/") && strings.Count(p, "/") == 5
}

// parsePacman reads the description of a package: the name of a field between
// percent signs, and its values on the lines after it.
func parsePacman(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	var (
		p     Package
		field string
	)
	err := eachLine(buf, r, func(line []byte) {
		text := clean(string(line))
		if isPacmanField(text) {
			field = text
			return
		}
		switch field {
		case "%NAME%":
			p.Name = text
		case "%VERSION%":
			p.Version = text
		case "%BASE%":
			p.Source = text
		case "%ARCH%":
			p.Architecture = text
		}
		field = "" // One value each.
	})
	if p.Source == p.Name {
		p.Source = ""
	}
	if !isName(p.Name) || !isName(p.Version) {
		return nil, err
	}
	return []Package{p}, err
}

// parsePacmanFiles calls f with the files of a package. Folders end with a
// slash.
func parsePacmanFiles(buf *bufio.Reader, r io.Reader, f func(path string)) error {
	field := ""
	return eachLine(buf, r, func(line []byte) {
		text := string(line)
		switch {
		case isPacmanField(text):
			field = text
		case field == "%FILES%" && text != "" && len(text) <= maxPath && !strings.HasSuffix(text, "/"):
			f(text)
		}
	})
}

func isPacmanField(line string) bool {
	return len(line) > 2 && line[0] == '%' && line[len(line)-1] == '%'
}

// pacmanOwner returns the package of a file below its folder, which is called
// name-version-release.
func pacmanOwner(p string) string {
	name := path.Base(path.Dir(p))
	for range 2 {
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
	}
	return clean(name)
}
