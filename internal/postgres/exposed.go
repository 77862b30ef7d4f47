package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// Whether exposure is known follows from scopes, not from workloads: a workload
// without exposures is not exposed only where its own scope and, for kinds whose
// exposures are derived, the scope of the deriving collector are complete.
// Gaps are few and have an index of their own (scope_gap), so that no query
// pays for the size of the estate. In all of these queries $1 is the tenant.

// isGap is the condition that scope g has a gap now.
const isGap = `g.outcome <> 'complete' and g.gone_at is null`

// derived is the condition that exposures of workload w are derived, and that
// of the scope g that derives them.
var (
	derived  = `w.kind in (` + quotedKinds(exposure.DerivedKinds) + `)`
	deriving = `g.collector = '` + exposure.CollectorName + `'`
)

// gapOfWorkload is the join of the gap g for which the exposure of workload w
// is unknown. It costs one look into an index for each row that is returned.
var gapOfWorkload = `
	left join lateral (
		select g.* from scope g
		where not w.exposed and g.tenant_id = w.tenant_id and g.provider = w.provider and g.account = w.account
			and g.region = w.region and ` + isGap + ` and (g.id = w.scope_id or ` + deriving + ` and ` + derived + `)
		order by g.id <> w.scope_id limit 1
	) g on true`

// exposureUnknown is the condition that the exposure of workload w is unknown.
var exposureUnknown = `(not w.exposed and exists (
	select from scope g
	where g.tenant_id = w.tenant_id and g.provider = w.provider and g.account = w.account and g.region = w.region
		and ` + isGap + ` and (g.id = w.scope_id or ` + deriving + ` and ` + derived + `)))`

// gapPlaces is the sub-query of where something could not be read.
const gapPlaces = `(select distinct g.provider, g.account, g.region from scope g where g.tenant_id = $1 and ` + isGap + `)`

// unknownWorkloads is the sub-query of the workloads whose exposure is unknown.
// It begins with the gaps, so that it costs what they are.
var unknownWorkloads = `(
	select w.id, w.provider, w.account
	from ` + gapPlaces + ` g
	join workload w on w.tenant_id = $1 and w.provider = g.provider and w.account = g.account and w.region = g.region
	where ` + exposureUnknown + `)`

// manyGaps is how many places with gaps are so many that workloads whose
// exposure is unknown are found soonest by looking through all workloads.
const manyGaps = 500

// gapsAreFew reports whether there are fewer places with gaps than manyGaps.
func (r *Reader) gapsAreFew(ctx context.Context) (few bool, err error) {
	err = r.db.pool.QueryRow(ctx, `select count(*) < $2 from (select from `+gapPlaces+` g limit $2) g`, r.tenant, manyGaps).Scan(&few)
	return few, err
}

// exposed appends the condition of an answer over workload w.
func (f *filter) exposed(e view.Exposed) {
	switch e {
	case view.ExposedYes:
		f.add("w.exposed")
	case view.ExposedNo:
		f.add("not w.exposed")
		f.add("not " + exposureUnknown)
	case view.ExposedUnknown:
		f.add(exposureUnknown)
	}
}

// exposedColumn is the answer for workload w with the gap g.
const exposedColumn = `case when w.exposed then 'yes' when g.id is not null then 'unknown' else 'no' end`

// gapColumns are those of [scannedGap].
const gapColumns = `g.provider, g.account, g.region, g.collector, g.target, g.outcome, g.reason, g.permission, g.remedy`

// A scannedGap scans gapColumns, which are null when there is no gap.
type scannedGap [9]pgtype.Text

// fields returns what to scan into.
func (s *scannedGap) fields() []any {
	fields := make([]any, len(s))
	for i := range s {
		fields[i] = &s[i]
	}
	return fields
}

// gap returns the gap, nil if there is none.
func (s *scannedGap) gap() *view.Gap {
	if !s[0].Valid {
		return nil
	}
	return &view.Gap{
		ScopeKey: inventory.ScopeKey{
			Provider: inventory.Provider(s[0].String), Account: s[1].String, Region: s[2].String, Collector: s[3].String, Target: s[4].String,
		},
		ScopeResult: inventory.ScopeResult{
			Outcome: inventory.Outcome(s[5].String), Reason: s[6].String, Permission: s[7].String, Remedy: s[8].String,
		},
	}
}

// quotedKinds returns kinds, which hold no quotes, as a list of literals.
func quotedKinds(kinds []inventory.Kind) string {
	quoted := make([]string, len(kinds))
	for i, k := range kinds {
		quoted[i] = "'" + string(k) + "'"
	}
	return strings.Join(quoted, ", ")
}
