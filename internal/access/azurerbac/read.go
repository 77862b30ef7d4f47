package azurerbac

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Limits of what is read at a time.
const (
	maxBytes = 256 << 20
	maxItems = 1 << 20
	// maxDepth of the nesting: an assignment has five levels.
	maxDepth = 24
)

// ReadRoleDefinitions reads role definitions as Azure Resource Manager or
// Resource Graph return them, by their API or their commands: a list, an object
// with a list as "value" or "data", or one alone. What a definition says may be
// in its "properties" or beside its id; fields that are not known are passed
// over, but in permissions. A page of a longer list is refused, as answers from
// it would be wrong.
//
// https://learn.microsoft.com/rest/api/authorization/role-definitions/list
func ReadRoleDefinitions(data []byte) ([]RoleDefinition, error) {
	return readItems(data, "role definition", readRoleDefinition)
}

// ReadRoleAssignments reads role assignments in the same forms, and the
// eligible ones of Privileged Identity Management
// (roleEligibilityScheduleInstances). Those of Cosmos DB (sqlRoleAssignments)
// have the same form, as its definitions have.
//
// https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope
func ReadRoleAssignments(data []byte) ([]RoleAssignment, error) {
	return readItems(data, "role assignment", readRoleAssignment)
}

// ReadDenyAssignments reads deny assignments in the same forms.
//
// https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope
func ReadDenyAssignments(data []byte) ([]DenyAssignment, error) {
	return readItems(data, "deny assignment", readDenyAssignment)
}

// readItems reads the items of a list one by one, so that an error can say
// which it is about, and where it starts.
func readItems[T any](data []byte, what string, read func(*object) (T, error)) ([]T, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%ss have %d bytes: want at most %d", what, len(data), maxBytes)
	}
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("%ss: %w", what, err)
	}
	list, start, err := listOf(data)
	if err != nil {
		return nil, fmt.Errorf("%ss: %w", what, err)
	}
	d := json.NewDecoder(bytes.NewReader(list))
	if list[0] == '[' {
		if _, err := d.Token(); err != nil {
			return nil, fmt.Errorf("%ss: %w", what, err)
		}
	}
	items := []T{}
	for d.More() {
		if len(items) == maxItems {
			return nil, fmt.Errorf("more than %d %ss: read them in parts", maxItems, what)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, len(items), err)
		}
		o, err := newObject(raw)
		var item T
		if err == nil {
			item, err = read(o)
		}
		if err != nil {
			line, column := position(string(data), start+int(d.InputOffset())-len(raw))
			return nil, fmt.Errorf("%s %d (line %d, column %d)%s: %w", what, len(items), line, column, o.called(), err)
		}
		items = append(items, item)
	}
	return items, nil
}

// listOf returns the list of items, or one item alone, and the offset of its
// start.
func listOf(data []byte) (items []byte, start int, err error) {
	start = len(data) - len(bytes.TrimLeft(data, " \t\r\n"))
	if data[start] == '[' {
		return data[start:], start, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, 0, errors.New("want a list, or an object")
	}
	var list json.RawMessage
	var counts []string // of this page, and of all
	item := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, 0, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, 0, err
		}
		switch key {
		case "value", "data":
		case "id", "name", "properties":
			item = true
			continue
		case "nextLink", "$skipToken", "skipToken", "skip_token", "resultTruncated":
			if !slices.Contains([]string{"null", `""`, "false", `"false"`}, string(raw)) {
				return nil, 0, fmt.Errorf("%q: the list goes on; join its pages first", key)
			}
			continue
		case "count", "totalRecords", "total_records":
			counts = append(counts, string(raw))
			continue
		default:
			continue
		}
		if list != nil || raw[0] != '[' {
			return nil, 0, fmt.Errorf("%q: want one list, as \"value\" or \"data\"", key)
		}
		list, start = raw, int(d.InputOffset())-len(raw)
	}
	if len(counts) == 2 && counts[0] != counts[1] {
		return nil, 0, fmt.Errorf("the list is a part: records are counted as %s and %s; join its pages first", counts[0], counts[1])
	}
	if list == nil && item {
		return data[start:], start, nil
	}
	if list == nil {
		return nil, 0, errors.New(`object has no list: want one as "value" or "data"`)
	}
	return list, start, nil
}

// checkJSON refuses what the standard decoder lets pass and what could be read
// in two ways: names that come twice in an object, deep nesting, and more
// after the first value.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("text is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	fail := func(problem string) error {
		line, column := position(string(data), min(int(d.InputOffset()), len(data)))
		return fmt.Errorf("line %d, column %d: %s", line, column, problem)
	}
	type level struct {
		names map[string]bool // of an object; nil in a list
		name  bool            // a name is next
	}
	var levels []level
	for first := true; first || len(levels) > 0; first = false {
		t, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fail(err.Error())
		}
		if n := len(levels); n > 0 && levels[n-1].name && t != json.Delim('}') {
			name, _ := t.(string)
			if levels[n-1].names[name] {
				return fail(fmt.Sprintf("name %q comes twice in an object", shorten(name)))
			}
			levels[n-1].names[name], levels[n-1].name = true, false
			continue
		}
		switch t {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}, name: true})
		case json.Delim('['):
			levels = append(levels, level{})
		default:
			if t == json.Delim('}') || t == json.Delim(']') {
				levels = levels[:len(levels)-1]
			}
			if n := len(levels); n > 0 && levels[n-1].names != nil {
				levels[n-1].name = true
			}
		}
		if len(levels) > maxDepth {
			return fail(fmt.Sprintf("nested deeper than %d", maxDepth))
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fail("there is more after the first value")
	}
	return nil
}
