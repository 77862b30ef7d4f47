package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

// An errorPage is the data of the template "error".
type errorPage struct {
	Status int
	Title  string
	// Detail says what is wrong; it may quote the request.
	Detail string
	// Candidates are the things that have the name that was asked for.
	Candidates []link
}

// fail answers with the page of an error: the whole reason if it is about the
// request, nothing about the service's inside, which goes to the log.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	e := errorPage{
		Status: http.StatusInternalServerError, Title: "The server could not answer",
		Detail: "Something failed inside Stowage. Its log tells what; try again in a moment.",
	}
	ambiguous, isAmbiguous := errors.AsType[*view.AmbiguousError](err)
	missing, isMissing := errors.AsType[*view.NotFoundError](err)
	switch {
	case isAmbiguous:
		e = errorPage{Status: http.StatusConflict, Title: "Several have this name", Detail: capital(ambiguous.Summary()) + ":"}
		address := workloadURL
		if ambiguous.Kind == "image" {
			address = imageURL
		}
		for _, c := range ambiguous.Candidates {
			e.Candidates = append(e.Candidates, link{c.Detail, address(c.Key)})
		}
	case isMissing:
		e = errorPage{
			Status: http.StatusNotFound, Title: "Not in the inventory",
			Detail: capital(missing.Error()) + ". It may also be in a place that could not be read.",
		}
	case errors.Is(err, view.ErrNotFound):
		e = errorPage{
			Status: http.StatusNotFound, Title: "Not in the inventory",
			Detail: "Nothing that Stowage has seen has this name. It may have stopped running, or it is in a place that could not be read.",
		}
	case errors.Is(err, view.ErrBadQuery):
		// What is before the sentinel's words names functions.
		_, reason, _ := strings.Cut(err.Error(), view.ErrBadQuery.Error()+": ")
		e = errorPage{Status: http.StatusBadRequest, Title: "This address cannot be answered", Detail: reason}
	case r.Context().Err() != nil:
		return // Nobody waits for the answer.
	default:
		slog.ErrorContext(r.Context(), "web page failed", "path", r.URL.Path, "error", err)
	}
	render(r.Context(), w, e.Status, "error", page{Title: e.Title, Data: e})
}

// notFound answers for paths that are none of a page.
func notFound(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
		http.NotFound(w, r) // Programs have no use for a page.
		return
	}
	e := errorPage{
		Status: http.StatusNotFound, Title: "No such page",
		Detail: "There is no page at this address. The navigation above leads to all of them.",
	}
	render(r.Context(), w, e.Status, "error", page{Title: e.Title, Data: e})
}

// unavailable is the answer when not even the error page can be made.
func unavailable(ctx context.Context, w http.ResponseWriter, err error) {
	slog.ErrorContext(ctx, "web render failed", "error", err)
	http.Error(w, "The server could not make this page; its log tells why.", http.StatusInternalServerError)
}
