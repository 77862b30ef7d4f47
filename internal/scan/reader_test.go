package scan

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wantedPaths has a path for every reader that has paths of its own.
var wantedPaths = map[string]string{
	"var/lib/dpkg/status":                         "dpkg",
	"var/lib/dpkg/status.d/base":                  "dpkg-status-files",
	"var/lib/dpkg/info/libc6:amd64.list":          "dpkg-lists",
	"var/lib/dpkg/status.d/base.md5sums":          "dpkg-sums",
	"lib/apk/db/installed":                        "apk",
	"var/lib/chisel/manifest.wall":                "chisel",
	"var/lib/rpm/Packages":                        "rpm",
	"usr/lib/sysimage/rpm/Packages.db":            "rpm",
	"usr/share/rpm/rpmdb.sqlite":                  "rpm",
	"var/lib/rpm/rpmdb.sqlite-wal":                "rpm-log",
	"var/lib/rpmmanifest/container-manifest-2":    "rpm-manifest",
	"var/lib/pacman/local/zlib-1:1.3.1-2/desc":    "pacman",
	"var/lib/pacman/local/zlib-1:1.3.1-2/files":   "pacman-files",
	"usr/lib/opkg/status":                         "opkg",
	"usr/lib/opkg/info/busybox.list":              "opkg-lists",
	"etc/redhat-release":                          "release-files",
	"srv/rpm/Packages":                            "",
	"Packages":                                    "",
	"var/lib/pacman/sync/zlib/desc":               "",
	"desc":                                        "",
	"usr/lib/os-release":                          "os-release",
	"etc/passwd":                                  "passwd",
	"etc/shadow":                                  "shadow",
	"etc/group":                                   "group",
	"app/node_modules/a/package.json":             "npm",
	"package.json":                                "npm",
	"usr/lib/a-1.dist-info/METADATA":              "python-metadata",
	"usr/lib/a-1.egg-info/PKG-INFO":               "python-info",
	"usr/lib/a-1.egg-info":                        "python-egg-info",
	"usr/lib/a-1.EGG":                             "python-archive",
	"srv/app.JAR":                                 "java-archive",
	"srv/x.jar.war":                               "java-archive",
	"usr/lib/METADATA":                            "",
	"srv/app.jar/x":                               "",
	"jar":                                         "",
	"var/lib/dpkg/status.d/a/b":                   "",
	"usr/share/x.list":                            "",
	"etc/passwd.":                                 "",
	"":                                            "",
	"a.":                                          "",
	"a." + strings.Repeat("x", 2*maxExtension):    "",
	"bundle/specifications/a.gemspec":             "gem-specification",
	"specifications/default/a.gemspec":            "gem-specification",
	"bundle/gems/a/a.gemspec":                     "",
	"app/Shop.deps.json":                          "nuget",
	"app/Shop.json":                               "",
	"app/a.dll":                                   "assembly",
	"dotnet/sdk/8.0.100/a.dll":                    "",
	"app/de/a.resources.dll":                      "",
	"vendor/composer/installed.json":              "composer-installed",
	"vendor/installed.json":                       "",
	"app/composer.lock":                           "composer-lock",
	"lib/ssl-11.1/ebin/ssl.app":                   "erlang-application",
	"lib/ssl.app":                                 "",
	"releases/1.0/shop.rel":                       "erlang-release",
	"releases/25/start_clean.rel":                 "",
	"lib/R/library/a/DESCRIPTION":                 "r-description",
	"renv.lock":                                   "renv-lock",
	".pub-cache/hosted/pub.dev/a-1/pubspec.yaml":  "pub-cache",
	"app/pubspec.yaml":                            "",
	"app/pubspec.lock":                            "pubspec-lock",
	"app/Package.resolved":                        "swift",
	"opt/conda/conda-meta/a-1-0.json":             "conda",
	"lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec": "luarocks",
	"perl5/.meta/A-1/install.json":                "cpan",
	"A-1/install.json":                            "",
	"usr/lib/libcrypto.so.3":                      "program-library",
	"usr/lib/libpython3.12.so.1.0":                "program-library",
	"opt/java/release":                            "runtime",
	"usr/local/go/VERSION":                        "runtime",
	"srv/VERSION":                                 "",
}

