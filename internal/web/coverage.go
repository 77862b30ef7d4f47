package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// outcomes are all outcomes in the order of the matrix: the good one, what has
// to be mended, what will change by itself or is meant so.
var outcomes = []inventory.Outcome{
	inventory.Complete, inventory.Denied, inventory.Failed, inventory.Unreachable, inventory.Throttled,
	inventory.Pending, inventory.Disabled,
}

var scopeFields = []field{
	{Name: "outcome", Label: "Outcome", Options: outcomeOptions()},
	{Name: "gaps", Label: "Show", Options: []option{{"", "all scopes"}, {"true", "gaps only"}}},
	{Name: "account", Label: "Account"},
	{Name: "provider", Label: "Provider", Options: anyProvider, More: true},
	{Name: "region", Label: "Region", More: true, Example: "eu-west-1"},
	{Name: "collector", Label: "Collector", More: true, Example: "ecs"},
	{Name: "as_of", Label: "As of", More: true, Date: true},
}

func outcomeOptions() []option {
	options := []option{{"", "any"}}
	for _, o := range outcomes {
		options = append(options, option{string(o), string(o)})
	}
	return options
}

// matrixRows is how many accounts the matrix shows.
const matrixRows = 20

type coveragePage struct {
	list
	Items    []view.Scope
	Query    view.ScopeQuery
	Status   view.Status
	Progress progress
	Outcomes []inventory.Outcome
	// Accounts are those with gaps first; nil on filtered and later pages.
	Accounts []view.Account
	Empty    emptiness
}

func (s *site) coverage(r *http.Request) (page, error) {
	ctx := r.Context()
	q, err := api.ParseScopeQuery(r.URL.Query())
	if err != nil {
		return page{}, err
	}
	found, err := s.store.Scopes(ctx, q)
	if err != nil {
		return page{}, err
	}
	d := coveragePage{list: newList(r, scopeFields, found.Next), Items: found.Items, Query: q, Outcomes: outcomes}
	d.Exports = exportLinks("coverage", d.query)
	if d.Status, err = s.store.Status(ctx); err != nil {
		return page{}, err
	}
	d.Progress = progressOf(d.Status)
	if len(d.Chips) == 0 && d.First == "" {
		if d.Accounts, err = s.store.Accounts(ctx, view.AccountQuery{}); err != nil {
			return page{}, err
		}
		d.Accounts = d.Accounts[:min(len(d.Accounts), matrixRows)]
	}
	if len(found.Items) == 0 {
		d.Empty = emptyCoverage(d)
	}
	return page{Title: "Coverage", Section: "/coverage", Data: d}, nil
}

// emptyCoverage explains an empty list of scopes.
func emptyCoverage(d coveragePage) emptiness {
	if len(d.Chips) > 0 && d.Progress.Scopes > 0 {
		return emptiness{Title: "No scope matches these filters", Links: []link{{"Clear the filters", d.Path}}}
	}
	e := whyEmpty(d.Status, "scope", false, d.Path)
	e.Links = nil
	return e
}
