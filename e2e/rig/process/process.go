//go:build e2e

// Package process runs programs beside a test and leaves none behind: each has
// a process group of its own, which is killed when the test ends.
package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stopTimeout is how long a program may take to end in an orderly way.
const stopTimeout = 45 * time.Second

// A Process is a running program.
type Process struct {
	name string
	cmd  *exec.Cmd
	out  output
	// ended is closed when the program has ended.
	ended chan struct{}
}

// Start starts a program with both its outputs kept, and copied to where they
// went. It is killed when the test ends; if the test failed, the end of its
// output is logged.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{name: filepath.Base(cmd.Path), cmd: cmd, ended: make(chan struct{})}
	p.out.changed = make(chan struct{})
	cmd.Stdout, cmd.Stderr = p.out.tee(cmd.Stdout), p.out.tee(cmd.Stderr)
	cmd.SysProcAttr = groupLeader()
	// What the program started may still hold its output.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = cmd.Wait() // ProcessState tells it.
		close(p.ended)
		p.out.announce()
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s %q printed:\n%s", p.name, cmd.Args[1:], p.out.tail())
		}
	})
	return p
}

// Kill kills the program and all that it started, and waits for its end.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // It may have ended.
	<-p.ended
}

// Stop asks the program to end as an operator does, and fails the test unless
// it ends with success.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // It may have ended.
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		p.Kill()
		t.Fatalf("%s did not end within %s", p.name, stopTimeout)
	}
	if !p.cmd.ProcessState.Success() {
		t.Errorf("%s ended with %s", p.name, p.cmd.ProcessState)
	}
}

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// PID returns the number of the program's process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns what the program printed last.
func (p *Process) Output() string { return p.out.tail() }

// Find returns the first match of the expression in what the program prints,
// with its groups, and waits for it.
func (p *Process) Find(t testing.TB, timeout time.Duration, expression string) []string {
	t.Helper()
	pattern := regexp.MustCompile(expression)
	deadline := time.After(timeout)
	for {
		text, changed := p.out.state()
		if found := pattern.FindStringSubmatch(text); found != nil {
			return found
		}
		if p.Ended() {
			t.Fatalf("%s ended (%s) before it printed %q", p.name, p.cmd.ProcessState, expression)
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s did not print %q within %s", p.name, expression, timeout)
		}
	}
}

// PeakMemory returns the largest resident set in bytes that the program, which
// has ended, ever had.
func (p *Process) PeakMemory() int64 {
	usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss * 1024 // Linux counts in KiB.
}

// FreeAddress returns a loopback address that nothing listens on, for programs
// that cannot choose one and tell it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Until calls ready until it returns nil, and fails the test with its last
// error after the timeout.
func Until(t testing.TB, timeout time.Duration, what string, ready func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	var last error
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		if last == nil || !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s not within %s: %v", what, timeout, last)
		case <-ticker.C:
		}
	}
}

// maxOutput bounds what is kept of a program's output.
const maxOutput = 1 << 20

// output keeps the end of what is written.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	o.text.Write(b)
	if extra := o.text.Len() - maxOutput; extra > 0 {
		o.text.Next(extra)
	}
	o.mu.Unlock()
	o.announce()
	return len(b), nil
}

// tee returns a writer to o and, if it is not nil, to w.
func (o *output) tee(w io.Writer) io.Writer {
	if w == nil {
		return o
	}
	return io.MultiWriter(o, w)
}

// announce wakes all who wait for a change.
func (o *output) announce() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
}

// state returns what is kept and a channel that is closed when it changes.
func (o *output) state() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.changed
}

// tail returns the last lines.
func (o *output) tail() string {
	text, _ := o.state()
	const shown = 4 << 10
	if len(text) > shown {
		text = "…" + text[len(text)-shown:]
	}
	return text
}