func TestReaders(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for path, want := range wantedPaths {
		got := ""
		if r := readersByPath.find(path); r != nil {
			got = r.name
		}
		if got != want {
			t.Errorf("reader of %q is %q, want %q", path, got, want)
		}
		tested[got] = true
	}
	names := map[string]bool{}
	for _, r := range slices.Concat(readers, executables) {
		if r.name == "" || names[r.name] || r.read == nil || r.packages == nil && r.from != "" {
			t.Errorf("reader %q has no name of its own, reads nothing, or is documented without packages", r.name)
		}
		if r.packages != nil && !slices.Contains(packageTypes, r.packages) {
			t.Errorf("reader %q tells of packages that are not in the list", r.name)
		}
		for _, suffix := range r.suffixes {
			if suffix[0] != '.' || suffix != strings.ToLower(suffix) || len(suffix) > maxExtension {
				t.Errorf("reader %q has the suffix %q, which is not found", r.name, suffix)
			}
		}
		names[r.name] = true
		if !tested[r.name] && !slices.Contains(executables, r) {
			t.Errorf("reader %q has no path in this test", r.name)
		}
	}
	types := map[string]bool{}
	for _, p := range packageTypes {
		if types[p.purl] || p.title == "" || p.distribution != (p.matched == "") {
			t.Errorf("package type %q is there twice or not documented", p.purl) // A distribution says what matches.
		}
		types[p.purl] = true
	}
}

// BenchmarkReaderOf measures what is asked of every path of every layer.
func BenchmarkReaderOf(b *testing.B) {
	paths := []string{
		"usr/share/doc/libstdc++6/changelog.Debian.gz", "usr/lib/x86_64-linux-gnu/libc.so.6",
		"app/node_modules/lodash/fp/_baseConvert.js", "usr/bin/env", "usr/lib/python3/dist-packages/a/b.py",
		"usr/share/zoneinfo/Europe/Zurich", "app/node_modules/lodash/package.json", "srv/lib/a-1.0.JAR",
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		readersByPath.find(paths[i%len(paths)])
	}
}

// Each reader of programs is given the whole program, and what they find is
// kept side by side.
func TestExecutables(t *testing.T) {
	t.Parallel()
	const elf = "\x7fELF and more"
	find := func(p *packageType, name string) *reader {
		return &reader{name: name, packages: p, read: func(_ context.Context, f *file) error {
			body, err := io.ReadAll(f)
			if !strings.HasPrefix(string(body), elf) {
				t.Errorf("%s is given %q, want the program from its start", name, body[:min(len(body), 20)])
			}
			f.found(p, []Package{{Name: name, Version: "1"}})
			return err
		}}
	}
	w := newWalker(newBudget(Limits{}, SecretOptions{}))
	defer w.Close()
	w.executables = []*reader{find(golangType, "a"), find(npmType, "b")}
	body := elf + strings.Repeat("x", minExecutable)
	b := makeTar(t, member{name: "bin/x", body: body, mode: 0o755}, member{name: "bin/y", body: "bin/x", kind: tar.TypeLink}, member{name: "bin/x", body: body, mode: 0o755})
	if err := walk(t.Context(), tar.NewReader(bytes.NewReader(b)), w); err != nil {
		t.Fatal(err)
	}
	packages := []Package{{Type: "golang", Name: "a", Version: "1"}, {Type: "npm", Name: "b", Version: "1"}}
	want := []PackageFile{{"bin/x", packages}, {"bin/y", packages}}
	if diff := cmp.Diff(want, w.finish().Packages); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
}
