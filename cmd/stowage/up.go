package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/job"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// newUp returns the command that runs everything in one process.
func newUp() *cobra.Command {
	var demo demoOptions
	var once bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run everything in one process: database, collection, scans, API and pages",
		Long: "Up collects what the ambient AWS credentials and the current kubeconfig context show, scans the\n" +
			"images that run, and leaves a dashboard on http://127.0.0.1:8080. It starts a private PostgreSQL\n" +
			"unless DATABASE_URL is set. With --demo it does the same on a simulated estate.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd, os.Environ())
			if err != nil {
				return err
			}
			return up(cmd, c, demo, once)
		},
	}
	configFlags(cmd.Flags())
	cmd.Flags().BoolVar(&demo.enabled, "demo", false, "collect a simulated estate; nothing outside this machine is asked")
	cmd.Flags().IntVar(&demo.workloads, "demo-workloads", 0, "size of the simulated estate (default a small one)")
	cmd.Flags().BoolVar(&once, "once", false, "collect, scan and match once, print a summary and exit (3 if some scope or advisory feed was not read)")
	return cmd
}

func up(cmd *cobra.Command, c config.Config, demo demoOptions, once bool) (err error) {
	ctx, fail := context.WithCancelCause(cmd.Context())
	defer fail(nil)
	say := saying(cmd.ErrOrStderr())
	// To a person the progress says it better than the log.
	person := once || isTerminal(os.Stderr)
	if person && os.Getenv("STOWAGE_LOG_LEVEL") == "" && !cmd.Flags().Changed("log-level") {
		c.Log.Level = slog.LevelWarn
	}
	log := newLogger(c.Log)
	var listener net.Listener
	if !once {
		// Before anything else: a port that is taken is found out at once.
		if listener, err = listen(c.Listen, log); err != nil {
			return err
		}
		defer listener.Close()
	}
	if demo.enabled {
		stop, demoErr := startDemo(ctx, &c, demo, log, say)
		if demoErr != nil {
			return demoErr
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := openSources(ctx, c, log)
	if err != nil {
		return err
	}
	if err := s.check(ctx, c, say); err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, log, say)
	if err != nil {
		return err
	}
	defer func() {
		fail(nil)
		err = errors.Join(err, db.close())
	}()
	db.onFailure(ctx, fail)
	if db.server != nil {
		// The private database has this one owner: what its last one left
		// running is running no more.
		if err := releaseJobs(ctx, db.DB); err != nil {
			return err
		}
	}
	if once {
		c.Collect.Every, c.Advisories.Every = 0, 0
		err = runOnce(ctx, cmd, c, db.DB, s, log)
		return cmp.Or(failure(ctx), err)
	}
	server := serve(listener, db.DB, log, fail)
	fmt.Fprintf(cmd.OutOrStdout(), "\n  Stowage is on %s\n  Press Ctrl-C to stop.\n\n", server.URL)
	var progress sync.WaitGroup
	if person {
		progress.Go(func() { showFirstPass(ctx, cmd, db.DB, server.URL) })
	}
	err = work(ctx, c, db.DB, s, log, say)
	progress.Wait()
	return errors.Join(err, server.stop())
}

// showFirstPass shows the progress until the first full pass is done, and then
// the address again, which the progress may have moved out of sight.
func showFirstPass(ctx context.Context, cmd *cobra.Command, db *postgres.DB, url string) {
	status, err := follow(ctx, cmd.ErrOrStderr(), db.Reader(postgres.DefaultTenant).Status,
		func(s view.Status) bool { return s.FirstPass })
	if err != nil {
		return // The work itself tells what is wrong with the database.
	}
	gaps := "everything was read"
	if !status.Covered {
		gaps = "not everywhere could be looked: " + url + "/coverage"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\nThe first pass is done: %s, %s.\nStowage is on %s\n", plural(status.Workloads, "workload"), gaps, url)
}

// releaseJobs gives back the jobs of all clients that are gone.
func releaseJobs(ctx context.Context, db *postgres.DB) error {
	clients, err := db.AbsentClients(ctx)
	if err != nil {
		return err
	}
	_, err = db.ReleaseJobs(ctx, clients)
	return err
}

// failure returns what ended ctx, unless a signal or nothing did.
func failure(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// work works jobs until ctx ends, and returns what ended it unless that was a
// signal.
func work(ctx context.Context, c config.Config, db *postgres.DB, s *sources, log *slog.Logger, say func(string)) error {
	jobs, err := newJobs(c, db, s, log)
	if err != nil {
		return err
	}
	// Enqueued here and not by the leader's periodic jobs, which begin some
	// seconds later: until then everything would look done.
	if c.Advisories.Every > 0 {
		err = jobs.ImportSoon(ctx)
	}
	if err = errors.Join(err, jobs.Plan(ctx)); err != nil {
		return err
	}
	// Jobs end by Stop, which lets them finish, not by the signal.
	if err := jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	err = failure(ctx)
	say("Stopping what runs; another Ctrl-C ends it at once.")
	return errors.Join(err, stopJobs(jobs))
}

func stopJobs(jobs *job.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return jobs.Stop(ctx)
}

// runOnce works until there is nothing left to do and prints what was found.
func runOnce(ctx context.Context, cmd *cobra.Command, c config.Config, db *postgres.DB, s *sources, log *slog.Logger) error {
	jobs, err := newJobs(c, db, s, log)
	if err != nil {
		return err
	}
	if err := errors.Join(jobs.ImportSoon(ctx), jobs.Plan(ctx)); err != nil {
		return err
	}
	if err := jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	reader := db.Reader(postgres.DefaultTenant)
	status, err := follow(ctx, cmd.ErrOrStderr(), reader.Status, func(s view.Status) bool { return s.FirstPass || givenUp(s) })
	if err = errors.Join(err, stopJobs(jobs)); err != nil {
		return err
	}
	if err := printSummary(ctx, cmd.OutOrStdout(), reader, status); err != nil {
		return err
	}
	if !status.Covered || !matched(status) {
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// givenUp reports whether nothing is left to do although not everything was
// collected: the jobs that should do it failed for good.
func givenUp(s view.Status) bool {
	failed := 0
	for _, q := range s.Queue {
		if q.Waiting+q.Running > 0 {
			return false
		}
		if collecting := q.Kind == (job.PlanArgs{}).Kind() || q.Kind == (job.CollectArgs{}).Kind(); collecting {
			if q.Retrying > 0 {
				return false
			}
			failed += q.Failed
		}
	}
	return failed > 0
}
