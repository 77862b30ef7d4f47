package postgres

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/view"
)

// A Reader answers queries about one tenant; it implements [view.Store].
type Reader struct {
	db     *DB
	tenant int
}

var _ view.Store = (*Reader)(nil)

// Reader returns the read model of a tenant.
func (db *DB) Reader(tenant int) *Reader { return &Reader{db, tenant} }

// defaultLimit is the length of a page for which no limit was asked.
const defaultLimit = 50

// limit returns how many items a page holds.
func limit(p view.Paging) int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, view.MaxLimit)
}

// encodeCursor makes the opaque cursor of a keyset page from the last item's
// sort key.
func encodeCursor(parts ...any) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // The parts are numbers and strings.
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// decodeCursor reads a cursor into parts, which point to the sort key's types.
func decodeCursor(cursor string, parts ...any) error {
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return fmt.Errorf("%w: cursor %q is not one that a list returned", view.ErrBadQuery, cursor)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil || len(raw) != len(parts) {
		return fmt.Errorf("%w: cursor %q is not one that this list returned", view.ErrBadQuery, cursor)
	}
	for i, p := range parts {
		if err := json.Unmarshal(raw[i], p); err != nil {
			return fmt.Errorf("%w: cursor %q is not one that this list returned", view.ErrBadQuery, cursor)
		}
	}
	return nil
}

// A filter builds the where clause of a list with numbered arguments.
type filter struct {
	conditions []string
	args       []any
}

// add appends a condition in which each ? stands for the next of args.
func (f *filter) add(condition string, args ...any) {
	for _, a := range args {
		f.args = append(f.args, a)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(f.args)), 1)
	}
	f.conditions = append(f.conditions, condition)
}

// equal appends column = value unless value is empty.
func (f *filter) equal(column, value string) {
	if value != "" {
		f.add(column+" = ?", clean(value))
	}
}

// contains appends a case-insensitive substring match unless value is empty.
func (f *filter) contains(column, value string) {
	if value != "" {
		f.add("strpos(lower("+column+"), lower(?)) > 0", clean(value))
	}
}

// where returns the clause with its keyword.
func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return "where " + strings.Join(f.conditions, "\n\tand ")
}

// arg adds an argument outside of a condition and returns its place holder.
func (f *filter) arg(v any) string {
	f.args = append(f.args, v)
	return "$" + strconv.Itoa(len(f.args))
}

// streamFetch is how many rows a stream fetches from its server-side cursor at
// a time, which bounds its memory.
const streamFetch = 500

// stream runs a query through a server-side cursor in a read-only transaction,
// so that an export of any size sees one state and holds little memory.
func stream[T any](ctx context.Context, db *DB, query string, args []any, scan pgx.RowToFunc[T], yield func(T, error) bool) {
	var zero T
	fail := func(err error) { yield(zero, fmt.Errorf("postgres stream: %w", err)) }
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		fail(err)
		return
	}
	// There is nothing to commit; the error of a rollback has no reader.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `declare stream no scroll cursor for `+query, args...); err != nil {
		fail(err)
		return
	}
	for {
		// The same text fetches from another cursor next time: a cached
		// description would be that of this one.
		rows, err := tx.Query(ctx, fmt.Sprintf(`fetch %d from stream`, streamFetch), pgx.QueryExecModeDescribeExec)
		if err != nil {
			fail(err)
			return
		}
		items, err := pgx.CollectRows(rows, scan)
		if err != nil {
			fail(err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
		if len(items) < streamFetch {
			return
		}
	}
}
