package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// MatchImage matches those packages of an image that were never matched with
// all advisories, and brings the image's findings and the rollups of its
// workloads up to date. Nothing is pulled or read again.
func (db *DB) MatchImage(ctx context.Context, img inventory.ID) (err error) {
	defer derrors.Wrap(&err, "postgres.MatchImage(%d)", img)

	return db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock_shared($1)`, matchLock); err != nil {
			return err
		}
		packages, err := unmatchedPackages(ctx, tx, img)
		if err != nil {
			return err
		}
		if err := matchPackages(ctx, tx, packages); err != nil {
			return err
		}
		return refreshImages(ctx, tx, []int64{int64(img)})
	})
}

// matchPackages compares packages with all advisories about their names.
func matchPackages(ctx context.Context, tx pgx.Tx, packages []StoredPackage) error {
	if len(packages) == 0 {
		return nil
	}
	names := make([]string, 0, len(packages))
	ids := make([]int64, 0, len(packages))
	for _, p := range packages {
		names = append(names, p.Package.Name)
		ids = append(ids, p.ID)
	}
	slices.Sort(names)
	index, err := loadIndex(ctx, tx, `
		select a.doc from advisory a
		where a.id in (select advisory_id from advisory_name where name = any($1))`, slices.Compact(names))
	if err != nil {
		return err
	}
	if err := insertHits(ctx, tx, index, packages); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update package set matched_at = now() where id = any($1) and matched_at is null`, ids)
	return err
}

// MatchAdvisories matches advisories that are new or changed with the stored
// packages of their names, and refreshes the images that this touches. It
// leaves packages that were never matched to [DB.MatchImage], so that the two
// do not write the same rows.
func (db *DB) MatchAdvisories(ctx context.Context, ids []int64) (err error) {
	defer derrors.Wrap(&err, "postgres.MatchAdvisories(%d)", len(ids))

	return db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock_shared($1)`, matchLock); err != nil {
			return err
		}
		index, err := loadIndex(ctx, tx, `select doc from advisory where id = any($1)`, ids)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select distinct name from advisory_name where advisory_id = any($1)`, ids)
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		before, err := packagesHit(ctx, tx, ids)
		if err != nil {
			return err
		}
		packages, err := matchedPackages(ctx, tx, names)
		if err != nil {
			return err
		}
		looked := slices.Clone(before)
		for _, p := range packages {
			looked = append(looked, p.ID)
		}
		// Not those of packages that are matched at this moment with an image:
		// they may be new already.
		if _, err := tx.Exec(ctx, `
			delete from package_advisory where (package_id, advisory_id) in (
				select package_id, advisory_id from package_advisory
				where advisory_id = any($1) and package_id = any($2)
				order by package_id, advisory_id for update)`, ids, looked); err != nil {
			return err
		}
		if err := insertHits(ctx, tx, index, packages); err != nil {
			return err
		}
		after, err := packagesHit(ctx, tx, ids)
		if err != nil {
			return err
		}
		return refreshPackages(ctx, tx, append(before, after...))
	})
}

func loadIndex(ctx context.Context, tx pgx.Tx, query string, args ...any) (*advisory.Index, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	index := advisory.NewIndex()
	var doc []byte
	_, err = pgx.ForEachRow(rows, []any{&doc}, func() error {
		var a advisory.Advisory
		if err := json.Unmarshal(doc, &a); err != nil {
			return fmt.Errorf("stored advisory: %w", err)
		}
		index.Put(&a)
		return nil
	})
	return index, err
}

