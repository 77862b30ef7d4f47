package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	ocilayout "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/stowage-dev/stowage/internal/image"
)

var amd64 = image.Platform{OS: "linux", Architecture: "amd64"}

// writeLayout writes an OCI layout of named images.
func writeLayout(t *testing.T, images map[string]v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	p, err := ocilayout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for name, img := range images {
		if err := p.AppendImage(img, ocilayout.WithAnnotations(map[string]string{annotationRefName: name})); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeTar writes the files of a directory as a tar file.
func writeTar(t *testing.T, dir string) string {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkSource reads an image with all its blobs, and compares it.
func checkSource(t *testing.T, s Source, want v1.Image) image.Manifest {
	t.Helper()
	m, raw, err := s.Image(t.Context(), amd64)
	if err != nil {
		t.Fatal(err)
	}
	config, err := want.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, config) {
		t.Errorf("configuration = %s, want %s", raw, config)
	}
	layers, err := want.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Layers) != len(layers) {
		t.Fatalf("%d layers, want %d", len(m.Layers), len(layers))
	}
	for i, l := range m.Layers {
		if _, err := readBlob(t.Context(), s, l.Digest, int(l.Size)); err != nil {
			t.Errorf("layer %d: %v", i, err)
		}
	}
	return m
}

func TestOpenLayout(t *testing.T) {
	t.Parallel()
	img, other := newTestImage(t, []byte("layer"), content(100_000)), newTestImage(t, []byte("other"))
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dir := writeLayout(t, map[string]v1.Image{"v1": img, "v2": other})
	for _, open := range []func() (*Local, error){
		func() (*Local, error) { return OpenLayout(dir, "v1") },
		func() (*Local, error) { return OpenArchive(writeTar(t, dir), "v1") },
	} {
		l, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if m := checkSource(t, l, img); m.Digest != digest.String() {
			t.Errorf("digest = %s, want %s", m.Digest, digest)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}

	_, err = OpenLayout(dir, "v3")
	if wantKind(t, err, NotFound); !strings.Contains(err.Error(), "v1") {
		t.Errorf("error %q does not say what there is", err)
	}
	l, err := OpenLayout(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, _, err = l.Image(t.Context(), amd64)
	if wantKind(t, err, NoPlatform); !strings.Contains(err.Error(), "v1") || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %q does not say what there is, and where", err)
	}
}

// TestPartialLayout reads what tools write that save an index whole but only
// one of its images.
func TestPartialLayout(t *testing.T) {
	t.Parallel()
	idx := newTestIndex(t, "linux/amd64", "linux/arm64")
	dir := t.TempDir()
	p, err := ocilayout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendIndex(idx); err != nil {
		t.Fatal(err)
	}
	im, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(blobPath(im.Manifests[0].Digest.String())))); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLayout(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	m, _, err := l.Image(t.Context(), image.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	if want := im.Manifests[2].Digest.String(); m.Digest != want {
		t.Errorf("Image = %s, want %s, the one that is there", m.Digest, want)
	}
	_, _, err = l.Image(t.Context(), amd64)
	wantKind(t, err, NoPlatform)
}

func TestLayoutFaults(t *testing.T) {
	t.Parallel()
	img := newTestImage(t, []byte("layer"))
	layerPath := blobPath(digestOf([]byte("layer")))
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("layer"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		damage func(dir string) error
		want   Kind
	}{
		{"wrong_layer", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, layerPath), []byte("evil!"), 0o600)
		}, DigestMismatch},
		{"layer_of_other_size", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, layerPath), []byte("longer than that"), 0o600)
		}, DigestMismatch},
		{"no_layer", func(dir string) error {
			return os.Remove(filepath.Join(dir, layerPath))
		}, NotFound},
		{"link_out_of_the_layout", func(dir string) error {
			if err := os.Remove(filepath.Join(dir, layerPath)); err != nil {
				return err
			}
			return os.Symlink(secret, filepath.Join(dir, layerPath))
		}, Unreachable},
		{"directory_for_a_layer", func(dir string) error {
			if err := os.Remove(filepath.Join(dir, layerPath)); err != nil {
				return err
			}
			return os.Mkdir(filepath.Join(dir, layerPath), 0o700)
		}, Unreachable},
		{"no_index", func(dir string) error { return os.Remove(filepath.Join(dir, "index.json")) }, NotFound},
		{"no_marker", func(dir string) error { return os.Remove(filepath.Join(dir, "oci-layout")) }, Unsupported},
		{"other_version", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"2.0.0"}`), 0o600)
		}, Unsupported},
		{"index_is_an_image", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "index.json"), []byte(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":`+okConfig+`}`), 0o600)
		}, Malformed},
		{"huge_index", func(dir string) error {
			return os.Truncate(filepath.Join(dir, "index.json"), maxManifest+1)
		}, TooLarge},
		{"no_directory", os.RemoveAll, NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := writeLayout(t, map[string]v1.Image{"v1": img})
			if err := tt.damage(dir); err != nil {
				t.Fatal(err)
			}
			err := func() error {
				l, err := OpenLayout(dir, "")
				if err != nil {
					return err
				}
				defer l.Close()
				m, _, err := l.Image(t.Context(), amd64)
				if err != nil {
					return err
				}
				_, err = readBlob(t.Context(), l, m.Layers[0].Digest, int(m.Layers[0].Size))
				return err
			}()
			if e := wantKind(t, err, tt.want); e.Repository != dir {
				t.Errorf("error does not name the layout: %v", err)
			}
		})
	}
}

