package scan

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
)

// parsed returns the read function of a reader that needs nothing but the
// content of the file.
func parsed(t *packageType, parse func(io.Reader) ([]Package, error)) func(context.Context, *file) error {
	return func(_ context.Context, f *file) error {
		found, err := parse(f)
		f.found(t, found)
		return err
	}
}

// packages returns the packages that have what makes one.
func packages(p Package) []Package {
	if !isName(p.Name) || !isName(p.Version) {
		return nil
	}
	return []Package{p}
}

// sortPackages sorts packages that come from a map.
func sortPackages(found []Package) []Package {
	slices.SortFunc(found, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return found
}

// folderOf returns the folder of a path: all before the last slash.
func folderOf(p string) string { return p[:max(strings.LastIndexByte(p, '/'), 0)] }

// baseOf returns what is after the last slash.
func baseOf(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }
