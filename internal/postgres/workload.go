package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/risk"
	"github.com/stowage-dev/stowage/internal/view"
)

// workloadColumns are those of [scanWorkload], over workload w, its scope s and
// the gap g of its exposure.
const workloadColumns = `
	w.id, w.uid, w.provider, w.account, w.region, w.kind, w.name, w.namespace, w.cluster, w.replicas,
	array(select distinct c.reference from container c
		where c.tenant_id = w.tenant_id and c.workload_id = w.id order by 1) as images,
	coalesce(w.attrs->>'identity', ''), ` + exposedColumn + `, w.max_severity, w.critical, w.high,
	(select coalesce(sum(i.unknown), 0) from image i where i.id in (select c.image_id from container c
		where c.tenant_id = w.tenant_id and c.workload_id = w.id)),
	w.kev, w.failed_checks, w.score, w.first_seen, w.changed_at, s.completed_at, s.outcome, ` + gapColumns

// workloadFrom are the relations of workloadColumns.
var workloadFrom = `
	from workload w` + workloadJoins

// workloadJoins are the relations of workloadColumns besides workload w.
var workloadJoins = `
	left join scope_seen s on s.tenant_id = w.tenant_id and s.id = w.scope_id` + gapOfWorkload + `
	`

func scanWorkload(row pgx.CollectableRow) (w view.Workload, err error) {
	var id int64
	var severity int16
	var gap scannedGap
	last := &nullableTime{&w.LastSeen}
	err = row.Scan(append([]any{
		&id, &w.UID, &w.Provider, &w.Account, &w.Region, &w.Kind, &w.Name, &w.Namespace, &w.Cluster, &w.Replicas,
		&w.Images, &w.Identity, &w.Exposed, &severity, &w.Critical, &w.High, &w.Unknown, &w.KEV, &w.FailedChecks, &w.Score,
		&w.FirstSeen, &w.ChangedAt, last, &w.Outcome,
	}, gap.fields()...)...)
	w.Key, w.ExposureGap = encodeKey(inventory.ID(id)), gap.gap()
	w.MaxSeverity = finding.Severity(severity)
	return w, err
}

// encodeKey returns the form of an ID in URLs: it is short, and no part of a
// name can break the path.
func encodeKey(id inventory.ID) string { return strconv.FormatInt(int64(id), 36) }

// decodeKey returns the ID of a key or, since no UID is so short and plain, of
// a UID.
func decodeKey(key string) inventory.ID {
	if id, err := strconv.ParseInt(key, 36, 64); err == nil && id >= 0 {
		return inventory.ID(id)
	}
	return inventory.IDOf(key)
}

// workloadFilter returns the conditions of a query over workload w. Its first
// argument is the tenant.
func (r *Reader) workloadFilter(ctx context.Context, q view.WorkloadQuery) (*filter, error) {
	f := &filter{}
	f.add("w.tenant_id = ?", r.tenant)
	f.equal("w.provider", string(q.Provider))
	f.equal("w.account", q.Account)
	f.equal("w.region", q.Region)
	f.equal("w.kind", string(q.Kind))
	f.equal("w.cluster", q.Cluster)
	f.equal("w.namespace", q.Namespace)
	f.contains("w.name", q.Name)
	if q.Severity > finding.Unknown {
		f.add("w.max_severity >= ?", int16(q.Severity))
	}
	f.exposed(q.Exposed)
	if q.KEV != nil {
		f.add("w.kev = ?", *q.KEV)
	}
	if q.Image != "" {
		images, err := r.imagesToFilter(ctx, q.Image)
		if err != nil {
			return nil, err
		}
		f.add(`exists (select from container c
			where c.tenant_id = w.tenant_id and c.workload_id = w.id and c.image_id = any(?))`, images)
	}
	if q.Vulnerability != "" {
		f.add(`w.id in (select c.workload_id from image_vulnerability v join container c on c.image_id = v.image_id
			where c.tenant_id = $1 and v.vulnerability = ?)`, clean(q.Vulnerability))
	}
	if q.Cursor != "" {
		var score int
		var id int64
		if err := decodeCursor(q.Cursor, &score, &id); err != nil {
			return nil, err
		}
		f.add("(w.score, w.id) < (?, ?)", score, id)
	}
	return f, nil
}