// TestOpenDockerArchive reads what other tools write, with compressed layers.
func TestOpenDockerArchive(t *testing.T) {
	t.Parallel()
	one, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	two, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	tag := func(s string) name.Tag {
		tag, err := name.NewTag(s)
		if err != nil {
			t.Fatal(err)
		}
		return tag
	}
	if err := tarball.MultiWriteToFile(file, map[name.Tag]v1.Image{tag("nginx:1"): one, tag("registry.example.com/cart:2"): two}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]v1.Image{"docker.io/library/nginx:1": one, "registry.example.com/cart:2": two} {
		l, err := OpenArchive(file, name)
		if err != nil {
			t.Fatal(err)
		}
		m := checkSource(t, l, want)
		config, err := want.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		if m.ConfigDigest != config.String() || m.Digest != "" {
			t.Errorf("digests = %q, config %q; want none, config %q", m.Digest, m.ConfigDigest, config)
		}
		l.Close()
	}
	_, err = OpenArchive(file, "")
	wantKind(t, err, NoPlatform)
	_, err = OpenArchive(file, "redis")
	wantKind(t, err, NotFound)
}

// dockerSave returns an archive as Docker wrote them before it wrote OCI
// layouts: layers are not compressed, and equal layers are links.
func dockerSave(t testing.TB, change func(files map[string]string)) []byte {
	t.Helper()
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": "amd64",
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digestOf([]byte("base")), digestOf([]byte("base"))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"manifest.json": `[{"Config":"c.json","RepoTags":["app:1"],"Layers":["a/layer.tar","b/layer.tar"]}]`,
		"c.json":        string(config),
		"a/layer.tar":   "base",
		"b/layer.tar":   "-> ../a/layer.tar",
	}
	change(files)
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}
		if link, ok := strings.CutPrefix(content, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, content = tar.TypeSymlink, link, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return buf.Bytes()
}

func TestDockerSave(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(map[string]string)
		want   Kind
	}{
		{"good", func(map[string]string) {}, ""},
		{"wrong_layer", func(f map[string]string) { f["a/layer.tar"] = "evil" }, DigestMismatch},
		{"absent_layer", func(f map[string]string) { delete(f, "a/layer.tar") }, NotFound},
		{"link_loop", func(f map[string]string) { f["a/layer.tar"] = "-> ../b/layer.tar" }, NotFound},
		{"link_out", func(f map[string]string) { f["a/layer.tar"] = "-> ../../../../etc/passwd" }, NotFound},
		{"fewer_layers", func(f map[string]string) {
			f["manifest.json"] = `[{"Config":"c.json","Layers":["a/layer.tar"]}]`
		}, Malformed},
		{"no_image", func(f map[string]string) { f["manifest.json"] = `[]` }, NoPlatform},
		{"bad_manifest", func(f map[string]string) { f["manifest.json"] = `{}` }, Malformed},
		{"bad_config", func(f map[string]string) { f["c.json"] = `x` }, Malformed},
		{"not_an_image", func(f map[string]string) { clear(f) }, Unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "image.tar")
			if err := os.WriteFile(file, dockerSave(t, tt.change), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readArchive(t, file)
			if tt.want != "" {
				wantKind(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"base", "base"}; !slices.Equal(got, want) {
				t.Errorf("layers = %q, want %q", got, want)
			}
		})
	}
}

