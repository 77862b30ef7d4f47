package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stowage-dev/stowage/internal/collect/kubernetes"
	"github.com/stowage-dev/stowage/internal/config"
)

// newRoot returns the command with all its sub-commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "stowage",
		Short: "Inventory of running container images",
		Long: "Stowage tells which container images run, where, what is in them, how they are configured,\n" +
			"who can reach them, and where it could not look.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &exitError{exitUsage, fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.SuggestionsMinimumDistance = 2
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		message := fmt.Sprintf("unknown command %q", args[0])
		if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
			message += "; did you mean " + strings.Join(similar, " or ") + "?"
		}
		return errors.New(message)
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.AddGroup(
		&cobra.Group{ID: "serve", Title: "Run Stowage:"},
		&cobra.Group{ID: "ask", Title: "Ask a running server:"},
		&cobra.Group{ID: "alone", Title: "Without a server:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("serve", newUp(), newServe(), newWork(), newMigrate())
	add("ask", newStatus(), newAccounts(), newCoverage(), newDoctor(), newWorkloads(), newWorkload(), newImages(), newImage(), newUnresolved(), newCVE(), newExport())
	add("alone", newScan(), newAccess())
	root.AddCommand(newGenerate())
	for _, c := range append(root.Commands(), root) {
		if c.Args != nil {
			c.Args = usage(c.Args)
		}
	}
	return root
}

// usage makes the errors of a check of arguments those of a wrong use.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &exitError{exitUsage, fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
		}
		return nil
	}
}

// version returns the module version that the binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

// configFlags adds the flags that stand for configuration keys.
func configFlags(flags *pflag.FlagSet) {
	flags.String("config", "", "configuration file (default STOWAGE_CONFIG, or stowage.yaml here if there is one)")
	flags.String("listen", "", "address of the API and the pages (default 127.0.0.1:8080)")
	flags.String("data-dir", "", "where the private PostgreSQL keeps its data")
	flags.String("log-level", "", "debug, info, warn or error")
	flags.String("log-format", "", "text, json or auto")
	flags.String("profile", "", "AWS profile")
	flags.String("regions", "", "AWS regions to collect, separated by commas (default all enabled)")
	flags.String("kubeconfig", "", "kubeconfig file")
	flags.String("contexts", "", "kubeconfig contexts to collect, separated by commas; * for all (default the current one)")
	flags.String("advisories", "", "directories, zip files or URLs of OSV advisories, separated by commas")
}

// flagKeys are the configuration keys of the flags.
var flagKeys = map[string]string{
	"listen": "listen", "data-dir": "data_dir", "log-level": "log.level", "log-format": "log.format",
	"profile": "aws.profile", "regions": "aws.regions", "kubeconfig": "kubernetes.kubeconfig",
	"contexts": "kubernetes.contexts", "advisories": "advisories.locations",
}

// loadConfig returns the configuration of a command with [configFlags].
func loadConfig(cmd *cobra.Command, environ []string) (config.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	if path == "" {
		path = config.DefaultPath()
	}
	values := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if key, ok := flagKeys[f.Name]; ok {
			values[key] = f.Value.String()
		}
	})
	c, err := config.Load(path, environ, values)
	if err != nil {
		return c, &exitError{exitUsage, err}
	}
	return c, nil
}

// newLogger returns the logger that the configuration asks for and makes it
// the default one.
func newLogger(c config.Log) *slog.Logger {
	var handler slog.Handler
	switch {
	case c.Format == "json" || (c.Format == "auto" && !isTerminal(os.Stderr)):
		handler = slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.Level})
	case isTerminal(os.Stderr):
		handler = tint.NewTextHandler(os.Stderr, &tint.Options{Level: c.Level})
	default:
		handler = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.Level})
	}
	logger := slog.New(handler)
	slog.SetDefault(logger)
	kubernetes.LogTo(logger)
	return logger
}

// isTerminal reports whether f is one.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
