package scan

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path, link string
		want       image.FileKind
	}{
		{"bin/sh", "", image.Shell},
		{"bin/sh", "/bin/busybox", image.Shell},
		{"busybox/sh", "/busybox/busybox", image.Shell},
		{"usr/bin/apt-get", "", image.PackageManager},
		{"sbin/apk", "", image.PackageManager},
		{"usr/bin/gcc", "gcc-12", image.Compiler},
		{"usr/bin/x86_64-linux-gnu-gcc-12", "", image.Compiler},
		{"usr/bin/clang-15", "", image.Compiler},
		{"usr/local/go/bin/go", "", image.Compiler},
		{"usr/bin/gdb", "", image.Debugger},
		{"usr/bin/nc", "/bin/busybox", ""},
		{"usr/bin/nc", "/etc/alternatives/nc", image.NetworkTool},
		{"usr/bin/nc.openbsd", "", image.NetworkTool},
		{"usr/sbin/telnetd", "/bin/busybox-extras", image.RemoteServer},
		{"usr/sbin/sshd", "", image.RemoteServer},
		{"usr/bin/sudo", "", image.PrivilegeTool},
		{"opt/bin/xmrig", "", image.Miner},
		{"root/.aws/credentials", "", image.Credential},
		{"app/credentials", "", ""},
		{"home/app/.npmrc", "", image.Credential},
		{"app/node_modules/x/.npmrc", "", ""},
		{"app/.env", "", image.Credential},
		{"usr/lib/python3/dist-packages/x/.env", "", ""},
		{"root/.docker/config.json", "", image.Credential},
		{"app/.git/HEAD", "", image.Leftover},
		{"app/node_modules/x/.git/HEAD", "", ""},
		{"Dockerfile", "", image.Leftover},
		{"a/b/c/d/Dockerfile", "", ""},
		{"root/.ssh/id_rsa", "", image.PrivateKey},
		{"etc/ssh/ssh_host_rsa_key", "", image.PrivateKey},
		{"var/run/docker.sock", "", image.RuntimeSocket},
		{"usr/share/doc/bash/README", "", ""},
		{"sh", "", ""},
	} {
		if got := kindOf(test.path, test.link); got != test.want {
			t.Errorf("kindOf(%q, %q) = %q, want %q", test.path, test.link, got, test.want)
		}
	}
}

func TestCacheOf(t *testing.T) {
	t.Parallel()
	for p, want := range map[string][2]string{
		"var/lib/apt/lists":                      {"apt", ""},
		"var/lib/apt/lists/partial":              {"apt", ""},
		"var/lib/apt/listsx":                     {},
		"srv/var/lib/apt/lists":                  {},
		"root/.cache/pip":                        {"pip", "root/.cache/pip"},
		"root/.cache/pip/http-v2/a/b/c":          {"pip", "root/.cache/pip/http-v2"},
		"home/app/.npm/_cacache/index-v5/a":      {"npm", "home/app/.npm/_cacache/index-v5"},
		".npm/_cacache/content-v2/sha512/aa":     {"npm", ".npm/_cacache/content-v2"},
		"root/go/pkg/mod/github.com/a/b@v1":      {"go", "root/go/pkg/mod/github.com"},
		"var/cache/dnf/appstream-1234/repodata":  {"dnf", "var/cache/dnf/appstream-1234"},
		"usr/local/bundle/cache":                 {"bundler", ""},
		"usr/share/doc":                          {},
		"opt/conda/pkgs/python-3.12.0/lib/a/b/c": {"conda", "opt/conda/pkgs/python-3.12.0"},
	} {
		if tool, part := cacheOf(p); tool != want[0] || part != want[1] {
			t.Errorf("cacheOf(%q) = %q, %q, want %q", p, tool, part, want)
		}
	}
}

