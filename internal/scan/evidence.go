package scan

import "strings"

// evidence tells which files count that only stand in for something better.
type evidence struct {
	// installed are the types of packages that something tells of which is
	// installed, and not only wanted by a lock file.
	installed map[string]bool
	// dependencies are the folders with a list of the assemblies in them.
	dependencies map[string]bool
}

func newEvidence(nodes []*node) evidence {
	e := evidence{installed: make(map[string]bool), dependencies: make(map[string]bool)}
	for _, n := range nodes {
		p := n.packages.Path
		if strings.HasSuffix(strings.ToLower(p), dependenciesSuffix) {
			e.dependencies[folderOf(p)] = true
		}
		if r := readersByPath.find(p); r == nil || !r.lock {
			for _, q := range n.packages.Packages {
				e.installed[q.Type] = true
			}
		}
	}
	return e
}

// counts reports whether a package of a file is there as far as can be told.
// owner is the distribution's package that owns the file, if one does.
func (e evidence) counts(file string, p Package, owner string) bool {
	if p.Type == genericType.purl {
		return owner == "" // The distribution's package is the program.
	}
	switch r := readersByPath.find(file); {
	case r == nil:
		return true
	case r.lock:
		return !e.installed[p.Type]
	case r == dotnetAssembly:
		return !e.listed(file)
	}
	return true
}

// listed reports whether a list of dependencies lies beside or above an
// assembly.
func (e evidence) listed(file string) bool {
	for folder := folderOf(file); ; folder = folderOf(folder) {
		if e.dependencies[folder] {
			return true
		}
		if folder == "" {
			return false
		}
	}
}
