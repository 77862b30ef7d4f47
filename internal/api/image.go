package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/check"
	"github.com/stowage-dev/stowage/internal/view"
)

// ImageFilter is the query of the list of images.
type ImageFilter struct {
	Name          string `query:"name" doc:"Part of a reference by which some workload runs it."`
	Severity      string `query:"severity" doc:"Lowest of the highest severity."`
	KEV           string `query:"kev" doc:"true or false."`
	State         string `query:"state" doc:"new, scanned, partial or failed."`
	Vulnerability string `query:"vulnerability"`
	Package       string `query:"package" doc:"Name of a package in it."`
	Check         string `query:"check" doc:"Identifier of a check that it fails."`
	AsOf          string `query:"as_of" doc:"A time in RFC 3339 or a date: the images that ran then, with today's findings."`
}

func (f ImageFilter) view(p view.Paging) (q view.ImageQuery, err error) {
	q = view.ImageQuery{
		Paging: p, Name: f.Name, Vulnerability: f.Vulnerability, Package: f.Package, Check: f.Check,
	}
	if q.State, err = oneOf("state", f.State, "new", "scanned", "partial", "failed"); err != nil {
		return q, err
	}
	if q.Severity, err = severity(f.Severity); err != nil {
		return q, err
	}
	if q.Check != "" && !slices.ContainsFunc(check.All(), func(c finding.Check) bool { return c.ID == q.Check }) {
		return q, fmt.Errorf("%w: check %q: there is none of that identifier; docs/checks.md and %s/checks list all", view.ErrBadQuery, q.Check, Prefix)
	}
	if q.KEV, err = optionalBool("kev", f.KEV); err != nil {
		return q, err
	}
	q.AsOf, err = ParseAsOf(f.AsOf)
	return q, err
}

// ParseImageQuery reads the query of a URL as the API does; pages share it.
func ParseImageQuery(v url.Values) (view.ImageQuery, error) {
	return ImageFilter{
		Name: v.Get("name"), Severity: v.Get("severity"), KEV: v.Get("kev"), State: v.Get("state"),
		Vulnerability: v.Get("vulnerability"), Package: v.Get("package"), Check: v.Get("check"), AsOf: v.Get("as_of"),
	}.view(view.Paging{Cursor: v.Get("cursor")})
}

func (o operations) registerImages(api huma.API) {
	type listInput struct {
		Paging
		ImageFilter
	}
	get(api, "list-images", "/images", "Images", "List images that run, worst first",
		func(ctx context.Context, in *listInput) (view.Page[view.Image], error) {
			q, err := in.ImageFilter.view(in.Paging.view())
			if err != nil {
				return view.Page[view.Image]{}, err
			}
			return o.store.Images(ctx, q)
		})
	type oneInput struct {
		Digest string `path:"digest" doc:"A digest, the beginning of one that only one image has, or a percent-encoded reference by which only one runs."`
	}
	get(api, "get-image", "/images/{digest}", "Images", "Everything known of one image; 409 tells the digests of several of one name",
		func(ctx context.Context, in *oneInput) (view.ImageDetail, error) {
			return o.store.Image(ctx, in.Digest)
		})
}
