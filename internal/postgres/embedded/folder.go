package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A folder is the data folder of a server.
type folder struct {
	dir   string
	owner account
}

// openFolder creates what is missing of the folder and checks that the
// server's user can work in it.
func openFolder(dir string) (*folder, error) {
	f := &folder{dir: dir, owner: serverAccount()}
	if info, err := os.Stat(f.data()); err == nil {
		owner := accountOwning(info)
		if owner.switched && os.Geteuid() != 0 {
			return nil, fmt.Errorf("the data in %s belongs to user %s; run as that user, or choose another data folder", dir, owner.name)
		}
		f.owner = owner
	}
	if at := f.owner.blockedAt(f.data()); at != "" {
		return nil, fmt.Errorf("the server runs as user %s, who cannot enter %s (needed for the data folder %s); "+
			"choose a data folder elsewhere, such as /var/lib/stowage/postgres, or run as another user than root", f.owner.name, at, dir)
	}
	if err := mkdirOpen(filepath.Dir(dir)); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	// The folder itself stays ours even when the server runs as another user:
	// what root writes there, such as the log, must not be a link that the
	// server's user has put in its place.
	mode := fs.FileMode(0o700)
	if f.owner.switched {
		mode = 0o711
	}
	switch err := os.Mkdir(dir, mode); {
	case err == nil:
		if err := os.Chmod(dir, mode); err != nil { // whatever the umask is
			return nil, fmt.Errorf("create the data folder: %w", err)
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	return f, nil
}

func (f *folder) join(name string) string { return filepath.Join(f.dir, name) }
func (f *folder) data() string            { return f.join("data") }

// mkdir creates a folder for the server's user, and for nobody else.
func (f *folder) mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := f.owner.chown(dir); err != nil {
		return fmt.Errorf("hand it to user %s: %w", f.owner.name, err)
	}
	return nil
}

func (f *folder) logFile() string { return f.join("postgres.log") }

// dataMajor returns the major version of the server that wrote the data, or 0
// when there is no data yet.
func (f *folder) dataMajor() (int, error) {
	name := filepath.Join(f.data(), "PG_VERSION")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(f.data()); err == nil {
			return 0, fmt.Errorf("%s is not PostgreSQL data (it has no PG_VERSION); move it away or choose another data folder", f.data())
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %s holds %q; restore the folder from a backup, or move it away", name, text)
	}
	return major, nil
}

// acquire takes the folder's lock. It fails at once while another process
// owns a server here, and waits while the server of a process that was killed
// is still ending.
func (f *folder) acquire(ctx context.Context) (*os.File, error) {
	const patience = time.Minute
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := f.join("lock")
	lock, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	err = awaitLock(waiting, lock, func() error {
		if pid := firstPID(name); alive(pid) {
			return fmt.Errorf("the data folder %s is in use by process %d; stop that process, or choose another data folder", f.dir, pid)
		}
		return nil
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("a PostgreSQL server (process %d) that nobody owns still runs in %s; end it with: kill -INT %[1]d",
			firstPID(f.pidFile()), f.dir)
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	if err := writeHolder(lock, os.Getpid()); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// lockFile locks a file, waiting for its turn.
func lockFile(ctx context.Context, name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := awaitLock(ctx, file, func() error { return nil }); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// awaitLock takes the lock of a file as soon as it is free. Whenever it is
// not, busy may give up.
func awaitLock(ctx context.Context, file *os.File, busy func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if err := busy(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", file.Name(), ctx.Err())
		case <-tick.C:
		}
	}
}

// writeHolder writes into a lock which process holds it.
func writeHolder(lock *os.File, pid int) error {
	err := lock.Truncate(0)
	if err == nil {
		_, err = lock.WriteAt(fmt.Appendln(nil, pid), 0)
	}
	if err != nil {
		return fmt.Errorf("write the lock of the data folder: %w", err)
	}
	return nil
}

// firstPID returns the process id in the first line of a file, or 0.
func firstPID(name string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return pid
}

// alive reports whether a process exists.
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
