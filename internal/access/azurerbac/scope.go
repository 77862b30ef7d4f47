package azurerbac

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxScope is far more than the longest resource id with the longest path of
// a blob.
const maxScope = 8192

const managementGroup = "/providers/microsoft.management/managementgroups/"

// A scope is a resource id without a slash at its end; "/" is the tenant.
type scope string

// parseScope checks the form of a resource id.
func parseScope(id string) (scope, error) {
	switch {
	case id == "/":
		return "/", nil
	case id == "":
		return "", errors.New("scope is empty: want a resource id")
	case len(id) > maxScope:
		return "", fmt.Errorf("scope has %d characters: want at most %d", len(id), maxScope)
	case id[0] != '/':
		return "", fmt.Errorf("scope %q does not start with a slash: want a resource id", id)
	case !utf8.ValidString(id):
		return "", fmt.Errorf("scope %q is not UTF-8", id)
	}
	id = strings.TrimSuffix(id, "/")
	if strings.Contains(id, "//") || id == "" {
		return "", fmt.Errorf("scope %q has an empty part", id)
	}
	return scope(id), nil
}

// A place is where an assignment is, seen from the scope that is asked for.
type place int8

const (
	elsewhere place = iota
	above           // the same scope or one of its parents
	below
	somewhere // not known
)

// placeOf returns where the scope of an assignment is. The id of a parent is the
// start of the ids of its children, but for the subscriptions and management
// groups in a management group: which are above has to be known.
func placeOf(at, asked scope, groups ManagementGroups) place {
	switch {
	case at == "/" || at == asked:
		return above
	case asked == "/":
		return below
	case at.isManagementGroup():
		switch {
		case at.contains(asked) == above: // itself, or a resource in it
			return above
		case slices.ContainsFunc(groups.IDs, func(id string) bool {
			return equalASCII(strings.TrimSuffix(id, "/"), string(at))
		}):
			return above
		case asked.isManagementGroup() || groups.Missing != "":
			return somewhere
		}
		return elsewhere
	case asked.isManagementGroup():
		return somewhere
	}
	if p := at.contains(asked); p != elsewhere {
		return p
	}
	switch asked.contains(at) {
	case above:
		return below
	case somewhere:
		return somewhere
	}
	return elsewhere
}

// contains returns above when the other scope is this one or below it. How
// Azure folds letters outside ASCII is not documented; names that differ only
// by the case of such letters are somewhere.
func (s scope) contains(other scope) place {
	if len(other) >= len(s) && (len(other) == len(s) || other[len(s)] == '/') &&
		equalASCII(string(s), string(other[:len(s)])) {
		return above
	}
	if isASCII(string(s)) || isASCII(string(other)) {
		return elsewhere
	}
	folded, in := strings.ToLower(string(s)), strings.ToLower(string(other))
	if rest, ok := strings.CutPrefix(in, folded); ok && (rest == "" || rest[0] == '/') {
		return somewhere
	}
	return elsewhere
}

func (s scope) isManagementGroup() bool {
	return len(s) > len(managementGroup) && equalASCII(string(s[:len(managementGroup)]), managementGroup) &&
		!strings.Contains(string(s[len(managementGroup):]), "/")
}

// isResource reports whether the scope is a resource or a part of one, and not
// a container of resources.
func (s scope) isResource() bool {
	_, ok := s.provider()
	return ok && !s.isManagementGroup()
}

// provider returns what follows "/providers/": a namespace, and types and names
// in turn. A resource group may have the name "providers", so that only the
// places where an id has a type count.
func (s scope) provider() (string, bool) {
	rest := strings.TrimPrefix(string(s), "/")
	for {
		container, after, ok := strings.Cut(rest, "/")
		if !ok || equalASCII(container, "providers") {
			return after, ok
		}
		if _, rest, ok = strings.Cut(after, "/"); !ok {
			return "", false
		}
	}
}

// after returns what follows a resource type in the id, to its end: the name of
// a resource of the type, and its parts.
func (s scope) after(resourceType string) (string, bool) {
	types := strings.Split(resourceType, "/")
	rest, ok := s.provider()
	ok = ok && len(types) > 1
	for i := 0; ok && i < len(types); i++ {
		var is string
		if is, rest, ok = strings.Cut(rest, "/"); !ok || !equalASCII(is, types[i]) {
			return "", false
		}
		if 0 < i && i < len(types)-1 {
			_, rest, ok = strings.Cut(rest, "/")
		}
	}
	return rest, ok
}

// nameOf returns the name that the id gives to a resource type, as that of
// "microsoft.storage/storageaccounts".
func (s scope) nameOf(resourceType string) (string, bool) {
	rest, ok := s.after(resourceType)
	name, _, _ := strings.Cut(rest, "/")
	return name, ok
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
