package api

import (
	"context"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/view"
)

// UnresolvedFilter is the query of the list of containers whose image could not
// be determined.
type UnresolvedFilter struct {
	Provider  string `query:"provider" doc:"aws, azure, gcp or kubernetes."`
	Account   string `query:"account" doc:"The provider's account identifier."`
	Region    string `query:"region"`
	Cluster   string `query:"cluster"`
	Namespace string `query:"namespace"`
	Name      string `query:"name" doc:"Part of the workload's name, in any case."`
	Reference string `query:"reference" doc:"Part of the reference that the workload asks for."`
}

func (f UnresolvedFilter) view(p view.Paging) (q view.UnresolvedQuery, err error) {
	q = view.UnresolvedQuery{
		Paging: p, Account: f.Account, Region: f.Region, Cluster: f.Cluster,
		Namespace: f.Namespace, Name: f.Name, Reference: f.Reference,
	}
	q.Provider, err = provider(f.Provider)
	return q, err
}

// ParseUnresolvedQuery reads the query of a URL as the API does; pages share it.
func ParseUnresolvedQuery(v url.Values) (view.UnresolvedQuery, error) {
	return UnresolvedFilter{
		Provider: v.Get("provider"), Account: v.Get("account"), Region: v.Get("region"), Cluster: v.Get("cluster"),
		Namespace: v.Get("namespace"), Name: v.Get("name"), Reference: v.Get("reference"),
	}.view(view.Paging{Cursor: v.Get("cursor")})
}

func (o operations) registerUnresolved(api huma.API) {
	type listInput struct {
		Paging
		UnresolvedFilter
	}
	get(api, "list-unresolved", "/unresolved", "Images", "List containers whose image could not be determined, and why",
		func(ctx context.Context, in *listInput) (view.Page[view.UnresolvedContainer], error) {
			q, err := in.UnresolvedFilter.view(in.Paging.view())
			if err != nil {
				return view.Page[view.UnresolvedContainer]{}, err
			}
			return o.store.UnresolvedContainers(ctx, q)
		})
}
