package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// saveReferrers replaces what is known of an image's referrers. Without an
// answer, what was known before stays.
func saveReferrers(ctx context.Context, tx pgx.Tx, id inventory.ID, r *image.Referrers) error {
	if r == nil {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(`update image set referrers_at = now(), referrers_problem = $2 where id = $1`, int64(id), clean(r.Problem))
	batch.Queue(`delete from image_referrer where image_id = $1`, int64(id))
	for i, item := range r.Items {
		batch.Queue(`
			insert into image_referrer (image_id, ordinal, kind, artifact_type, predicate_type, digest, size, place, subject)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			int64(id), int16(i), string(item.Kind), clean(item.ArtifactType), clean(item.PredicateType), item.Digest, item.Size,
			string(item.Place), item.Subject)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// Referrers returns what is known of an image's referrers; nil when no
// registry was asked yet.
func (db *DB) Referrers(ctx context.Context, id inventory.ID) (_ *image.Referrers, err error) {
	defer derrors.Wrap(&err, "postgres.Referrers(%d)", id)

	var asked bool
	var found image.Referrers
	err = db.pool.QueryRow(ctx, `select referrers_at is not null, referrers_problem from image where id = $1`, int64(id)).
		Scan(&asked, &found.Problem)
	if err != nil || !asked {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, `
		select kind, artifact_type, predicate_type, digest, size, place, subject
		from image_referrer where image_id = $1 order by ordinal`, int64(id))
	if err != nil {
		return nil, err
	}
	found.Items, err = pgx.CollectRows(rows, pgx.RowToStructByPos[image.Referrer])
	return &found, err
}

// TouchReferrers notes that the registry was asked and keeps what it kept.
func (db *DB) TouchReferrers(ctx context.Context, id inventory.ID) (err error) {
	defer derrors.Wrap(&err, "postgres.TouchReferrers(%d)", id)

	_, err = db.pool.Exec(ctx, `update image set referrers_at = now() where id = $1`, int64(id))
	return err
}

// ReferrersToRead returns images that run somewhere and were scanned, whose
// registry was last asked before the time, the longest ago first.
func (db *DB) ReferrersToRead(ctx context.Context, before time.Time, limit int) (_ []inventory.ID, err error) {
	defer derrors.Wrap(&err, "postgres.ReferrersToRead")

	rows, err := db.pool.Query(ctx, `
		select id from image i
		where scan_state in ('scanned', 'partial') and (referrers_at is null or referrers_at < $1)
			and exists (select from container c where c.image_id = i.id)
		order by referrers_at nulls first, id limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[inventory.ID])
}

// imageReferrers reads the referrers of an image.
func (r *Reader) imageReferrers(ctx context.Context, id int64, d *view.ImageDetail) (err error) {
	d.Referrers, err = r.db.Referrers(ctx, inventory.ID(id))
	if err != nil || d.Referrers == nil {
		return err
	}
	return r.db.pool.QueryRow(ctx, `select `+forTenant("i.referrers_problem")+` from image i where i.id = $2`, r.tenant, id).
		Scan(&d.Referrers.Problem)
}

// indexesOf returns indexes that hold a manifest: what is said of an index is
// said of its images.
func (db *DB) indexesOf(ctx context.Context, digest string) ([]string, error) {
	const most = 4
	rows, err := db.pool.Query(ctx, `select digest from image_index where manifest = $1 order by digest limit $2`, digest, most)
	if err != nil {
		return nil, fmt.Errorf("indexes of %s: %w", digest, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
