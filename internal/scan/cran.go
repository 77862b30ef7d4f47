package scan

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
)

var cranType = &packageType{
	purl:  "cran",
	title: "R", matched: "OSV `CRAN`, `Bioconductor`",
	ecosystem: "CRAN",
}

var bioconductorType = &packageType{
	purl:  "bioconductor",
	title: "Bioconductor", matched: "OSV `Bioconductor`",
	ecosystem: "Bioconductor",
}

var rDescription = &reader{
	name:     "r-description",
	packages: cranType,
	from:     "`DESCRIPTION` of installed packages; `renv.lock`",
	names:    []string{"DESCRIPTION"},
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		t, found, err := parseDescription(f.walker.lines, f)
		f.found(t, found)
		return err
	},
}

var renvLock = &reader{
	name:     "renv-lock",
	packages: cranType,
	names:    []string{"renv.lock"},
	limit:    maxMetadata,
	lock:     true,
	read:     parsed(cranType, parseRenvLock),
}

// parseDescription reads the DESCRIPTION of an R package. Only an installed
// one says what it was built with; the sources that lie about do not count.
// The packages that are R itself have R's version and no advisories of their
// own. See "The DESCRIPTION file" of https://cran.r-project.org/doc/manuals/R-exts.html.
func parseDescription(buf *bufio.Reader, r io.Reader) (*packageType, []Package, error) {
	var (
		p           Package
		built, base bool
		t           = cranType
	)
	err := eachLine(buf, r, func(line []byte) {
		field, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return
		}
		text := clean(string(bytes.TrimSpace(value)))
		switch string(field) {
		case "Package":
			p.Name = text
		case "Version":
			p.Version = text
		case "Built":
			built = true
		case "Priority":
			base = text == "base"
		case "biocViews":
			t = bioconductorType
		}
	})
	if !built || base {
		return t, nil, err
	}
	return t, packages(p), err
}

// parseRenvLock reads the packages of CRAN in renv.lock.
func parseRenvLock(r io.Reader) ([]Package, error) {
	var lock struct {
		Packages map[string]struct {
			Package, Version, Source, Repository string
		}
	}
	if err := json.NewDecoder(r).Decode(&lock); err != nil {
		return nil, err
	}
	var found []Package
	for _, p := range lock.Packages {
		if p.Source == "Repository" && !strings.HasPrefix(p.Repository, "Bioc") {
			found = append(found, packages(Package{Name: clean(p.Package), Version: clean(p.Version)})...)
		}
	}
	return sortPackages(found), nil
}
