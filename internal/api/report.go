package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// report writes one image in a format that other tools read. It is a plain
// handler: the typed ones answer in the API's own form.
func (o operations) report(w http.ResponseWriter, r *http.Request) {
	ctx, v := r.Context(), r.URL.Query()
	fail := func(err error) { writeProblem(w, problem(ctx, err)) }
	name := v.Get("format")
	if name == "" {
		name = "cyclonedx"
	}
	format, err := export.ReportFormatNamed(name)
	if err != nil {
		fail(err)
		return
	}
	detail, err := o.store.Image(ctx, r.PathValue("digest"))
	if err != nil {
		fail(err)
		return
	}
	status, err := o.store.Status(ctx)
	if err != nil {
		fail(err)
		return
	}
	report, err := export.ReportOf(detail, status.Advisories > 0, check.All(), o.version)
	if err != nil {
		fail(err)
		return
	}
	var b bytes.Buffer
	if err := export.WriteReport(&b, format, report); err != nil {
		fail(err)
		return
	}
	_, hex, _ := strings.Cut(detail.Digest, ":")
	w.Header().Set("Content-Type", format.MediaType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="stowage-%s%s"`, hex[:min(len(hex), 12)], format.Extension))
	// The client may be gone; there is nobody else to tell.
	_, _ = b.WriteTo(w)
}

// describeReport adds the report to the OpenAPI description.
func describeReport(api huma.API) {
	var formats []any
	content := map[string]*huma.MediaType{}
	for _, f := range export.ReportFormats {
		formats = append(formats, f.Name)
		media, _, _ := strings.Cut(f.MediaType, ";")
		content[media] = &huma.MediaType{}
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-image-report", Method: http.MethodGet, Path: Prefix + "/images/{digest}/report", Tags: []string{"Images"},
		Summary:     "One image as a bill of materials or as results of an analysis",
		Description: "CycloneDX 1.6 with vulnerabilities, SPDX 2.3, or SARIF 2.1.0 with vulnerabilities and failed checks.",
		Parameters: []*huma.Param{
			{Name: "digest", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}},
			{Name: "format", In: "query", Schema: &huma.Schema{Type: "string", Enum: formats, Default: "cyclonedx"}},
		},
		Responses: map[string]*huma.Response{"200": {Description: "The document.", Content: content}},
	})
}
