package scan

import (
	"context"
	"path"
	"strings"
)

var opkgType = &packageType{
	purl:         "opkg",
	title:        "opkg",
	distribution: true,
	ecosystem:    "opkg", // That of no distribution.
}

// opkgDatabase has the form of dpkg's.
var opkgDatabase = &reader{
	name:     "opkg",
	packages: opkgType,
	from:     "`/usr/lib/opkg/status` or `/var/lib/opkg/status`",
	paths:    []string{"usr/lib/opkg/status", "var/lib/opkg/status"},
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		found, err := parseDpkg(f.walker.lines, f)
		for i := range found {
			found[i].Source, found[i].SourceVersion = "", "" // It is a folder of the build.
		}
		f.found(opkgType, found)
		return err
	},
}

// opkgLists tell which files packages own.
var opkgLists = &reader{
	name:     "opkg-lists",
	packages: opkgType,
	suffixes: []string{".list"},
	wants: func(p string) bool {
		return strings.HasPrefix(p, "usr/lib/opkg/info/") || strings.HasPrefix(p, "var/lib/opkg/info/")
	},
	limit: maxDatabase,
	read: func(_ context.Context, f *file) error {
		owner := clean(strings.TrimSuffix(path.Base(f.path), ".list"))
		return parseDpkgFiles(f.walker.lines, f, false, func(file string) { f.walker.owns(file, owner) })
	},
}
