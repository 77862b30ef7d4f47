package postgres

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/klauspost/compress/zstd"

	"github.com/stowage-dev/stowage/internal/finding"
)

// int64s returns keys as pgx encodes them.
func int64s[T ~int64](keys []T) []int64 {
	out := make([]int64, len(keys))
	for i, k := range keys {
		out[i] = int64(k)
	}
	return out
}

var arrayEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayLiteral returns the PostgreSQL literal of a text array: unnest cannot
// take arrays of different lengths, but it can take texts to cast.
func arrayLiteral(items []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayEscape.Replace(item))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// clean returns s as a text column can hold it.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func isUniqueViolation(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "23505"
}

// The coders of blobs; both are safe for concurrent use with EncodeAll and
// DecodeAll. The decoder's limit stops a corrupt row from taking all memory.
var (
	blobEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	blobDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(1<<30))
)

// sanitizeJSON returns an encoded JSON value as jsonb can hold it: without NUL.
func sanitizeJSON(data []byte) []byte {
	if !bytes.Contains(data, []byte(`\u0000`)) {
		return data // Without a copy: every record passes here.
	}
	return bytes.ReplaceAll(data, []byte(`\u0000`), []byte(`\ufffd`))
}

// A nullableTime scans a timestamptz, null as the zero time.
type nullableTime struct{ t *time.Time }

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (n *nullableTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	*n.t = time.Time{}
	if v.Valid && v.InfinityModifier == pgtype.Finite {
		*n.t = v.Time
	}
	return nil
}

// int16OfSeverity scans a smallint as a severity, whose text form pgx would
// otherwise expect.
type int16OfSeverity finding.Severity

// ScanInt64 implements pgtype.Int64Scanner.
func (s *int16OfSeverity) ScanInt64(v pgtype.Int8) error {
	*s = int16OfSeverity(v.Int64)
	return nil
}

// A nullableDate scans a date, null as the zero time.
type nullableDate struct{ t *time.Time }

// ScanDate implements pgtype.DateScanner.
func (n *nullableDate) ScanDate(v pgtype.Date) error {
	*n.t = time.Time{}
	if v.Valid && v.InfinityModifier == pgtype.Finite {
		*n.t = v.Time
	}
	return nil
}

// sortedKeys returns the keys of a set in order, nil for none.
func sortedKeys(set map[string]bool) []string {
	return slices.Sorted(maps.Keys(set))
}
