package api

import (
	"context"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// AccountFilter is the query of the list of accounts.
type AccountFilter struct {
	Provider string `query:"provider"`
	Name     string `query:"name" doc:"Part of the identifier or the name, in any case."`
	AsOf     string `query:"as_of" doc:"A time in RFC 3339 or a date: the accounts then."`
}

func (f AccountFilter) view() (q view.AccountQuery, err error) {
	q.Name = f.Name
	if q.Provider, err = provider(f.Provider); err != nil {
		return q, err
	}
	q.AsOf, err = ParseAsOf(f.AsOf)
	return q, err
}

// ScopeFilter is the query of the coverage list.
type ScopeFilter struct {
	Provider  string `query:"provider"`
	Account   string `query:"account"`
	Region    string `query:"region"`
	Collector string `query:"collector"`
	Outcome   string `query:"outcome" doc:"complete, denied, throttled, failed, disabled, unreachable or pending."`
	Gaps      bool   `query:"gaps" doc:"Only scopes that are not complete."`
	AsOf      string `query:"as_of" doc:"A time in RFC 3339 or a date: the outcomes then."`
}

func (f ScopeFilter) view(p view.Paging) (q view.ScopeQuery, err error) {
	q = view.ScopeQuery{Paging: p, Account: f.Account, Region: f.Region, Collector: f.Collector, Gaps: f.Gaps}
	if q.Provider, err = provider(f.Provider); err != nil {
		return q, err
	}
	q.Outcome, err = oneOf("outcome", f.Outcome, inventory.Complete, inventory.Denied, inventory.Throttled, inventory.Failed,
		inventory.Disabled, inventory.Unreachable, inventory.Pending)
	if err != nil {
		return q, err
	}
	q.AsOf, err = ParseAsOf(f.AsOf)
	return q, err
}

// ParseScopeQuery reads the query of a URL as the API does; pages share it.
func ParseScopeQuery(v url.Values) (view.ScopeQuery, error) {
	return ScopeFilter{
		Provider: v.Get("provider"), Account: v.Get("account"), Region: v.Get("region"),
		Collector: v.Get("collector"), Outcome: v.Get("outcome"), Gaps: v.Get("gaps") == "true",
		AsOf: v.Get("as_of"),
	}.view(view.Paging{Cursor: v.Get("cursor")})
}

func (o operations) registerCoverage(api huma.API) {
	get(api, "get-status", "/status", "Coverage", "How far the service is",
		func(ctx context.Context, _ *struct{}) (view.Status, error) { return o.store.Status(ctx) })
	get(api, "list-accounts", "/accounts", "Coverage", "List accounts, those with gaps first",
		func(ctx context.Context, in *AccountFilter) (view.Page[view.Account], error) {
			q, err := in.view()
			if err != nil {
				return view.Page[view.Account]{}, err
			}
			accounts, err := o.store.Accounts(ctx, q)
			return view.Page[view.Account]{Items: accounts}, err
		})
	type listInput struct {
		Paging
		ScopeFilter
	}
	get(api, "list-coverage", "/coverage", "Coverage", "List scopes: where Stowage looked, and why it could not, gaps first",
		func(ctx context.Context, in *listInput) (view.Page[view.Scope], error) {
			q, err := in.ScopeFilter.view(in.Paging.view())
			if err != nil {
				return view.Page[view.Scope]{}, err
			}
			return o.store.Scopes(ctx, q)
		})
}
