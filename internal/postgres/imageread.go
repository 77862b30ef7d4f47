package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// imageColumns returns the columns of [scanImage], over image i and the images
// that run; the tenant is the first argument.
func imageColumns(running string) string {
	return `
	i.id, i.digest, i.os, i.architecture, i.variant, i.size, i.created_at, i.first_seen, i.scan_state, ` + forTenant("i.scan_error") + `, i.scanned_at,
	i.distribution, i.packages, i.max_severity, i.critical, i.high, i.medium, i.low, i.unknown, i.kev, i.failed_checks,
	(select count(distinct c.workload_id) from ` + running + ` c where c.image_id = i.id),
	array(select c.reference from ` + running + ` c where c.image_id = i.id group by 1 order by count(*) desc, 1 limit 10)`
}

// imagesNow is the sub-query of the (workload, reference, image) triples of the
// tenant $1.
const imagesNow = `(
	select workload_id, host || '/' || repository || case when tag = '' then '' else ':' || tag end as reference, image_id
	from container where tenant_id = $1)`

func scanImage(row pgx.CollectableRow) (v view.Image, err error) {
	var id int64
	var p image.Platform
	err = row.Scan(&id, &v.Digest, &p.OS, &p.Architecture, &p.Variant, &v.Size, &nullableTime{&v.CreatedAt}, &v.FirstSeen,
		&v.ScanState, &v.ScanError, &nullableTime{&v.ScannedAt}, &v.Distribution, &v.Packages,
		(*int16OfSeverity)(&v.MaxSeverity), &v.Critical, &v.High, &v.Medium, &v.Low, &v.Unknown, &v.KEV, &v.FailedChecks, &v.Workloads, &v.References)
	if p.OS != "" {
		v.Platform = p.String()
	}
	return v, err
}

// imageFilter returns the conditions of a query over image i, and the images
// that run; the tenant is its first argument.
func (r *Reader) imageFilter(q view.ImageQuery) (f *filter, running string, err error) {
	f = &filter{}
	tenant := f.arg(r.tenant)
	running = imagesNow
	if !q.AsOf.IsZero() {
		running = imagesAt(tenant, f.arg(q.AsOf))
	}
	if q.Name != "" {
		f.add("exists (select from "+running+" c where c.image_id = i.id and strpos(lower(c.reference), lower(?)) > 0)", clean(q.Name))
	} else {
		f.add("exists (select from " + running + " c where c.image_id = i.id)")
	}
	if q.Severity > finding.Unknown {
		f.add("i.max_severity >= ?", int16(q.Severity))
	}
	if q.KEV != nil {
		f.add("(i.kev > 0) = ?", *q.KEV)
	}
	f.equal("i.scan_state", q.State)
	if q.Vulnerability != "" {
		f.add("i.id in (select image_id from image_vulnerability where vulnerability = ?)", clean(q.Vulnerability))
	}
	if q.Package != "" {
		f.add("i.sbom && array(select id from package where name = ?)", clean(q.Package))
	}
	if q.Check != "" {
		f.add("exists (select from image_check k where k.image_id = i.id and k.check_id = ?)", clean(q.Check))
	}
	if q.Cursor != "" {
		var exploited bool
		var severity, critical, high int
		var id int64
		if err := decodeCursor(q.Cursor, &exploited, &severity, &critical, &high, &id); err != nil {
			return nil, "", err
		}
		f.add("(i.kev > 0, i.max_severity, i.critical, i.high, i.id) < (?, ?, ?, ?, ?)", exploited, severity, critical, high, id)
	}
	return f, running, nil
}

// worstImages orders image i: those with a known exploited vulnerability come
// first, whatever its severity.
const worstImages = `i.kev > 0 desc, i.max_severity desc, i.critical desc, i.high desc, i.id desc`

// Images implements [view.Store]: those with a known exploited vulnerability
// first, then by severity.
func (r *Reader) Images(ctx context.Context, q view.ImageQuery) (page view.Page[view.Image], err error) {
	defer derrors.Wrap(&err, "postgres.Images")

	f, running, err := r.imageFilter(q)
	if err != nil {
		return page, err
	}
	n := limit(q.Paging)
	rows, err := r.db.pool.Query(ctx, `select `+imageColumns(running)+` from image i `+f.where()+` order by `+worstImages+` limit `+f.arg(n+1), f.args...)
	if err != nil {
		return page, err
	}
	page.Items, err = pgx.CollectRows(rows, scanImage)
	if len(page.Items) > n {
		page.Items = page.Items[:n]
		last := page.Items[n-1]
		page.Next = encodeCursor(last.KEV > 0, int(last.MaxSeverity), last.Critical, last.High, int64(inventory.IDOf(last.Digest)))
	}
	return page, err
}

