package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/postgres"
)

// newServe returns the command that runs the API and the pages alone.
func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the pages, without collecting",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd, os.Environ())
			if err != nil {
				return err
			}
			log := newLogger(c.Log)
			ctx, fail := context.WithCancelCause(cmd.Context())
			defer fail(nil)
			listener, err := listen(c.Listen, log)
			if err != nil {
				return err
			}
			defer listener.Close()
			db, err := openSharedDatabase(cmd, c)
			if err != nil {
				return err
			}
			defer db.Close()
			server := serve(listener, db, log, fail)
			fmt.Fprintln(cmd.OutOrStdout(), "Stowage is on", server.URL)
			<-ctx.Done()
			return errors.Join(failure(ctx), server.stop())
		},
	}
	configFlags(cmd.Flags())
	return cmd
}

// newWork returns the command that works jobs alone.
func newWork() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "work",
		Short: "Collect, scan and match, without serving; any number of replicas share the load",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, err := loadConfig(cmd, os.Environ())
			if err != nil {
				return err
			}
			log := newLogger(c.Log)
			db, err := openSharedDatabase(cmd, c)
			if err != nil {
				return err
			}
			defer db.Close()
			s, err := openSources(ctx, c, log)
			if err != nil {
				return err
			}
			say := saying(cmd.ErrOrStderr())
			if err := s.check(ctx, c, say); err != nil {
				return err
			}
			return work(ctx, c, db, s, log, say)
		},
	}
	configFlags(cmd.Flags())
	return cmd
}

// newMigrate returns the command that brings the database's schema up to date.
func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema of DATABASE_URL up to date",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd, os.Environ())
			if err != nil {
				return err
			}
			if c.DatabaseURL == "" {
				return &exitError{exitUsage, errNoDatabase}
			}
			status, err := postgres.Migrate(cmd.Context(), c.DatabaseURL.Reveal())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "schema is at version %d, %d migrations applied\n", status.Version, len(status.Applied))
			return nil
		},
	}
	configFlags(cmd.Flags())
	return cmd
}

var errNoDatabase = errors.New("no database: set DATABASE_URL or database_url; only `stowage up` starts a private one")

// openSharedDatabase opens the configured database, which several processes
// share: the private one has one owner.
func openSharedDatabase(cmd *cobra.Command, c config.Config) (*postgres.DB, error) {
	if c.DatabaseURL == "" {
		return nil, &exitError{exitUsage, errNoDatabase}
	}
	if _, err := postgres.Migrate(cmd.Context(), c.DatabaseURL.Reveal()); err != nil {
		return nil, err
	}
	return postgres.Open(cmd.Context(), c.DatabaseURL.Reveal(), connections(c))
}
