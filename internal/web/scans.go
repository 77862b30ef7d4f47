package web

import (
	"net/http"

	"github.com/stowage-dev/stowage/internal/view"
)

// scanRows is how many images without a whole scan are listed for each state.
const scanRows = 50

type scansPage struct {
	view.Status
	Progress        progress
	Failed, Partial view.Page[view.Image]
}

func (s *site) scans(r *http.Request) (page, error) {
	ctx := r.Context()
	status, err := s.store.Status(ctx)
	if err != nil {
		return page{}, err
	}
	d := scansPage{Status: status, Progress: progressOf(status)}
	paging := view.Paging{Limit: scanRows}
	if d.Failed, err = s.store.Images(ctx, view.ImageQuery{State: "failed", Paging: paging}); err != nil {
		return page{}, err
	}
	if d.Partial, err = s.store.Images(ctx, view.ImageQuery{State: "partial", Paging: paging}); err != nil {
		return page{}, err
	}
	p := page{Title: "Scans", Section: "/scans", Data: d}
	if !status.FirstPass {
		p.Refresh = refreshSeconds
	}
	return p, nil
}