// Accounts are those of the last layer that has the files; hashes are nowhere.
func TestAccounts(t *testing.T) {
	t.Parallel()
	const hash = "$6$salt$hunter2hunter2"
	base := read(
		t,
		member{name: "etc/passwd", body: "root:x:0:0::/root:/bin/sh\nold:" + hash + ":5:5::/:/bin/sh\nopen::6:6::/:\napp:x:7:7::/:\nodd:x:8:8\nno uid:x:y:1\n"},
		member{name: "etc/shadow", body: "root::19000:0:99999:7:::\napp:" + hash + ":1::::::\nodd:locked:1\n\n"},
		member{name: "etc/group", body: "root:x:0:\nstaff:x:50:app,old\nbroken\n"},
	)
	locked := read(t, member{name: "etc/shadow", body: "root:*:1\napp:!" + hash + ":1\n"})
	for name, test := range map[string]struct {
		layers []*LayerResult
		want   map[string]image.Password
		groups int
	}{
		"base": {
			[]*LayerResult{base},
			map[string]image.Password{"root": "empty", "old": "public", "open": "empty", "app": "set", "odd": "locked"},
			2,
		},
		"locked_above": {
			[]*LayerResult{base, locked},
			map[string]image.Password{"root": "locked", "old": "public", "open": "empty", "app": "locked", "odd": ""},
			2,
		},
		"shadow_and_group_deleted": {
			[]*LayerResult{base, read(t, member{name: "etc/.wh.shadow"}, member{name: "etc/.wh.group"})},
			map[string]image.Password{"root": "", "old": "public", "open": "empty", "app": "", "odd": ""},
			0,
		},
		"another_layer_and_none": {
			[]*LayerResult{base, read(t, member{name: "x", body: "y"}), nil},
			map[string]image.Password{"root": "empty", "old": "public", "open": "empty", "app": "set", "odd": "locked"},
			2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := Overlay(test.layers)
			got := map[string]image.Password{}
			for _, u := range inv.Users {
				got[u.Name] = u.Password
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("passwords (-want +got):\n%s", diff)
			}
			if len(inv.Groups) != test.groups {
				t.Errorf("groups %+v, want %d", inv.Groups, test.groups)
			}
			stored, err := json.Marshal([]any{test.layers, inv})
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(stored, []byte("hunter2")) {
				t.Errorf("a hash is kept: %s", stored)
			}
		})
	}
}

// What layers hide is weighed, and what shows of caches and large files.
func TestWeights(t *testing.T) {
	t.Parallel()
	big := func(c string, n int) string { return strings.Repeat(c, n) }
	const mb = 1 << 20
	small := func(dir string, n int) (files []member) {
		for i := range n {
			files = append(files, member{name: fmt.Sprintf("%s/%d", dir, i), body: big("s", 64<<10)})
		}
		return files
	}
	base := append(
		small("app/node_modules/a/lib", 20),
		member{name: "var/lib/apt/lists/main", body: big("l", mb)},
		member{name: "var/lib/apt/lists/security", body: big("l", mb)},
		member{name: "app/data", body: big("d", mb)},
		member{name: "app/copy", body: big("c", 4*mb)},
		member{name: "app/gone", body: big("g", 2*mb)},
		member{name: "opt/a.bin", body: big("x", 5*mb)},
		member{name: "root/.cache/pip/http/a/b", body: big("p", 512<<10)},
		member{name: "root/.cache/pip/http/a/c", body: big("p", 512<<10)},
		member{name: "etc/hosts", body: "little"},
	)
	layers := []*LayerResult{
		read(t, base...),
		read(
			t,
			member{name: "app/.wh.node_modules"}, member{name: "app/.wh.gone"},
			member{name: "var/lib/apt/lists/.wh.main"},
			member{name: "app/copy", body: big("c", 4*mb), mode: 0o755},
			member{name: "opt/b.bin", body: big("x", 5*mb)},
			member{name: "opt/c.bin", body: big("y", 5*mb)},
		),
		nil,
		read(t, member{name: "app/data", body: "now small"}, member{name: "srv/"}),
	}
	inv := Overlay(layers)
	waste := map[string]int64{}
	for _, w := range inv.Waste {
		waste[fmt.Sprintf("%s %d<%d %t", w.Path, w.Layer, w.By, w.Rewritten)] = w.Size
	}
	want := map[string]int64{
		"app/node_modules 0<1 false":       20 * 64 << 10,
		"app/gone 0<1 false":               2 * mb,
		"var/lib/apt/lists/main 0<1 false": mb,
		"app/copy 0<1 true":                4 * mb,
		"app/data 0<3 true":                mb,
	}
	if diff := cmp.Diff(want, waste); diff != "" {
		t.Errorf("waste (-want +got):\n%s", diff)
	}
	if sum := int64(20*64<<10 + 8*mb); inv.Wasted != sum {
		t.Errorf("wasted %d, want %d", inv.Wasted, sum)
	}
	heads := map[string]uint64{}
	shown := map[string]string{}
	for _, w := range inv.Weights {
		heads[w.Path] = w.Head
		shown[w.Path] = fmt.Sprintf("%d@%d %s", w.Size, w.Layer, w.Cache)
	}
	if diff := cmp.Diff(map[string]string{
		"app/copy": "4194304@1 ", "opt/a.bin": "5242880@0 ", "opt/b.bin": "5242880@1 ", "opt/c.bin": "5242880@1 ",
		"var/lib/apt/lists/security": "1048576@0 apt", "root/.cache/pip/http": "1048576@0 pip",
	}, shown); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	if heads["opt/a.bin"] != heads["opt/b.bin"] || heads["opt/a.bin"] == heads["opt/c.bin"] || heads["opt/a.bin"] == 0 {
		t.Errorf("heads %v, want those of a.bin and b.bin alike", heads)
	}
}

