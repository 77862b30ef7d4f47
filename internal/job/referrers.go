package job

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// ReferrersArgs ask whether the registry keeps something else about an image
// by now: most signatures are pushed after the image.
type ReferrersArgs struct {
	Image inventory.ID `json:"image" river:"unique"`
}

// Kind implements [river.JobArgs].
func (ReferrersArgs) Kind() string { return "referrers" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (ReferrersArgs) InsertOpts() river.InsertOpts { return *options(resolveQueue, later) }

type referrersWorker struct {
	river.WorkerDefaults[ReferrersArgs]
	client *Client
}

// Work implements [river.Worker]. What changed is saved by a scan, which
// evaluates the checks again and reads no layer that was read before.
func (w *referrersWorker) Work(ctx context.Context, job *river.Job[ReferrersArgs]) error {
	db := w.client.opts.DB
	source, err := db.ImageSource(ctx, job.Args.Image)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // It stopped running and was cleaned up meanwhile.
	}
	if err != nil || len(source.References) == 0 {
		return err
	}
	found, err := w.client.opts.Registry.Referrers(ctx, source.References[0].At(source.Manifest.Digest), source.Manifest.Digest, source.Indexes...)
	if err != nil {
		return err
	}
	known, err := db.Referrers(ctx, job.Args.Image)
	if err != nil {
		return err
	}
	// What cannot be read today does not replace what could.
	if known != nil && (found.Problem != "" || known.Problem == "" && slices.Equal(known.Items, found.Items)) {
		return db.TouchReferrers(ctx, job.Args.Image)
	}
	return w.client.insert(ctx, []river.InsertManyParams{{
		Args: ScanArgs{Image: job.Args.Image, Version: scanVersion}, InsertOpts: options(scanQueue, later),
	}})
}
