// Package job is the work of Stowage as River jobs: collect, resolve, scan,
// match, and the import of advisories. Each kind of job is one file with its
// arguments and its worker. A job is enqueued in the transaction that makes it
// necessary, is unique by what it is about, and can be run again at any time:
// what it finds done it does not do again.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan"
)

// The queues. Each has its own number of workers, so that a slow registry
// holds up no collection.
const (
	collectQueue  = "collect"
	resolveQueue  = "resolve"
	scanQueue     = "scan"
	matchQueue    = "match"
	advisoryQueue = "advisory"
)

// The priorities of River: 1 is first.
const (
	urgent = 1
	soon   = 2
	normal = 3
	later  = 4
)

// jobTimeout bounds one try of a job, and longTimeout one of the kinds that
// read whole accounts and feeds. What was done by then is kept: the next try
// goes on.
const (
	jobTimeout  = 15 * time.Minute
	longTimeout = time.Hour
)

// rescueAfter is when a job is taken up again that nobody works although the
// client that began it is alive, such as when its end could not be written.
// The jobs of clients that died wait for [absence] only.
const rescueAfter = jobTimeout + time.Minute

// softStop is how long a stop waits for running jobs before it interrupts
// them.
const softStop = 5 * time.Second

// Options configure a [Client].
type Options struct {
	DB     *postgres.DB
	Tenant int
	Logger *slog.Logger

	// Runner collects scopes; nil for a client that only enqueues.
	Runner *collect.Runner
	// Roots returns the scopes that the configuration names.
	Roots func(context.Context) Roots
	// Registry reads manifests and layers.
	Registry *registry.Client
	// TrustedBases are the rules for base images; none means that any will do.
	TrustedBases []image.TrustedBase
	// Feeds are where advisories come from.
	Feeds Feeds

	// Secrets tell how secrets in images are looked for.
	Secrets Secrets

	// CollectEvery is how often every account is collected; 0 means only when
	// asked.
	CollectEvery time.Duration
	// ImportEvery is how often feeds are looked at; 0 means only when asked.
	ImportEvery time.Duration
	// Concurrency is how many accounts are collected at a time; 0 means 32.
	Concurrency int
	// Scans is how many images are scanned at a time; 0 means 2.
	Scans int
	// Heavy is told how many jobs run that need much memory, whenever that
	// changes; it may be nil, and must not block.
	Heavy func(running int)
	// JavaIndex tells which artifacts Java archives are; it may be nil.
	JavaIndex *scan.JavaIndex
}

// A Client enqueues jobs and, after [Client.Start], works them.
type Client struct {
	river *river.Client[pgx.Tx]
	opts  Options
	// secrets are set by Start.
	secrets scan.SecretOptions

	background sync.WaitGroup // of what Start starts beside the queue
}

// New returns a client. With a Runner it can be started; without, it only
// enqueues.
func New(o Options) (*Client, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 32
	}
	if o.Scans <= 0 {
		o.Scans = 2
	}
	c := &Client{opts: o}
	config := &river.Config{
		Schema:               postgres.QueueSchema,
		Logger:               slog.New(quietHandler{o.Logger.Handler()}),
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      softStop,
		ErrorHandler:         errorLog{o.Logger},
		MaxAttempts:          8,
	}
	if o.Runner != nil {
		config.Queues = map[string]river.QueueConfig{
			collectQueue:  {MaxWorkers: o.Concurrency},
			resolveQueue:  {MaxWorkers: 8},
			scanQueue:     {MaxWorkers: o.Scans},
			matchQueue:    {MaxWorkers: 2},
			advisoryQueue: {MaxWorkers: 1},
		}
		config.Workers = river.NewWorkers()
		river.AddWorker(config.Workers, &planWorker{client: c})
		river.AddWorker(config.Workers, &collectWorker{
			client: c, scopes: make(chan struct{}, allScopesAtOnce), applies: make(chan struct{}, appliesAtOnce),
		})
		river.AddWorker(config.Workers, &resolveWorker{client: c})
		river.AddWorker(config.Workers, &scanWorker{client: c})
		river.AddWorker(config.Workers, &referrersWorker{client: c})
		river.AddWorker(config.Workers, &baseWorker{client: c})
		river.AddWorker(config.Workers, &matchImageWorker{client: c})
		river.AddWorker(config.Workers, &matchAdvisoriesWorker{client: c})
		river.AddWorker(config.Workers, &importWorker{client: c})
		river.AddWorker(config.Workers, &sweepWorker{client: c})
		config.PeriodicJobs = c.periodic()
		if o.Heavy != nil {
			config.Middleware = []rivertype.Middleware{countHeavy(o.Heavy)}
		}
	}
	var err error
	if c.river, err = river.NewClient(riverpgxv5.New(o.DB.Pool()), config); err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return c, nil
}

// Start begins to work jobs, until [Client.Stop] or the end of ctx.
func (c *Client) Start(ctx context.Context) error {
	if err := c.openSecrets(ctx); err != nil {
		return fmt.Errorf("start job queue: %w", err)
	}
	// Before the first job: others take those of clients that are not there.
	presence, err := c.opts.DB.Attend(ctx, c.river.ID())
	if err != nil {
		return fmt.Errorf("start job queue: %w", err)
	}
	if err := c.river.Start(ctx); err != nil {
		presence.Close()
		return fmt.Errorf("start job queue: %w", err)
	}
	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.background.Go(func() {
		<-c.river.Stopped()
		cancel()
	})
	c.background.Go(func() { c.attend(alive, presence) })
	c.background.Go(func() { c.release(alive) })
	return nil
}

// Stop lets running jobs end, interrupts those that do not within five seconds
// (they go on later), and returns when none runs or ctx ends.
func (c *Client) Stop(ctx context.Context) error {
	if err := c.river.Stop(ctx); err != nil {
		return fmt.Errorf("stop job queue: %w", err)
	}
	c.background.Wait()
	return nil
}

// pending are the states in which a second job with the same arguments is the
// same work. A completed job is none: the work may be due again.
var pending = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

// options returns the insert options of a unique job.
func options(queue string, priority int) *river.InsertOpts {
	return &river.InsertOpts{
		Queue: queue, Priority: priority,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: pending},
	}
}

// insertTx enqueues jobs inside a transaction, a bounded number at a time.
func (c *Client) insertTx(ctx context.Context, tx pgx.Tx, jobs []river.InsertManyParams) error {
	const chunk = 1000
	for len(jobs) > 0 {
		n := min(len(jobs), chunk)
		if _, err := c.river.InsertManyTx(ctx, tx, jobs[:n]); err != nil {
			return fmt.Errorf("enqueue %d jobs: %w", n, err)
		}
		jobs = jobs[n:]
	}
	return nil
}

// insert enqueues jobs in a transaction of their own.
func (c *Client) insert(ctx context.Context, jobs []river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	return c.opts.DB.InTx(ctx, func(tx pgx.Tx) error { return c.insertTx(ctx, tx, jobs) })
}
