package postgres

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
)

// secretKey and secretSearch are names of values of the installation.
const (
	secretKey    = "secret_key"
	secretSearch = "secret_search"
)

// SecretKey returns the key that values of secrets are hashed under in this
// installation: the candidate, if it is the first.
func (db *DB) SecretKey(ctx context.Context, candidate []byte) (key []byte, err error) {
	defer derrors.Wrap(&err, "postgres.SecretKey")

	if _, err := db.pool.Exec(ctx, `
		insert into installation (name, value) values ($1, $2) on conflict do nothing`, secretKey, candidate); err != nil {
		return nil, err
	}
	err = db.pool.QueryRow(ctx, `select value from installation where name = $1`, secretKey).Scan(&key)
	return key, err
}

// ExpectSecretSearch makes images due for another scan when secrets were
// looked for in another way than the fingerprint tells. Layers that were
// searched alike need not be pulled again.
func (db *DB) ExpectSecretSearch(ctx context.Context, fingerprint string, version int) (changed bool, err error) {
	defer derrors.Wrap(&err, "postgres.ExpectSecretSearch(%d)", version)

	err = db.InTx(ctx, func(tx pgx.Tx) error {
		var before []byte
		err := tx.QueryRow(ctx, `select value from installation where name = $1 for update`, secretSearch).Scan(&before)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err == nil && bytes.Equal(before, []byte(fingerprint)) {
			return nil
		}
		changed = true
		if _, err := tx.Exec(ctx, `
			insert into installation (name, value) values ($1, $2)
			on conflict (name) do update set value = excluded.value`, secretSearch, []byte(fingerprint)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update image set scan_version = $1 - 1 where scan_version = $1`, version)
		return err
	})
	return changed, err
}
