package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ownerEnv makes the test program a process that owns a server in the folder
// that the variable names, until it is killed.
const ownerEnv = "STOWAGE_TEST_OWNER_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerEnv); dir != "" {
		ownServer(dir)
		return
	}
	code := m.Run()
	if prototype.dir != "" {
		os.RemoveAll(prototype.dir)
	}
	os.Exit(code)
}

func ownServer(dir string) {
	s, err := Start(context.Background(), Options{
		DataDir: dir, Settings: fast, Shared: os.Getenv("SHARED") != "",
		Progress: func(step string) { fmt.Println(step) },
	})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println(s.ConnString())
	io.Copy(io.Discard, os.Stdin) // for ever: the test kills us
}

// fast are settings for tests that do not pull the plug.
var fast = map[string]string{"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}

// prototype is a data folder that tests copy instead of creating their own.
var prototype struct {
	once sync.Once
	dir  string
	err  error
}

// newDataDir returns a data folder with a new database in it, in a place that
// the server's user can enter.
func newDataDir(t *testing.T) string {
	t.Helper()
	prototype.once.Do(func() {
		if prototype.dir, prototype.err = openTempDir(); prototype.err != nil {
			return
		}
		s, err := Start(context.Background(), Options{DataDir: filepath.Join(prototype.dir, "pg"), Settings: fast})
		if err == nil {
			err = s.Stop(context.Background())
		}
		prototype.err = err
	})
	if prototype.err != nil {
		t.Fatal(prototype.err)
	}
	dir := filepath.Join(emptyDir(t), "pg")
	if output, err := exec.Command("cp", "-a", filepath.Join(prototype.dir, "pg"), dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the prototype: %v: %s", err, output)
	}
	return dir
}

// emptyDir is like t.TempDir, but other users may enter the folder.
func emptyDir(t *testing.T) string {
	t.Helper()
	dir, err := openTempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func openTempDir() (string, error) {
	dir, err := os.MkdirTemp("", "stowage-test-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// startIn starts a server that ends with the test.
func startIn(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Settings == nil {
		o.Settings = fast
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop(context.Background())
		awaitEnd(t, o.DataDir) // a shared server takes its time
	})
	return s
}

// execSQL executes a statement on the server of a connection string.
func execSQL(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// awaitEnd waits until every process of the server in a folder is gone.
func awaitEnd(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	lock, err := lockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
}

func TestStartStopStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(emptyDir(t), "deep", "er")
	var steps []string
	s := startIn(t, Options{DataDir: dir, Progress: func(step string) { steps = append(steps, step) }})
	execSQL(t, s.ConnString(), `CREATE TABLE kept AS SELECT 1 AS n; CREATE EXTENSION pg_trgm`)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatalf("second Stop: %v", err)
	}
	if _, err := pgx.Connect(t.Context(), s.ConnString()); err == nil {
		t.Error("the server still answers after Stop")
	}
	if len(steps) != 2 || !strings.Contains(steps[0], dir) {
		t.Errorf("progress = %q, want one line for the data folder and one for the start", steps)
	}

	s = startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `SELECT n FROM kept`)
}

func TestListensOnSocketOnly(t *testing.T) {
	t.Parallel()
	s := startIn(t, Options{DataDir: newDataDir(t)})
	conn, err := pgx.Connect(t.Context(), s.ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for setting, want := range map[string]string{"listen_addresses": "", "jit": "off", "shared_buffers": "16MB", "random_page_cost": "1.1"} {
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting($1)`, setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", setting, got, err, want)
		}
	}
	info, err := os.Stat(s.socketDir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the socket folder = %v, %v, want 0700", info.Mode(), err)
	}
}

func TestRestartAfterServerWasKilled(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	s := startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `CREATE TABLE kept AS SELECT 1 AS n`)
	s.signal(syscall.SIGKILL)
	<-s.Done()
	if s.Err() == nil {
		t.Error("Err() = nil after the server was killed")
	}
	s.Stop(t.Context())

	// The worst case of a stale file: another process has that number now.
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getppid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}

	s = startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `SELECT n FROM kept`)
}

func TestServerEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	owner, dsn := spawnOwner(t, dir, "postgres://")
	execSQL(t, dsn, `CREATE TABLE kept AS SELECT 1 AS n`)

	_, err := Start(t.Context(), Options{DataDir: dir})
	if want := fmt.Sprintf("the data folder %s is in use by process %d", dir, owner.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Start beside another owner: %v, want an error with %q", err, want)
	}

	owner.Kill()
	owner.Wait()
	// No waiting in between: the old server may still be ending.
	s := startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `SELECT n FROM kept`)
}

func TestOwnerKilledWhileStarting(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"creating", "starting"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(emptyDir(t), "pg")
			owner, _ := spawnOwner(t, dir, step)
			owner.Kill()
			owner.Wait()
			execSQL(t, startIn(t, Options{DataDir: dir}).ConnString(), `SELECT 1`)
		})
	}
}

// spawnOwner starts a process that owns, or shares, a server in the folder. It
// returns when the process prints a line with the given start.
func spawnOwner(t *testing.T, dir, until string, env ...string) (owner *os.Process, line string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), ownerEnv+"="+dir), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
		awaitEnd(t, dir)
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), until) {
			return cmd.Process, lines.Text()
		}
	}
	t.Fatalf("the owner ended before it said %q", until)
	return nil, ""
}

func TestOneOwnerAtATime(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	s := startIn(t, Options{DataDir: dir})
	_, err := Start(t.Context(), Options{DataDir: dir})
	if want := fmt.Sprintf("in use by process %d", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("second Start: %v, want an error with %q", err, want)
	}
	execSQL(t, s.ConnString(), `SELECT 1`)
}

func TestSharedServerEndsWithItsLastUser(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	first, dsn := spawnOwner(t, dir, "postgres://", "SHARED=1")
	s := startIn(t, Options{DataDir: dir, Shared: true})
	if s.ConnString() != dsn {
		t.Errorf("ConnString() = %s, want that of the first user, %s", s.ConnString(), dsn)
	}
	execSQL(t, dsn, `CREATE TABLE kept AS SELECT 1 AS n`)
	first.Kill()
	first.Wait()
	execSQL(t, dsn, `SELECT n FROM kept`)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, dir)

	s = startIn(t, Options{DataDir: dir, Shared: true})
	execSQL(t, s.ConnString(), `SELECT n FROM kept`)
}

func TestSharedServerIsReplacedWhenKilled(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	s := startIn(t, Options{DataDir: dir, Shared: true})
	s.signal(syscall.SIGKILL)
	<-s.Done()
	again := startIn(t, Options{DataDir: dir, Shared: true})
	execSQL(t, again.ConnString(), `SELECT 1`)
	s.Stop(t.Context())
	execSQL(t, again.ConnString(), `SELECT 1`)
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(emptyDir(t), strings.Repeat("long", 20), "pg")
	s := startIn(t, Options{DataDir: dir})
	if strings.HasPrefix(s.socketDir, dir) {
		t.Fatalf("socket folder = %s, want one with a shorter path", s.socketDir)
	}
	execSQL(t, s.ConnString(), `SELECT 1`)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.socketDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket folder is still there after Stop: %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := emptyDir(t)
	if err := mountSmallDisk(dir); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() { unmount(dir) })
	data := filepath.Join(dir, "pg")
	_, err := Start(t.Context(), Options{DataDir: data})
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("Start on a full disk: %v, want an error that says so", err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "data*")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

func TestStopWithoutTime(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	s := startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `CREATE TABLE kept AS SELECT 1 AS n`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Stop: %v, want nil or %v", err, context.Canceled)
	}
	s = startIn(t, Options{DataDir: dir})
	execSQL(t, s.ConnString(), `SELECT n FROM kept`)
}

func TestStartCanceled(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Start(ctx, Options{DataDir: dir, Settings: fast, Progress: func(step string) {
		if strings.HasPrefix(step, "starting") {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v, want %v", err, context.Canceled)
	}
	awaitEnd(t, dir)
}

func TestBadSetting(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{DataDir: newDataDir(t), Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("Start: %v, want what the server said", err)
	}
}

// TestDownloadedServer runs the pinned build for real. It needs the network, so
// it runs only when asked for.
func TestDownloadedServer(t *testing.T) {
	t.Parallel()
	if os.Getenv("STOWAGE_TEST_DOWNLOAD") == "" {
		t.Skip("set STOWAGE_TEST_DOWNLOAD=1 to download and run PostgreSQL " + pinned.version)
	}
	o, err := Options{DataDir: filepath.Join(emptyDir(t), "pg"), Settings: fast}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), o, search{release: pinned})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	conn, err := pgx.Connect(t.Context(), s.ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var version string
	if err := conn.QueryRow(t.Context(), `SHOW server_version`).Scan(&version); err != nil || version != pinned.version {
		t.Errorf("server_version = %q, %v, want %q", version, err, pinned.version)
	}
	execSQL(t, s.ConnString(), `CREATE EXTENSION pg_trgm`)
}
