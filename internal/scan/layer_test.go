package scan

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// What is too long for an index of a database is not what it stands for.
func TestReadLayerLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxName+1)
	got := read(t, member{name: "var/lib/dpkg/status", body: "Package: a\nVersion: 1\nSource: " + long + " (2)\nArchitecture: " + long + "\n\n" +
		"Package: b\nVersion: 1\nSource: c (2)\nArchitecture: amd64\n"})
	want := []Package{
		{Type: "deb", Name: "a", Version: "1"}, {Type: "deb", Name: "b", Version: "1", Source: "c", SourceVersion: "2", Architecture: "amd64"},
	}
	if diff := cmp.Diff(want, got.Packages[0].Packages); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

func TestReadLayer(t *testing.T) {
	t.Parallel()
	got := read(
		t,
		member{name: "./"},
		member{name: "./etc/os-release", body: "usr/lib/os-release", kind: tar.TypeSymlink},
		member{name: "./etc/passwd", body: "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:1001::/:/bin/false\n"},
		member{name: "./usr/bin/su", body: "x", mode: 0o4755},
		member{name: "./usr/lib/os-release", body: bookworm},
		member{name: "./usr/lib/python3/dist-packages/flask-2.2.2.egg-info/PKG-INFO", body: "Metadata-Version: 2.1\nName: Flask\nVersion: 2.2.2\n"},
		member{name: "./app/package.json", body: `{"name":"@acme/shop","version":"1.0.0"}`},
		member{name: "./app/copy/package.json", body: "app/package.json", kind: tar.TypeLink},
		member{name: "./app/broken/package.json", body: `{`},
		member{name: "./tmp/", mode: 0o1777},
		member{name: "./var/open/", mode: 0o777},
		member{name: "./var/lib/dpkg/info/python3-flask.list", body: "/.\n/usr\n/usr/lib/python3/dist-packages/flask-2.2.2.egg-info/PKG-INFO\n"},
		member{name: "./var/lib/dpkg/info/util-linux:amd64.list", body: "/bin/su\n"},
		member{name: "./var/lib/dpkg/status", body: "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nSource: bash-src (5.2-1)\nVersion: 5.2-1+b2\n\n" +
			"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n" +
			"Package: half\nStatus: install ok triggers-pending\nVersion: 1:2-3\n"},
		member{name: "./opt/.wh.old"},
		member{name: "./srv/.wh..wh..opq"},
		member{name: "./srv/.wh..wh.plnk/1.2"},
	)
	got.NonDirectories, got.Directories = nil, nil
	got.DiffID, got.Size = "", 0
	want := &LayerResult{
		SecretKey: processKey().ID(),
		Entries:   17,
		Packages: []PackageFile{
			{"app/copy/package.json", []Package{{Type: "npm", Name: "@acme/shop", Version: "1.0.0"}}},
			{"app/package.json", []Package{{Type: "npm", Name: "@acme/shop", Version: "1.0.0"}}},
			{"usr/lib/python3/dist-packages/flask-2.2.2.egg-info/PKG-INFO", []Package{{Type: "pypi", Name: "Flask", Version: "2.2.2"}}},
			{"var/lib/dpkg/status", []Package{
				{Type: "deb", Name: "bash", Version: "5.2-1+b2", Source: "bash-src", SourceVersion: "5.2-1", Architecture: "amd64"},
				{Type: "deb", Name: "half", Version: "1:2-3"},
			}},
		},
		Files: []File{
			{Path: "usr/bin/su", Mode: 0o104755, Size: 1},
			{Path: "var/open", Mode: 0o040777},
		},
		Releases: []Release{{"usr/lib/os-release", debian12}},
		Passwd:   &Passwd{Users: users("root", 0, 0, "app", 1000, 1001)},
		Owned: map[string]string{
			"usr/bin/su": "util-linux",
			"usr/lib/python3/dist-packages/flask-2.2.2.egg-info/PKG-INFO": "python3-flask",
		},
		Whiteouts: []string{"opt/old"},
		Opaque:    []string{"srv"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// Every compression yields the same result, and the digest of what is inside.
func TestReadLayerCompression(t *testing.T) {
	t.Parallel()
	plain := makeTar(t, member{name: "etc/os-release", body: alpine}, member{name: "lib/apk/db/installed", body: "P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n"})
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	skippable := append([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}, packed.Bytes()...)
	// As eStargz and parallel compressors write it.
	members := append(gzipped(t, plain[:700]), gzipped(t, plain[700:])...)

	for name, blob := range map[string][]byte{
		"none": plain, "gzip": gzipped(t, plain), "gzip_members": members, "zstd": packed.Bytes(), "zstd_skippable": skippable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadLayer(t.Context(), iotest.OneByteReader(bytes.NewReader(blob)), LayerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got.DiffID != digestOf(plain) || got.Size != int64(len(plain)) {
				t.Errorf("ReadLayer has digest %s of %d bytes, want %s of %d", got.DiffID, got.Size, digestOf(plain), len(plain))
			}
			if n := len(got.Packages); n != 1 {
				t.Errorf("ReadLayer found %d package files, want 1", n)
			}
		})
	}
}

func TestReadLayerErrors(t *testing.T) {
	t.Parallel()
	plain := makeTar(t, member{name: "a", body: strings.Repeat("a", 2000)})
	packed := gzipped(t, plain)
	broken := errors.New("the connection broke")
	damaged := bytes.Clone(packed)
	damaged[len(damaged)/2] ^= 0xff

	for name, test := range map[string]struct {
		r         io.Reader
		mediaType string
		want      error
	}{
		"truncated_gzip":   {bytes.NewReader(packed[:len(packed)-20]), "", ErrMalformed},
		"truncated_tar":    {bytes.NewReader(plain[:1500]), "", ErrMalformed},
		"damaged":          {bytes.NewReader(damaged), "", ErrMalformed},
		"no_tar":           {strings.NewReader(strings.Repeat("no tar ", 200)), "", ErrMalformed},
		"garbage_after":    {bytes.NewReader(append(bytes.Clone(packed), "garbage"...)), "", ErrMalformed},
		"reader":           {io.MultiReader(bytes.NewReader(plain[:700]), iotest.ErrReader(broken)), "", broken},
		"reader_after_tar": {io.MultiReader(bytes.NewReader(plain), iotest.ErrReader(broken)), "", broken},
		// What is damaged on its way is the reader's to tell.
		"reader_after_damage": {io.MultiReader(bytes.NewReader(damaged), iotest.ErrReader(broken)), "", broken},
		"encrypted":           {bytes.NewReader(nil), "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", ErrUnsupported},
		"no_file_system":      {bytes.NewReader(nil), "application/vnd.wasm.content.layer.v1+wasm", ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadLayer(t.Context(), test.r, LayerOptions{MediaType: test.mediaType})
			if !errors.Is(err, test.want) {
				t.Errorf("ReadLayer: %v, want %v", err, test.want)
			}
		})
	}
}

func TestReadLayerEmpty(t *testing.T) {
	t.Parallel()
	got, err := ReadLayer(t.Context(), bytes.NewReader(nil), LayerOptions{MediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip"})
	if err != nil || got.Entries != 0 {
		t.Errorf("ReadLayer = %+v, %v, want an empty result", got, err)
	}
}

// Cancelling ends a read that waits, as the reader ends by the same context.
func TestReadLayerCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	go func() {
		w.Write(makeTar(t, member{name: "a", body: "b"})[:600])
		cancel()
	}()
	if _, err := ReadLayer(ctx, r, LayerOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadLayer: %v, want %v", err, context.Canceled)
	}
}

// Entries may be called anything: none leads out of the root, and a later one
// replaces an earlier one.
func TestReadLayerHostileNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("d/", 3000)
	got := read(
		t,
		member{name: "../../../etc/passwd", body: "evil:x:0:0:::\n"},
		member{name: "/etc/../etc//passwd", body: "root:x:0:0:::\n"},
		member{name: "a/package.json", body: `{"name":"first","version":"1"}`},
		member{name: "a/package.json", body: `{"name":"second","version":"2"}`},
		member{name: "b/package.json", body: `{"name":"first","version":"1"}`},
		member{name: "b/package.json", body: "c", kind: tar.TypeSymlink},
		member{name: "c", body: "d", kind: tar.TypeSymlink},
		member{name: "d", body: "c", kind: tar.TypeSymlink},
		member{name: "self/package.json", body: "self/package.json", kind: tar.TypeLink},
		member{name: long + "package.json", body: `{"name":"deep","version":"1"}`},
		member{name: "bad\xff/package.json", body: `{"name":"utf8","version":"1"}`},
		member{name: "nul/package.json", body: `{"name":"nul\u0000","version":"1"}`},
		member{name: "null/package.json", body: `{"name":"null","version":"1","maintainers":[null]}`},
		member{name: ".wh."},
		member{name: ".wh..."},
		member{name: "x/.wh..", body: ""},
		member{name: "..", kind: tar.TypeDir},
	)
	if diff := cmp.Diff(users("root", 0, 0), got.Passwd.Users); diff != "" {
		t.Errorf("users mismatch (-want +got):\n%s", diff)
	}
	want := []PackageFile{
		{"a/package.json", []Package{{Type: "npm", Name: "second", Version: "2"}}},
		{"bad\uFFFD/package.json", []Package{{Type: "npm", Name: "utf8", Version: "1"}}},
		{"nul/package.json", []Package{{Type: "npm", Name: "nul\uFFFD", Version: "1"}}},
	}
	if diff := cmp.Diff(want, got.Packages); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	// An extractor that breaks down leaves a note, not a crash.
	if len(got.Skipped) != 1 || got.Skipped[0].Path != "null/package.json" {
		t.Errorf("skipped = %v, want null/package.json", got.Skipped)
	}
	if len(got.Whiteouts) != 0 {
		t.Errorf("whiteouts = %q, want none", got.Whiteouts)
	}
}

// A Go program is found wherever it is and whatever it is called.
func TestReadLayerGoBinary(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	blob := makeTar(t, member{name: "srv/program", body: string(body), mode: 0o755})
	// In memory and through a temporary file.
	for _, memory := range []int64{0, 1 << 20} {
		got, err := ReadLayer(t.Context(), bytes.NewReader(blob), LayerOptions{Limits: Limits{MemoryBytes: memory}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Packages) != 1 {
			t.Fatalf("ReadLayer found %v, want one file", got.Packages)
		}
		found := map[string]string{}
		for _, p := range got.Packages[0].Packages {
			found[p.Name] = p.Version
		}
		if v := found["stdlib"]; !strings.HasPrefix(v, "1.") {
			t.Errorf("stdlib has version %q, want that of the toolchain", v)
		}
		if v, ok := found["github.com/stowage-dev/stowage"]; ok && strings.Contains(v, "devel") {
			t.Errorf("the main module has version %q, want none", v)
		}
	}
}

// A result is the same after it was stored.
func TestLayerResultJSON(t *testing.T) {
	t.Parallel()
	r := read(t, member{name: "etc/passwd", body: "root:x:0:0:::\n"}, member{name: "a/", mode: 0o777}, member{name: "a/.wh.b"}, member{name: "c", mode: 0o4711})
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got LayerResult
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r, got, cmp.Transformer("empty", func(m map[string]string) int { return len(m) })); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}
