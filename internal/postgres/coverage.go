package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// scopeColumns are those of [scanScope], over scope s.
const scopeColumns = `
	s.provider, s.account, s.region, s.collector, s.target, s.outcome, s.reason, s.permission, s.remedy,
	s.records, s.tried_at, s.completed_at, s.duration_ms`

func scanScope(row pgx.CollectableRow) (s view.Scope, err error) {
	err = row.Scan(&s.Provider, &s.Account, &s.Region, &s.Collector, &s.Target, &s.Outcome, &s.Reason, &s.Permission, &s.Remedy,
		&s.Records, &nullableTime{&s.TriedAt}, &nullableTime{&s.CompletedAt}, &s.DurationMS)
	s.Stale = !s.CompletedAt.IsZero() && s.TriedAt.After(s.CompletedAt)
	return s, err
}

// Scopes implements [view.Store]: gaps first, then by key.
func (r *Reader) Scopes(ctx context.Context, q view.ScopeQuery) (page view.Page[view.Scope], err error) {
	defer derrors.Wrap(&err, "postgres.Scopes")

	f := &filter{}
	from := "scope_seen"
	if q.AsOf.IsZero() {
		f.add("s.tenant_id = ?", r.tenant)
		f.add("s.gone_at is null")
	} else {
		from = scopesAt(f.arg(r.tenant), f.arg(q.AsOf))
	}
	f.equal("s.provider", string(q.Provider))
	f.equal("s.account", q.Account)
	f.equal("s.region", q.Region)
	f.equal("s.collector", q.Collector)
	f.equal("s.outcome", string(q.Outcome))
	if q.Gaps {
		f.add("s.outcome <> 'complete'")
	}
	if q.Cursor != "" {
		var complete bool
		var provider, account, region, collector, target string
		if err := decodeCursor(q.Cursor, &complete, &provider, &account, &region, &collector, &target); err != nil {
			return page, err
		}
		f.add("(s.outcome = 'complete', s.provider, s.account, s.region, s.collector, s.target) > (?, ?, ?, ?, ?, ?)",
			complete, provider, account, region, collector, target)
	}
	n := limit(q.Paging)
	rows, err := r.db.pool.Query(ctx, `select `+scopeColumns+` from `+from+` s `+f.where()+`
		order by s.outcome = 'complete', s.provider, s.account, s.region, s.collector, s.target limit `+f.arg(n+1), f.args...)
	if err != nil {
		return page, err
	}
	page.Items, err = pgx.CollectRows(rows, scanScope)
	if len(page.Items) > n {
		page.Items = page.Items[:n]
		last := page.Items[n-1]
		page.Next = encodeCursor(last.Outcome == inventory.Complete, last.Provider, last.Account, last.Region, last.Collector, last.Target)
	}
	return page, err
}

// Accounts implements [view.Store]: those with gaps first.
func (r *Reader) Accounts(ctx context.Context, q view.AccountQuery) (_ []view.Account, err error) {
	defer derrors.Wrap(&err, "postgres.Accounts")

	f := &filter{}
	tenant := f.arg(r.tenant)
	scopes := `(select * from scope_seen where tenant_id = ` + tenant + ` and gone_at is null)`
	workloads := `(select w.provider, w.account, w.exposed, u.id is not null as exposure_unknown
		from workload w left join ` + unknownWorkloads + ` u on u.id = w.id where w.tenant_id = ` + tenant + `)`
	with := ""
	if !q.AsOf.IsZero() {
		at := f.arg(q.AsOf)
		with = exposedAt(tenant, at)
		scopes = scopesAt(tenant, at)
		workloads = `(select provider, account, answer = 'yes' as exposed, answer = 'unknown' as exposure_unknown from (
			select s.provider, s.account, ` + exposedThen + ` as answer from ` + workloadsAt(tenant, at) + ` v
			join scope s on s.tenant_id = v.tenant_id and s.id = v.scope_id` + gapThen + `) w)`
	}
	f.equal("s.provider", string(q.Provider))
	f.contains("s.account || ' ' || coalesce(a.name, '')", q.Name)
	// An account shows from its first scope on, even before anything told its
	// name.
	rows, err := r.db.pool.Query(ctx, with+`
		select s.provider, s.account, coalesce(a.name, ''), coalesce(a.organization, ''), coalesce(a.status, ''),
			s.outcomes, a.first_seen, s.completed_at, coalesce(w.n, 0), coalesce(w.exposed, 0),
			coalesce(w.exposure_unknown, 0)
		from (
			select provider, account, min(completed_at) as completed_at,
				jsonb_object_agg(outcome, n) as outcomes, sum(n) filter (where outcome <> 'complete') as gaps
			from (
				select provider, account, outcome, count(*) as n, min(completed_at) as completed_at
				from `+scopes+` o group by provider, account, outcome
			) o group by provider, account
		) s
		left join account a on a.tenant_id = `+tenant+` and a.provider = s.provider and a.account = s.account
		left join (
			select provider, account, count(*) as n, count(*) filter (where exposed) as exposed,
				count(*) filter (where exposure_unknown) as exposure_unknown
			from `+workloads+` w group by provider, account
		) w on w.provider = s.provider and w.account = s.account
		`+f.where()+`
		order by coalesce(s.gaps, 0) > 0 desc, s.provider, s.account`, f.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a view.Account, err error) {
		err = row.Scan(&a.Provider, &a.ID, &a.Name, &a.Organization, &a.Status,
			&a.Scopes, &nullableTime{&a.FirstSeen}, &nullableTime{&a.CompletedAt}, &a.Workloads, &a.Exposed, &a.ExposureUnknown)
		return a, err
	})
}

