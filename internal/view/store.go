package view

import (
	"context"
	"errors"
	"iter"
	"time"
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
	// Workload returns the workload with the key or UID, or the only one with
	// the name, which its namespace and cluster may precede with slashes. Asked
	// with a time, it returns the version that held then; else the present one
	// or, of a workload that is gone, the last.
	Workload(ctx context.Context, key string, asOf time.Time) (WorkloadDetail, error)
	// UnresolvedContainers lists the containers whose image could not be
	// determined.
	UnresolvedContainers(ctx context.Context, q UnresolvedQuery) (Page[UnresolvedContainer], error)
	Images(ctx context.Context, q ImageQuery) (Page[Image], error)
	// AllImages streams every image of the query, whatever its paging.
	AllImages(ctx context.Context, q ImageQuery) iter.Seq2[Image, error]
	// Image returns the image with the digest, with the only digest that begins
	// so, or the only one that runs by a reference.
	Image(ctx context.Context, digest string) (ImageDetail, error)
	Vulnerabilities(ctx context.Context, q VulnerabilityQuery) (Page[Vulnerability], error)
	// AllFindings streams the vulnerabilities of images that run, image by
	// image, worst first.
	AllFindings(ctx context.Context, q FindingQuery) iter.Seq2[ImageFinding, error]
	// Vulnerability returns the vulnerability with the identifier or alias.
	Vulnerability(ctx context.Context, id string) (VulnerabilityDetail, error)
}
