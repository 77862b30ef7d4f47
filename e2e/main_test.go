//go:build e2e

package e2e

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// bin is the folder of the binaries under test, advisories that of the made-up
// advisories, in the layout of OSV's export.
var bin, advisories string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run builds the binaries and runs the tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stowage-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin, advisories = dir, filepath.Join(dir, "advisories")
	if err := writeAdvisories(filepath.Join(advisories, "Debian", "all.zip")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", "-trimpath", "-o", dir+string(filepath.Separator), "../cmd/stowage", "../cmd/cloudsim")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", build, err)
		return 1
	}
	return m.Run()
}

// writeAdvisories writes testdata/advisories as an archive.
func writeAdvisories(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	return errors.Join(z.AddFS(os.DirFS("testdata/advisories")), z.Close(), f.Close())
}

// need fails the test where CI runs it, and skips it elsewhere, when none of
// the programs is installed. It returns the path of the first that is.
func need(t *testing.T, programs ...string) string {
	t.Helper()
	for _, p := range programs {
		if path, err := exec.LookPath(p); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("none of %q is installed; .ci/run should have", programs)
	}
	t.Skipf("none of %q is installed", programs)
	return ""
}
