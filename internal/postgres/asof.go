package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// asOfQuery returns the query for the versions that held at q.AsOf: those of
// the table that began before, and those of history that began before and
// ended after. With ids it is about those workloads alone.
func (r *Reader) asOfQuery(q view.WorkloadQuery, ids ...int64) (string, []any, error) {
	if q.Severity > finding.Unknown || q.KEV != nil || q.Image != "" || q.Vulnerability != "" {
		return "", nil, fmt.Errorf("%w: findings are always today's: severity, kev, image and vulnerability cannot be combined with as_of", view.ErrBadQuery)
	}
	f := &filter{}
	tenant, at := f.arg(r.tenant), f.arg(q.AsOf)
	if len(ids) > 0 {
		f.add("v.id = any(?)", ids)
	}
	if q.Exposed != "" {
		f.add(exposedThen+" = ?", string(q.Exposed))
	}
	f.equal("s.provider", string(q.Provider))
	f.equal("s.account", q.Account)
	f.equal("s.region", q.Region)
	f.equal("v.attrs->>'kind'", string(q.Kind))
	f.equal("v.attrs->>'cluster'", q.Cluster)
	f.equal("v.attrs->>'namespace'", q.Namespace)
	f.contains("v.attrs->>'name'", q.Name)
	if q.Cursor != "" {
		var id int64
		if err := decodeCursor(q.Cursor, &id); err != nil {
			return "", nil, err
		}
		f.add("v.id < ?", id)
	}
	query := exposedAt(tenant, at) + `
		select v.id, v.uid, s.provider, s.account, s.region, v.attrs, v.first_seen, v.valid_from, ` + exposedThen + `, ` + gapColumns + `
		from ` + workloadsAt(tenant, at) + ` v
		join scope s on s.tenant_id = v.tenant_id and s.id = v.scope_id` + gapThen + `
		` + f.where() + ` order by v.id desc`
	return query, f.args, nil
}

// exposedAt returns the relations from which [exposedThen] follows: what
// exposed workloads at a time, and where something could not be read then.
func exposedAt(tenant, at string) string {
	return `with way as materialized (
			select attrs->>'workload' as uid from exposure where tenant_id = ` + tenant + ` and changed_at <= ` + at + `
			union
			select attrs->>'workload' from history
			where tenant_id = ` + tenant + ` and type = 'exposure' and valid_from <= ` + at + ` and valid_to > ` + at + `
		), gap as materialized (
			select * from ` + scopesAt(tenant, at) + ` g where outcome <> 'complete'
		)`
}

// exposedThen is the answer for version v of a workload of scope s, with the
// gap g of [gapThen].
const exposedThen = `case when v.uid in (select uid from way) then 'yes' when g.id is not null then 'unknown' else 'no' end`

// gapThen is the join of the gap for which the exposure is unknown: that of the
// workload's own scope, or else of the deriving one.
var gapThen = `
	left join gap own on own.id = s.id
	left join gap derived on own.id is null and derived.provider = s.provider and derived.account = s.account
		and derived.region = s.region and derived.collector = '` + exposure.CollectorName + `'
		and v.attrs->>'kind' in (` + quotedKinds(exposure.DerivedKinds) + `)
	left join gap g on g.id = coalesce(own.id, derived.id) and not v.uid in (select uid from way)`

// workloadsAt returns the sub-query of the versions of workloads that held at a
// time; tenant and at are place holders.
func workloadsAt(tenant, at string) string {
	return `(
			select tenant_id, id, uid, scope_id, attrs, first_seen, changed_at as valid_from
			from workload where tenant_id = ` + tenant + ` and changed_at <= ` + at + `
			union all
			select tenant_id, id, uid, scope_id, attrs, first_seen, valid_from
			from history where tenant_id = ` + tenant + ` and type = 'workload' and valid_from <= ` + at + ` and valid_to > ` + at + `
		)`
}

