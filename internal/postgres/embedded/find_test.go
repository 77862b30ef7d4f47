package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeServer creates a folder with programs that say they are of a version,
// and returns it.
func fakeServer(t *testing.T, root, name, version string) string {
	t.Helper()
	bin := filepath.Join(root, name, "bin")
	if err := mkdirOpen(bin); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s (fake)'\n", version)
	for _, program := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestInstalled(t *testing.T) {
	t.Parallel()
	root := emptyDir(t)
	fakeServer(t, root, "lib/9.6", "9.6.24")
	fakeServer(t, root, "lib/15", "15.2")
	bin17 := fakeServer(t, root, "lib/17", "17beta1")
	own := fakeServer(t, root, "own", "16.1")
	// A folder of links, as on the PATH, and one with a server alone.
	links := filepath.Join(root, "links")
	if err := mkdirOpen(links); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(bin17, "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}
	alone := fakeServer(t, root, "alone", "18.1")
	if err := os.Remove(filepath.Join(alone, "initdb")); err != nil {
		t.Fatal(err)
	}
	broken := fakeServer(t, root, "broken", "")
	if err := os.WriteFile(filepath.Join(broken, "postgres"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}

	places := search{
		bins:  []string{filepath.Join(root, "absent"), own, links, alone, broken},
		globs: []string{filepath.Join(root, "lib/*/bin"), filepath.Join(root, "none/*")},
	}
	var got []string
	for _, i := range places.installed(t.Context(), serverAccount()) {
		got = append(got, fmt.Sprintf("%d %s", i.major, i.version))
	}
	want := []string{"16 16.1", "17 17beta1", "15 15.2", "9 9.6.24"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("installed mismatch (-want +got):\n%s", diff)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	root := emptyDir(t)
	fakeServer(t, root, "lib/14", "14.9")
	fakeServer(t, root, "lib/15", "15.2")
	fakeServer(t, root, "lib/17", "17.3")
	places := search{globs: []string{filepath.Join(root, "lib/*/bin")}, release: release{version: "18.4"}}
	f := &folder{dir: "/data/pg", owner: serverAccount()}
	for _, test := range []struct {
		name  string
		major int
		want  string
		err   string
	}{
		{"no data: the newest", 0, "17.3", ""},
		{"data of a version that is installed", 15, "15.2", ""},
		{"data of a version that was supported once", 14, "14.9", ""},
		{"data of a version that is nowhere", 16, "", "the data in /data/pg is of PostgreSQL 16, which only a server of that version can read; install PostgreSQL 16"},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got, err := places.choose(t.Context(), f, test.major, Options{})
			if got.version != test.want {
				t.Errorf("choose(%d) = %q, want %q", test.major, got.version, test.want)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("choose(%d): %v, want %q", test.major, err, test.err)
			}
		})
	}
}
