package job

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// SweepArgs ask for a look at what is due without anything having changed:
// images of an older scan version, scans that failed yesterday, checks that
// depend on the date, references whose registry did not answer, tags that may
// have moved, those of base images too, images that may have been signed
// meanwhile.
type SweepArgs struct {
	Tenant int `json:"tenant" river:"unique"`
}

// Kind implements [river.JobArgs].
func (SweepArgs) Kind() string { return "sweep" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (SweepArgs) InsertOpts() river.InsertOpts { return *options(resolveQueue, later) }

// The sweep's intervals and the most jobs that one sweep enqueues of a kind.
const (
	sweepEvery  = 15 * time.Minute
	retryFailed = 24 * time.Hour
	// checkAgain is after how long an image is checked again though nothing
	// changed: images age and what is in them reaches its end of life. No layer
	// is read for it. A week is little against the 90 days of warning.
	checkAgain = 7 * 24 * time.Hour
	tagTTL     = time.Hour
	// referrersTTL is how long an answer about referrers is believed.
	referrersTTL = 24 * time.Hour
	sweepLimit   = 5000
)

type sweepWorker struct {
	river.WorkerDefaults[SweepArgs]
	client *Client
}

// Work implements [river.Worker].
func (w *sweepWorker) Work(ctx context.Context, job *river.Job[SweepArgs]) error {
	db := w.client.opts.DB
	now := time.Now()
	if err := w.client.expectSecrets(ctx); err != nil {
		return err
	}
	images, err := db.ImagesToScan(ctx, scanVersion, now.Add(-retryFailed), now.Add(-checkAgain), sweepLimit)
	if err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, 0, len(images))
	for _, i := range images {
		jobs = append(jobs, scanJob(i))
	}
	stale, err := db.ReferrersToRead(ctx, now.Add(-referrersTTL), sweepLimit)
	if err != nil {
		return err
	}
	for _, id := range stale {
		jobs = append(jobs, river.InsertManyParams{Args: ReferrersArgs{Image: id}})
	}
	refs, err := db.ReferencesToResolve(ctx, job.Args.Tenant, now.Add(-tagTTL), now.Add(-retryFailed), sweepLimit)
	if err != nil {
		return err
	}
	jobs = append(jobs, resolveJobs(job.Args.Tenant, refs)...)
	bases, err := db.BasesToCheck(ctx, now.Add(-baseTTL), sweepLimit)
	if err != nil {
		return err
	}
	for _, b := range bases {
		jobs = append(jobs, baseJob(b))
	}
	return w.client.insert(ctx, jobs)
}

// periodic returns the jobs that the elected leader of all replicas enqueues,
// one interval after it was elected; who starts a client enqueues the first
// plan and import.
func (c *Client) periodic() []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) { return args, nil }, nil)
	}
	jobs := []*river.PeriodicJob{every(sweepEvery, SweepArgs{Tenant: c.opts.Tenant})}
	if c.opts.CollectEvery > 0 {
		jobs = append(jobs, every(c.opts.CollectEvery, PlanArgs{Tenant: c.opts.Tenant}))
	}
	if c.opts.ImportEvery > 0 {
		jobs = append(jobs, every(c.opts.ImportEvery, ImportArgs{}))
	}
	return jobs
}
