package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/advisory"
)

// Feeds are where advisories come from.
type Feeds struct {
	// Locations are directories, zip files or URLs of exports in the OSV
	// format; see [advisory.Open].
	Locations []string
	// Ecosystems limit an export of all ecosystems at a URL.
	Ecosystems []string
	// KEV is the location of CISA's catalogue; empty for none.
	KEV string
}

// kevSource is the name under which the catalogue's state is kept.
const kevSource = "cisa/kev"

// ImportArgs ask for a look at all feeds.
type ImportArgs struct {
	// Force accepts feeds that shrank and reads unchanged ones again.
	Force bool `json:"force,omitempty"`
}

// Kind implements [river.JobArgs].
func (ImportArgs) Kind() string { return "import_advisories" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (ImportArgs) InsertOpts() river.InsertOpts { return *options(advisoryQueue, urgent) }

type importWorker struct {
	river.WorkerDefaults[ImportArgs]
	client *Client
}

// importAgain is how long after a failure the feeds are looked at again: each
// download was tried a few times already.
const importAgain = 10 * time.Minute

// NextRetry implements [river.Worker].
func (*importWorker) NextRetry(*river.Job[ImportArgs]) time.Time { return time.Now().Add(importAgain) }

// Timeout implements [river.Worker].
func (*importWorker) Timeout(*river.Job[ImportArgs]) time.Duration { return longTimeout }

// Work implements [river.Worker]. A feed that is broken does not stop the
// others and replaces nothing.
func (w *importWorker) Work(ctx context.Context, job *river.Job[ImportArgs]) error {
	return w.client.Import(ctx, job.Args.Force)
}

// Import looks at all feeds now and imports what changed.
func (c *Client) Import(ctx context.Context, force bool) error {
	store := c.opts.DB.Advisories(c.enqueueMatch)
	importer := &advisory.Importer{Store: store, Force: force}
	var problems []error
	for _, location := range c.opts.Feeds.Locations {
		feeds, err := advisory.Open(location, c.opts.Feeds.Ecosystems...)
		if err != nil {
			problems = append(problems, err, c.opts.DB.RecordFeed(ctx, location, location, err.Error()))
			continue
		}
		for _, feed := range feeds {
			stats, err := importer.Import(ctx, feed)
			problems = append(problems, err, c.recordFeed(ctx, feed.Name, location, err))
			if err == nil {
				c.opts.Logger.InfoContext(ctx, "import done", "feed", feed.Name, "skipped", stats.Skipped, "seen", stats.Seen,
					"new", stats.New, "changed", stats.Changed, "removed", stats.Removed)
			}
		}
	}
	if c.opts.Feeds.KEV != "" {
		err := c.importKEV(ctx, &importer.Fetcher, store)
		problems = append(problems, err, c.recordFeed(ctx, kevSource, c.opts.Feeds.KEV, err))
	}
	return errors.Join(problems...)
}

func (c *Client) recordFeed(ctx context.Context, source, location string, err error) error {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	return c.opts.DB.RecordFeed(ctx, source, location, problem)
}

func (c *Client) importKEV(ctx context.Context, fetcher *advisory.Fetcher, store advisory.Store) error {
	last, err := store.FeedState(ctx, kevSource)
	if err != nil {
		return err
	}
	catalogue, state, err := fetcher.LoadKEV(ctx, c.opts.Feeds.KEV, last)
	if errors.Is(err, advisory.ErrUnchanged) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("import known exploited vulnerabilities: %w", err)
	}
	return c.opts.DB.SaveKEV(ctx, kevSource, catalogue, state)
}

// ImportSoon enqueues a look at all feeds.
func (c *Client) ImportSoon(ctx context.Context) error {
	if _, err := c.river.Insert(ctx, ImportArgs{}, nil); err != nil {
		return fmt.Errorf("enqueue import: %w", err)
	}
	return nil
}
