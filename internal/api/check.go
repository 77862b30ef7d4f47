package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/check"
	"github.com/stowage-dev/stowage/internal/view"
)

func (o operations) registerChecks(api huma.API) {
	get(api, "list-checks", "/checks", "Checks", "List the checks on images and workloads",
		func(context.Context, *struct{}) (view.Page[finding.Check], error) {
			return view.Page[finding.Check]{Items: check.All()}, nil
		})
}
