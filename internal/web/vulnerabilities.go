package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

var vulnerabilityFields = []field{
	{Name: "id", Label: "Identifier", Example: "part of CVE-…"},
	{Name: "severity", Label: "Severity", Options: anySeverity},
	{Name: "kev", Label: "Known exploited", Options: yesOrNo},
}

type vulnerabilitiesPage struct {
	list
	Items []view.Vulnerability
	Empty emptiness
}

func (s *site) vulnerabilities(r *http.Request) (page, error) {
	q, err := api.ParseVulnerabilityQuery(r.URL.Query())
	if err != nil {
		return page{}, err
	}
	found, err := s.store.Vulnerabilities(r.Context(), q)
	if err != nil {
		return page{}, err
	}
	d := vulnerabilitiesPage{list: newList(r, vulnerabilityFields, found.Next), Items: found.Items}
	// The dataset has no filter by a part of an identifier.
	d.Exports = exportLinks("findings", without(d.query, "id"))
	if len(found.Items) == 0 {
		if d.Empty, err = s.noVulnerabilities(r, d.list); err != nil {
			return page{}, err
		}
	}
	return page{Title: "Vulnerabilities", Section: "/vulnerabilities", Data: d}, nil
}

// noVulnerabilities explains an empty list of vulnerabilities, which besides
// coverage depends on scans and on advisories.
func (s *site) noVulnerabilities(r *http.Request, l list) (emptiness, error) {
	status, err := s.store.Status(r.Context())
	if err != nil {
		return emptiness{}, err
	}
	e := whyEmpty(status, "vulnerability", len(l.Chips) > 0, l.Path)
	p := progressOf(status)
	scans := link{"See scans and feeds", "/scans"}
	switch {
	case p.Scopes == 0:
	case status.Advisories == 0:
		e.Detail = "No advisories were imported, so that packages could not be compared with any."
		e.Links = append(e.Links, scans)
	case p.Scanned < p.Images:
		e.Detail += " " + plural(p.Images-p.Scanned, "image") + " of " + number(p.Images) + " could not be scanned or were not scanned yet."
		e.Links = append(e.Links, scans)
	}
	return e, nil
}
