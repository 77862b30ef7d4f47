package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/risk"
)

// A workloadRollup is what lists and filters need of a workload's images,
// exposures and checks, kept on its row.
type workloadRollup struct {
	ID            int64
	Exposed       bool
	MaxSeverity   int16
	Critical      int32
	High          int32
	KEV           bool
	FailedChecks  int16
	ReadsCritical bool
	Score         int32
}

// rollupWorkloads recomputes the rollups of workloads and writes those that
// changed: comparing is far cheaper than writing a row with eight indexes.
func rollupWorkloads(ctx context.Context, tx pgx.Tx, tenant int, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	// Locked before they are read: what another transaction did to the same
	// workloads, or to their images, is then seen by the next statement.
	if err := takeWorkloads(ctx, tx, map[int][]int64{tenant: ids}); err != nil {
		return err
	}
	const query = `
		select w.id, w.exposed, w.max_severity, w.critical, w.high, w.kev, w.failed_checks, w.reads_critical, w.score,
			exists (select from exposure e where e.tenant_id = w.tenant_id and e.workload_id = w.id),
			coalesce(i.max_severity, 0), coalesce(i.critical, 0), coalesce(i.high, 0), coalesce(i.kev, false),
			(select count(*) from workload_check k where k.tenant_id = w.tenant_id and k.workload_id = w.id and k.severity >= 0)
		from workload w
		left join lateral (
			select max(d.max_severity) as max_severity, sum(d.critical) as critical, sum(d.high) as high, bool_or(d.kev > 0) as kev
			from (select distinct c.image_id from container c where c.tenant_id = w.tenant_id and c.workload_id = w.id) c
			join image d on d.id = c.image_id
		) i on true
		where w.tenant_id = $1 and w.id = any($2)`
	rows, err := tx.Query(ctx, query, tenant, ids)
	if err != nil {
		return fmt.Errorf("roll up %d workloads: %w", len(ids), err)
	}
	var old, fresh workloadRollup
	var changed []workloadRollup
	if _, err := pgx.ForEachRow(rows, []any{
		&old.ID, &old.Exposed, &old.MaxSeverity, &old.Critical, &old.High, &old.KEV, &old.FailedChecks, &old.ReadsCritical, &old.Score,
		&fresh.Exposed, &fresh.MaxSeverity, &fresh.Critical, &fresh.High, &fresh.KEV, &fresh.FailedChecks,
	}, func() error {
		fresh.ID, fresh.ReadsCritical = old.ID, old.ReadsCritical
		fresh.Score = int32(risk.Score(risk.Facts{
			Severity: finding.Severity(fresh.MaxSeverity), KEV: fresh.KEV, Exposed: fresh.Exposed,
			ReadsCritical: fresh.ReadsCritical, FailedChecks: int(fresh.FailedChecks),
		}))
		if fresh != old {
			changed = append(changed, fresh)
		}
		return nil
	}); err != nil {
		return fmt.Errorf("roll up %d workloads: %w", len(ids), err)
	}
	return writeRollups(ctx, tx, tenant, changed)
}

func writeRollups(ctx context.Context, tx pgx.Tx, tenant int, changed []workloadRollup) error {
	if len(changed) == 0 {
		return nil
	}
	const query = `
		update workload w
		set exposed = $2, max_severity = $3, critical = $4, high = $5, kev = $6, failed_checks = $7, score = $8
		where tenant_id = $1 and id = $9`
	batch := &pgx.Batch{}
	for _, r := range changed {
		batch.Queue(query, tenant, r.Exposed, r.MaxSeverity, r.Critical, r.High, r.KEV, r.FailedChecks, r.Score, r.ID)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write %d rollups: %w", len(changed), err)
	}
	return nil
}

// rollupImages recomputes the rollups of images from their findings. It
// returns the images whose rollup changed: only their workloads need a look.
func rollupImages(ctx context.Context, tx pgx.Tx, ids []int64) ([]int64, error) {
	const query = `
		with fresh as (
			select i.id,
				coalesce(max(v.severity), 0) as max_severity,
				count(*) filter (where v.severity = 4) as critical,
				count(*) filter (where v.severity = 3) as high,
				count(*) filter (where v.severity = 2) as medium,
				count(*) filter (where v.severity = 1) as low,
				count(*) filter (where v.severity = 0) as unknown,
				count(*) filter (where v.kev) as kev
			from image i
			left join (
				select image_id, vulnerability, max(severity) as severity, bool_or(kev) as kev
				from image_vulnerability where image_id = any($1) group by 1, 2
			) v on v.image_id = i.id
			where i.id = any($1)
			group by i.id
		)
		update image i
		set max_severity = f.max_severity, critical = f.critical, high = f.high, medium = f.medium,
			low = f.low, unknown = f.unknown, kev = f.kev
		from fresh f
		where i.id = f.id
			and (i.max_severity, i.critical, i.high, i.medium, i.low, i.unknown, i.kev)
				is distinct from (f.max_severity, f.critical, f.high, f.medium, f.low, f.unknown, f.kev)
		returning i.id`
	rows, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, fmt.Errorf("roll up %d images: %w", len(ids), err)
	}
	changed, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("roll up %d images: %w", len(ids), err)
	}
	return changed, nil
}

// rollupWorkloadsOf recomputes the rollups of all workloads that run one of
// the images, tenant by tenant.
func rollupWorkloadsOf(ctx context.Context, tx pgx.Tx, images []int64) error {
	if len(images) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `select distinct tenant_id, workload_id from container where image_id = any($1) order by 1, 2`, images)
	if err != nil {
		return fmt.Errorf("workloads of %d images: %w", len(images), err)
	}
	byTenant := map[int][]int64{}
	var tenant int
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&tenant, &id}, func() error {
		byTenant[tenant] = append(byTenant[tenant], id)
		return nil
	}); err != nil {
		return fmt.Errorf("workloads of %d images: %w", len(images), err)
	}
	for _, tenant := range slices.Sorted(maps.Keys(byTenant)) {
		if err := rollupWorkloads(ctx, tx, tenant, byTenant[tenant]); err != nil {
			return err
		}
	}
	return nil
}
