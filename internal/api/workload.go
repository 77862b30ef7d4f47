package api

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// WorkloadFilter is the query of the list of workloads.
type WorkloadFilter struct {
	Provider      string `query:"provider" doc:"aws, azure, gcp or kubernetes."`
	Account       string `query:"account" doc:"The provider's account identifier."`
	Region        string `query:"region"`
	Kind          string `query:"kind" doc:"Such as aws.ecs.service."`
	Cluster       string `query:"cluster"`
	Namespace     string `query:"namespace"`
	Name          string `query:"name" doc:"Part of the name, in any case."`
	Severity      string `query:"severity" doc:"Lowest of the highest severity: low, medium, high or critical."`
	Exposed       string `query:"exposed" doc:"true, false or unknown: whether the internet reaches it."`
	KEV           string `query:"kev" doc:"true or false: whether an image has a known exploited vulnerability."`
	Image         string `query:"image" doc:"Digest of an image that it runs, the beginning of one, or a reference."`
	Vulnerability string `query:"vulnerability" doc:"One that an image of it has."`
	AsOf          string `query:"as_of" doc:"A time in RFC 3339 or a date: the state then."`
}

func (f WorkloadFilter) view(p view.Paging) (q view.WorkloadQuery, err error) {
	q = view.WorkloadQuery{
		Paging: p, Account: f.Account, Region: f.Region, Kind: inventory.Kind(f.Kind),
		Cluster: f.Cluster, Namespace: f.Namespace, Name: f.Name, Image: f.Image, Vulnerability: f.Vulnerability,
	}
	if q.Provider, err = provider(f.Provider); err != nil {
		return q, err
	}
	if q.Severity, err = severity(f.Severity); err != nil {
		return q, err
	}
	if q.Exposed, err = view.ParseExposed(f.Exposed); err != nil {
		return q, err
	}
	if q.KEV, err = optionalBool("kev", f.KEV); err != nil {
		return q, err
	}
	q.AsOf, err = ParseAsOf(f.AsOf)
	return q, err
}

// ParseWorkloadQuery reads the query of a URL as the API does; pages share it.
func ParseWorkloadQuery(v url.Values) (view.WorkloadQuery, error) {
	return WorkloadFilter{
		Provider: v.Get("provider"), Account: v.Get("account"), Region: v.Get("region"), Kind: v.Get("kind"),
		Cluster: v.Get("cluster"), Namespace: v.Get("namespace"), Name: v.Get("name"), Severity: v.Get("severity"),
		Exposed: v.Get("exposed"), KEV: v.Get("kev"), Image: v.Get("image"), Vulnerability: v.Get("vulnerability"), AsOf: v.Get("as_of"),
	}.view(view.Paging{Cursor: v.Get("cursor")})
}

func severity(s string) (finding.Severity, error) {
	if s == "" {
		return finding.Unknown, nil
	}
	v, err := finding.ParseSeverity(s)
	if err != nil {
		return v, fmt.Errorf("%w: %w", view.ErrBadQuery, err)
	}
	return v, nil
}

// ParseAsOf reads a time in RFC 3339, or a date, which means its end.
func ParseAsOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Microsecond), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%w: as_of is %q, want a time such as 2026-11-23T10:00:00Z or a date", view.ErrBadQuery, s)
	}
	return t, nil
}

func (o operations) registerWorkloads(api huma.API) {
	type listInput struct {
		Paging
		WorkloadFilter
	}
	get(api, "list-workloads", "/workloads", "Workloads", "List workloads, highest score first",
		func(ctx context.Context, in *listInput) (view.Page[view.Workload], error) {
			q, err := in.WorkloadFilter.view(in.Paging.view())
			if err != nil {
				return view.Page[view.Workload]{}, err
			}
			return o.store.Workloads(ctx, q)
		})
	type oneInput struct {
		Key  string `path:"key" doc:"The key of a list's item, a percent-encoded UID such as an ARN, or a name that only one has, also as cluster/namespace/name."`
		AsOf string `query:"as_of" doc:"A time in RFC 3339 or a date: the version then. Without it, a workload that is gone is shown as it last was."`
	}
	get(api, "get-workload", "/workloads/{key}", "Workloads", "Everything known of one workload; 409 tells the keys of several of one name",
		func(ctx context.Context, in *oneInput) (view.WorkloadDetail, error) {
			at, err := ParseAsOf(in.AsOf)
			if err != nil {
				return view.WorkloadDetail{}, err
			}
			return o.store.Workload(ctx, in.Key, at)
		})
}
