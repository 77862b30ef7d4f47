package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// A listed package is what "go list -json" says of one.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	Imports    []string // of the package, not of its tests
}

// path returns the import path within the module.
func (p listed) path() string { return strings.TrimPrefix(p.ImportPath, module) }

// importFaults returns the violations of layers and homes in a set of
// packages, one sentence each.
func importFaults(packages []listed) []string {
	var faults []string
	for _, p := range packages {
		at := locate(p.path())
		if at.layer < 0 {
			faults = append(faults, p.path()+" is in no layer: name it in internal/archtest/rules.go")
			continue
		}
		for _, imported := range p.Imports {
			if fault := importFault(p.path(), at, imported); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

func importFault(path string, at place, imported string) string {
	own, internal := strings.CutPrefix(imported, module)
	if !internal {
		return libraryFault(path, at, imported)
	}
	to := locate(own)
	switch {
	case to.layer < 0:
		return "" // reported for the package itself
	case within(own, []string{"cmd"}) && at.unit != to.unit:
		return fmt.Sprintf("%s imports %s: nothing imports a program", path, own)
	case to.layer > at.layer:
		return fmt.Sprintf("%s (%s) imports %s (%s): imports point down", path, layers[at.layer].name, own, layers[to.layer].name)
	case to.layer == at.layer && at.unit != to.unit && layers[at.layer].apart:
		return fmt.Sprintf("%s imports %s: %ss do not know each other", path, own, layers[at.layer].name)
	}
	return ""
}

func libraryFault(path string, at place, imported string) string {
	if standard(imported) {
		return ""
	}
	if layers[at.layer].standardOnly {
		return fmt.Sprintf("%s imports %s: the %s needs the standard library only", path, imported, layers[at.layer].name)
	}
	for _, h := range homes {
		if !strings.HasPrefix(imported, h.library) || within(path, h.packages) {
			continue
		}
		if len(h.packages) == 0 {
			return fmt.Sprintf("%s imports %s: not used here", path, imported)
		}
		if !within(path, freeOfHomes) {
			return fmt.Sprintf("%s imports %s: its home is %s", path, imported, strings.Join(h.packages, ", "))
		}
	}
	return ""
}

// A place is where a package is: the index of its layer, or -1, and the entry
// of that layer that holds it.
type place struct {
	layer int
	unit  string
}

// locate finds the most specific entry of the layers for a package.
func locate(path string) place {
	found := place{layer: -1}
	for i, l := range layers {
		for _, unit := range l.packages {
			if within(path, []string{unit}) && len(unit) > len(found.unit) {
				found = place{i, unit}
			}
		}
	}
	return found
}

// within reports whether a package is one of those, or below one.
func within(path string, packages []string) bool {
	return slices.ContainsFunc(packages, func(p string) bool {
		return path == p || strings.HasPrefix(path, p+"/")
	})
}

// standard reports whether an import is of the standard library, whose paths
// have no host name.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
