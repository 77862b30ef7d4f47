package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
)

// Layers returns the encoded results of those of the layers that were read by
// the extractor-set version, by digest.
func (db *DB) Layers(ctx context.Context, version int, digests []string) (_ map[string][]byte, err error) {
	defer derrors.Wrap(&err, "postgres.Layers(%d)", len(digests))

	rows, err := db.pool.Query(ctx, `select digest, result from layer where version = $1 and digest = any($2)`, version, digests)
	if err != nil {
		return nil, err
	}
	layers := make(map[string][]byte, len(digests))
	var digest string
	var blob []byte
	_, err = pgx.ForEachRow(rows, []any{&digest, &blob}, func() error {
		data, err := blobDecoder.DecodeAll(blob, nil)
		if err != nil {
			return err
		}
		layers[digest] = data
		return nil
	})
	return layers, err
}

// SaveLayer stores the encoded result of reading a layer, in place of one that
// was read in another way.
func (db *DB) SaveLayer(ctx context.Context, version int, digest string, result []byte) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveLayer(%s)", digest)

	_, err = db.pool.Exec(ctx, `
		insert into layer (digest, version, result) values ($1, $2, $3)
		on conflict (digest, version) do update set result = excluded.result, scanned_at = now()`,
		digest, version, blobEncoder.EncodeAll(result, nil))
	return err
}
