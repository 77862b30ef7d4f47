package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stowage-dev/stowage/internal/postgres/embedded"
)

// A server is where the databases are created.
type server struct {
	// given is TEST_DATABASE_URL.
	given string
	// private is the server to use without it. It ends when no process of
	// this user holds it any more.
	private *embedded.Server
}

// theServer is the server of this process.
var theServer = sync.OnceValues(func() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s := server{given: os.Getenv("TEST_DATABASE_URL")}
	if s.given == "" {
		var err error
		if s.private, err = joinOrStart(ctx, filepath.Join(embedded.DefaultCacheDir(), "test")); err != nil {
			return server{}, err
		}
	}
	return s, dropAbandoned(ctx, s.url())
})

// url returns the URL by which databases are created.
func (s server) url() string {
	if s.private != nil {
		return s.private.ConnString()
	}
	return s.given
}

// joinOrStart joins or starts the server that this user's test processes share.
func joinOrStart(ctx context.Context, dir string) (*embedded.Server, error) {
	// One process at a time: it may have to throw the data away.
	turn, err := lock(dir + ".lock")
	if err != nil {
		return nil, fmt.Errorf("lock the test server's folder: %w", err)
	}
	defer turn.Close()
	if err := discardAfterReboot(dir); err != nil {
		return nil, err
	}
	options := embedded.Options{
		DataDir: dir,
		Shared:  true,
		Settings: map[string]string{
			"fsync":              "off",
			"full_page_writes":   "off",
			"synchronous_commit": "off",
			// Fixed plans: no statistics that come at some moment.
			"autovacuum":      "off",
			"max_connections": "500",
			"shared_buffers":  "128MB",
		},
	}
	s, err := embedded.Start(ctx, options)
	if err != nil && ctx.Err() == nil {
		// Data from an earlier run, perhaps of another PostgreSQL, is not
		// worth an error.
		if errors.Join(os.RemoveAll(dir), remember(dir)) == nil {
			s, err = embedded.Start(ctx, options)
		}
	}
	return s, err
}

// discardAfterReboot removes data from before the machine was started: a server
// that does not sync may have lost a part of it.
func discardAfterReboot(dir string) error {
	before, err := os.ReadFile(dir + ".boot")
	if err == nil && string(before) == bootID() {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("discard the test server's old data: %w", err)
	}
	return remember(dir)
}

func remember(dir string) error {
	return os.WriteFile(dir+".boot", []byte(bootID()), 0o600)
}

// bootID names the time since the machine was started, where the system does.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(id))
}

// lock takes the lock of a file; closing the file releases it.
func lock(name string) (*os.File, error) {
	// The server may run as another user, whom the umask must not keep out.
	dir := filepath.Dir(name)
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
