package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

var unresolvedFields = []field{
	{Name: "reference", Label: "Reference", Example: "part of shop/cart:1.2"},
	{Name: "name", Label: "Workload", Example: "part of a name"},
	{Name: "account", Label: "Account"},
	{Name: "provider", Label: "Provider", Options: anyProvider, More: true},
	{Name: "region", Label: "Region", More: true, Example: "eu-west-1"},
	{Name: "cluster", Label: "Cluster", More: true},
	{Name: "namespace", Label: "Namespace", More: true},
}

type unresolvedPage struct {
	list
	Items []view.UnresolvedContainer
	Empty emptiness
}

func (s *site) unresolved(r *http.Request) (page, error) {
	q, err := api.ParseUnresolvedQuery(r.URL.Query())
	if err != nil {
		return page{}, err
	}
	found, err := s.store.UnresolvedContainers(r.Context(), q)
	if err != nil {
		return page{}, err
	}
	d := unresolvedPage{list: newList(r, unresolvedFields, found.Next), Items: found.Items}
	d.Exports = exportLinks("unresolved", d.query)
	if len(found.Items) == 0 {
		if d.Empty, err = s.empty(r, "unresolved container", d.list); err != nil {
			return page{}, err
		}
	}
	return page{Title: "Unresolved containers", Section: "/images", Data: d}, nil
}
