package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/view"
)

// AllFindings implements [view.Store]. The first row of each image brings its
// inventory, in which the places of the packages are.
func (r *Reader) AllFindings(ctx context.Context, q view.FindingQuery) iter.Seq2[view.ImageFinding, error] {
	return func(yield func(view.ImageFinding, error) bool) {
		query, args, err := r.findingQuery(ctx, q)
		if err != nil {
			yield(view.ImageFinding{}, err)
			return
		}
		var places places
		stream(ctx, r.db, query, args, func(row pgx.CollectableRow) (f view.ImageFinding, err error) {
			var first bool
			var blob []byte
			if err := row.Scan(&f.Digest, &f.References, &f.Vulnerability, &f.Advisory, &f.Summary, (*int16OfSeverity)(&f.Severity), &f.KEV,
				&f.Ecosystem, &f.Package, &f.Version, &f.Fixed, &f.Workloads, &f.Exposed, &f.ExposureUnknown, &first, &blob); err != nil {
				return f, err
			}
			if first {
				places = nil
			}
			if blob != nil {
				inv, err := decodeInventory(blob)
				if err != nil {
					return f, fmt.Errorf("image %s: %w", f.Digest, err)
				}
				places = packagePlaces(inv.Packages)
			}
			places.locate(&f.VulnerabilityFinding)
			return f, nil
		}, yield)
	}
}

// findingQuery returns the query of AllFindings.
func (r *Reader) findingQuery(ctx context.Context, q view.FindingQuery) (string, []any, error) {
	f, err := r.workloadFilter(ctx, q.Workloads)
	if err != nil {
		return "", nil, err
	}
	workloads := f.where()
	f.conditions = nil
	if q.Severity > finding.Unknown {
		f.add("v.severity >= ?", int16(q.Severity))
	}
	if q.KEV != nil {
		f.add("v.kev = ?", *q.KEV)
	}
	if q.Fixed != nil {
		f.add("(v.fixed <> '') = ?", *q.Fixed)
	}
	f.equal("v.vulnerability", q.Vulnerability)
	f.equal("p.name", q.Package)
	const within = `v.kev desc, v.severity desc, v.vulnerability, p.name, p.id`
	query := `
		select f.digest, f.refs, f.vulnerability, f.advisory, f.summary, f.severity, f.kev, f.ecosystem, f.name, f.version, f.fixed,
			f.workloads, f.exposed, f.exposure_unknown, f.position = 1,
			case when f.position = 1 then (select inventory from image where id = f.image_id) end
		from (
			select i.id as image_id, i.digest, r.refs, v.vulnerability, coalesce(a.ref, '') as advisory, coalesce(a.summary, '') as summary,
				v.severity, v.kev, p.ecosystem, p.name, p.version, v.fixed, r.workloads, r.exposed, r.exposure_unknown,
				row_number() over (partition by i.id order by ` + within + `) as position,
				row_number() over (order by ` + worstImages + `, ` + within + `) as place
			from image_vulnerability v
			join image i on i.id = v.image_id
			join (
				select c.image_id, count(distinct c.workload_id) as workloads,
					count(distinct c.workload_id) filter (where w.exposed) as exposed,
					count(distinct c.workload_id) filter (where u.id is not null) as exposure_unknown,
					array_agg(distinct c.host || '/' || c.repository || case when c.tag = '' then '' else ':' || c.tag end) as refs
				from workload w join container c on c.tenant_id = w.tenant_id and c.workload_id = w.id and c.image_id is not null
				left join ` + unknownWorkloads + ` u on u.id = w.id
				` + workloads + `
				group by c.image_id
			) r on r.image_id = v.image_id
			join package p on p.id = v.package_id
			left join advisory a on a.id = v.advisory_id
			` + f.where() + `
		) f order by f.place`
	return query, f.args, nil
}

// A packageIdentity tells packages apart as matching does.
type packageIdentity struct{ ecosystem, name, version string }

// places are where the packages of an image are.
type places map[packageIdentity]image.Package

// packagePlaces returns the first place of each package.
func packagePlaces(packages []image.Package) places {
	all := places{}
	for _, p := range packages {
		key := packageIdentity{p.Ecosystem, p.Name, p.Version}
		if _, ok := all[key]; !ok {
			all[key] = p
		}
	}
	return all
}

// locate sets the place of a finding's package; layer -1 means that it is not
// known.
func (all places) locate(f *finding.VulnerabilityFinding) {
	p, ok := all[packageIdentity{f.Ecosystem, f.Package, f.Version}]
	f.Path, f.Layer = p.Path, p.Layer
	if !ok {
		f.Layer = -1
	}
}
