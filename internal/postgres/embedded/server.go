package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// The one role and the one database of the server.
const (
	role     = "stowage"
	database = "stowage"
)

// Options say where a server lives and whom it tells what. The zero value is
// usable.
type Options struct {
	// DataDir is the folder of the server; it is created when absent.
	// The default is [DefaultDataDir].
	DataDir string
	// CacheDir is where a downloaded server is kept. The default is
	// [DefaultCacheDir].
	CacheDir string
	// Logger receives what an operator may need later; by default nothing is
	// logged.
	Logger *slog.Logger
	// Progress receives one line for each step that a person may have to wait
	// for, such as a download.
	Progress func(string)
	// Settings are server settings (postgresql.conf names) that replace the
	// default ones.
	Settings map[string]string
	// Shared lets several processes use one server: Start joins the one that
	// runs in DataDir, or starts it. It ends when the last of them stops it
	// or ends. Without Shared a server has one owner, and a second Start in
	// the same DataDir is an error.
	Shared bool
}

// DefaultDataDir returns the folder of the server's data: one that lasts, in
// the user's home, or /var/lib/stowage/postgres for root.
func DefaultDataDir() string {
	if os.Geteuid() == 0 {
		// The server runs as another user, who cannot enter root's home.
		return "/var/lib/stowage/postgres"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), fmt.Sprintf("stowage-%d", os.Geteuid()), "postgres")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "stowage", "postgres")
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "stowage", "postgres")
	}
	return filepath.Join(home, ".local", "share", "stowage", "postgres")
}

// DefaultCacheDir returns the folder of downloaded servers: in the user's
// cache, or /var/cache/stowage for root.
func DefaultCacheDir() string {
	if os.Geteuid() == 0 {
		return "/var/cache/stowage"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(os.TempDir(), fmt.Sprintf("stowage-%d", os.Geteuid()), "cache")
	}
	return filepath.Join(dir, "stowage")
}

func (o Options) withDefaults() (Options, error) {
	if o.DataDir == "" {
		o.DataDir = DefaultDataDir()
	}
	if o.CacheDir == "" {
		o.CacheDir = DefaultCacheDir()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	var err error
	if o.DataDir, err = filepath.Abs(o.DataDir); err != nil {
		return o, err
	}
	o.CacheDir, err = filepath.Abs(o.CacheDir)
	return o, err
}

// A Server is a running PostgreSQL server.
type Server struct {
	socketDir string
	ownSocket bool     // socketDir is a temporary folder that goes with the server
	lifeline  *os.File // the server ends when its last writer is gone

	// The rest is set only in the process that started the server.
	cmd  *exec.Cmd
	lock *os.File
	done chan struct{} // closed when the server has ended
	err  error         // how it ended; read after done
}

// Start starts the server of o.DataDir, creating its data when there is none,
// and returns when it accepts connections. Canceling ctx later does not stop
// the server; [Server.Stop] does.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	s, err := start(ctx, o, installedServers())
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	return s, nil
}

func start(ctx context.Context, o Options, places search) (*Server, error) {
	f, err := openFolder(o.DataDir)
	if err != nil {
		return nil, err
	}
	if o.Shared {
		// One process at a time finds out whether there is a server to join.
		turn, err := lockFile(ctx, f.join("join.lock"))
		if err != nil {
			return nil, err
		}
		defer turn.Close()
		if s, err := f.joinServer(); err == nil {
			return s, nil
		}
	}
	lock, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	s, err := startLocked(ctx, o, f, places, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	if o.Shared {
		if err := writeHolder(lock, s.cmd.Process.Pid); err != nil {
			return nil, errors.Join(err, s.Stop(ctx))
		}
		// The server holds the lock for as long as it lives; its starter may go.
		lock.Close()
		s.lock = nil
	}
	return s, nil
}

// startLocked starts the server of a folder that no other server can be using.
func startLocked(ctx context.Context, o Options, f *folder, places search, lock *os.File) (*Server, error) {
	major, err := f.dataMajor()
	if err != nil {
		return nil, err
	}
	inst, err := places.choose(ctx, f, major, o)
	if err != nil {
		return nil, err
	}
	settings := settings(o.Settings)
	if major == 0 {
		o.Progress("creating the PostgreSQL " + inst.version + " data folder " + f.dir)
		if err := f.initialize(ctx, inst, lock, settings["fsync"] == "off"); err != nil {
			return nil, err
		}
	}
	o.Progress("starting PostgreSQL " + inst.version)
	s, err := f.launch(ctx, inst, settings, o.Shared, lock)
	if err != nil {
		return nil, err
	}
	o.Logger.InfoContext(ctx, "postgres started",
		"version", inst.version, "bin", inst.bin, "data_dir", f.dir, "pid", s.cmd.Process.Pid, "user", f.owner.name)
	return s, nil
}

// ConnString returns the URL by which to connect to the server's database. It
// works for this user (and root) on this machine only.
func (s *Server) ConnString() string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.User(role),
		Path:   "/" + database,
		// Port and sslmode are given so that PGPORT and PGSSLMODE cannot
		// change them.
		RawQuery: url.Values{"host": {s.socketDir}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// Done returns a channel that is closed when the server has ended, whatever
// the reason. It never closes for a shared server that another process started.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns why the server ended. It is nil before [Server.Done] is closed,
// and after an orderly stop.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stop stops the server and waits until it has written everything. When ctx
// ends first, the server is stopped at once; nothing committed is lost, the
// next start takes longer. A shared server is only left: it ends when nobody
// uses it any more. Stop may be called more than once.
func (s *Server) Stop(ctx context.Context) error {
	if s.lock == nil {
		return ignoreClosed(s.lifeline.Close())
	}
	s.signal(syscall.SIGINT) // "fast shutdown": ends sessions, then writes a checkpoint
	var err error
	select {
	case <-s.done:
		err = s.err
	case <-ctx.Done():
		s.signal(syscall.SIGQUIT)
		<-s.done
		err = fmt.Errorf("embedded PostgreSQL: stopped without a checkpoint: %w", ctx.Err())
	}
	s.release()
	return err
}

// release gives back what the server of this process held, once it has ended.
func (s *Server) release() {
	s.lifeline.Close()
	// A server that was killed leaves processes that hold the lock a little
	// longer. The next start shall wait for them, not blame this process.
	s.lock.Truncate(0)
	s.lock.Close()
	if s.ownSocket {
		os.RemoveAll(s.socketDir)
	}
}

// signal signals the server; that it may have ended already does not matter.
func (s *Server) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
