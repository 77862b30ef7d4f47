package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/postgres"
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
	cmd.Flags().BoolVar(&once, "once", false, "collect, scan and match once, print a summary and exit (3 if some scope was not complete)")
	return cmd
}

func up(cmd *cobra.Command, c config.Config, demo demoOptions, once bool) (err error) {
	ctx := cmd.Context()
	say := saying(cmd.ErrOrStderr())
	if once && os.Getenv("STOWAGE_LOG_LEVEL") == "" && !cmd.Flags().Changed("log-level") {
		c.Log.Level = slog.LevelWarn // The progress says it better.
	}
	log := newLogger(c.Log)
	if demo.enabled {
		stop, demoErr := startDemo(ctx, &c, demo, say)
		if demoErr != nil {
			return demoErr
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := openSources(ctx, c, log, say)
	if err != nil {
		return err
	}
	if err := s.checkSources(ctx); err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, log, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if db.server != nil {
		// The private database has this one owner: what its last one left
		// running is running no more.
		if err := db.ReleaseJobs(ctx); err != nil {
			return err
		}
	}
	if once {
		c.Collect.Every, c.Advisories.Every = 0, 0
		return runOnce(ctx, cmd, c, db.DB, s, log)
	}
	server, err := listen(c.Listen, db.DB, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\n  Stowage is on %s\n  Press Ctrl-C to stop.\n\n", server.URL)
	err = work(ctx, c, db.DB, s, log, server.done)
	return errors.Join(err, server.stop())
}

// work works jobs until ctx ends or something arrives on failed.
func work(ctx context.Context, c config.Config, db *postgres.DB, s *sources, log *slog.Logger, failed <-chan error) error {
	jobs, err := newJobs(c, db, s, log)
	if err != nil {
		return err
	}
	// Jobs end by Stop, which lets them finish, not by the signal.
	if err := jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if c.Collect.Every == 0 {
		err = jobs.Plan(ctx)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	stopCtx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return errors.Join(err, jobs.Stop(stopCtx))
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
	status, err := follow(ctx, cmd.ErrOrStderr(), reader.Status)
	stopCtx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err = errors.Join(err, jobs.Stop(stopCtx)); err != nil {
		return err
	}
	if err := printSummary(ctx, cmd.OutOrStdout(), reader, status); err != nil {
		return err
	}
	if !status.Covered {
		return &exitError{code: exitIncomplete}
	}
	return nil
}
