package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// UnresolvedContainers implements [view.Store]: those of the workloads with the
// highest scores first.
func (r *Reader) UnresolvedContainers(ctx context.Context, q view.UnresolvedQuery) (page view.Page[view.UnresolvedContainer], err error) {
	defer derrors.Wrap(&err, "postgres.UnresolvedContainers")

	f, err := r.workloadFilter(ctx, view.WorkloadQuery{
		Provider: q.Provider, Account: q.Account, Region: q.Region, Cluster: q.Cluster, Namespace: q.Namespace, Name: q.Name,
	})
	if err != nil {
		return page, err
	}
	f.add("c.image_id is null")
	f.contains("c.reference", q.Reference)
	if q.Cursor != "" {
		var score, ordinal int
		var id int64
		if err := decodeCursor(q.Cursor, &score, &id, &ordinal); err != nil {
			return page, err
		}
		f.add("(w.score, w.id, c.ordinal) < (?, ?, ?)", score, id, ordinal)
	}
	type row struct {
		view.UnresolvedContainer
		id             int64
		score, ordinal int
	}
	n := limit(q.Paging)
	rows, err := r.db.pool.Query(ctx, `
		select w.id, w.score, c.ordinal, w.provider, w.account, w.region, w.kind, w.name, w.namespace, w.cluster, `+exposedColumn+`,
			c.name, c.type, c.reference, c.digest, c.replicas,
			coalesce(nullif(c.unresolved, ''), 'the registry was not asked yet')
		from container c join workload w on w.tenant_id = c.tenant_id and w.id = c.workload_id`+gapOfWorkload+`
		`+f.where()+`
		order by w.score desc, w.id desc, c.ordinal desc limit `+f.arg(n+1), f.args...)
	if err != nil {
		return page, err
	}
	found, err := pgx.CollectRows(rows, func(from pgx.CollectableRow) (v row, err error) {
		err = from.Scan(&v.id, &v.score, &v.ordinal, &v.Provider, &v.Account, &v.Region, &v.Kind, &v.UnresolvedContainer.Name, &v.Namespace,
			&v.Cluster, &v.Exposed, &v.Container, &v.Type, &v.Reference, &v.Digest, &v.Replicas, &v.Reason)
		v.Workload = encodeKey(inventory.ID(v.id))
		return v, err
	})
	if err != nil {
		return page, err
	}
	if len(found) > n {
		found = found[:n]
		last := found[n-1]
		page.Next = encodeCursor(last.score, last.id, last.ordinal)
	}
	page.Items = make([]view.UnresolvedContainer, 0, len(found))
	for _, v := range found {
		page.Items = append(page.Items, v.UnresolvedContainer)
	}
	return page, nil
}