// Workloads implements [view.Store]: highest score first.
func (r *Reader) Workloads(ctx context.Context, q view.WorkloadQuery) (page view.Page[view.Workload], err error) {
	defer derrors.Wrap(&err, "postgres.Workloads")

	if !q.AsOf.IsZero() {
		return r.workloadsAsOf(ctx, q)
	}
	f, err := r.workloadFilter(ctx, q)
	if err != nil {
		return page, err
	}
	n := limit(q.Paging)
	from, where := workloadFrom, f.where()
	const order = ` order by w.score desc, w.id desc limit `
	count := f.arg(n + 1)
	if q.Exposed == view.ExposedUnknown {
		few, err := r.gapsAreFew(ctx)
		if err != nil {
			return page, err
		}
		if few { // The first of each place with a gap, and of these the first.
			from = `
				from (
					select w.* from ` + gapPlaces + ` g cross join lateral (
						select w.* from workload w ` + where + ` and w.provider = g.provider and w.account = g.account and w.region = g.region` +
				order + count + `
					) w` + order + count + `
				) w` + workloadJoins
			where = ""
		}
	}
	rows, err := r.db.pool.Query(ctx, `select `+workloadColumns+from+where+order+count, f.args...)
	if err != nil {
		return page, err
	}
	page.Items, err = pgx.CollectRows(rows, scanWorkload)
	if len(page.Items) > n {
		page.Items = page.Items[:n]
		last := page.Items[n-1]
		page.Next = encodeCursor(last.Score, int64(decodeKey(last.Key)))
	}
	return page, err
}

// AllWorkloads implements [view.Store].
func (r *Reader) AllWorkloads(ctx context.Context, q view.WorkloadQuery) iter.Seq2[view.Workload, error] {
	return func(yield func(view.Workload, error) bool) {
		q.Cursor = ""
		if !q.AsOf.IsZero() {
			query, args, err := r.asOfQuery(q)
			if err != nil {
				yield(view.Workload{}, err)
				return
			}
			stream(ctx, r.db, query, args, func(row pgx.CollectableRow) (view.Workload, error) {
				v, err := scanVersion(row)
				return v.Workload, err
			}, yield)
			return
		}
		f, err := r.workloadFilter(ctx, q)
		if err != nil {
			yield(view.Workload{}, err)
			return
		}
		stream(ctx, r.db, `select `+workloadColumns+workloadFrom+f.where()+` order by w.score desc, w.id desc`, f.args, scanWorkload, yield)
	}
}

// Workload implements [view.Store].
func (r *Reader) Workload(ctx context.Context, key string, asOf time.Time) (d view.WorkloadDetail, err error) {
	defer derrors.Wrap(&err, "postgres.Workload(%s)", key)

	id, err := r.workloadID(ctx, key, asOf)
	if err != nil {
		return d, err
	}
	if !asOf.IsZero() {
		return r.pastWorkload(ctx, id, key, asOf)
	}
	rows, err := r.db.pool.Query(ctx, `select `+workloadColumns+workloadFrom+`where w.tenant_id = $1 and w.id = $2`, r.tenant, id)
	if err != nil {
		return d, err
	}
	d.Workload, err = pgx.CollectExactlyOneRow(rows, scanWorkload)
	if errors.Is(err, pgx.ErrNoRows) {
		return r.pastWorkload(ctx, id, key, time.Time{})
	}
	if err != nil {
		return d, err
	}
	for _, part := range []func(context.Context, int64, *view.WorkloadDetail) error{
		r.workloadRecord, r.workloadContainers, r.workloadIdentities, r.workloadExposures, r.workloadChecks, r.workloadVersions,
	} {
		if err := part(ctx, id, &d); err != nil {
			return d, err
		}
	}
	for _, t := range risk.Terms(risk.Facts{
		Severity: d.MaxSeverity, KEV: d.KEV, Exposed: d.Exposed == view.ExposedYes, FailedChecks: d.FailedChecks,
	}) {
		d.ScoreTerms = append(d.ScoreTerms, view.ScoreTerm(t))
	}
	return d, nil
}

func (r *Reader) workloadRecord(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	var attrs []byte
	var scope int64
	if err := r.db.pool.QueryRow(ctx, `select attrs, scope_id from workload where tenant_id = $1 and id = $2`, r.tenant, id).
		Scan(&attrs, &scope); err != nil {
		return err
	}
	if err := json.Unmarshal(attrs, &d.Record); err != nil {
		return err
	}
	rows, err := r.db.pool.Query(ctx, `select `+scopeColumns+` from scope_seen s where s.tenant_id = $1 and s.id = $2`, r.tenant, scope)
	if err != nil {
		return err
	}
	d.Scope, err = pgx.CollectExactlyOneRow(rows, scanScope)
	return err
}