// readArchive returns the layers of an archive.
func readArchive(t *testing.T, file string) ([]string, error) {
	l, err := OpenArchive(file, "")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	m, raw, err := l.Image(t.Context(), amd64)
	if err != nil {
		return nil, err
	}
	if got, err := readBlob(t.Context(), l, m.ConfigDigest, len(raw)); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("configuration as a blob = %q, %v", got, err)
	}
	var out []string
	for _, layer := range m.Layers {
		b, err := readBlob(t.Context(), l, layer.Digest, int(layer.Size))
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, nil
}

func TestOpenArchiveRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(dockerSave(t, func(map[string]string) {}))
	w.Close()
	whole := dockerSave(t, func(map[string]string) {})
	for file, content := range map[string][]byte{
		"compressed": gz.Bytes(),
		"cut":        whole[:len(whole)/2-100],
		"text":       []byte(strings.Repeat("not a tar file ", 100)),
		"empty":      nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]Kind{
		"compressed": Unsupported, "cut": Malformed, "text": Malformed, "empty": Unsupported, "absent": NotFound, ".": Unsupported,
	} {
		_, err := OpenArchive(filepath.Join(dir, file), "")
		if e := wantKind(t, err, want); e.Repository != filepath.Join(dir, file) {
			t.Errorf("error does not name the file: %v", err)
		}
	}
}

// FuzzArchive varies the files of an archive. Bytes of a tar file would mostly
// fail its checksums.
func FuzzArchive(f *testing.F) {
	const path, link = "a/layer.tar", "../a/layer.tar"
	docker := map[string]string{}
	dockerSave(f, func(files map[string]string) { docker = files })
	f.Add("manifest.json", docker["manifest.json"], docker["c.json"], "base", link)
	f.Add("manifest.json", docker["manifest.json"], docker["c.json"], "\x1f\x8bbase", "/a/layer.tar")
	f.Add("index.json", `{"manifests":[`+okChild+`]}`, ociImage, "", "b")
	f.Fuzz(func(t *testing.T, root, manifest, config, layer, link string) {
		raw := dockerSave(t, func(files map[string]string) {
			clear(files)
			files["oci-layout"] = `{"imageLayoutVersion":"1.0.0"}`
			files["c.json"], files[blobPath(digestOf([]byte(config)))] = config, config
			files[path], files[blobPath(digestOf([]byte(layer)))] = layer, layer
			if link != "" && !strings.Contains(link+root, "\x00") {
				files["b/layer.tar"] = "-> " + link
			}
			files["manifest.json"], files["index.json"] = manifest, manifest
		})
		tf, err := newTar(bytes.NewReader(raw), int64(len(raw)), io.NopCloser(nil))
		if err != nil {
			t.Fatal(err)
		}
		open := func() (Source, error) { return newLayout(tf, "x", "") }
		if root == "manifest.json" {
			open = func() (Source, error) { return newDockerArchive(tf, "x", "") }
		}
		s, err := open()
		if err != nil {
			return
		}
		m, _, err := s.Image(t.Context(), amd64)
		if err != nil {
			return
		}
		for _, l := range m.Layers {
			got, err := readBlob(t.Context(), s, l.Digest, int(l.Size))
			if err == nil && digestOf(got) != l.Digest && strings.HasPrefix(l.Digest, "sha256:") {
				t.Errorf("layer %s was read as %q", l.Digest, got)
			}
		}
	})
}

func TestErrorsOfFilesAreClassified(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]Kind{fs.ErrNotExist: NotFound, fs.ErrPermission: Denied, io.ErrNoProgress: Unreachable} {
		if got := kindOf(err); got != want {
			t.Errorf("kindOf(%v) = %s, want %s", err, got, want)
		}
	}
}
