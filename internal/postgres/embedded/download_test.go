package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A packed is one file of an archive.
type packed struct {
	name string
	mode int64
	text string
}

const fakeProgram = "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n"

// goodArchive is an archive as the real ones are.
var goodArchive = []packed{
	{"package/package.json", 0o644, "{}"},
	{"package/native/bin/postgres", 0o755, fakeProgram},
	{"package/native/bin/initdb", 0o755, fakeProgram},
	{"package/native/lib/libpq.so.5.18", 0o644, "library"},
	{"package/native/pg-symlinks.json", 0o644, `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`},
}

func pack(t testing.TB, files []packed) []byte {
	t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	w := tar.NewWriter(zip)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFetch(t *testing.T) {
	archive := pack(t, goodArchive)
	sum := sha512.Sum512(archive)
	var requests []string
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.URL.Path)
		w.Write(archive)
	}))
	t.Cleanup(mirror.Close)
	t.Setenv("STOWAGE_POSTGRES_MIRROR", mirror.URL+"/npm/")
	rel := release{version: "18.4", npm: "18.4.0-x", integrity: map[string]string{npmSystem(): base64.StdEncoding.EncodeToString(sum[:])}}
	cache := filepath.Join(emptyDir(t), "cache")
	var steps []string
	o := Options{CacheDir: cache, Progress: func(step string) { steps = append(steps, step) }}

	for range 2 { // the second time from the cache
		inst, err := rel.fetch(t.Context(), serverAccount(), o)
		if err != nil {
			t.Fatal(err)
		}
		if inst.version != "18.4" || inst.major != 18 {
			t.Errorf("fetch = %+v, want version 18.4", inst)
		}
		link := filepath.Join(filepath.Dir(inst.bin), "lib", "libpq.so.5")
		if text, err := os.ReadFile(link); err != nil || string(text) != "library" {
			t.Errorf("%s = %q, %v, want a link to the library", link, text, err)
		}
	}
	wantPath := "/npm/@embedded-postgres/" + npmSystem() + "/-/" + npmSystem() + "-18.4.0-x.tgz"
	if len(requests) != 1 || requests[0] != wantPath {
		t.Errorf("requests = %q, want one of %s", requests, wantPath)
	}
	if len(steps) != 1 || !strings.Contains(steps[0], "downloading 18.4 from "+mirror.URL) {
		t.Errorf("progress = %q, want one line on the download", steps)
	}
}

func TestFetchErrors(t *testing.T) {
	archive := pack(t, goodArchive)
	sum := sha512.Sum512(archive)
	good := base64.StdEncoding.EncodeToString(sum[:])
	for name, test := range map[string]struct {
		integrity string
		handler   http.HandlerFunc
		want      string
	}{
		"other_content": {good, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "surprise") }, "not the build that Stowage trusts"},
		"not_found":     {good, http.NotFound, "404 Not Found; install PostgreSQL 15"},
		"cut_short": {good, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(archive[:100])
		}, "after 100 bytes: unexpected EOF"},
		"unknown_system": {"", http.NotFound, "none to download for"},
	} {
		t.Run(name, func(t *testing.T) {
			mirror := httptest.NewServer(test.handler)
			t.Cleanup(mirror.Close)
			t.Setenv("STOWAGE_POSTGRES_MIRROR", mirror.URL)
			rel := release{version: "18.4", npm: "18.4.0-x"}
			if test.integrity != "" {
				rel.integrity = map[string]string{npmSystem(): test.integrity}
			}
			cache := filepath.Join(emptyDir(t), "cache")
			_, err := rel.fetch(t.Context(), serverAccount(), Options{CacheDir: cache, Progress: func(string) {}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("fetch: %v, want %q", err, test.want)
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "[^.]*")); len(left) > 0 {
				t.Errorf("left in the cache: %q", left)
			}
		})
	}
}

func TestFetchRetries(t *testing.T) {
	archive := pack(t, goodArchive)
	sum := sha512.Sum512(archive)
	tries := 0
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		w.Write(archive)
	}))
	t.Cleanup(mirror.Close)
	t.Setenv("STOWAGE_POSTGRES_MIRROR", mirror.URL)
	rel := release{version: "18.4", npm: "18.4.0-x", integrity: map[string]string{npmSystem(): base64.StdEncoding.EncodeToString(sum[:])}}
	o := Options{CacheDir: filepath.Join(emptyDir(t), "cache"), Progress: func(string) {}}
	if _, err := rel.fetch(t.Context(), serverAccount(), o); err != nil || tries != 2 {
		t.Errorf("fetch after %d tries: %v, want success after 2", tries, err)
	}
}

func TestUnpackHostile(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]packed{
		"path_outside":        {{"package/native/../../../evil", 0o644, "x"}},
		"absolute_path":       {{"package/native//evil", 0o644, "x"}},
		"link_source_outside": {{"package/native/pg-symlinks.json", 0o644, `[{"source":"native/../../evil","target":"native/a"}]`}},
		"link_target_outside": {{"package/native/pg-symlinks.json", 0o644, `[{"source":"native/a","target":"native/../../evil"}]`}},
		"not_a_list_of_links": {{"package/native/pg-symlinks.json", 0o644, `{`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := unpack(bytes.NewReader(pack(t, files)), filepath.Join(root, "a", "b")); err == nil {
				t.Error("unpack succeeded, want an error")
			}
			if strays, _ := filepath.Glob(filepath.Join(root, "*evil*")); len(strays) > 0 {
				t.Errorf("unpacked outside: %q", strays)
			}
		})
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, goodArchive))
	f.Add(pack(f, []packed{{"package/native/../x", 0o644, "x"}}))
	f.Add([]byte("not an archive"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "a")
		_ = unpack(bytes.NewReader(archive), dir)
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && path != root && path != dir && !strings.HasPrefix(path, dir+"/") {
				t.Errorf("unpack wrote %s, outside of %s", path, dir)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
