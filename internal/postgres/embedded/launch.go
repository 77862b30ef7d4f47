package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// port only names the socket file.
const port = "5432"

// launcher is the shell script that becomes the server. Before it does, it
// leaves a watcher behind that reads the lifeline (descriptor 3): the read
// returns when the last process that holds the other end is gone, even if it
// was killed. The watcher then stops the server, if it is still that server.
//
// $1 is the named pipe behind the lifeline of a shared server. The watcher
// removes it and looks once more, so that a process which could open it can
// rely on the server. $2 is the data. Descriptor 4 is the folder's lock, which
// the server keeps and the watcher does not.
const launcher = `
pipe=$1 data=$2
shift 2
(
	(
		read -r line <&3
		if [ -n "$pipe" ]; then
			rm -f "$pipe"
			read -r line <&3
		fi
		# A server that is just starting has not written its number yet.
		for try in 1 2 3 4 5 6 7 8 9 10; do
			read -r pid <"$data/postmaster.pid" && [ "$pid" = "$$" ] && kill -INT "$$" && break
			kill -0 "$$" || break
			sleep 1
		done
	) 4<&- >/dev/null 2>&1 &
)
exec "$@" 3<&-
`

// launch starts the server on existing data and waits until it is ready.
func (f *folder) launch(ctx context.Context, inst install, settings map[string]string, shared bool, lock *os.File) (_ *Server, err error) {
	if err := f.adoptPIDFile(); err != nil {
		return nil, err
	}
	s := &Server{done: make(chan struct{}), lock: lock}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.socketDir, s.ownSocket, err = f.makeSocketDir(); err != nil {
		return nil, err
	}
	reader, writer, pipe, err := f.makeLifeline(shared)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	s.lifeline = writer
	log, err := f.createLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()

	args := []string{"-c", launcher, "stowage-postgres", pipe, f.data(), inst.program("postgres"), "-D", f.data()}
	args = append(args, arguments(settings, s.socketDir)...)
	s.cmd = exec.Command("/bin/sh", args...)
	s.cmd.Dir, s.cmd.Env, s.cmd.SysProcAttr = f.dir, environment(), f.owner.attributes()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.ExtraFiles = []*os.File{reader, lock}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL as user %s: %w", f.owner.name, err)
	}
	go func() {
		defer close(s.done)
		if err := s.cmd.Wait(); err != nil {
			s.err = serverError(fmt.Errorf("PostgreSQL %s in %s: %w", inst.version, f.dir, err), f.lastLog())
		}
	}()
	if err := s.awaitReady(ctx, f); err != nil {
		s.signal(syscall.SIGQUIT)
		<-s.done
		return nil, err
	}
	return s, nil
}

// awaitReady waits until the server accepts connections. After a crash that
// can take minutes, so only ctx limits it.
func (s *Server) awaitReady(ctx context.Context, f *folder) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if state := f.readPIDFile(); state.pid == s.cmd.Process.Pid && state.status == "ready" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL in %s: %w", f.dir, ctx.Err())
		case <-s.done:
			if s.err == nil {
				return fmt.Errorf("PostgreSQL in %s ended before it was ready; see %s", f.dir, f.logFile())
			}
			return s.err
		case <-tick.C:
		}
	}
}

// maxSocketPath is how long the path of a unix socket may be on every system
// (sun_path of sockaddr_un is 104 bytes on macOS, 108 on Linux).
const maxSocketPath = 103

