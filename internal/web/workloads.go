package web

import (
	"net/http"
	"strings"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

var workloadFields = []field{
	{Name: "name", Label: "Name", Example: "part of a name"},
	{Name: "severity", Label: "Severity", Options: anySeverity},
	{Name: "exposed", Label: "Internet reaches it", Options: yesNoUnknown},
	{Name: "kev", Label: "Known exploited", Options: yesOrNo},
	{Name: "provider", Label: "Provider", Options: anyProvider, More: true},
	{Name: "account", Label: "Account", More: true},
	{Name: "region", Label: "Region", More: true, Example: "eu-west-1"},
	{Name: "kind", Label: "Kind", More: true, Example: "aws.ecs.service"},
	{Name: "cluster", Label: "Cluster", More: true},
	{Name: "namespace", Label: "Namespace", More: true},
	{Name: "as_of", Label: "As of", More: true, Date: true},
	{Name: "image", Label: "Runs image", Hidden: true},
	{Name: "vulnerability", Label: "Has vulnerability", Hidden: true},
}

type workloadsPage struct {
	list
	Table workloadTable
	Query view.WorkloadQuery
	Empty emptiness
}

// A workloadTable is a table of workloads.
type workloadTable struct {
	Caption string
	Items   []view.Workload
	// Past is whether they are as of a time in the past, for which there are no
	// findings.
	Past bool
	// Then is that time, for links.
	Then string
	// Compact tables leave out the images.
	Compact bool
}

func (s *site) workloads(r *http.Request) (page, error) {
	q, err := api.ParseWorkloadQuery(r.URL.Query())
	if err != nil {
		return page{}, err
	}
	found, err := s.store.Workloads(r.Context(), q)
	if err != nil {
		return page{}, err
	}
	d := workloadsPage{
		list:  newList(r, workloadFields, found.Next),
		Table: workloadTable{Caption: "Workloads, highest score first", Items: found.Items, Past: !q.AsOf.IsZero()},
		Query: q,
	}
	d.Exports = exportLinks("workloads", d.query)
	if d.Table.Past {
		d.Table.Then = r.URL.Query().Get("as_of")
		d.Table.Caption = "Workloads as of " + q.AsOf.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if len(found.Items) == 0 {
		if d.Empty, err = s.empty(r, "workload", d.list); err != nil {
			return page{}, err
		}
	}
	return page{Title: "Workloads", Section: "/workloads", Search: q.Name, Data: d}, nil
}

// empty explains a list of things that is empty.
func (s *site) empty(r *http.Request, thing string, l list) (emptiness, error) {
	status, err := s.store.Status(r.Context())
	e := whyEmpty(status, thing, len(l.Chips) > 0, l.Path)
	if l.query.Get("as_of") != "" {
		e.Detail = strings.TrimSpace("Of a time before it first collected, Stowage knows nothing. " + e.Detail)
	}
	return e, err
}
