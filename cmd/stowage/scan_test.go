package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/stowage-dev/stowage/internal/finding"
)

// npmImage returns an image that holds one package of a version.
func npmImage(t *testing.T, version string) v1.Image {
	t.Helper()
	return fileImage(t, "app/node_modules/lodash/package.json", `{"name": "lodash", "version": "`+version+`"}`)
}

// fileImage returns an image that holds one file.
func fileImage(t *testing.T, path, body string) v1.Image {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(body))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.User = "linux", "amd64", "app"
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// forms returns an image as a layout and as an archive.
func forms(t *testing.T, img v1.Image) map[string]string {
	t.Helper()
	dir, archive := filepath.Join(t.TempDir(), "layout"), filepath.Join(t.TempDir(), "image.tar")
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	platform := v1.Platform{OS: "linux", Architecture: "amd64"}
	if err := path.AppendImage(img, layout.WithPlatform(platform)); err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(archive, name.MustParseReference("registry.example/shop/cart:1"), img); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"layout": dir, "docker_archive": archive}
}

// advisories returns a folder with one critical advisory, and a catalogue that
// lists its vulnerability.
func advisories(t *testing.T) (dir, kev string) {
	t.Helper()
	dir, kev = t.TempDir(), filepath.Join(t.TempDir(), "kev.json")
	for path, content := range map[string]string{
		filepath.Join(dir, "GHSA-test-0001.json"): `{
			"id": "GHSA-test-0001", "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2026-0001"], "summary": "A test",
			"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
			"affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
				"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}`,
		kev: `{"catalogVersion": "1", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-01-02"}]}`,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, kev
}

func TestScan(t *testing.T) {
	t.Parallel()
	dir, kev := advisories(t)
	for form, path := range forms(t, npmImage(t, "4.17.15")) {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			scan := func(flags ...string) (int, string, string) {
				t.Helper()
				return call(t, append([]string{"scan", path, "--platform", "linux/amd64"}, flags...)...)
			}
			code, stdout, stderr := scan("--advisories", dir, "--kev", kev)
			if code != exitOK || !strings.Contains(stdout, "lodash 4.17.15  4.17.21   CVE-2026-0001*") {
				t.Errorf("exit %d, says %q and %q, want the vulnerability and its fix", code, stdout, stderr)
			}
			if code, _, stderr := scan("--advisories", dir, "--fail-on", "critical"); code != exitFindings || !strings.Contains(stderr, "1 finding of at least critical severity") {
				t.Errorf("--fail-on critical: exit %d, says %q, want %d", code, stderr, exitFindings)
			}
			code, stdout, stderr = scan("--fail-on", "critical")
			if code != exitOK || !strings.Contains(stdout, "were not looked for") {
				t.Errorf("without advisories: exit %d, says %q and %q", code, stdout, stderr)
			}
			code, stdout, stderr = scan("--advisories", dir, "--kev", kev, "--json")
			var report scanReport
			if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitOK || stderr != "" {
				t.Fatalf("--json: exit %d, %v in %q, says %q", code, err, stdout, stderr)
			}
			if !report.Matched || len(report.Packages) != 1 || len(report.Vulnerabilities) != 1 || !report.Vulnerabilities[0].KEV {
				t.Errorf("report = %+v, want one package with one exploited vulnerability", report)
			}
			if code, _, stderr := scan("--advisories", filepath.Join(dir, "none")); code != exitFailed || !strings.Contains(stderr, "none") {
				t.Errorf("advisories that are not there: exit %d, says %q", code, stderr)
			}
		})
	}
}

// Many places of a check are cut, and what only informs comes apart.
func TestPrintInformational(t *testing.T) {
	t.Parallel()
	r := scanReport{Checks: []finding.CheckFinding{{Check: "image/user-root", Severity: finding.Medium, Detail: "Root."}}}
	for i := range maxPlaces + 3 {
		r.Checks = append(r.Checks, finding.CheckFinding{Check: "image/file-setuid", Severity: finding.Low, Detail: fmt.Sprintf("Place %d.", i)})
	}
	r.Checks = append(r.Checks, finding.CheckFinding{Check: "image/file-setuid", Severity: finding.Informational, Detail: "Known."})
	var b bytes.Buffer
	if err := printScan(&b, r); err != nil {
		t.Fatal(err)
	}
	failed, notes, ok := strings.Cut(b.String(), "GOOD TO KNOW")
	if !ok || !strings.Contains(notes, "info") || !strings.Contains(notes, "Known.") || strings.Contains(failed, "Known.") {
		t.Errorf("what informs is not apart: %s", b.String())
	}
	if !strings.Contains(failed, "and 3 more") || !strings.Contains(failed, "Place 4.") || strings.Contains(failed, "Place 5.") ||
		!strings.Contains(failed, "1 medium, 1 low failed checks") {
		t.Errorf("not %d places and what is left out: %s", maxPlaces, failed)
	}
	b.Reset()
	if r.Checks = nil; printScan(&b, r) != nil || strings.Contains(b.String(), "GOOD TO KNOW") {
		t.Errorf("without findings there are notes: %s", b.String())
	}
}

func TestScanClean(t *testing.T) {
	t.Parallel()
	dir, _ := advisories(t)
	for form, path := range forms(t, npmImage(t, "4.17.21")) {
		code, stdout, stderr := call(t, "scan", path, "--platform", "linux/amd64", "--advisories", dir, "--fail-on", "critical")
		if code != exitOK || !strings.Contains(stdout, "no vulnerabilities in these advisories") {
			t.Errorf("%s: exit %d, says %q and %q, want nothing found", form, code, stdout, stderr)
		}
	}
}

// TestScanJavaIndex scans a Java archive that only the index knows.
func TestScanJavaIndex(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	if err := zip.NewWriter(&archive).Close(); err != nil {
		t.Fatal(err)
	}
	path := forms(t, fileImage(t, "srv/renamed.jar", archive.String()))["layout"]
	index := filepath.Join(t.TempDir(), "java.tsv")
	line := fmt.Sprintf("%x\tcom.example:shop:7.1\n", sha1.Sum(archive.Bytes()))
	if err := os.WriteFile(index, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		flags []string
		want  bool
	}{{nil, false}, {[]string{"--java-index", index}, true}} {
		code, stdout, stderr := call(t, append([]string{"scan", path, "--platform", "linux/amd64", "--json"}, test.flags...)...)
		if code != exitOK || strings.Contains(stdout, "pkg:maven/com.example/shop@7.1") != test.want {
			t.Errorf("%q: exit %d, says %q and %q", test.flags, code, stdout, stderr)
		}
	}
	if code, _, stderr := call(t, "scan", path, "--java-index", index+".none"); code != exitFailed || !strings.Contains(stderr, "java.tsv.none") {
		t.Errorf("an index that is not there: exit %d, says %q", code, stderr)
	}
}

// TestScanBroken has files that are no images. The error names the file.
func TestScanBroken(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.tar")
	if err := os.WriteFile(text, []byte("\x1b[2Jthis is no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := forms(t, npmImage(t, "1.0.0"))["docker_archive"]
	if err := os.Truncate(cut, 1024); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, cut, t.TempDir()} {
		code, stdout, stderr := call(t, "scan", path)
		if code != exitFailed || !strings.Contains(stderr, path) || strings.Contains(stderr, "\x1b") || stdout != "" {
			t.Errorf("scan %s: exit %d, says %q and %q, want a failure that names it", path, code, stdout, stderr)
		}
	}
}