// A layer with more weights than are kept keeps the largest.
func TestMaxWeights(t *testing.T) {
	t.Parallel()
	var s scale
	for i := range maxWeights + 100 {
		s.add(fmt.Sprintf("d/%d", i), minWeight+int64(i))
	}
	weights := s.finish()
	if len(weights) != maxWeights {
		t.Fatalf("%d weights, want %d", len(weights), maxWeights)
	}
	for _, w := range weights {
		if w.Size < minWeight+100 {
			t.Errorf("%+v is kept, larger ones are not", w)
		}
	}
}

// What counts with a directory is not lost in one that is too light itself.
func TestLightDirectories(t *testing.T) {
	t.Parallel()
	var s scale
	for i := range 40 {
		s.add(fmt.Sprintf("app/m/%d/x/y", i), 10<<10)
	}
	got := s.finish()
	if want := []Weight{{Path: "app/m", Size: 400 << 10, Directory: true}}; cmp.Diff(want, got) != "" {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNotableFiles(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("A", 100)
	elf := func(machine byte) string {
		return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 11) + string([]byte{machine, 0}) + strings.Repeat("\x00", 70<<10)
	}
	base := read(
		t,
		member{name: "usr/bin/sh", body: "dash", kind: tar.TypeSymlink, mode: 0o777},
		member{name: "etc/tls/a.key", body: key},
		member{name: "etc/tls/a.pem", body: "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A", 100)},
		member{name: "root/.aws/credentials", body: "x"},
		member{name: "root/.netrc", body: "x"},
		member{name: "usr/bin/app", body: elf(62), mode: 0o755},
		member{name: "usr/bin/tool", body: elf(183), mode: 0o755},
		member{name: "opt/venv/bin/", mode: 0o775},
	)
	inv := Overlay([]*LayerResult{base, read(t, member{name: "root/.wh..aws"}, member{name: "root/.netrc", body: "y!"})})
	got := map[string]string{}
	for _, f := range inv.Files {
		got[f.Path] = fmt.Sprintf("%o %s", f.Mode, f.Kind)
	}
	if diff := cmp.Diff(map[string]string{
		"usr/bin/sh": "120000 shell", "etc/tls/a.key": "100644 private_key", "root/.netrc": "100644 credential", "opt/venv/bin": "40775 ",
	}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var hidden []string
	for _, f := range inv.Hidden {
		hidden = append(hidden, fmt.Sprintf("%s@%d", f.Path, f.Layer))
	}
	if diff := cmp.Diff([]string{"root/.aws/credentials@0", "root/.netrc@0"}, hidden); diff != "" {
		t.Errorf("hidden (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]image.Machine{{Architecture: "amd64", Path: "usr/bin/app"}, {Architecture: "arm64", Path: "usr/bin/tool"}}, inv.Machines); diff != "" {
		t.Errorf("machines (-want +got):\n%s", diff)
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value string
		want  uint64
	}{
		"version_2": {"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", 1<<13 | 1<<32},
		"version_1": {"\x01\x00\x00\x01\x00\x04\x00\x00\x00\x00\x00\x00", 1 << 10},
		"short":     {"\x01\x00", 0},
		"none":      {"", 0},
	} {
		h := &tar.Header{PAXRecords: map[string]string{capabilityRecord: test.value}}
		if got := capabilities(h); got != test.want {
			t.Errorf("%s: %x, want %x", name, got, test.want)
		}
	}
}

// A file that ends in the middle is an error as before, whoever looks first.
func TestPeekTruncated(t *testing.T) {
	t.Parallel()
	w := newWalker(newBudget(Limits{}, SecretOptions{}))
	defer w.Close()
	h := &tar.Header{Name: "x", Typeflag: tar.TypeReg, Mode: 0o755, Size: 5 << 20}
	r := w.peek("x", h, io.MultiReader(strings.NewReader("\x7fELF"), failedReader{io.ErrUnexpectedEOF}))
	b, err := io.ReadAll(r)
	if string(b) != "\x7fELF" || err != io.ErrUnexpectedEOF {
		t.Errorf("read %q, %v, want what there is and %v", b, err, io.ErrUnexpectedEOF)
	}
}
