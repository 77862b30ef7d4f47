package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestScanPlatform has one image, which must fit a platform that is asked for
// but not one that nobody asked for.
func TestScanPlatform(t *testing.T) {
	t.Parallel()
	dir, _ := advisories(t)
	single := filepath.Join(t.TempDir(), "single")
	path, err := layout.Write(single, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	// An index of a layout need not tell the platform of its only image.
	if err := path.AppendImage(npmImage(t, "4.17.15")); err != nil {
		t.Fatal(err)
	}
	images := forms(t, npmImage(t, "4.17.15"))
	images["single_manifest"] = single
	for form, path := range images {
		code, stdout, stderr := call(t, "scan", path, "--platform", "linux/s390x", "--advisories", dir)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "linux/s390x") || !strings.Contains(stderr, "linux/amd64") {
			t.Errorf("%s for another platform: exit %d, says %q and %q, want both platforms named", form, code, stdout, stderr)
		}
	}
	for _, form := range []string{"single_manifest", "docker_archive"} {
		if code, stdout, stderr := call(t, "scan", images[form]); code != exitOK || !strings.Contains(stdout, "linux/amd64") {
			t.Errorf("%s for any platform: exit %d, says %q and %q", form, code, stdout, stderr)
		}
	}
}

// TestScanSeveral has a layout and an archive with two images each.
func TestScanSeveral(t *testing.T) {
	t.Parallel()
	dir, archive := filepath.Join(t.TempDir(), "layout"), filepath.Join(t.TempDir(), "image.tar")
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	tagged := map[name.Reference]v1.Image{}
	for tag, version := range map[string]string{"1": "4.17.15", "2": "4.17.21"} {
		ref, err := name.ParseReference("registry.example/shop/cart:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		img := npmImage(t, version)
		tagged[ref] = img
		if err := path.AppendImage(img, layout.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}), layout.WithAnnotations(map[string]string{
			"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": ref.Name(),
		})); err != nil {
			t.Fatal(err)
		}
	}
	if err := tarball.MultiRefWriteToFile(archive, tagged); err != nil {
		t.Fatal(err)
	}
	for form, path := range map[string]string{"layout": dir, "archive": archive} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := call(t, "scan", path, "--platform", "linux/amd64")
			if code != exitFailed || !strings.Contains(stderr, "shop/cart:1") || !strings.Contains(stderr, "shop/cart:2") || !strings.Contains(stderr, "--image") {
				t.Errorf("without a name: exit %d, says %q, want both and --image", code, stderr)
			}
			code, stdout, stderr := call(t, "scan", path, "--platform", "linux/amd64", "--image", "registry.example/shop/cart:2", "--json")
			if code != exitOK || !strings.Contains(stdout, "4.17.21") || strings.Contains(stdout, "4.17.15") {
				t.Errorf("with a name: exit %d, says %q and %q", code, stdout, stderr)
			}
			code, _, stderr = call(t, "scan", path, "--image", "registry.example/shop/cart:3")
			if code != exitFailed || !strings.Contains(stderr, "shop/cart:1") {
				t.Errorf("with another name: exit %d, says %q, want what there is", code, stderr)
			}
		})
	}
}

// TestScanInput reads archives from a file and from a pipe that somebody else
// writes to.
func TestScanInput(t *testing.T) {
	t.Parallel()
	archive := forms(t, npmImage(t, "4.17.15"))["docker_archive"]
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for form, in := range map[string]io.Reader{"file": file, "stream": strings.NewReader(string(content))} {
		source, err := openInput(t.Context(), in, "")
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		m, _, err := source.manifest(t.Context(), defaultPlatform(), false)
		if err != nil || len(m.Layers) != 1 {
			t.Errorf("%s: %d layers, %v, want 1", form, len(m.Layers), err)
		}
		blob, err := source.Blob(t.Context(), m.Layers[0].Digest, m.Layers[0].Size)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if _, err := io.Copy(io.Discard, blob); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		blob.Close()
		source.close()
	}
	if _, err := openInput(t.Context(), strings.NewReader("no archive"), ""); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("what is no archive: %v, want standard input named", err)
	}
	// A pipe whose other end says nothing does not hold up the end.
	silent, open := io.Pipe()
	defer open.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.Canceled)
	if _, err := openInput(ctx, silent, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v, want the context's error", err)
	}
}

// TestScanUsage has command lines that make no sense.
func TestScanUsage(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"table, json, cyclonedx, sarif, spdx": {"a:1", "--format", "xml"},
		"contradict":                          {"a:1", "--json", "--format", "sarif"},
		"is not low, medium":                  {"a:1", "--fail-on", "unknown"},
		"os/architecture":                     {"a:1", "--platform", "arm64"},
		"no file or directory of that name":   {"./A:B:C"},
		"--image is for a layout or archive":  {"a:1", "--image", "b"},
	} {
		if code, _, stderr := call(t, append([]string{"scan"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("scan %v: exit %d, says %q, want %q", args, code, stderr, want)
		}
	}
}

// TestScanPartial has a layer that may not be distributed: what is in it is
// not known, and --fail-on does not take that for nothing.
func TestScanPartial(t *testing.T) {
	t.Parallel()
	img, err := mutate.AppendLayers(npmImage(t, "4.17.21"), static.NewLayer([]byte("foreign"), types.DockerForeignLayer))
	if err != nil {
		t.Fatal(err)
	}
	dir := forms(t, npmImage(t, "4.17.21"))["layout"]
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.ReplaceImage(img, func(v1.Descriptor) bool { return true }, layout.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"})); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "scan", dir, "--platform", "linux/amd64", "--fail-on", "critical")
	if code != exitIncomplete || !strings.Contains(stdout, "Partial  layer 1") || !strings.Contains(stderr, "only a part") {
		t.Errorf("exit %d, says %q and %q, want %d and what was not read", code, stdout, stderr, exitIncomplete)
	}
}

// TestScanMirror scans an image of Amazon ECR that a mirror holds without
// asking for a password: nobody needs credentials for AWS.
func TestScanMirror(t *testing.T) {
	t.Parallel()
	h := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	img := npmImage(t, "4.17.15")
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for tag, what := range map[string]v1.Image{"1": img, "sha256-" + digest.Hex + ".sig": empty.Image} {
		ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/shop/cart:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, what); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(t.TempDir(), "stowage.yaml")
	text := fmt.Sprintf("registry: {docker_config: false, mirrors: [{host: '*.dkr.ecr.*.amazonaws.com', endpoint: '%s'}]}\n", server.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const reference = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/cart:1"
	code, stdout, stderr := call(t, "scan", reference, "--config", config)
	if code != exitOK || !strings.Contains(stdout, digest.String()) || !strings.Contains(stdout, "Signed   1 signature: present, not verified") ||
		!strings.Contains(stdout, "image/provenance-missing") || strings.Contains(stdout, "image/signature-missing") {
		t.Errorf("exit %d, says %q and %q, want the image and its signature", code, stdout, stderr)
	}
}
