package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// ResolveArgs ask what a reference is: the manifest behind a digest or a tag,
// for the architecture that runs.
type ResolveArgs struct {
	Tenant       int    `json:"tenant" river:"unique"`
	Host         string `json:"host" river:"unique"`
	Repository   string `json:"repository" river:"unique"`
	Tag          string `json:"tag,omitempty" river:"unique"`
	Digest       string `json:"digest,omitempty" river:"unique"`
	Architecture string `json:"architecture,omitempty" river:"unique"`
}

// Kind implements [river.JobArgs].
func (ResolveArgs) Kind() string { return "resolve" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (ResolveArgs) InsertOpts() river.InsertOpts { return *options(resolveQueue, soon) }

// resolveJobs returns one job per reference. What the runtime reported wins
// over the tag.
func resolveJobs(tenant int, refs []postgres.Reference) []river.InsertManyParams {
	jobs := make([]river.InsertManyParams, 0, len(refs))
	for _, r := range refs {
		args := ResolveArgs{
			Tenant: tenant, Host: r.Host, Repository: r.Repository, Tag: r.Tag, Digest: r.Digest, Architecture: r.Architecture,
		}
		if args.Digest != "" {
			args.Tag = ""
		}
		jobs = append(jobs, river.InsertManyParams{Args: args})
	}
	return jobs
}

// resolveWorker asks registries.
type resolveWorker struct {
	river.WorkerDefaults[ResolveArgs]
	client *Client
}

// Work implements [river.Worker].
func (w *resolveWorker) Work(ctx context.Context, job *river.Job[ResolveArgs]) error {
	a := job.Args
	resolution := postgres.Resolution{
		Tenant:    a.Tenant,
		Reference: postgres.Reference{Host: a.Host, Repository: a.Repository, Tag: a.Tag, Digest: a.Digest, Architecture: a.Architecture},
	}
	err := w.resolve(ctx, &resolution)
	problem, ok := errors.AsType[*registry.Error](err)
	if err != nil && !ok {
		return err
	}
	if ok {
		resolution.Problem = problem.Error()
	}
	for {
		if err := w.client.opts.DB.SaveResolution(ctx, resolution, w.client.enqueueScan); err != nil {
			return err
		}
		if ok {
			return outcome(problem)
		}
		// A scope that is applied meanwhile may hold containers with this
		// reference: they did not see the answer, nor the answer them.
		more, err := finish(ctx, w.client, job, func(ctx context.Context, tx pgx.Tx) (bool, error) {
			return postgres.ResolutionMissed(ctx, tx, resolution)
		})
		if !more || err != nil {
			return err
		}
	}
}

// resolve fills in what the registry answers.
func (w *resolveWorker) resolve(ctx context.Context, r *postgres.Resolution) error {
	client := w.client.opts.Registry
	ref := image.Reference{Host: r.Reference.Host, Repository: r.Reference.Repository, Tag: r.Reference.Tag, Digest: r.Reference.Digest}
	if ref.Digest != "" {
		ref.Tag = ""
	}
	doc, err := client.Manifest(ctx, ref)
	if err != nil {
		return err
	}
	if r.Reference.Digest == "" {
		r.TagDigest = doc.Digest
	}
	ref = ref.At(doc.Digest)
	platform := image.Platform{OS: "linux", Architecture: r.Reference.Architecture}
	if doc.Index != nil {
		r.Index = doc.Digest
		child, err := w.child(r, doc.Index)
		if err != nil || child == nil {
			return err
		}
		ref, platform = ref.At(child.Digest), child.Platform
	}
	m, _, err := client.Image(ctx, ref, platform)
	if err != nil {
		return err
	}
	// Build steps and labels hold secrets; nothing stores what they were.
	m = check.Redact(m)
	r.Manifest = &m
	return nil
}

// child returns the only image of an index that fits the architecture that
// runs, or nil with the reason in r.
func (w *resolveWorker) child(r *postgres.Resolution, index *registry.Index) (*registry.Child, error) {
	var fits []registry.Child
	for _, c := range index.Images {
		r.Children = append(r.Children, inventory.PlatformManifest{
			Digest: c.Digest, OS: c.Platform.OS, Architecture: c.Platform.Architecture, Variant: c.Platform.Variant,
		})
		if r.Reference.Architecture == "" || c.Platform.Architecture == r.Reference.Architecture {
			fits = append(fits, c)
		}
	}
	if len(fits) == 1 {
		return &fits[0], nil
	}
	want := r.Reference.Architecture
	if want == "" {
		want = "the architecture that runs, which the runtime did not report"
	}
	r.Problem = fmt.Sprintf("the index %s has %d images for %s", r.Index, len(fits), want)
	return nil, nil
}

// enqueueScan enqueues the scan of an image unless it was scanned by this
// version.
func (c *Client) enqueueScan(ctx context.Context, tx pgx.Tx, state postgres.ImageState) error {
	if state.ScanVersion >= scanVersion {
		return nil
	}
	return c.insertTx(ctx, tx, []river.InsertManyParams{scanJob(state)})
}
