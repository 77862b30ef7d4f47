package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

var imageFields = []field{
	{Name: "name", Label: "Reference", Example: "part of shop/cart:1.2"},
	{Name: "severity", Label: "Severity", Options: anySeverity},
	{Name: "kev", Label: "Known exploited", Options: yesOrNo},
	{Name: "state", Label: "Scan", Options: []option{
		{"", "any"}, {"scanned", "scanned"}, {"partial", "partly scanned"}, {"failed", "failed"}, {"new", "not scanned yet"},
	}},
	{Name: "package", Label: "Has package", More: true, Example: "openssl"},
	{Name: "vulnerability", Label: "Has vulnerability", More: true, Example: "CVE-2021-44228"},
	{Name: "check", Label: "Fails check", More: true, Example: "image/user-root"},
	{Name: "as_of", Label: "As of", More: true, Date: true},
}

type imagesPage struct {
	list
	Items []view.Image
	Query view.ImageQuery
	Empty emptiness
}

func (s *site) images(r *http.Request) (page, error) {
	q, err := api.ParseImageQuery(r.URL.Query())
	if err != nil {
		return page{}, err
	}
	found, err := s.store.Images(r.Context(), q)
	if err != nil {
		return page{}, err
	}
	d := imagesPage{list: newList(r, imageFields, found.Next), Items: found.Items, Query: q}
	d.Exports = exportLinks("images", d.query)
	if len(found.Items) == 0 {
		if d.Empty, err = s.empty(r, "image", d.list); err != nil {
			return page{}, err
		}
	}
	return page{Title: "Images", Section: "/images", Data: d}, nil
}
