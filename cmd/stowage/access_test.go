package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/stowage-dev/stowage/internal/access"
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

// TestAccessManyStatements prints a policy with more statements than a person
// reads: all that apply, and the first of those that do not.
func TestAccessManyStatements(t *testing.T) {
	t.Parallel()
	layer := access.Layer{Name: "identity policies", Result: access.True()}
	for i := range maxSilent + 7 {
		layer.Statements = append(layer.Statements, access.Statement{Policy: "role.json", Index: i, Applies: access.False(), Reason: "it is another action"})
	}
	layer.Statements = append(layer.Statements, access.Statement{Policy: "role.json", ID: "Own", Index: maxSilent + 7, Applies: access.True()})
	var out strings.Builder
	err := printExplanation(&out, accessAnswer{Scenario: "many", Cloud: "aws", Verdict: access.Allowed, Met: true, Layers: []access.Layer{layer}, Untried: 9})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "it is another action"); got != maxSilent {
		t.Errorf("%d statements that do not apply are printed, want %d", got, maxSilent)
	}
	for _, want := range []string{"allows     role.json Own\n", "-          7 more do not apply; --json has them\n", "without the last 9 of"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output has no %q:\n%s", want, out.String())
		}
	}
}
