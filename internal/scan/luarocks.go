package scan

import (
	"context"
	"path"
	"strings"

	"github.com/package-url/packageurl-go"
)

var luarocksType = &packageType{
	purl:  "luarocks",
	title: "Lua", matched: "nothing: OSV has no advisories of LuaRocks",
	url: func(u *packageurl.PackageURL, _ Package) { u.Name = strings.ToLower(u.Name) },
}

var luaRock = &reader{
	name:     "luarocks",
	packages: luarocksType,
	from:     "the tree of LuaRocks, `rocks-*/*/*/*.rockspec`",
	suffixes: []string{".rockspec"},
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		if p, ok := rockOf(f.path); ok {
			f.found(luarocksType, []Package{p})
		}
		return nil
	},
}

// rockOf returns the rock whose specification is at a path:
// "lib/luarocks/rocks-5.1/luasocket/3.0-1/luasocket-3.0-1.rockspec". The tree
// of LuaRocks says all by the names of folders; the specification is a program.
func rockOf(p string) (Package, bool) {
	name, ok := strings.CutSuffix(path.Base(p), ".rockspec")
	version := path.Dir(p)
	rock := path.Dir(version)
	tree := path.Base(path.Dir(rock))
	found := Package{Name: path.Base(rock), Version: path.Base(version)}
	ok = ok && (tree == "rocks" || strings.HasPrefix(tree, "rocks-")) && name == found.Name+"-"+found.Version
	return found, ok && isName(found.Name) && isName(found.Version)
}
