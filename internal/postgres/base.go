package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// BaseByLayers returns the known image with the most layers that are the
// lowest of m, or nil. Its name stays empty, unless it is one that images give
// their base: by which references it runs is for its tenants to know.
func (db *DB) BaseByLayers(ctx context.Context, m image.Manifest) (_ *image.Base, err error) {
	defer derrors.Wrap(&err, "postgres.BaseByLayers(%s)", m.Digest)

	chain := image.ChainIDs(m.DiffIDs())
	if len(chain) < 2 {
		return nil, nil
	}
	b := image.Base{Evidence: image.BaseByLayers}
	var top string
	err = db.pool.QueryRow(ctx, `
		select i.digest, i.created_at, i.chain, coalesce((select min(t.name) from base_tag t where t.digest = i.digest and t.digest <> ''), '')
		from image i where i.chain = any($1) and i.chain <> ''
		order by array_position($1, i.chain) desc, i.id limit 1`, chain[:len(chain)-1]).
		Scan(&b.Digest, &nullableTime{&b.Created}, &top, &b.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	for i, id := range chain {
		if id == top {
			b.Layers = i + 1
		}
	}
	return &b, err
}

// saveBase replaces what is known of an image's base.
func saveBase(ctx context.Context, tx pgx.Tx, id inventory.ID, b *image.Base) error {
	if b == nil {
		_, err := tx.Exec(ctx, `delete from image_base where image_id = $1`, int64(id))
		return err
	}
	_, err := tx.Exec(ctx, `
		insert into image_base (image_id, name, digest, layers, evidence, created_at, signed, problem)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (image_id) do update set name = excluded.name, digest = excluded.digest, layers = excluded.layers,
			evidence = excluded.evidence, created_at = excluded.created_at, signed = excluded.signed, problem = excluded.problem`,
		int64(id), clean(b.Name), b.Digest, int16(b.Layers), string(b.Evidence), nullTime(b.Created), b.Signed, clean(b.Problem))
	return err
}

// A BaseTag is the tag of a base image, for a platform that stands on it.
type BaseTag struct {
	// Name is host/repository:tag.
	Name     string
	Platform image.Platform
}

// BasesToCheck returns the tags of bases that images which run stand on and
// that were not looked at since a time, the oldest first.
func (db *DB) BasesToCheck(ctx context.Context, before time.Time, limit int) (_ []BaseTag, err error) {
	defer derrors.Wrap(&err, "postgres.BasesToCheck")

	rows, err := db.pool.Query(ctx, `
		select b.name, i.os, i.architecture, i.variant
		from image_base b
		join image i on i.id = b.image_id
		left join base_tag t on t.name = b.name and t.os = i.os and t.architecture = i.architecture and t.variant = i.variant
		where b.name <> '' and (t.checked_at is null or t.checked_at < $1)
			and exists (select from container c where c.image_id = i.id)
		group by 1, 2, 3, 4
		order by min(t.checked_at) nulls first, 1
		limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t BaseTag, err error) {
		err = row.Scan(&t.Name, &t.Platform.OS, &t.Platform.Architecture, &t.Platform.Variant)
		return t, err
	})
}

// HostsOnBase returns the registries of the images that run and stand on a
// base.
func (db *DB) HostsOnBase(ctx context.Context, name string) (_ []string, err error) {
	defer derrors.Wrap(&err, "postgres.HostsOnBase(%s)", name)

	rows, err := db.pool.Query(ctx, `
		select distinct c.host from image_base b join container c on c.image_id = b.image_id where b.name = $1`, name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// SaveBaseTag stores which image a tag means now, or why that is not known; m
// is nil then, and what was known before stays. then is called inside the
// transaction with the image to scan.
func (db *DB) SaveBaseTag(ctx context.Context, t BaseTag, m *image.Manifest, problem string, then func(context.Context, pgx.Tx, ImageState) error) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveBaseTag(%s)", t.Name)

	digest := ""
	if m != nil {
		digest = m.Digest
	}
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			insert into base_tag as t (name, os, architecture, variant, digest, error)
			values ($1, $2, $3, $4, $5, $6)
			on conflict (name, os, architecture, variant) do update set
				digest = case when excluded.digest = '' then t.digest else excluded.digest end,
				error = excluded.error, checked_at = now()`,
			clean(t.Name), t.Platform.OS, t.Platform.Architecture, t.Platform.Variant, digest, clean(problem)); err != nil {
			return err
		}
		if m == nil {
			return nil
		}
		if err := saveManifest(ctx, tx, m); err != nil {
			return err
		}
		state, err := imageState(ctx, tx, m.Digest)
		if err != nil {
			return fmt.Errorf("image %s: %w", m.Digest, err)
		}
		return then(ctx, tx, state)
	})
}

// basesNamed returns the tags by which an image is known as a base.
func (db *DB) basesNamed(ctx context.Context, digest string) ([]image.Reference, error) {
	rows, err := db.pool.Query(ctx, `select distinct name from base_tag where digest = $1 order by 1 limit 5`, digest)
	if err != nil {
		return nil, fmt.Errorf("tags of base %s: %w", digest, err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var refs []image.Reference
	for _, name := range names {
		if ref, err := image.ParseReference(name); err == nil {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}
