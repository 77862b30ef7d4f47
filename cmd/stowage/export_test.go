package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportToFile(t *testing.T) {
	t.Parallel()
	url := server(t)
	file := filepath.Join(t.TempDir(), "coverage.csv")
	for range 2 { // The second one replaces the first.
		if code, _, stderr := call(t, "export", "coverage", "-o", file, "--url", url); code != exitOK {
			t.Fatalf("exit %d, says %q", code, stderr)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := call(t, "export", "coverage", "--url", url)
	if string(got) != want || strings.Count(want, "\n") < 3 {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

// TestExportCutShort loses the connection: half an export must not look like a
// whole one.
func TestExportCutShort(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "digest\nsha256:1\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "images.csv")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := call(t, "export", "images", "-o", file, "--url", s.URL)
	if code != exitFailed || !strings.Contains(stderr, file) {
		t.Errorf("exit %d, says %q, want a failure that names the file", code, stderr)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "before" {
		t.Errorf("the file holds %q, %v, want what it held before", got, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", files, err)
	}
	if code, _, stderr := call(t, "export", "images", "--url", s.URL); code != exitFailed || stderr == "" {
		t.Errorf("to standard output: exit %d, says %q, want a failure", code, stderr)
	}
	if code, _, stderr := call(t, "export", "images", "-o", filepath.Join(dir, "no", "folder"), "--url", s.URL); code != exitFailed || stderr == "" {
		t.Errorf("into no folder: exit %d, says %q, want a failure", code, stderr)
	}
}
