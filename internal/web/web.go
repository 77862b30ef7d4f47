package web

import (
	"bytes"
	"context"
	"net/http"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/check"
	"github.com/stowage-dev/stowage/internal/view"
)

// Register adds the pages to mux. Every path that nothing else on mux serves
// is answered with a page that says so.
func Register(mux *http.ServeMux, store view.Store) {
	s := &site{store: store, checks: map[string]finding.Check{}}
	for _, c := range check.All() {
		s.checks[c.ID] = c
	}
	mux.HandleFunc("GET /{$}", serve("overview", s.overview))
	mux.HandleFunc("GET /workloads", serve("workloads", s.workloads))
	mux.HandleFunc("GET /workloads/{key}", serve("workload", s.workload))
	mux.HandleFunc("GET /images", serve("images", s.images))
	mux.HandleFunc("GET /images/{digest}", serve("image", s.image))
	mux.HandleFunc("GET /unresolved", serve("unresolved", s.unresolved))
	mux.HandleFunc("GET /vulnerabilities", serve("vulnerabilities", s.vulnerabilities))
	mux.HandleFunc("GET /vulnerabilities/{id}", serve("vulnerability", s.vulnerability))
	mux.HandleFunc("GET /coverage", serve("coverage", s.coverage))
	mux.HandleFunc("GET /accounts", serve("accounts", s.accounts))
	mux.HandleFunc("GET /scans", serve("scans", s.scans))
	mux.HandleFunc("GET /search", search)
	mux.HandleFunc("GET "+staticPrefix+"{name}", serveAsset)
	mux.HandleFunc("GET /", notFound)
}

// site makes the pages about one tenant's inventory.
type site struct {
	store view.Store
	// checks are the descriptions of all checks, by ID.
	checks map[string]finding.Check
}

// A page is what the layout and one template need.
type page struct {
	Title string
	// Section is the path of the navigation's entry that the page is in.
	Section string
	// Search is what the search box holds.
	Search string
	// Refresh is after how many seconds the browser asks again; 0 is never.
	Refresh int
	// Data is what the page's own template reads.
	Data any
}

// serve returns the handler of a page: build reads the store, the template
// named name shows what it returned.
func serve(name string, build func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := build(r)
		if err != nil {
			fail(w, r, err)
			return
		}
		render(r.Context(), w, http.StatusOK, name, p)
	}
}

// render answers with a page. It is made in memory first, so that a template
// that fails does not leave half a page.
func render(ctx context.Context, w http.ResponseWriter, status int, name string, p page) {
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "layout", p); err != nil {
		unavailable(ctx, w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// The client may be gone; there is nobody else to tell.
	_, _ = b.WriteTo(w)
}
