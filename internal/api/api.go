// Package api is the HTTP API, version 1: typed operations from which the
// OpenAPI description is made, and streaming exports. It only reads.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// Prefix begins the paths of all operations.
const Prefix = "/api/v1"

// Register adds the operations to mux and returns their description.
func Register(mux *http.ServeMux, store view.Store, version string) huma.API {
	config := huma.DefaultConfig("Stowage", version)
	config.Info.Description = "Inventory of running container images: where they run, what is in them, who reaches them. " +
		"Lists are paged: pass `next` as `cursor` until it is empty. Errors are RFC 9457 problem details."
	config.OpenAPIPath = Prefix + "/openapi"
	config.DocsPath = "" // The viewer would load scripts from elsewhere.
	config.SchemasPath = Prefix + "/schemas"
	// A misspelt filter must not look like one that everything passes.
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil // No $schema links in every answer.
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	api := humago.New(mux, config)
	o := operations{store: store, version: version}
	o.registerCoverage(api)
	o.registerWorkloads(api)
	o.registerImages(api)
	o.registerUnresolved(api)
	o.registerVulnerabilities(api)
	o.registerChecks(api)
	mux.HandleFunc("GET "+Prefix+"/export/{dataset}", o.export)
	describeExport(api)
	mux.HandleFunc("GET "+Prefix+"/images/{digest}/report", o.report)
	describeReport(api)
	return api
}

// schemaName names the schema of a type. Types that are not of the read model
// carry their package's name: the read model shows records of the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if pkg := path.Base(t.PkgPath()); t.Name() != "" && pkg != "view" && pkg != "api" && pkg != "." {
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

// operations are the API's operations on one tenant's inventory.
type operations struct {
	store view.Store
	// version is the program's.
	version string
}

// A body is an answer whose body is T.
type body[T any] struct {
	Body T
}

// get registers a read operation.
func get[I, T any](api huma.API, id, path, tag, summary string, f func(context.Context, *I) (T, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: Prefix + path, Tags: []string{tag}, Summary: summary,
	}, func(ctx context.Context, input *I) (*body[T], error) {
		v, err := f(ctx, input)
		if err != nil {
			return nil, problem(ctx, err)
		}
		return &body[T]{v}, nil
	})
}

// problem returns what a user sees of an error: the whole of one that is about
// the request, nothing of one that is about the service, which goes to the log.
func problem(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*view.AmbiguousError](err); ok {
		return ambiguous(e)
	}
	switch {
	case errors.Is(err, view.ErrNotFound):
		return huma.Error404NotFound(innermost(err, view.ErrNotFound))
	case errors.Is(err, view.ErrBadQuery):
		return huma.Error400BadRequest(strings.TrimPrefix(innermost(err, view.ErrBadQuery), view.ErrBadQuery.Error()+": "))
	case ctx.Err() != nil:
		return huma.NewError(499, "the client went away")
	}
	slog.ErrorContext(ctx, "api failed", "error", err)
	return huma.Error500InternalServerError("the server could not answer; its log tells why")
}

// ambiguous returns the problem of a name that several things have: each of
// them is a detail, with its key as the value.
func ambiguous(e *view.AmbiguousError) error {
	details := make([]error, len(e.Candidates))
	for i, c := range e.Candidates {
		details[i] = &huma.ErrorDetail{Message: c.Detail, Location: e.Kind, Value: c.Key}
	}
	return huma.Error409Conflict(e.Summary(), details...)
}

// innermost returns the message of the deepest error of the chain that is
// about target: the wrapping names functions, which mean nothing to a user.
func innermost(err, target error) string {
	message := err.Error()
	for err != nil && errors.Is(err, target) && !errors.Is(target, err) {
		message = err.Error()
		err = errors.Unwrap(err)
	}
	return message
}

// Paging is the paging of every list. Embedded inputs are exported, or huma
// does not see their fields.
type Paging struct {
	Cursor string `query:"cursor" doc:"The next of the page before; empty for the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"Most items of the page."`
}

func (p Paging) view() view.Paging { return view.Paging{Cursor: p.Cursor, Limit: p.Limit} }

// oneOf reads one of the values that a filter may have, or nothing. Any other
// one is refused: an empty list would say that nothing is there.
func oneOf[T ~string](name, s string, values ...T) (T, error) {
	if s == "" || slices.Contains(values, T(s)) {
		return T(s), nil
	}
	last := len(values) - 1
	names := make([]string, last)
	for i, v := range values[:last] {
		names[i] = string(v)
	}
	return "", fmt.Errorf("%w: %s is %q, want %s or %s", view.ErrBadQuery, name, s, strings.Join(names, ", "), values[last])
}

// provider reads the provider of a filter, or nothing.
func provider(s string) (inventory.Provider, error) {
	return oneOf("provider", s, inventory.AWS, inventory.Azure, inventory.GCP, inventory.Kubernetes)
}

// optionalBool reads "true", "false" or nothing.
func optionalBool(name, s string) (*bool, error) {
	switch s {
	case "":
		return nil, nil
	case "true", "false":
		v := s == "true"
		return &v, nil
	}
	return nil, fmt.Errorf("%w: %s is %q, want true or false", view.ErrBadQuery, name, s)
}