// imagesAt returns the sub-query of the (workload, reference, image) triples
// that held at a time. A container whose runtime told no digest is left out:
// what its tag meant then is not known.
func imagesAt(tenant, at string) string {
	return `(
		select v.id as workload_id, c as container, c->>'image' as reference, coalesce(direct.id, child.id) as image_id
		from ` + workloadsAt(tenant, at) + ` v
		cross join lateral jsonb_array_elements(v.attrs->'containers') c
		left join image direct on direct.digest = c->>'digest'
		left join lateral (
			select case when count(*) = 1 then min(i.id) end as id
			from image_index x join image i on i.digest = x.manifest
			where x.digest = c->>'digest' and coalesce(c->>'architecture', x.architecture) = x.architecture
		) child on true
		where coalesce(direct.id, child.id) is not null
	)`
}

// scopesAt returns the sub-query of the outcomes of scopes that held at a time,
// with their IDs and the columns of [scopeColumns].
func scopesAt(tenant, at string) string {
	return `(
		select id, provider, account, region, collector, target, outcome, reason, permission, remedy, records,
			null::timestamptz as tried_at, null::timestamptz as completed_at, 0 as duration_ms
		from scope
		where tenant_id = ` + tenant + ` and first_seen <= ` + at + ` and since <= ` + at + ` and (gone_at is null or gone_at > ` + at + `)
		union all
		select s.id, s.provider, s.account, s.region, s.collector, s.target, h.attrs->>'outcome', h.attrs->>'reason',
			h.attrs->>'permission', h.attrs->>'remedy', (h.attrs->>'records')::integer, null, null, 0
		from history h join scope s on s.tenant_id = h.tenant_id and s.id = h.id
		where h.tenant_id = ` + tenant + ` and h.type = '` + scopeResultType + `' and h.valid_from <= ` + at + ` and h.valid_to > ` + at + `
	)`
}

func (r *Reader) workloadsAsOf(ctx context.Context, q view.WorkloadQuery) (page view.Page[view.Workload], err error) {
	defer derrors.Wrap(&err, "postgres.workloadsAsOf(%s)", q.AsOf)

	query, args, err := r.asOfQuery(q)
	if err != nil {
		return page, err
	}
	n := limit(q.Paging)
	rows, err := r.db.pool.Query(ctx, fmt.Sprintf("%s limit %d", query, n+1), args...)
	if err != nil {
		return page, err
	}
	found, err := pgx.CollectRows(rows, scanVersion)
	page.Items = make([]view.Workload, 0, len(found))
	for _, v := range found {
		page.Items = append(page.Items, v.Workload)
	}
	if len(page.Items) > n {
		page.Items = page.Items[:n]
		page.Next = encodeCursor(int64(decodeKey(page.Items[n-1].Key)))
	}
	return page, err
}

// A pastVersion is a version of a workload with its record.
type pastVersion struct {
	view.Workload
	record inventory.Workload
}

// scanVersion reads a row of asOfQuery. Rollups of findings are left zero: they
// were not kept for the past.
func scanVersion(row pgx.CollectableRow) (v pastVersion, err error) {
	var id int64
	var attrs []byte
	var gap scannedGap
	if err := row.Scan(append([]any{
		&id, &v.UID, &v.Provider, &v.Account, &v.Region, &attrs, &v.FirstSeen, &v.ChangedAt, &v.Exposed,
	}, gap.fields()...)...); err != nil {
		return v, err
	}
	w := &v.record
	if err := json.Unmarshal(attrs, w); err != nil {
		return v, err
	}
	v.Key, v.ExposureGap = encodeKey(inventory.ID(id)), gap.gap()
	v.Kind, v.Name, v.Namespace, v.Cluster = w.Kind, w.Name, w.Namespace, w.Cluster
	v.Replicas, v.Identity, v.Images = w.Replicas, w.Identity, imagesOf(*w)
	return v, nil
}

// imagesOf returns the references that a workload's containers ask for.
func imagesOf(w inventory.Workload) []string {
	images := make([]string, 0, len(w.Containers))
	for _, c := range w.Containers {
		images = append(images, c.Image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}