// makeSocketDir creates the folder of the socket: in the data folder, or in a
// temporary one when that path is too long for a socket.
func (f *folder) makeSocketDir() (dir string, temporary bool, err error) {
	dir = f.join("run")
	// What lies there is of a server that has ended: the lock is ours.
	if err := os.RemoveAll(dir); err != nil {
		return "", false, fmt.Errorf("clear the socket folder: %w", err)
	}
	if err := f.mkdir(dir); err != nil {
		return "", false, fmt.Errorf("create the socket folder: %w", err)
	}
	if fitsSocket(dir) {
		return dir, false, nil
	}
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err = os.MkdirTemp(parent, "stowage-")
		if err != nil {
			continue
		}
		if fitsSocket(dir) && f.owner.blockedAt(dir) == "" {
			return dir, true, f.owner.chown(dir)
		}
		os.Remove(dir)
	}
	return "", false, errors.Join(err, fmt.Errorf("no short enough folder for the socket: both %s and the temporary folder are too long or closed", f.dir))
}

func fitsSocket(dir string) bool {
	return len(filepath.Join(dir, ".s.PGSQL."+port)) <= maxSocketPath
}

// makeLifeline returns the two ends of the server's lifeline, and the path of
// the named pipe behind it if it is shared.
func (f *folder) makeLifeline(shared bool) (reader, writer *os.File, pipe string, err error) {
	if !shared {
		reader, writer, err = os.Pipe()
		return reader, writer, "", err
	}
	// The name is new each time: the watcher of an earlier server that was
	// killed must not remove ours.
	pipe = filepath.Join(f.join("run"), fmt.Sprintf("%s%d-%d", pipePrefix, os.Getpid(), time.Now().UnixNano()))
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, nil, "", fmt.Errorf("create the named pipe %s: %w", pipe, err)
	}
	fd, err := syscall.Open(pipe, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, "", fmt.Errorf("open the named pipe %s: %w", pipe, err)
	}
	if writer, err = openPipe(pipe); err != nil {
		syscall.Close(fd)
		return nil, nil, "", err
	}
	// The watcher is to block in its read.
	return os.NewFile(uintptr(fd), pipe), writer, pipe, syscall.SetNonblock(fd, false)
}

const pipePrefix = "users-"

// openPipe opens a named pipe for writing. It fails when nobody reads it.
func openPipe(name string) (*os.File, error) {
	fd, err := syscall.Open(name, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the named pipe %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// joinServer makes this process a user of the shared server in the folder.
func (f *folder) joinServer() (*Server, error) {
	pipes, _ := filepath.Glob(filepath.Join(f.join("run"), pipePrefix+"*"))
	if len(pipes) != 1 {
		return nil, errors.New("no shared server runs")
	}
	writer, err := openPipe(pipes[0])
	if err != nil {
		return nil, err
	}
	// The watcher lives, but somebody may have killed the server.
	state := f.readPIDFile()
	if state.status != "ready" || !alive(state.pid) {
		writer.Close()
		return nil, errors.New("the shared server was killed")
	}
	return &Server{socketDir: state.socketDir, lifeline: writer, done: make(chan struct{})}, nil
}

// createLog creates the server's log, keeping the one before.
func (f *folder) createLog() (*os.File, error) {
	if err := os.Rename(f.logFile(), f.logFile()+".1"); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("keep the previous log: %w", err)
	}
	log, err := os.OpenFile(f.logFile(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the log: %w", err)
	}
	return log, nil
}

// lastLog returns the end of the server's log.
func (f *folder) lastLog() string {
	const enough = 16 << 10
	log, err := os.Open(f.logFile())
	if err != nil {
		return ""
	}
	defer log.Close()
	if size, err := log.Seek(0, io.SeekEnd); err == nil {
		log.Seek(max(0, size-enough), io.SeekStart)
	}
	text, _ := io.ReadAll(log)
	return string(text)
}

// arguments returns the server's command line: the settings, and those that
// make it reachable for us alone.
func arguments(settings map[string]string, socketDir string) []string {
	all := settings
	all["listen_addresses"] = ""
	all["port"] = port
	// The value is a list: quotes keep a comma or blank in the path.
	all["unix_socket_directories"] = `"` + strings.ReplaceAll(socketDir, `"`, `""`) + `"`
	all["unix_socket_permissions"] = "0700"
	return flags(all)
}
