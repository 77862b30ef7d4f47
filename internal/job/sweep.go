package job

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// SweepArgs ask for a look at what is due without anything having changed:
// images that an older extractor set scanned, scans that failed yesterday,
// references whose registry did not answer, tags that may have moved.
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
	tagTTL      = time.Hour
	sweepLimit  = 5000
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
	images, err := db.ImagesToScan(ctx, scanVersion, now.Add(-retryFailed), sweepLimit)
	if err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, 0, len(images))
	for _, i := range images {
		jobs = append(jobs, scanJob(i))
	}
	refs, err := db.ReferencesToResolve(ctx, job.Args.Tenant, now.Add(-tagTTL), now.Add(-retryFailed), sweepLimit)
	if err != nil {
		return err
	}
	return w.client.insert(ctx, append(jobs, resolveJobs(job.Args.Tenant, refs)...))
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
