package azurerbac

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An object is one item: what Azure says of it, in "properties" or beside.
type object struct {
	outer, inner map[string]json.RawMessage
}

func newObject(raw json.RawMessage) (*object, error) {
	o := &object{}
	if err := json.Unmarshal(raw, &o.outer); err != nil || o.outer == nil {
		return nil, errors.New("want an object")
	}
	o.inner = o.outer
	if properties, ok := o.outer["properties"]; ok && !isNull(properties) {
		o.inner = nil
		if err := json.Unmarshal(properties, &o.inner); err != nil || o.inner == nil {
			return o, errors.New("properties: want an object")
		}
	}
	return o, nil
}

// called returns the id of the object for errors, if it has one.
func (o *object) called() string {
	if o == nil {
		return ""
	}
	for _, name := range []string{"id", "name"} {
		if id, err := text(o.outer, name); err == nil && id != "" {
			return " " + shorten(id)
		}
	}
	return ""
}

func readRoleDefinition(o *object) (RoleDefinition, error) {
	var r RoleDefinition
	var err error
	if r.ID, err = o.id(); err != nil {
		return r, err
	}
	if r.Name, err = text(o.inner, "roleName"); err != nil {
		return r, err
	}
	r.Permissions, err = permissions(o.inner)
	return r, err
}

func readRoleAssignment(o *object) (RoleAssignment, error) {
	a := RoleAssignment{}
	kind, err := text(o.outer, "type")
	if err != nil {
		return a, err
	}
	switch kind := lastPart(kind); kind {
	case "", "roleassignments", "sqlroleassignments":
	case "roleeligibilityscheduleinstances", "roleeligibilityschedules":
		a.Eligible = true
	default:
		return a, fmt.Errorf("type: %q is no role assignment", kind)
	}
	if a.ID, err = o.id(); err != nil {
		return a, err
	}
	if err := fill(o.inner, []field{
		{&a.RoleID, "roleDefinitionId", true},
		{&a.Principal.ID, "principalId", true},
		{&a.Principal.Type, "principalType", false},
		{&a.Condition, "condition", false},
		{&a.ConditionVersion, "conditionVersion", false},
	}); err != nil {
		return a, err
	}
	a.Scope, err = o.scope(a.ID)
	return a, err
}

func readDenyAssignment(o *object) (DenyAssignment, error) {
	d := DenyAssignment{}
	var err error
	if d.ID, err = o.id(); err != nil {
		return d, err
	}
	if err := fill(o.inner, []field{
		{&d.Name, "denyAssignmentName", false},
		{&d.Condition, "condition", false},
		{&d.ConditionVersion, "conditionVersion", false},
		{&d.Effect, "denyAssignmentEffect", false},
	}); err != nil {
		return d, err
	}
	if d.Scope, err = o.scope(d.ID); err != nil {
		return d, err
	}
	if d.Permissions, err = permissions(o.inner); err != nil {
		return d, err
	}
	if raw, ok := o.inner["doNotApplyToChildScopes"]; ok && !isNull(raw) {
		if err := json.Unmarshal(raw, &d.DoNotApplyToChildScopes); err != nil {
			return d, errors.New("doNotApplyToChildScopes: want true or false")
		}
	}
	if d.Principals, err = principals(o.inner, "principals"); err != nil {
		return d, err
	}
	if len(d.Principals) == 0 {
		return d, errors.New("principals is missing")
	}
	d.ExcludePrincipals, err = principals(o.inner, "excludePrincipals")
	return d, err
}

// id returns the resource id, or the name where there is no id.
func (o *object) id() (string, error) {
	for _, name := range []string{"id", "name"} {
		id, err := text(o.outer, name)
		if err != nil || id != "" {
			return id, err
		}
	}
	return "", errors.New("id is missing")
}

// scope returns the scope of an assignment, which its id starts with.
func (o *object) scope(id string) (string, error) {
	s, err := text(o.inner, "scope")
	if err != nil {
		return "", err
	}
	if s == "" {
		i := strings.LastIndex(lowerASCII(id), "/providers/microsoft.authorization/")
		if i < 0 {
			return "", errors.New("scope is missing")
		}
		if s = id[:i]; s == "" {
			s = "/"
		}
	}
	parsed, err := parseScope(s)
	return string(parsed), err
}

// permissions reads blocks of actions. A part of a block that is not known is
// noted: it may limit what the block gives.
func permissions(o map[string]json.RawMessage) ([]Permission, error) {
	raws, err := list(o, "permissions")
	if err != nil {
		return nil, err
	}
	if raws == nil {
		return nil, errors.New("permissions is missing")
	}
	all := make([]Permission, len(raws))
	for i, raw := range raws {
		if all[i], err = permission(raw); err != nil {
			return nil, fmt.Errorf("permissions[%d]: %w", i, err)
		}
	}
	return all, nil
}

func permission(raw json.RawMessage) (Permission, error) {
	var p Permission
	var block map[string]json.RawMessage
	if err := json.Unmarshal(raw, &block); err != nil || block == nil {
		return p, errors.New("want an object")
	}
	var names []string
	for name := range block {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var err error
		switch name {
		case "actions":
			p.Actions, err = texts(block, name)
		case "notActions":
			p.NotActions, err = texts(block, name)
		case "dataActions":
			p.DataActions, err = texts(block, name)
		case "notDataActions":
			p.NotDataActions, err = texts(block, name)
		case "condition":
			p.Condition, err = text(block, name)
		case "conditionVersion":
			p.ConditionVersion, err = text(block, name)
		case "id": // of the permission, in Cosmos DB
		default:
			if p.Unsupported == "" && !isNull(block[name]) {
				p.Unsupported = fmt.Sprintf("what %q means is not documented", shorten(name))
			}
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func principals(o map[string]json.RawMessage, name string) ([]Principal, error) {
	raws, err := list(o, name)
	if err != nil {
		return nil, err
	}
	var all []Principal
	for i, raw := range raws {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
			return nil, fmt.Errorf("%s[%d]: want an object", name, i)
		}
		var p Principal
		if p.ID, err = text(fields, "id"); err == nil {
			p.Type, err = text(fields, "type")
		}
		if err == nil && p.ID == "" {
			err = errors.New("id is missing")
		}
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", name, i, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// A field is a text to be read.
type field struct {
	to       *string
	name     string
	required bool
}

func fill(o map[string]json.RawMessage, fields []field) error {
	for _, f := range fields {
		var err error
		if *f.to, err = text(o, f.name); err != nil {
			return err
		}
		if f.required && *f.to == "" {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	return nil
}

// text returns a text of an object; empty when it is not there or null.
func text(o map[string]json.RawMessage, name string) (string, error) {
	raw, ok := o[name]
	if !ok || isNull(raw) {
		return "", nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%s: want a text", name)
	}
	return s, nil
}

// texts returns a list of texts; nil when it is not there or null.
func texts(o map[string]json.RawMessage, name string) ([]string, error) {
	raws, err := list(o, name)
	if err != nil || len(raws) == 0 {
		return nil, err
	}
	all := make([]string, len(raws))
	for i, raw := range raws {
		if raw[0] != '"' || json.Unmarshal(raw, &all[i]) != nil {
			return nil, fmt.Errorf("%s[%d]: want a text", name, i)
		}
	}
	return all, nil
}

func list(o map[string]json.RawMessage, name string) ([]json.RawMessage, error) {
	raw, ok := o[name]
	if !ok || isNull(raw) {
		return nil, nil
	}
	items := []json.RawMessage{}
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("%s: want a list", name)
	}
	return items, nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }
