package job

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// MatchImageArgs ask for the match of an image's packages with the advisories.
type MatchImageArgs struct {
	Image inventory.ID `json:"image" river:"unique"`
	// Version is that of the scan that found the packages: another scan is
	// another match, even while the first one's is running.
	Version int `json:"version" river:"unique"`
}

// Kind implements [river.JobArgs].
func (MatchImageArgs) Kind() string { return "match_image" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (MatchImageArgs) InsertOpts() river.InsertOpts { return *options(matchQueue, soon) }

type matchImageWorker struct {
	river.WorkerDefaults[MatchImageArgs]
	client *Client
}

// Work implements [river.Worker].
func (w *matchImageWorker) Work(ctx context.Context, job *river.Job[MatchImageArgs]) error {
	return w.client.opts.DB.MatchImage(ctx, job.Args.Image)
}

// MatchAdvisoriesArgs ask for the match of new or changed advisories with the
// stored packages: no image is read again.
type MatchAdvisoriesArgs struct {
	Advisories []int64 `json:"advisories"`
}

// Kind implements [river.JobArgs].
func (MatchAdvisoriesArgs) Kind() string { return "match_advisories" }

// InsertOpts implements [river.JobArgsWithInsertOpts]. The job is not unique:
// each is enqueued by the change that it is for.
func (MatchAdvisoriesArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: matchQueue, Priority: urgent}
}

type matchAdvisoriesWorker struct {
	river.WorkerDefaults[MatchAdvisoriesArgs]
	client *Client
}

// Work implements [river.Worker].
func (w *matchAdvisoriesWorker) Work(ctx context.Context, job *river.Job[MatchAdvisoriesArgs]) error {
	return w.client.opts.DB.MatchAdvisories(ctx, job.Args.Advisories)
}

// enqueueMatch enqueues the match of changed advisories inside a transaction.
func (c *Client) enqueueMatch(ctx context.Context, tx pgx.Tx, advisories []int64) error {
	return c.insertTx(ctx, tx, []river.InsertManyParams{{Args: MatchAdvisoriesArgs{Advisories: advisories}}})
}
