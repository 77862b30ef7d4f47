package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// TestWriteToOther writes to what is no file of its own: it stays what it was.
func TestWriteToOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("before"), 0o600), os.Symlink(file, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	type reading struct {
		text []byte
		err  error
	}
	read := make(chan reading, 1)
	go func() {
		text, err := os.ReadFile(pipe)
		read <- reading{text, err}
	}()
	for path, want := range map[string]os.FileMode{link: os.ModeSymlink, pipe: os.ModeNamedPipe} {
		if err := writeFile(path, strings.NewReader("after")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != want {
			t.Fatalf("%s is %v now, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if got := <-read; got.err != nil || string(got.text) != "after" {
		t.Errorf("the pipe told %q, %v", got.text, got.err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "after" {
		t.Errorf("the file that the link names holds %q, %v", got, err)
	}
	if err := writeFile(dir, strings.NewReader("after")); err == nil {
		t.Error("a folder was written to")
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
