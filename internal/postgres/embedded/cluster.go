package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// initialize creates the data, beside its final place first: a start that is
// interrupted or runs out of disk leaves nothing half made behind.
func (f *folder) initialize(ctx context.Context, inst install, lock *os.File, unsafe bool) error {
	draft := f.join("data.new")
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("remove an unfinished data folder: %w", err)
	}
	if err := f.mkdir(draft); err != nil {
		return fmt.Errorf("create a folder for the data: %w", err)
	}
	if err := f.initdb(ctx, inst, draft, lock, unsafe); err != nil {
		os.RemoveAll(draft)
		return err
	}
	if err := os.Rename(draft, f.data()); err != nil {
		return fmt.Errorf("move the new data folder into place: %w", err)
	}
	return nil
}

func (f *folder) initdb(ctx context.Context, inst install, draft string, lock *os.File, unsafe bool) error {
	args := []string{
		"--pgdata=" + draft, "--username=" + role, "--encoding=UTF8", "--locale=C",
		// The socket's folder is closed to other users; that is the access control.
		"--auth=trust",
	}
	if inst.major >= 18 {
		// As before 18: with checksums, merely reading newly loaded rows
		// writes whole pages to the log.
		args = append(args, "--no-data-checksums")
	}
	if unsafe {
		args = append(args, "--no-sync")
	}
	if err := f.run(ctx, lock, exec.CommandContext(ctx, inst.program("initdb"), args...)); err != nil {
		return fmt.Errorf("create the data folder %s: %w", f.dir, err)
	}
	create := exec.CommandContext(ctx, inst.program("postgres"), "--single", "-D", draft, "postgres")
	create.Stdin = strings.NewReader("CREATE DATABASE " + database + "\n")
	if err := f.run(ctx, lock, create); err != nil {
		return fmt.Errorf("create the database in %s: %w", f.dir, err)
	}
	return nil
}

// run runs a server program as the server's user. The program holds the lock,
// too: should this process be killed, the next start waits for its end. The
// error carries what the program said.
func (f *folder) run(ctx context.Context, lock *os.File, cmd *exec.Cmd) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.ExtraFiles = []*os.File{lock}
	cmd.Dir, cmd.Env, cmd.SysProcAttr = f.dir, environment(), f.owner.attributes()
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return serverError(fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err), output.String())
}

// environment returns the environment of server programs: none of the PG*
// variables, which would change what they do.
func environment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
}

// serverError adds to err the lines of a server's output that say what went
// wrong, and the remedy where there is a known one.
func serverError(err error, output string) error {
	const most = 5
	var said []string
	for line := range strings.Lines(output) {
		for _, level := range []string{"FATAL: ", "PANIC: ", "ERROR: ", "HINT: ", "DETAIL: ", "error: ", "hint: ", "detail: "} {
			if _, text, ok := strings.Cut(line, level); ok && len(said) < most {
				said = append(said, strings.TrimSpace(text))
				break
			}
		}
	}
	if len(said) == 0 {
		if text := strings.TrimSpace(output); text != "" {
			lines := strings.Split(text, "\n")
			said = lines[max(0, len(lines)-most):]
		}
	}
	if len(said) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.Join(said, "; "))
	}
	if strings.Contains(output, "No space left on device") {
		err = fmt.Errorf("%w: the disk is full; free some space, or choose a data folder on another disk", err)
	}
	return err
}

const pidFileName = "postmaster.pid"

func (f *folder) pidFile() string { return filepath.Join(f.data(), pidFileName) }

// adoptPIDFile makes the postmaster.pid of a server that was killed harmless.
// PostgreSQL refuses to start when the process named there exists, even when it
// is an unrelated one that got the same number. A file that names the parent of
// the new server is known to be stale, and PostgreSQL still checks that the
// old server's shared memory is not in use. Call it with the lock held.
func (f *folder) adoptPIDFile() error {
	// A root keeps to the data even if its owner put a link there.
	data, err := os.OpenRoot(f.data())
	if err != nil {
		return fmt.Errorf("open the data: %w", err)
	}
	defer data.Close()
	text, err := data.ReadFile(pidFileName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a stale %s: %w", pidFileName, err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := data.WriteFile(pidFileName, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		return fmt.Errorf("rewrite a stale %s: %w", pidFileName, err)
	}
	return nil
}

// A pidFileState is what a running server writes to its postmaster.pid;
// see https://www.postgresql.org/docs/current/storage-file-layout.html.
type pidFileState struct {
	pid       int
	socketDir string
	status    string // "starting", "ready", "stopping"
}

func (f *folder) readPIDFile() pidFileState {
	text, err := os.ReadFile(f.pidFile())
	if err != nil {
		return pidFileState{}
	}
	lines := strings.Split(string(text), "\n")
	for len(lines) < 8 {
		lines = append(lines, "")
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0]))
	return pidFileState{pid: pid, socketDir: strings.TrimSpace(lines[4]), status: strings.TrimSpace(lines[7])}
}
