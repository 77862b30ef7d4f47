package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

// secretImage returns an image with a token in a file.
func secretImage(t *testing.T, content string) v1.Image {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "app/.env", Mode: 0o600, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.AppendLayers(img, layer)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestScanSecrets(t *testing.T) {
	t.Parallel()
	token := secrettest.Value("npm-token")
	path := forms(t, secretImage(t, "A=b\nNPM="+token+"\n"))["docker_archive"]
	allow := filepath.Join(t.TempDir(), "allow.yaml")
	if err := os.WriteFile(allow, []byte("allow:\n- {rule: npm-token, path: app/.env, reason: it is revoked}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		flags []string
		want  int
	}{
		"found":   {nil, 1},
		"allowed": {[]string{"--secret-allow", allow}, 0},
		"off":     {[]string{"--secrets=false"}, 0},
	} {
		code, stdout, stderr := call(t, append([]string{"scan", path, "--platform", "linux/amd64", "--json"}, test.flags...)...)
		var report scanReport
		if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitOK {
			t.Fatalf("%s: exit %d, %v, says %q", name, code, err, stderr)
		}
		found := 0
		for _, c := range report.Checks {
			if c.Secret != nil {
				found++
			}
		}
		if found != test.want || strings.Contains(stdout, token) {
			t.Errorf("%s: %d secrets in %s, want %d and never the value", name, found, stdout, test.want)
		}
	}
	if code, _, stderr := call(t, "scan", path, "--secret-allow", allow+".none"); code != exitUsage || !strings.Contains(stderr, "--secret-allow") {
		t.Errorf("an allow-list that is not there: exit %d, says %q", code, stderr)
	}
}

func TestOpenSecrets(t *testing.T) {
	t.Parallel()
	s, err := openSecrets(config.Scan{Secrets: true, SecretKey: config.Secret(strings.Repeat("0a", 32))})
	if err != nil || s.Off || s.Key.IsZero() || s.Allow != nil {
		t.Errorf("openSecrets = %+v, %v, want a key", s, err)
	}
	if _, err := openSecrets(config.Scan{SecretKey: "hunter2abc"}); err == nil || !strings.Contains(err.Error(), "scan.secret_key") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a key that is none: %v, want an error without it", err)
	}
	if _, err := openSecrets(config.Scan{SecretAllow: "/nowhere/allow.yaml"}); err == nil || !strings.Contains(err.Error(), "/nowhere/allow.yaml") {
		t.Errorf("a file that is not there: %v, want its name", err)
	}
}
