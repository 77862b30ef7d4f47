package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A recordTable is the typed table of one record type: how a record becomes a
// row. All of them share the columns tenant_id, id, uid, scope_id, hash,
// first_seen, changed_at and attrs.
type recordTable struct {
	typ   inventory.RecordType
	table string
	// columns are those that the table has of its own.
	columns []recordColumn
	// initial are columns that other code keeps; a new row is inserted with
	// their values, which [syncer.writeRows] appends.
	initial []recordColumn
	decode  func(json.RawMessage) (inventory.Record, error)
}

// A recordColumn is one column of a recordTable.
type recordColumn struct {
	name string
	typ  string // PostgreSQL type
	// value takes the column from the record and the scope that holds it.
	value func(r inventory.Record, key inventory.ScopeKey) any
}

// recordTables are the tables that [DB.Apply] synchronises, one per record
// type. Accounts and child scopes are merged by their own code.
var recordTables = []*recordTable{workloadTable, identityTable, resourceTable, exposureTable, repositoryImageTable}

func decodeAs[T inventory.Record](data json.RawMessage) (inventory.Record, error) {
	var r T
	err := json.Unmarshal(data, &r)
	return r, err
}

// text returns a text column taken from a record of type T.
func text[T inventory.Record](name string, f func(T) string) recordColumn {
	return recordColumn{name, "text", func(r inventory.Record, _ inventory.ScopeKey) any { return f(r.(T)) }}
}

// place returns a text column taken from the scope.
func place(name string, f func(inventory.ScopeKey) string) recordColumn {
	return recordColumn{name, "text", func(_ inventory.Record, k inventory.ScopeKey) any { return f(k) }}
}

// reference returns a bigint column with the ID of the record that uid names,
// null for none.
func referenceTo[T inventory.Record](name string, uid func(T) string) recordColumn {
	return recordColumn{name, "bigint", func(r inventory.Record, _ inventory.ScopeKey) any {
		if u := uid(r.(T)); u != "" {
			return int64(inventory.IDOf(u))
		}
		return nil
	}}
}

var (
	providerColumn = place("provider", func(k inventory.ScopeKey) string { return string(k.Provider) })
	accountColumn  = place("account", func(k inventory.ScopeKey) string { return k.Account })
	regionColumn   = place("region", func(k inventory.ScopeKey) string { return k.Region })
)

var workloadTable = &recordTable{
	typ: inventory.WorkloadRecord, table: "workload", decode: decodeAs[inventory.Workload],
	columns: []recordColumn{
		providerColumn, accountColumn, regionColumn,
		text("kind", func(w inventory.Workload) string { return string(w.Kind) }),
		text("name", func(w inventory.Workload) string { return w.Name }),
		text("namespace", func(w inventory.Workload) string { return w.Namespace }),
		text("cluster", func(w inventory.Workload) string { return w.Cluster }),
		{"replicas", "integer", func(r inventory.Record, _ inventory.ScopeKey) any {
			return int32(r.(inventory.Workload).Replicas)
		}},
		referenceTo("identity_id", func(w inventory.Workload) string { return w.Identity }),
	},
	initial: []recordColumn{{name: "failed_checks", typ: "smallint"}, {name: "score", typ: "integer"}},
}

var identityTable = &recordTable{
	typ: inventory.IdentityRecord, table: "identity", decode: decodeAs[inventory.Identity],
	columns: []recordColumn{
		accountColumn,
		text("kind", func(i inventory.Identity) string { return string(i.Kind) }),
		text("name", func(i inventory.Identity) string { return i.Name }),
		referenceTo("cloud_identity_id", func(i inventory.Identity) string { return i.CloudIdentity }),
	},
}

var resourceTable = &recordTable{
	typ: inventory.ResourceRecord, table: "resource", decode: decodeAs[inventory.Resource],
	columns: []recordColumn{
		providerColumn, accountColumn, regionColumn,
		text("kind", func(r inventory.Resource) string { return string(r.Kind) }),
		text("name", func(r inventory.Resource) string { return r.Name }),
	},
}

var exposureTable = &recordTable{
	typ: inventory.ExposureRecord, table: "exposure", decode: decodeAs[inventory.Exposure],
	columns: []recordColumn{
		referenceTo("workload_id", func(e inventory.Exposure) string { return e.Workload }),
		text("via", func(e inventory.Exposure) string { return string(e.Via) }),
		text("address", func(e inventory.Exposure) string { return e.Address }),
	},
}

