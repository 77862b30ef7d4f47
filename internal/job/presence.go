package job

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/stowage-dev/stowage/internal/postgres"
)

// absence is how long a client with running jobs must not be seen before the
// others take up its jobs. The queue itself would wait for as long as a job
// may run.
const absence = 10 * time.Second

// reattend is how long to wait before the next try to be seen again.
const reattend = time.Second

// attend keeps this client's presence until ctx ends.
func (c *Client) attend(ctx context.Context, presence *postgres.Presence) {
	for {
		err := presence.Lost(ctx)
		presence.Close()
		for err != nil {
			if ctx.Err() != nil {
				return
			}
			c.opts.Logger.DebugContext(ctx, "presence lost", "error", err)
			pause(ctx, reattend)
			presence, err = c.opts.DB.Attend(ctx, c.river.ID())
		}
	}
}

// release gives back the jobs of clients that are gone, until ctx ends. A
// client is gone when two looks in a row do not see it: one that only lost its
// connection comes back in between.
func (c *Client) release(ctx context.Context) {
	var missing []string
	for ctx.Err() == nil {
		var err error
		if missing, err = c.releaseOnce(ctx, missing); err != nil && ctx.Err() == nil {
			c.opts.Logger.DebugContext(ctx, "release failed", "error", err)
		}
		pause(ctx, absence)
	}
}

// releaseOnce gives back the jobs of those clients that were missing already,
// and returns those that are missing now.
func (c *Client) releaseOnce(ctx context.Context, missing []string) ([]string, error) {
	absent, err := c.opts.DB.AbsentClients(ctx)
	if err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(slices.Clone(absent), func(client string) bool { return !slices.Contains(missing, client) })
	if len(gone) == 0 {
		return absent, nil
	}
	n, err := c.opts.DB.ReleaseJobs(ctx, gone)
	if err == nil {
		c.opts.Logger.WarnContext(ctx, "release done", "jobs", n, "clients", gone)
	}
	return absent, err
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// errMore rolls the completion of a job back.
var errMore = errors.New("there is more to do")

// finish completes a job, unless look says that there is more to do: then it
// reports so, and the job still runs. Other transactions that find a job
// running enqueue no second one. Those that did so by now have ended when look
// is called, and those that come later enqueue one: nothing falls between.
func finish[T river.JobArgs](ctx context.Context, c *Client, job *river.Job[T], look func(context.Context, pgx.Tx) (bool, error)) (more bool, err error) {
	err = c.opts.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		more, err := look(ctx, tx)
		if more && err == nil {
			return errMore
		}
		return err
	})
	if errors.Is(err, errMore) {
		return true, nil
	}
	return false, err
}