// AllImages implements [view.Store].
func (r *Reader) AllImages(ctx context.Context, q view.ImageQuery) iter.Seq2[view.Image, error] {
	return func(yield func(view.Image, error) bool) {
		q.Cursor = ""
		f, running, err := r.imageFilter(q)
		if err != nil {
			yield(view.Image{}, err)
			return
		}
		stream(ctx, r.db, `select `+imageColumns(running)+` from image i `+f.where()+` order by `+worstImages, f.args, scanImage, yield)
	}
}

// Image implements [view.Store].
func (r *Reader) Image(ctx context.Context, digest string) (d view.ImageDetail, err error) {
	defer derrors.Wrap(&err, "postgres.Image(%s)", digest)

	id, err := r.imageID(ctx, digest)
	if err != nil {
		return d, err
	}
	rows, err := r.db.pool.Query(ctx, `select `+imageColumns(imagesNow)+` from image i where i.id = $2`, r.tenant, id)
	if err != nil {
		return d, err
	}
	if d.Image, err = pgx.CollectExactlyOneRow(rows, scanImage); err != nil {
		return d, err
	}
	for _, part := range []func(context.Context, int64, *view.ImageDetail) error{
		r.imageContent, r.imageVulnerabilities, r.imageChecks, r.imageBase, r.imageReferrers,
	} {
		if err := part(ctx, id, &d); err != nil {
			return d, err
		}
	}
	runBy, err := r.Workloads(ctx, view.WorkloadQuery{Image: d.Digest})
	d.RunBy = runBy.Items
	return d, err
}

func (r *Reader) imageContent(ctx context.Context, id int64, d *view.ImageDetail) error {
	var config, blob []byte
	err := r.db.pool.QueryRow(ctx, `select media_type, config_digest, config, inventory from image where id = $1`, id).
		Scan(&d.MediaType, &d.ConfigDigest, &config, &blob)
	if err != nil {
		return err
	}
	if config != nil {
		if err := json.Unmarshal(config, &d.Config); err != nil {
			return err
		}
	}
	if blob != nil {
		inv, err := decodeInventory(blob)
		if err != nil {
			return err
		}
		d.OS, d.PackageList, d.Unmatched = inv.Distribution, inv.Packages, inv.Unmatched
	}
	d.Layers, err = r.db.imageLayers(ctx, inventory.ID(id))
	return err
}

func decodeInventory(blob []byte) (image.Inventory, error) {
	var inv image.Inventory
	data, err := blobDecoder.DecodeAll(blob, nil)
	if err != nil {
		return inv, fmt.Errorf("inventory of the image: %w", err)
	}
	return inv, json.Unmarshal(data, &inv)
}

// imageVulnerabilities reads the findings and finds the places of their
// packages in the inventory.
func (r *Reader) imageVulnerabilities(ctx context.Context, id int64, d *view.ImageDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select v.vulnerability, a.ref, a.summary, v.severity, v.kev, p.ecosystem, p.name, p.version, v.fixed
		from image_vulnerability v
		join package p on p.id = v.package_id
		left join advisory a on a.id = v.advisory_id
		where v.image_id = $1
		order by v.kev desc, v.severity desc, v.vulnerability, p.name`, id)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f finding.VulnerabilityFinding, err error) {
		var advisory, summary *string
		err = row.Scan(&f.Vulnerability, &advisory, &summary, (*int16OfSeverity)(&f.Severity), &f.KEV, &f.Ecosystem, &f.Package, &f.Version, &f.Fixed)
		if advisory != nil {
			f.Advisory, f.Summary = *advisory, *summary
		}
		return f, err
	})
	if err != nil {
		return err
	}
	places := packagePlaces(d.PackageList)
	for i := range found {
		places.locate(&found[i])
	}
	d.Vulnerabilities = found
	return nil
}

func (r *Reader) imageChecks(ctx context.Context, id int64, d *view.ImageDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select check_id, severity, detail, path, layer, secret from image_check
		where image_id = $1 order by severity desc, check_id, ordinal`, id)
	if err != nil {
		return err
	}
	d.Checks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c finding.CheckFinding, err error) {
		err = row.Scan(&c.Check, (*int16OfSeverity)(&c.Severity), &c.Detail, &c.Path, &c.Layer, &c.Secret)
		return c, err
	})
	return err
}
