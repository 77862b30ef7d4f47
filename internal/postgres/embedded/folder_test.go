package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenFolderErrors(t *testing.T) {
	t.Parallel()
	root := emptyDir(t)
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(root, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	closedWant := "cannot enter " + closed
	if os.Geteuid() != 0 {
		// Not root: a folder of our own that we closed to ourselves.
		if err := os.Chmod(closed, 0); err != nil {
			t.Fatal(err)
		}
		closedWant = "permission denied"
	}
	for name, test := range map[string]struct{ dir, want string }{
		"below_a_file":    {filepath.Join(file, "pg"), "not a directory"},
		"below_a_private": {filepath.Join(closed, "pg"), closedWant},
		"not_creatable":   {"/proc/stowage", "create the data folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(t.Context(), Options{DataDir: test.dir})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Start in %s: %v, want %q", test.dir, err, test.want)
			}
		})
	}
}

// Root must be able to write the log and the lock without following a link
// that the server's user made.
func TestFolderStaysOurs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(emptyDir(t), "pg")
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if owner := accountOwning(info); owner.switched {
		t.Errorf("owner of the data folder = %s, want the user of this process", owner.name)
	}
	if f.owner.switched && info.Mode().Perm() != 0o711 || !f.owner.switched && info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the data folder = %v, server's user = %s", info.Mode(), f.owner.name)
	}
}

func TestDataMajor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version string // content of PG_VERSION; "" for no such file
		want    int
		err     string
	}{
		"fifteen": {"15\n", 15, ""},
		"old":     {"9.6\n", 0, "restore the folder from a backup"},
		"garbage": {"\x00\x00", 0, "restore the folder from a backup"},
		"no_data": {"", 0, "is not PostgreSQL data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &folder{dir: t.TempDir()}
			if err := os.Mkdir(f.data(), 0o700); err != nil {
				t.Fatal(err)
			}
			if test.version != "" {
				if err := os.WriteFile(filepath.Join(f.data(), "PG_VERSION"), []byte(test.version), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := f.dataMajor()
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("dataMajor() = %d, %v, want %d, %q", got, err, test.want, test.err)
			}
		})
	}
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{DataDir: dir})
	for _, want := range []string{dir, "PostgreSQL 12", "move the folder away"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start: %v, want an error with %q", err, want)
		}
	}
}

func TestBlockedAt(t *testing.T) {
	t.Parallel()
	root := emptyDir(t)
	closed := filepath.Join(root, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := account{uid: 4_000_000, gid: 4_000_000, switched: true}
	if got := stranger.blockedAt(filepath.Join(closed, "a", "b")); got != closed {
		t.Errorf("blockedAt below a closed folder = %q, want %q", got, closed)
	}
	if got := stranger.blockedAt(filepath.Join(root, "a", "b")); got != "" {
		t.Errorf("blockedAt below an open folder = %q, want none", got)
	}
	owner := account{uid: uint32(os.Geteuid()), switched: true}
	if got := owner.blockedAt(filepath.Join(closed, "a")); got != "" {
		t.Errorf("blockedAt below the account's own folder = %q, want none", got)
	}
}

func TestServerError(t *testing.T) {
	t.Parallel()
	const output = `2026-01-02 03:04:05 UTC [7] LOG:  starting PostgreSQL
2026-01-02 03:04:05 UTC [7] FATAL:  could not write lock file "postmaster.pid": No space left on device
`
	got := serverError(errors.New("exit status 1"), output).Error()
	want := `exit status 1: could not write lock file "postmaster.pid": No space left on device: the disk is full; free some space, or choose a data folder on another disk`
	if got != want {
		t.Errorf("serverError = %q, want %q", got, want)
	}
}

func TestSized(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		memory uint64
		want   string // shared_buffers
	}{
		{0, "128MB"}, // unknown
		{1 * gib, "128MB"},
		{16 * gib, "1024MB"},
		{1024 * gib, "2048MB"},
	} {
		if got := sized(test.memory)["shared_buffers"]; got != test.want {
			t.Errorf("shared_buffers for %d bytes = %s, want %s", test.memory, got, test.want)
		}
	}
}

func TestDefaultDirs(t *testing.T) {
	for _, dir := range []string{DefaultDataDir(), DefaultCacheDir()} {
		if !filepath.IsAbs(dir) || !strings.Contains(dir, "stowage") {
			t.Errorf("default folder %q is not an absolute one of ours", dir)
		}
	}
}
