package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

const (
	// demoPrefix begins the names of the folders of demos.
	demoPrefix = "stowage-demo-"
	// ownerLock is locked as long as a process of the demo lives. It appears
	// in the folder locked.
	ownerLock = "owner.lock"
)

// newDemoFolder makes a folder for a demo, and removes those of demos that were
// killed. The folder belongs to the demo until the lock is closed, here and in
// the processes that inherit it.
func newDemoFolder(parent string, log *slog.Logger) (dir string, lock *os.File, err error) {
	sweepDemoFolders(parent, log)
	if dir, err = os.MkdirTemp(parent, demoPrefix); err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	name := filepath.Join(dir, ownerLock)
	if lock, err = tryLock(name+".new", os.O_CREATE); err != nil {
		return "", nil, err
	}
	if err = os.Rename(name+".new", name); err != nil {
		lock.Close()
		return "", nil, err
	}
	// The private PostgreSQL of root runs as another user, who must be able to
	// enter.
	return dir, lock, os.Chmod(dir, 0o755)
}

// sweepDemoFolders removes the folders of demos of which no process lives.
func sweepDemoFolders(parent string, log *slog.Logger) {
	found, _ := filepath.Glob(filepath.Join(parent, demoPrefix+"*"))
	for _, dir := range found {
		removed, err := removeAbandoned(dir)
		switch {
		case err != nil:
			log.Warn("remove the folder of a demo that was killed", "dir", dir, "error", err)
		case removed:
			log.Info("removed the folder of a demo that was killed", "dir", dir)
		}
	}
}

// removeAbandoned removes the folder of a demo unless one of its processes
// lives, or it is just being made, or it is no such folder.
func removeAbandoned(dir string) (removed bool, err error) {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return false, nil // Somebody else removed it, or put a link there.
	}
	owner, err := tryLock(filepath.Join(dir, ownerLock), 0)
	if err != nil {
		return false, ignoreTaken(err)
	}
	defer owner.Close()
	// PostgreSQL outlives its owner by the time that it takes to end.
	server, err := tryLock(filepath.Join(dir, demoPostgres, "lock"), 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, ignoreTaken(err)
	}
	if server != nil {
		defer server.Close()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	// The lock goes last: a folder without one is never looked at again.
	for _, e := range entries {
		if e.Name() != ownerLock {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return false, err
			}
		}
	}
	return true, os.RemoveAll(dir)
}

// ignoreTaken returns err unless it says that somebody has the lock, that there
// is none, or that it is another user's.
func ignoreTaken(err error) error {
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// tryLock opens a file and locks it, if nobody else has.
func tryLock(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
	}
}