var repositoryImageTable = &recordTable{
	typ: inventory.RepositoryRecord, table: "repository_image", decode: decodeAs[inventory.RepositoryImage],
	columns: []recordColumn{
		text("name", func(r inventory.RepositoryImage) string { return r.Repository }),
		text("digest", func(r inventory.RepositoryImage) string { return r.Digest }),
		{"tags", "text[]", func(r inventory.Record, _ inventory.ScopeKey) any {
			return r.(inventory.RepositoryImage).Tags
		}},
	},
}

// names returns all column names in the order of [recordTable.row], and then
// the initial ones.
func (t *recordTable) names() []string {
	names := []string{"tenant_id", "id", "uid", "scope_id", "hash", "first_seen", "changed_at", "attrs"}
	for _, c := range slices.Concat(t.columns, t.initial) {
		names = append(names, c.name)
	}
	return names
}

// row returns the values of a record's row in the order of names.
func (t *recordTable) row(tenant int, key inventory.ScopeKey, id inventory.ID, hash int64, data json.RawMessage, at time.Time) ([]any, inventory.Record, error) {
	record, err := t.decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("decode %s: %w", t.typ, err)
	}
	row := []any{int32(tenant), int64(id), record.RecordUID(), int64(scopeID(key)), hash, at, at, string(data)}
	for _, c := range t.columns {
		row = append(row, c.value(record, key))
	}
	return row, record, nil
}

// upsertSQL inserts rows given as one array per column after the scalar
// tenant_id and replaces those that exist, but for first_seen and the initial
// columns. A row whose uid
// differs from the one stored under its id (a collision of 63-bit hashes) is
// left out, which [DB.Apply] notices by the count.
func (t *recordTable) upsertSQL() string {
	var cols, args, sets []string
	types := map[string]string{
		"id": "bigint", "uid": "text", "scope_id": "bigint", "hash": "bigint",
		"first_seen": "timestamptz", "changed_at": "timestamptz", "attrs": "jsonb",
	}
	kept := map[string]bool{"id": true, "uid": true, "first_seen": true}
	for _, c := range t.columns {
		types[c.name] = c.typ
	}
	for _, c := range t.initial {
		types[c.name], kept[c.name] = c.typ, true
	}
	for i, name := range t.names()[1:] {
		cols = append(cols, name)
		arg := fmt.Sprintf("$%d::%s[]", i+2, types[name])
		if types[name] == "jsonb" || types[name] == "text[]" {
			arg = fmt.Sprintf("$%d::text[]", i+2)
		}
		args = append(args, arg)
		if !kept[name] {
			sets = append(sets, name+" = excluded."+name)
		}
	}
	var selected []string
	for _, name := range cols {
		if typ := types[name]; typ == "jsonb" || typ == "text[]" {
			selected = append(selected, "u."+name+"::"+typ)
		} else {
			selected = append(selected, "u."+name)
		}
	}
	list := strings.Join(cols, ", ")
	return fmt.Sprintf(`
		insert into %[1]s (tenant_id, %[2]s)
		select $1::integer, %[3]s
		from unnest(%[4]s) as u(%[2]s)
		on conflict (tenant_id, id) do update set %[5]s
		where %[1]s.uid = excluded.uid`,
		t.table, list, strings.Join(selected, ", "), strings.Join(args, ", "), strings.Join(sets, ", "))
}

// containerRow is one row of the container table.
type containerRow struct {
	workload  inventory.ID
	ordinal   int
	container inventory.Container
	reference image.Reference
	malformed string
}

// containerRows returns the container rows of a workload.
func containerRows(w inventory.Workload) []containerRow {
	rows := make([]containerRow, 0, len(w.Containers))
	id := inventory.IDOf(w.UID)
	for i, c := range w.Containers {
		row := containerRow{workload: id, ordinal: i, container: c}
		ref, err := image.ParseReference(c.Image)
		if err != nil {
			row.malformed = err.Error()
		}
		row.reference = ref
		rows = append(rows, row)
	}
	return rows
}

// columnType returns the PostgreSQL type of one of the table's own columns.
func (t *recordTable) columnType(name string) string {
	for _, c := range t.columns {
		if c.name == name {
			return c.typ
		}
	}
	return ""
}
