package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestAccess runs the access commands on the files of an archive: its comment
// has the command line, "stdout" and "exit" what comes of it. The flag -update
// writes them again.
func TestAccess(t *testing.T) {
	paths, err := filepath.Glob("testdata/access/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			path, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("COLUMNS", "100")
			t.Chdir(t.TempDir())
			var kept []txtar.File
			want := map[string]string{}
			for _, f := range archive.Files {
				if f.Name == "stdout" || f.Name == "stderr" {
					want[f.Name] = string(f.Data)
					continue
				}
				kept = append(kept, f)
				if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := strings.Fields(string(archive.Comment))
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), args, &stdout, &stderr)
			got := map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}
			if code != exitOK {
				got["stderr"] += "exit " + string(rune('0'+code)) + "\n"
			}
			if *update {
				archive.Files = append(kept, txtar.File{Name: "stdout", Data: []byte(got["stdout"])}, txtar.File{Name: "stderr", Data: []byte(got["stderr"])})
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q mismatch (-want +got):\n%s", args, diff)
			}
		})
	}
}