// Status implements [view.Store].
func (r *Reader) Status(ctx context.Context) (s view.Status, err error) {
	defer derrors.Wrap(&err, "postgres.Status")

	// First, so that the counts show at least what the jobs that ended did.
	if s.Queue, err = r.db.queues(ctx); err != nil {
		return s, err
	}
	counts := `
		select
			(select count(*) from (select distinct provider, account from scope where tenant_id = $1 and gone_at is null) a),
			coalesce((select jsonb_object_agg(outcome, n) from (
				select outcome, count(*) as n from scope where tenant_id = $1 and gone_at is null group by 1) o), '{}'),
			w.n, w.replicas, w.exposed, (select count(*) from ` + unknownWorkloads + ` u),
			coalesce((select jsonb_object_agg(scan_state, n) from (
				select i.scan_state, count(*) as n from image i
				where exists (select from container c where c.tenant_id = $1 and c.image_id = i.id) group by 1) o), '{}'),
			(select count(*) from container where tenant_id = $1 and image_id is null),
			(select count(*) from package),
			(select count(*) from advisory)
		from (select count(*) as n, coalesce(sum(replicas), 0) as replicas, count(*) filter (where exposed) as exposed
			from workload where tenant_id = $1) w`
	if err := r.db.pool.QueryRow(ctx, counts, r.tenant).Scan(&s.Accounts, &s.Scopes, &s.Workloads, &s.Replicas, &s.Exposed, &s.ExposureUnknown,
		&s.Images, &s.Unresolved, &s.Packages, &s.Advisories); err != nil {
		return s, err
	}
	if err := r.vulnerabilityCounts(ctx, &s); err != nil {
		return s, err
	}
	if s.Unmatched, err = r.unmatchedImages(ctx); err != nil {
		return s, err
	}
	if s.Feeds, err = r.db.feeds(ctx); err != nil {
		return s, err
	}
	s.Covered = len(s.Scopes) > 0
	for outcome := range s.Scopes {
		s.Covered = s.Covered && outcome == inventory.Complete
	}
	s.FirstPass = len(s.Scopes) > 0 && s.Scopes[inventory.Pending] == 0
	for _, q := range s.Queue {
		s.FirstPass = s.FirstPass && q.Waiting == 0 && q.Running == 0
	}
	return s, nil
}

// unmatchedImages counts the images that run of distributions without
// advisories.
func (r *Reader) unmatchedImages(ctx context.Context) (n int, err error) {
	rows, err := r.db.pool.Query(ctx, `
		select i.distribution, count(*) from image i
		where i.distribution <> '' and exists (select from container c where c.tenant_id = $1 and c.image_id = i.id)
		group by 1`, r.tenant)
	if err != nil {
		return 0, err
	}
	var (
		distribution string
		count        int
	)
	_, err = pgx.ForEachRow(rows, []any{&distribution, &count}, func() error {
		if !advisory.IsPublished(distribution) {
			n += count
		}
		return nil
	})
	return n, err
}

func (r *Reader) vulnerabilityCounts(ctx context.Context, s *view.Status) error {
	rows, err := r.db.pool.Query(ctx, `
		select severity, count(*), count(*) filter (where kev) from (
			select v.vulnerability, max(v.severity) as severity, bool_or(v.kev) as kev
			from image_vulnerability v
			where exists (select from container c where c.tenant_id = $1 and c.image_id = v.image_id)
			group by 1) v
		group by 1`, r.tenant)
	if err != nil {
		return err
	}
	s.Vulnerabilities = map[finding.Severity]int{}
	var severity int16
	var n, kev int
	_, err = pgx.ForEachRow(rows, []any{&severity, &n, &kev}, func() error {
		s.Vulnerabilities[finding.Severity(severity)] = n
		s.KEV += kev
		return nil
	})
	return err
}

func (db *DB) feeds(ctx context.Context) ([]view.Feed, error) {
	rows, err := db.pool.Query(ctx, `select source, location, advisories, imported_at, tried_at, error from feed order by source`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f view.Feed, err error) {
		err = row.Scan(&f.Source, &f.Location, &f.Advisories, &nullableTime{&f.ImportedAt}, &nullableTime{&f.TriedAt}, &f.Error)
		return f, err
	})
}

// queues counts the jobs of each kind. A job that is to be tried again within
// half a minute is waiting; one that waits longer is retrying.
func (db *DB) queues(ctx context.Context) ([]view.Queue, error) {
	rows, err := db.pool.Query(ctx, `
		select kind,
			count(*) filter (where state in ('available', 'pending')
				or (state in ('scheduled', 'retryable') and scheduled_at <= now() + interval '30 seconds')),
			count(*) filter (where state = 'running'),
			count(*) filter (where state in ('scheduled', 'retryable') and scheduled_at > now() + interval '30 seconds'),
			count(*) filter (where state = 'discarded'),
			coalesce((array_agg(errors[array_upper(errors, 1)]->>'error' order by attempted_at desc)
				filter (where state in ('retryable', 'discarded')))[1], '')
		from `+QueueSchema+`.river_job group by kind order by kind`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[view.Queue])
}
