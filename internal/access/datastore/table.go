package datastore

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

//go:embed aws.yaml azure.yaml gcp.yaml
var embedded embed.FS

// A Table is types of data stores by their id.
type Table struct {
	types map[string]access.StoreType
	files map[string]string // the file that a type is from, by its id
}

// Embedded returns the types of stores that this program knows by itself.
func Embedded() (*Table, error) {
	names, err := fs.Glob(embedded, "*.yaml")
	if err != nil {
		return nil, err
	}
	t := &Table{types: map[string]access.StoreType{}, files: map[string]string{}}
	for _, name := range names {
		f, err := embedded.Open(name)
		if err != nil {
			return nil, err
		}
		err = t.Add(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Add reads a file and adds its types. A type that the table has from another
// file is replaced. On an error the table is as it was.
func (t *Table) Add(name string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return fmt.Errorf("data stores %s: %w", name, err)
	}
	types, err := Parse(data)
	if err != nil {
		return fmt.Errorf("data stores %s: %w", name, err)
	}
	for _, s := range types {
		t.types[s.ID] = s
		t.files[s.ID] = name
	}
	return nil
}

// Type returns a type of stores.
func (t *Table) Type(id string) (access.StoreType, bool) {
	s, ok := t.types[id]
	return s, ok
}

// Types returns all types in the order of their ids.
func (t *Table) Types() []access.StoreType {
	types := make([]access.StoreType, 0, len(t.types))
	for _, id := range slices.Sorted(maps.Keys(t.types)) {
		types = append(types, t.types[id])
	}
	return types
}

// File returns the name of the file that a type is from.
func (t *Table) File(id string) string { return t.files[id] }