func (r *Reader) workloadContainers(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	const query = `
		select c.ordinal, coalesce(i.digest, ''), c.unresolved, coalesce(i.scan_state, ''), coalesce(i.max_severity, 0),
			coalesce(i.critical, 0), coalesce(i.high, 0), coalesce(i.unknown, 0), coalesce(i.kev, 0), coalesce(t.digest, '')
		from container c
		left join image i on i.id = c.image_id
		left join lateral (
			select digest from (
				select f.digest, 1 as preference from reference f
				where f.tenant_id = c.tenant_id and f.name = c.host || '/' || c.repository and f.tag = c.tag and f.digest <> ''
				union all
				select p.digest, 0 from repository_image p
				where p.tenant_id = c.tenant_id and p.name = c.host || '/' || c.repository and c.tag = any(p.tags)
			) answers where c.tag <> '' order by preference limit 1
		) t on true
		where c.tenant_id = $1 and c.workload_id = $2 order by c.ordinal`
	rows, err := r.db.pool.Query(ctx, query, r.tenant, id)
	if err != nil {
		return err
	}
	d.Containers, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c view.Container, err error) {
		var ordinal int
		var severity int16
		if err := row.Scan(&ordinal, &c.ImageDigest, &c.Unresolved, &c.ScanState, &severity, &c.Critical, &c.High, &c.Unknown,
			&c.KEV, &c.TagDigest); err != nil {
			return c, err
		}
		if ordinal >= len(d.Record.Containers) {
			return c, fmt.Errorf("container %d of %d", ordinal, len(d.Record.Containers))
		}
		c.Container = d.Record.Containers[ordinal]
		c.MaxSeverity = finding.Severity(severity)
		c.Drift = c.TagDigest != "" && c.Digest != "" && c.TagDigest != c.Digest && c.TagDigest != c.ImageDigest
		return c, nil
	})
	return err
}

func (r *Reader) workloadIdentities(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select i.attrs from workload w
		join identity own on own.tenant_id = w.tenant_id and own.id = w.identity_id
		join identity i on i.tenant_id = own.tenant_id and i.id in (own.id, own.cloud_identity_id)
		where w.tenant_id = $1 and w.id = $2 order by i.id = own.id desc`, r.tenant, id)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, scanJSON[inventory.Identity])
	if err != nil || len(found) == 0 {
		return err
	}
	d.IdentityRecord = &found[0]
	if len(found) > 1 {
		d.CloudIdentity = &found[1]
		return nil
	}
	return r.podIdentity(ctx, d)
}

// podIdentity finds the role that EKS Pod Identity gives a service account.
// The SDKs prefer the role of the service account's annotation, if there is
// one. See https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html.
func (r *Reader) podIdentity(ctx context.Context, d *view.WorkloadDetail) error {
	var role string
	err := r.db.pool.QueryRow(ctx, `
		select coalesce(nullif(attrs->'attrs'->>'target_role_arn', ''), attrs->'attrs'->>'role_arn')
		from resource
		where tenant_id = $1 and provider = $2 and account = $3 and region = $4 and kind = 'aws.eks.pod_identity_association'
			and (attrs->'attrs'->>'cluster_arn') || '/' || (attrs->'attrs'->>'namespace') || '/serviceaccounts/'
				|| (attrs->'attrs'->>'service_account') = $5
		limit 1`, r.tenant, string(d.Provider), d.Account, d.Region, d.IdentityRecord.UID).Scan(&role)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := r.db.pool.Query(ctx, `select attrs from identity where tenant_id = $1 and id = $2`, r.tenant, int64(inventory.IDOf(role)))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, scanJSON[inventory.Identity])
	if len(found) > 0 {
		d.CloudIdentity = &found[0]
	}
	return err
}

func (r *Reader) workloadExposures(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select attrs from exposure where tenant_id = $1 and workload_id = $2 order by via, address`, r.tenant, id)
	if err != nil {
		return err
	}
	d.Exposures, err = pgx.CollectRows(rows, scanJSON[inventory.Exposure])
	return err
}

func (r *Reader) workloadChecks(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select check_id, container, severity, detail from workload_check
		where tenant_id = $1 and workload_id = $2 order by severity desc, check_id, container`, r.tenant, id)
	if err != nil {
		return err
	}
	d.Checks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c view.WorkloadCheck, err error) {
		err = row.Scan(&c.Check, &c.Container, (*int16OfSeverity)(&c.Severity), &c.Detail)
		return c, err
	})
	return err
}

func (r *Reader) workloadVersions(ctx context.Context, id int64, d *view.WorkloadDetail) error {
	rows, err := r.db.pool.Query(ctx, `
		select changed_at, null::timestamptz, false, attrs from workload where tenant_id = $1 and id = $2
		union all
		select valid_from, valid_to, gone, attrs from history where tenant_id = $1 and type = 'workload' and id = $2
		order by 1 desc limit 50`, r.tenant, id)
	if err != nil {
		return err
	}
	d.Versions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v view.Version, err error) {
		var attrs []byte
		if err := row.Scan(&v.From, &nullableTime{&v.To}, &v.Gone, &attrs); err != nil {
			return v, err
		}
		var w inventory.Workload
		if err := json.Unmarshal(attrs, &w); err != nil {
			return v, err
		}
		v.Replicas = w.Replicas
		v.Images = imagesOf(w)
		return v, nil
	})
	return err
}

// scanJSON reads a row of one jsonb column.
func scanJSON[T any](row pgx.CollectableRow) (v T, err error) {
	var data []byte
	if err := row.Scan(&data); err != nil {
		return v, err
	}
	return v, json.Unmarshal(data, &v)
}
