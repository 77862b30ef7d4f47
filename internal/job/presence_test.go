package job

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// running makes the only job of a kind one that a client works.
func (r *rig) running(c *Client, kind, client string, attempt int) *rivertype.JobRow {
	r.t.Helper()
	if _, err := r.db.Pool().Exec(r.t.Context(), `
		update queue.river_job set state = 'running', attempt = $2, attempted_at = now(), attempted_by = array['before', $3]
		where kind = $1`, kind, attempt, client); err != nil {
		r.t.Fatal(err)
	}
	return r.only(c, kind)
}

// TestRelease finds the jobs of a client that died.
func TestRelease(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		attempt int
		want    rivertype.JobState
	}{
		"tried_again": {attempt: 1, want: rivertype.JobStateAvailable},
		"last_try":    {attempt: 8, want: rivertype.JobStateDiscarded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c, ctx := r.client(), t.Context()
			if err := c.Plan(ctx); err != nil {
				t.Fatal(err)
			}
			r.running(c, "plan", "ghost", test.attempt)
			presence, err := r.db.Attend(ctx, "ghost")
			if err != nil {
				t.Fatal(err)
			}
			missing, err := c.releaseOnce(ctx, []string{"ghost"})
			if err != nil || len(missing) > 0 {
				t.Fatalf("with the client alive: missing %v, %v, want none", missing, err)
			}
			presence.Close()
			r.await("the client is missed", func(view.Status) bool {
				if missing, err = c.releaseOnce(ctx, nil); err != nil {
					t.Fatal(err)
				}
				return slices.Contains(missing, "ghost")
			})
			if job := r.only(c, "plan"); job.State != rivertype.JobStateRunning {
				t.Fatalf("after one look the job is %s, want it still running", job.State)
			}
			if _, err = c.releaseOnce(ctx, missing); err != nil {
				t.Fatal(err)
			}
			job := r.only(c, "plan")
			if job.State != test.want || len(job.Errors) != 1 || !strings.Contains(job.Errors[0].Error, "process") {
				t.Errorf("job is %s with errors %+v, want %s and the reason", job.State, job.Errors, test.want)
			}
		})
	}
}

// TestPresenceReturns cuts the connection that shows that a client is alive.
func TestPresenceReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, ctx := r.client(), t.Context()
	r.start(c)
	if err := c.insert(ctx, []river.InsertManyParams{{Args: MatchImageArgs{Image: 1}, InsertOpts: &river.InsertOpts{Queue: "nobodys"}}}); err != nil {
		t.Fatal(err)
	}
	r.running(c, "match_image", c.river.ID(), 1)
	var cut bool
	if err := r.db.Pool().QueryRow(ctx, `
		select bool_and(pg_terminate_backend(pid)) from pg_locks
		where locktype = 'advisory' and mode = 'ShareLock' and database = (select oid from pg_database where datname = current_database())`).
		Scan(&cut); err != nil || !cut {
		t.Fatalf("cut the connection: %t, %v", cut, err)
	}
	absent := func() bool {
		clients, err := r.db.AbsentClients(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(clients, c.river.ID())
	}
	r.await("the client is missed", func(view.Status) bool { return absent() })
	r.await("the client is back", func(view.Status) bool { return !absent() })
}

// TestFinish completes a job while another transaction adds to its work.
func TestFinish(t *testing.T) {
	t.Parallel()
	args := CollectArgs{Tenant: tenant, Provider: inventory.AWS, Account: "111122223333"}
	type handle struct {
		ctx context.Context
		job *river.Job[CollectArgs]
	}
	// setup returns a job that runs, in the place of the worker that there is.
	setup := func(t *testing.T) (*rig, *Client, handle) {
		r := newRig(t)
		c := r.client()
		started, end := make(chan handle), make(chan struct{})
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[CollectArgs]) error {
			select {
			case started <- handle{ctx, job}:
				<-end
			case <-end:
			}
			return nil
		}))
		worker, err := river.NewClient(riverpgxv5.New(r.db.Pool()), &river.Config{
			Schema: postgres.QueueSchema, Logger: slog.New(slog.DiscardHandler), Workers: workers,
			Queues: map[string]river.QueueConfig{collectQueue: {MaxWorkers: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.insert(t.Context(), []river.InsertManyParams{{Args: args}}); err != nil {
			t.Fatal(err)
		}
		if err := worker.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			close(end)
			if err := worker.StopAndCancel(context.Background()); err != nil {
				t.Error(err)
			}
		})
		select {
		case h := <-started:
			return r, c, h
		case <-time.After(patience):
			t.Fatal("the job does not run")
		}
		panic("unreachable")
	}
	// add enqueues the job and adds to its work, in one transaction.
	add := func(ctx context.Context, c *Client, tx pgx.Tx) error {
		if err := c.insertTx(ctx, tx, []river.InsertManyParams{{Args: args}}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into kev (cve) values ('CVE-2026-0001')`)
		return err
	}
	added := func(ctx context.Context, tx pgx.Tx) (more bool, err error) {
		err = tx.QueryRow(ctx, `select exists (select from kev)`).Scan(&more)
		return more, err
	}
	waiting := func(r *rig) {
		r.await("one transaction waits for the other", func(view.Status) bool {
			var waits bool
			if err := r.db.Pool().QueryRow(r.t.Context(), `
				select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`).
				Scan(&waits); err != nil {
				r.t.Error(err)
			}
			return waits
		})
	}

	t.Run("added_before", func(t *testing.T) {
		t.Parallel()
		r, c, h := setup(t)
		tx, err := r.db.Pool().Begin(h.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := add(h.ctx, c, tx); err != nil {
			t.Error(err)
		}
		var more bool
		var g errgroup.Group
		g.Go(func() (err error) {
			more, err = finish(h.ctx, c, h.job, added)
			return err
		})
		waiting(r)
		if err := tx.Commit(h.ctx); err != nil {
			t.Error(err)
		}
		if err := g.Wait(); err != nil || !more {
			t.Errorf("finish = %t, %v, want more to do", more, err)
		}
		if job := r.only(c, "collect"); job.State != rivertype.JobStateRunning {
			t.Errorf("the job is %s, want it running", job.State)
		}
	})
	t.Run("added_after", func(t *testing.T) {
		t.Parallel()
		r, c, h := setup(t)
		var g errgroup.Group
		more, err := finish(h.ctx, c, h.job, func(ctx context.Context, tx pgx.Tx) (bool, error) {
			more, err := added(ctx, tx)
			g.Go(func() error { return r.db.InTx(ctx, func(tx pgx.Tx) error { return add(ctx, c, tx) }) })
			waiting(r)
			return more, err
		})
		if more || err != nil {
			t.Errorf("finish = %t, %v, want it done", more, err)
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		// The second one may be running by now.
		jobs := r.jobs(c, "collect")
		if len(jobs) != 2 || jobs[0].State != rivertype.JobStateCompleted || jobs[1].FinalizedAt != nil {
			t.Errorf("%d jobs, want a completed one and one for what was added", len(jobs))
		}
	})
}
