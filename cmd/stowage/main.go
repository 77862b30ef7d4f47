// Stowage is an inventory of running container images: which run, where, what
// is in them, and who can reach them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/stowage-dev/stowage/internal/client"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		// A second signal ends the process at once.
		signal.Stop(signals)
		cancel(signalError{s})
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A signalError is why the context of a command ends early.
type signalError struct{ os.Signal }

// Error implements error.
func (e signalError) Error() string { return e.String() + " signal received" }

// Is implements the interface of [errors.Is].
func (signalError) Is(target error) bool { return target == context.Canceled }

// The exit codes.
const (
	exitOK = 0
	// exitFailed is any error.
	exitFailed = 1
	// exitUsage is a command line or configuration that makes no sense.
	exitUsage = 2
	// exitIncomplete means that some scope or advisory feed was not read.
	exitIncomplete = 3
	// exitFindings means that a scan found what --fail-on names.
	exitFindings = 4
	// exitInterrupted is 128 + SIGINT. A command that another signal ends
	// early exits with 128 and that signal's number.
	exitInterrupted = 128 + int(syscall.SIGINT)
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
	default:
		fmt.Fprintln(stderr, "stowage:", printableLines(err.Error()))
	}
	switch {
	case coded:
		return exit.code
	case ctx.Err() != nil:
		return interrupted(ctx)
	case refused(err):
		return exitUsage
	}
	return exitFailed
}

// refused reports whether a server found that the question makes no sense.
func refused(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity)
}

// interrupted returns the exit code of a command that a signal ended early.
func interrupted(ctx context.Context) int {
	if e, ok := errors.AsType[signalError](context.Cause(ctx)); ok && e.Signal == syscall.SIGTERM {
		return 128 + int(syscall.SIGTERM)
	}
	return exitInterrupted
}
