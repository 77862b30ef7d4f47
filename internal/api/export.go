package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/view"
)

// export streams a dataset. It is a plain handler: the typed ones hold their
// answer in memory.
func (o operations) export(w http.ResponseWriter, r *http.Request) {
	ctx, v := r.Context(), r.URL.Query()
	dataset, err := export.DatasetNamed(r.PathValue("dataset"))
	if err != nil {
		writeProblem(w, problem(ctx, err))
		return
	}
	name := v.Get("format")
	if name == "" {
		name = "csv"
	}
	format, err := export.FormatNamed(name)
	if err != nil {
		writeProblem(w, problem(ctx, err))
		return
	}
	q, err := exportQuery(dataset.Name, v)
	if err != nil {
		writeProblem(w, problem(ctx, err))
		return
	}
	w.Header().Set("Content-Type", format.MediaType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="stowage-%s-%s%s"`,
		dataset.Name, time.Now().UTC().Format(time.DateOnly), format.Extension))
	answer := &startedWriter{w: w}
	out := bufio.NewWriterSize(answer, 64<<10)
	err = export.Write(ctx, out, format, dataset, o.store, q)
	if err == nil {
		err = out.Flush()
	}
	if err != nil && !answer.started {
		w.Header().Del("Content-Disposition")
		writeProblem(w, problem(ctx, err))
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			slog.ErrorContext(ctx, "export failed", "dataset", dataset.Name, "error", err)
		}
		// A cut connection is the only way left to tell the client that the
		// file is not whole.
		panic(http.ErrAbortHandler)
	}
}

// A startedWriter knows whether something was written: until then an answer may
// still become a problem.
type startedWriter struct {
	w       io.Writer
	started bool
}

// Write implements [io.Writer].
func (s *startedWriter) Write(p []byte) (int, error) {
	s.started = true
	return s.w.Write(p)
}

// exportFilters are the filters of each dataset.
var exportFilters = map[string]reflect.Type{
	"coverage":   reflect.TypeFor[ScopeFilter](),
	"findings":   reflect.TypeFor[FindingFilter](),
	"images":     reflect.TypeFor[ImageFilter](),
	"unresolved": reflect.TypeFor[UnresolvedFilter](),
	"workloads":  reflect.TypeFor[WorkloadFilter](),
}

// exportQuery reads the filters of a dataset, which are those of its list. A
// misspelt filter must not look like one that everything passes.
func exportQuery(dataset string, v url.Values) (q export.Query, err error) {
	switch dataset {
	case "coverage":
		q.Scopes, err = ParseScopeQuery(v)
	case "findings":
		q.Findings, err = ParseFindingQuery(v)
	case "images":
		q.Images, err = ParseImageQuery(v)
	case "unresolved":
		q.Unresolved, err = ParseUnresolvedQuery(v)
	case "workloads":
		q.Workloads, err = ParseWorkloadQuery(v)
	}
	if err != nil {
		return q, err
	}
	known := []string{"format"}
	for f := range exportFilters[dataset].Fields() {
		known = append(known, f.Tag.Get("query"))
	}
	for name := range v {
		if !slices.Contains(known, name) {
			return q, fmt.Errorf("%w: %s has no filter %q; it has %s", view.ErrBadQuery, dataset, name, strings.Join(known, ", "))
		}
	}
	return q, nil
}

func writeProblem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if s, ok := err.(huma.StatusError); ok {
		status = s.GetStatus()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody else to tell.
	_ = json.NewEncoder(w).Encode(err)
}

// describeExport adds the export to the OpenAPI description.
func describeExport(api huma.API) {
	var datasets, formats []any
	content := map[string]*huma.MediaType{}
	for _, d := range export.Datasets {
		datasets = append(datasets, d.Name)
	}
	for _, f := range export.Formats {
		formats = append(formats, f.Name)
		media, _, _ := strings.Cut(f.MediaType, ";")
		content[media] = &huma.MediaType{}
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "export", Method: http.MethodGet, Path: Prefix + "/export/{dataset}", Tags: []string{"Export"},
		Summary: "Stream a whole list as a file",
		Description: "Takes the filters of the list of the same name; those of findings are about the vulnerability and about the " +
			"workloads that run the image. A connection that is cut before the end means that the file is not whole.",
		Parameters: append([]*huma.Param{
			{Name: "dataset", In: "path", Required: true, Schema: &huma.Schema{Type: "string", Enum: datasets}},
			{Name: "format", In: "query", Schema: &huma.Schema{Type: "string", Enum: formats, Default: "csv"}},
		}, exportParameters()...),
		Responses: map[string]*huma.Response{"200": {Description: "The file.", Content: content}},
	})
}

// exportParameters returns the filters of all datasets, each with the datasets
// that have it.
func exportParameters() []*huma.Param {
	var all []*huma.Param
	index := map[string]*huma.Param{}
	for _, d := range export.Datasets {
		for f := range exportFilters[d.Name].Fields() {
			name := f.Tag.Get("query")
			p := index[name]
			if p == nil {
				p = &huma.Param{Name: name, In: "query", Schema: &huma.Schema{Type: "string"}, Description: "Of"}
				index[name] = p
				all = append(all, p)
			} else {
				p.Description += ","
			}
			p.Description += " " + d.Name
		}
	}
	return all
}
