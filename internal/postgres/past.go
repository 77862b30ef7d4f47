package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// pastWorkload returns the version of a workload that held at a time; of one
// that is gone, asked without a time, the last.
func (r *Reader) pastWorkload(ctx context.Context, id int64, key string, at time.Time) (d view.WorkloadDetail, err error) {
	var gone *time.Time
	if err := r.db.pool.QueryRow(ctx, `
		select max(valid_to) from history
		where tenant_id = $1 and type = 'workload' and id = $2 and gone
			and not exists (select from workload where tenant_id = $1 and id = $2)`, r.tenant, id).Scan(&gone); err != nil {
		return d, err
	}
	if gone != nil {
		d.GoneAt = *gone
	}
	d.AsOf = at
	if at.IsZero() {
		if gone == nil {
			return d, &view.NotFoundError{Kind: "workload", Name: key}
		}
		at = gone.Add(-time.Microsecond) // The resolution of the store.
	}
	query, args, err := r.asOfQuery(view.WorkloadQuery{AsOf: at}, id)
	if err != nil {
		return d, err
	}
	rows, err := r.db.pool.Query(ctx, query, args...)
	if err != nil {
		return d, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, scanVersion)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, r.notThere(ctx, id, key, at)
	}
	if err != nil {
		return d, err
	}
	d.Workload, d.Record = v.Workload, v.record
	if err := r.workloadVersions(ctx, id, &d); err != nil {
		return d, err
	}
	for _, part := range []func(context.Context, time.Time, *view.WorkloadDetail) error{
		r.pastScope, r.pastContainers, r.pastIdentities, r.pastExposures,
	} {
		if err := part(ctx, at, &d); err != nil {
			return d, err
		}
	}
	return d, nil
}

// notThere returns the error for a workload that is known, but was not there at
// a time.
func (r *Reader) notThere(ctx context.Context, id int64, key string, at time.Time) error {
	var first time.Time
	var last *time.Time
	err := r.db.pool.QueryRow(ctx, `
		select min(first_seen), max(until) filter (where until <= $3) from (
			select first_seen, null::timestamptz as until from workload where tenant_id = $1 and id = $2
			union all
			select first_seen, valid_to from history where tenant_id = $1 and type = 'workload' and id = $2
		) v`, r.tenant, id, at).Scan(&first, &last)
	if err != nil {
		return err
	}
	hint := "it was first seen at " + first.UTC().Format(time.RFC3339)
	if last != nil {
		hint = "it was there until " + last.UTC().Format(time.RFC3339)
	}
	return &view.NotFoundError{Kind: "workload", Name: fmt.Sprintf("%s at %s", key, at.UTC().Format(time.RFC3339)), Hint: hint}
}

// pastScope reads how the workload's scope ended then.
func (r *Reader) pastScope(ctx context.Context, at time.Time, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select `+scopeColumns+` from `+scopesAt("$1", "$2")+` s
		where s.id = (select v.scope_id from `+workloadsAt("$1", "$2")+` v where v.id = $3)`, r.tenant, at, int64(decodeKey(d.Key)))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, scanScope)
	if len(found) > 0 {
		d.Scope = found[0]
	}
	return err
}

// pastContainers finds the images of the containers by the digests that the
// runtime told then: what a tag meant is not kept.
func (r *Reader) pastContainers(ctx context.Context, at time.Time, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select c.ordinal, i.digest, i.scan_state, i.max_severity, i.critical, i.high, i.unknown, i.kev
		from (
			select v.id, c.value as container, c.ordinality::integer - 1 as ordinal
			from `+workloadsAt("$1", "$2")+` v cross join lateral jsonb_array_elements(v.attrs->'containers') with ordinality c
			where v.id = $3
		) c
		join `+imagesAt("$1", "$2")+` x on x.workload_id = c.id and x.container = c.container
		join image i on i.id = x.image_id
		order by c.ordinal`, r.tenant, at, int64(decodeKey(d.Key)))
	if err != nil {
		return err
	}
	d.Containers = make([]view.Container, len(d.Record.Containers))
	for i, c := range d.Record.Containers {
		d.Containers[i] = view.Container{Container: c, Unresolved: "the runtime told no digest then of an image that is known"}
	}
	var ordinal int
	var found view.Container
	_, err = pgx.ForEachRow(rows, []any{
		&ordinal, &found.ImageDigest, &found.ScanState, (*int16OfSeverity)(&found.MaxSeverity), &found.Critical, &found.High, &found.Unknown, &found.KEV,
	}, func() error {
		if ordinal < 0 || ordinal >= len(d.Containers) {
			return fmt.Errorf("container %d of %d", ordinal, len(d.Containers))
		}
		found.Container = d.Record.Containers[ordinal]
		d.Containers[ordinal] = found
		return nil
	})
	return err
}

// pastIdentities reads the identity that the containers acted as, and the cloud
// role behind it.
func (r *Reader) pastIdentities(ctx context.Context, at time.Time, d *view.WorkloadDetail) error {
	for uid, target := d.Record.Identity, &d.IdentityRecord; uid != ""; target = &d.CloudIdentity {
		rows, err := r.db.pool.Query(ctx, `
			select attrs from identity where tenant_id = $1 and id = $2 and changed_at <= $3
			union all
			select attrs from history
			where tenant_id = $1 and type = 'identity' and id = $2 and valid_from <= $3 and valid_to > $3 limit 1`,
			r.tenant, int64(inventory.IDOf(uid)), at)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, scanJSON[inventory.Identity])
		if err != nil || len(found) == 0 {
			return err
		}
		*target, uid = &found[0], found[0].CloudIdentity
		if target == &d.CloudIdentity {
			return nil
		}
	}
	return nil
}

// pastExposures reads how the internet reached the workload.
func (r *Reader) pastExposures(ctx context.Context, at time.Time, d *view.WorkloadDetail) error {
	if d.Exposed != view.ExposedYes {
		return nil
	}
	rows, err := r.db.pool.Query(ctx, `
		select attrs from (
			select attrs from exposure where tenant_id = $1 and workload_id = $4 and changed_at <= $2
			union all
			select attrs from history
			where tenant_id = $1 and type = 'exposure' and valid_from <= $2 and valid_to > $2 and attrs->>'workload' = $3
		) e order by attrs->>'via', attrs->>'address'`, r.tenant, at, d.UID, int64(decodeKey(d.Key)))
	if err != nil {
		return err
	}
	d.Exposures, err = pgx.CollectRows(rows, scanJSON[inventory.Exposure])
	return err
}
