// Stowage is an inventory of running container images: which run, where, what
// is in them, and who can reach them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitOK = 0
	// exitFailed is any error.
	exitFailed = 1
	// exitUsage is a command line or configuration that makes no sense.
	exitUsage = 2
	// exitIncomplete means that some scope was not complete.
	exitIncomplete = 3
	// exitFindings means that a scan found what --fail-on names.
	exitFindings = 4
	// exitInterrupted is 128 + SIGINT.
	exitInterrupted = 130
)

// An exitError ends the process with a code.
type exitError struct {
	code int
	err  error // nil when everything was said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	exit, coded := errors.AsType[*exitError](err)
	switch {
	case coded && exit.err == nil:
		return exit.code
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "stowage: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "stowage:", err)
	if coded {
		return exit.code
	}
	return exitFailed
}