func insertHits(ctx context.Context, tx pgx.Tx, index *advisory.Index, packages []StoredPackage) error {
	var packageIDs, advisoryIDs []int64
	var fixed []string
	for _, p := range packages {
		hits, _ := index.Match(p.Package)
		for _, h := range hits {
			packageIDs = append(packageIDs, p.ID)
			advisoryIDs = append(advisoryIDs, h.Row)
			fixed = append(fixed, h.Fixed)
		}
	}
	if len(packageIDs) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		insert into package_advisory as o (package_id, advisory_id, fixed)
		select distinct on (1, 2) * from unnest($1::bigint[], $2::bigint[], $3::text[]) order by 1, 2
		on conflict (package_id, advisory_id) do update set fixed = excluded.fixed where o.fixed <> excluded.fixed`,
		packageIDs, advisoryIDs, fixed)
	return err
}

// packagesHit returns the packages that advisories were found to affect.
func packagesHit(ctx context.Context, tx pgx.Tx, advisories []int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `select distinct package_id from package_advisory where advisory_id = any($1)`, advisories)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// refreshPackages refreshes the images that hold one of the packages.
func refreshPackages(ctx context.Context, tx pgx.Tx, packages []int64) error {
	if len(packages) == 0 {
		return nil
	}
	slices.Sort(packages)
	rows, err := tx.Query(ctx, `select id from image where sbom && $1::bigint[]`, slices.Compact(packages))
	if err != nil {
		return err
	}
	images, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	return refreshImages(ctx, tx, images)
}

// refreshImages makes the findings of images what their packages' hits say,
// writing only differences, and rolls up what changed.
func refreshImages(ctx context.Context, tx pgx.Tx, images []int64) error {
	if len(images) == 0 {
		return nil
	}
	slices.Sort(images)
	if _, err := tx.Exec(ctx, `select from image where id = any($1) order by id for `+string(changing), images); err != nil {
		return fmt.Errorf("lock %d images: %w", len(images), err)
	}
	const query = `
		with fresh as (
			select i.id as image_id, v.vulnerability, h.package_id,
				(array_agg(a.id order by h.fixed = '', a.severity desc, a.ref))[1] as advisory_id,
				-- A distribution's advisory often has no severity of its own: the
				-- same vulnerability's other advisories lend theirs.
				coalesce(nullif(max(a.severity), 0), (
					select max(o.severity) from advisory o where o.vulnerabilities @> array[v.vulnerability]
				), 0) as severity,
				bool_or(k.cve is not null) as kev,
				(array_agg(h.fixed order by h.fixed = '', a.severity desc, a.ref))[1] as fixed
			from image i
			cross join unnest(i.sbom) as s(package_id)
			join package_advisory h on h.package_id = s.package_id
			join advisory a on a.id = h.advisory_id
			cross join unnest(a.vulnerabilities) as v(vulnerability)
			left join kev k on k.cve = v.vulnerability
			where i.id = any($1)
			group by i.id, v.vulnerability, h.package_id
		), gone as (
			delete from image_vulnerability o
			where o.image_id = any($1) and not exists (
				select from fresh f
				where f.image_id = o.image_id and f.vulnerability = o.vulnerability and f.package_id = o.package_id)
		)
		insert into image_vulnerability as o (image_id, vulnerability, package_id, advisory_id, severity, kev, fixed)
		select image_id, vulnerability, package_id, advisory_id, severity, kev, fixed from fresh
		order by image_id, vulnerability, package_id
		on conflict (image_id, vulnerability, package_id) do update set
			advisory_id = excluded.advisory_id, severity = excluded.severity, kev = excluded.kev, fixed = excluded.fixed
		where (o.advisory_id, o.severity, o.kev, o.fixed)
			is distinct from (excluded.advisory_id, excluded.severity, excluded.kev, excluded.fixed)`
	if _, err := tx.Exec(ctx, query, images); err != nil {
		return fmt.Errorf("refresh findings of %d images: %w", len(images), err)
	}
	if _, err := tx.Exec(ctx, `update image set matched_at = now() where id = any($1) and matched_at is null`, images); err != nil {
		return err
	}
	changed, err := rollupImages(ctx, tx, images)
	if err != nil {
		return err
	}
	return rollupWorkloadsOf(ctx, tx, changed)
}
