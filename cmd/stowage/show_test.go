package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/image"
)

// TestImageDocument writes what the server answers, to where it is wanted.
func TestImageDocument(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/images/sha256:ab/report" {
			fmt.Fprint(w, "document "+r.URL.Query().Get("format"))
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "image.cdx.json")
	code, stdout, stderr := call(t, "image", "sha256:ab", "--url", s.URL, "--format", "sarif")
	if code != exitOK || stdout != "document sarif" {
		t.Errorf("exit %d, says %q and %q", code, stdout, stderr)
	}
	if code, stdout, stderr = call(t, "image", "sha256:ab", "--url", s.URL, "--format", "cyclonedx", "-o", file); code != exitOK || stdout != "" {
		t.Errorf("to a file: exit %d, says %q and %q", code, stdout, stderr)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "document cyclonedx" {
		t.Errorf("file has %q, %v", got, err)
	}
	for want, args := range map[string][]string{
		`"csv" is none of cyclonedx, sarif, spdx`: {"--format", "csv"},
		"--output needs --format":                 {"--output", file},
	} {
		code, _, stderr := call(t, append([]string{"image", "sha256:ab", "--url", s.URL}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("image %v: exit %d, says %q, want %q", args, code, stderr, want)
		}
	}
}

func TestReferrersLine(t *testing.T) {
	t.Parallel()
	signature := image.Referrer{Kind: image.Signature}
	for want, r := range map[string]*image.Referrers{
		"not known: no registry was asked": nil,
		"none":                             {},
		"not known: denied":                {Problem: "denied"},
		"2 signatures, 1 SBOM: present, not verified":                   {Items: []image.Referrer{signature, signature, {Kind: image.SBOM}}},
		"1 signature: present, not verified; there may be more: denied": {Items: []image.Referrer{signature}, Problem: "denied"},
	} {
		if got := referrersLine(r); got != want {
			t.Errorf("referrersLine(%+v) = %q, want %q", r, got, want)
		}
	}
}
