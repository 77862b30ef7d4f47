package gcpiam

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The table is what make gcp-roles writes. NOTICE says what it was made from.
//
//go:embed roles.gz
var rolesGZ []byte

// A roleTable holds what predefined roles permit.
type roleTable struct {
	date        string
	permissions map[string]uint16   // to its number
	roles       map[string][]uint16 // to the numbers of its permissions, in order
	services    map[string]bool     // what permissions start with, as "storage"
}

// predefined returns the table of predefined roles.
var predefined = sync.OnceValue(func() *roleTable {
	table, err := parseRoleTable(rolesGZ)
	if err != nil {
		panic(err) // A test reads the table.
	}
	return table
})

// RolesDate returns the day of the table of predefined roles, as "2026-08-22".
func RolesDate() string { return predefined().date }

// Permissions returns the permissions of a predefined role in order, and
// whether the table has the role.
func Permissions(role string) ([]string, bool) {
	table := predefined()
	numbers, ok := table.roles[role]
	if !ok {
		return nil, false
	}
	names := make([]string, 0, len(numbers))
	for p, number := range table.permissions {
		if _, held := slices.BinarySearch(numbers, number); held {
			names = append(names, p)
		}
	}
	slices.Sort(names)
	return names, true
}

// holds reports whether a predefined role has a permission, and whether the
// table has both.
func (t *roleTable) holds(role, permission string) (holds, known bool) {
	numbers, hasRole := t.roles[role]
	number, hasPermission := t.permissions[permission]
	if !hasRole || !hasPermission {
		return false, false
	}
	_, holds = slices.BinarySearch(numbers, number)
	return holds, true
}

// parseRoleTable reads what the command in generate writes.
func parseRoleTable(packed []byte) (*roleTable, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("table of predefined roles: %w", err)
	}
	t := &roleTable{permissions: make(map[string]uint16), roles: make(map[string][]uint16), services: make(map[string]bool)}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	inRoles := false
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
			if _, date, ok := strings.Cut(line, " as of "); ok {
				t.date = strings.TrimSuffix(date, ".")
			}
		case line == "":
			inRoles = true
		case !inRoles:
			t.permissions[line] = uint16(len(t.permissions))
			service, _, _ := strings.Cut(line, ".")
			t.services[service] = true
		default:
			name, list, _ := strings.Cut(line, "\t")
			if t.roles[name], err = parseRanges(list); err != nil {
				return nil, fmt.Errorf("table of predefined roles: %s: %w", name, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("table of predefined roles: %w", err)
	}
	return t, nil
}

// parseRanges reads numbers in order, as "1,4-7".
func parseRanges(list string) ([]uint16, error) {
	numbers := []uint16{}
	if list == "" {
		return numbers, nil
	}
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 16)
		if err != nil {
			return nil, err
		}
		last, err := strconv.ParseUint(to, 10, 16)
		if err != nil {
			return nil, err
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, uint16(n))
		}
	}
	return numbers, nil
}
