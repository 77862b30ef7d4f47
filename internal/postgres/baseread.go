package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// baseNamedByTenant is whether the name of base b of image i is for the tenant
// $1 to know: the image says it, or one that the tenant runs does. One that was
// found by layers may be what images of another tenant call their base.
const baseNamedByTenant = `(b.evidence <> 'layers' or exists (
			select from image_base x join container c on c.tenant_id = $1 and c.image_id = x.image_id
			where x.name = b.name and x.name <> '' and x.evidence <> 'layers'))`

// imageBase reads what an image was built from. It needs the vulnerabilities,
// to tell which of them the base brought.
func (r *Reader) imageBase(ctx context.Context, id int64, d *view.ImageDetail) error {
	var b view.Base
	var tagDigest, state *string
	var own bool
	err := r.db.pool.QueryRow(ctx, `
		select `+baseNamedByTenant+`, b.name, b.digest, b.layers, b.evidence, b.created_at, b.signed, b.problem, t.digest, t.checked_at, coalesce(t.error, ''), n.scan_state
		from image_base b
		join image i on i.id = b.image_id
		left join base_tag t on t.name = b.name and t.os = i.os and t.architecture = i.architecture and t.variant = i.variant
		left join image n on n.digest = t.digest
		where b.image_id = $2`, r.tenant, id).
		Scan(&own, &b.Name, &b.Digest, &b.Layers, &b.Evidence, &nullableTime{&b.Created}, &b.Signed, &b.Problem,
			&tagDigest, &nullableTime{&b.CheckedAt}, &b.TagProblem, &state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if !own {
		b.Name, b.TagProblem, tagDigest = "", "", nil
	}
	if b.Name == "" && b.Digest != "" {
		// Which references it has is for the tenant that runs it to know.
		err := r.db.pool.QueryRow(ctx, `select coalesce(min(reference), '') from `+imagesNow+` c where c.image_id = $2`,
			r.tenant, int64(inventory.IDOf(b.Digest))).Scan(&b.Name)
		if err != nil {
			return err
		}
	}
	split(d, &b)
	// An unverified claim may name an index, which compares with no manifest.
	if tagDigest != nil && *tagDigest != "" && *tagDigest != b.Digest && (b.Evidence != image.BaseUnverified || b.Digest == "") {
		b.Newer = *tagDigest
		if state != nil {
			b.NewerState = *state
		}
		if b.NewerState == "scanned" || b.NewerState == "partial" {
			if b.Fixes, err = r.fixes(ctx, int64(inventory.IDOf(b.Newer)), d, b.Layers); err != nil {
				return err
			}
		}
	}
	d.Base = &b
	return nil
}

// split counts each vulnerability where it is: in the base, or added, also
// when it is in both.
func split(d *view.ImageDetail, b *view.Base) {
	if b.Layers == 0 {
		return
	}
	below, above := map[string]bool{}, map[string]bool{}
	for i := range d.Vulnerabilities {
		v := &d.Vulnerabilities[i]
		switch {
		case v.Layer < 0:
		case v.Layer < b.Layers:
			below[v.Vulnerability] = true
		default:
			above[v.Vulnerability] = true
		}
	}
	b.FromBase, b.Added = len(below), len(above)
}

// fixes returns the vulnerabilities of packages in the lowest layers that a
// newer base has not, in a package of that name.
func (r *Reader) fixes(ctx context.Context, newer int64, d *view.ImageDetail, layers int) ([]string, error) {
	type place struct{ vulnerability, pkg string }
	rows, err := r.db.pool.Query(ctx, `
		select v.vulnerability, p.name from image_vulnerability v join package p on p.id = v.package_id where v.image_id = $1`, newer)
	if err != nil {
		return nil, err
	}
	still := map[place]bool{}
	var at place
	if _, err := pgx.ForEachRow(rows, []any{&at.vulnerability, &at.pkg}, func() error {
		still[at] = true
		return nil
	}); err != nil {
		return nil, err
	}
	fixed := map[string]bool{}
	for _, v := range d.Vulnerabilities {
		if v.Layer < 0 || v.Layer >= layers {
			continue
		}
		if still[place{v.Vulnerability, v.Package}] {
			fixed[v.Vulnerability] = false
		} else if _, ok := fixed[v.Vulnerability]; !ok {
			fixed[v.Vulnerability] = true
		}
	}
	maps.DeleteFunc(fixed, func(_ string, gone bool) bool { return !gone })
	return slices.Sorted(maps.Keys(fixed)), nil
}
