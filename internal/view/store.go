package view

import (
	"context"
	"errors"
	"iter"
)

// ErrNotFound is returned for things that the inventory does not hold.
var ErrNotFound = errors.New("not found")

// ErrBadQuery is wrapped by errors about a query that cannot be answered, such
// as a cursor that is none.
var ErrBadQuery = errors.New("bad query")

// A Store answers queries about one tenant.
type Store interface {
	Status(ctx context.Context) (Status, error)
	Accounts(ctx context.Context, q AccountQuery) ([]Account, error)
	Scopes(ctx context.Context, q ScopeQuery) (Page[Scope], error)
	Workloads(ctx context.Context, q WorkloadQuery) (Page[Workload], error)
	// AllWorkloads streams every workload of the query, whatever its paging.
	AllWorkloads(ctx context.Context, q WorkloadQuery) iter.Seq2[Workload, error]
	// Workload returns the workload with the key or UID.
	Workload(ctx context.Context, key string) (WorkloadDetail, error)
	Images(ctx context.Context, q ImageQuery) (Page[Image], error)
	// AllImages streams every image of the query, whatever its paging.
	AllImages(ctx context.Context, q ImageQuery) iter.Seq2[Image, error]
	// Image returns the image with the digest, or with the only digest that
	// begins so.
	Image(ctx context.Context, digest string) (ImageDetail, error)
	Vulnerabilities(ctx context.Context, q VulnerabilityQuery) (Page[Vulnerability], error)
	// AllFindings streams every vulnerability of every image that runs.
	AllFindings(ctx context.Context) iter.Seq2[ImageFinding, error]
	// Vulnerability returns the vulnerability with the identifier or alias.
	Vulnerability(ctx context.Context, id string) (VulnerabilityDetail, error)
}
