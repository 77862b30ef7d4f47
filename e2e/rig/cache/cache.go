//go:build e2e

// Package cache keeps what is slow to make for the end-to-end tests, such as
// the binaries of servers, in the user's cache folder.
package cache

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// complete marks a folder whose making came to its end.
const complete = ".complete"

// Dir returns the folder with the given name, after fill has filled it; fill is
// not called when an earlier run did. The name has to change with what fill
// does. Processes take turns.
func Dir(t testing.TB, name string, fill func(dir string) error) string {
	t.Helper()
	root, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "stowage-e2e", name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatalf("lock %s: %v", lock.Name(), err)
	}
	mark := filepath.Join(dir, complete)
	if _, err := os.Stat(mark); err == nil {
		return dir
	}
	start := time.Now()
	t.Logf("making %s, which is kept for later runs", dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fill(dir); err != nil {
		t.Fatalf("make %s: %v", dir, err)
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("made %s in %s", dir, time.Since(start).Round(time.Second))
	return dir
}

// Program returns the path of a program that is built from a package of the Go
// module in a folder of the repository, such as "e2e/rig/registry/server".
func Program(t testing.TB, module, program, pkg string, flags ...string) string {
	t.Helper()
	folder := filepath.Join(Repository(t), filepath.FromSlash(module))
	recipe := fmt.Sprintln(runtime.Version(), runtime.GOARCH, pkg, flags)
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files of module %s: %v, %v", module, files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		recipe += string(data)
	}
	dir := Dir(t, program+"-"+Hash(recipe), func(dir string) error {
		args := append([]string{"build", "-trimpath", "-o", filepath.Join(dir, program)}, flags...)
		cmd := exec.CommandContext(t.Context(), "go", append(args, pkg)...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		return Run(cmd)
	})
	return filepath.Join(dir, program)
}

// Run runs a command; its error holds what it printed.
func Run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// Hash returns a short name for a recipe.
func Hash(recipe string) string {
	sum := sha256.Sum256([]byte(recipe))
	return fmt.Sprintf("%x", sum[:6])
}

// Repository returns the top folder of the repository.
func Repository(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("go env GOMOD: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}
