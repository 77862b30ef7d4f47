package scan

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverlay(t *testing.T) {
	t.Parallel()
	const dpkg = "var/lib/dpkg/status"
	npm := func(name, version string) string { return fmt.Sprintf(`{"name":%q,"version":%q}`, name, version) }
	release := member{name: "etc/os-release", body: bookworm}
	for name, test := range map[string]struct {
		layers [][]member
		want   []string
		files  []string
	}{
		"packages_keep_the_layer_that_brought_them": {
			layers: [][]member{
				{release, {name: dpkg, body: status("bash 5", "curl 7", "zlib 1")}},
				{{name: dpkg, body: status("bash 5", "curl 7", "nginx 1", "zlib 1")}},
				{{name: dpkg, body: status("bash 5", "nginx 1", "zlib 2")}},
			},
			want: []string{"Debian:12 bash 5 @0", "Debian:12 nginx 1 @1", "Debian:12 zlib 2 @2"},
		},
		"a_package_that_came_back_is_new": {
			layers: [][]member{
				{release, {name: dpkg, body: status("curl 7")}},
				{{name: dpkg, body: status("bash 5")}},
				{{name: dpkg, body: status("bash 5", "curl 7")}},
			},
			want: []string{"Debian:12 bash 5 @1", "Debian:12 curl 7 @2"},
		},
		"distroless": {
			layers: [][]member{
				{release, {name: "var/lib/dpkg/status.d/tzdata", body: "Package: tzdata\nVersion: 2024a\n"}},
				{
					{name: "var/lib/dpkg/status.d/libssl3", body: "Package: libssl3\nSource: openssl\nVersion: 3.0\n"},
					{name: "var/lib/dpkg/status.d/libssl3.md5sums", body: "d41d8cd98f00b204e9800998ecf8427e  usr/lib/node/package.json\n"},
					{name: "usr/lib/node/package.json", body: npm("n", "1")},
				},
			},
			want: []string{"npm n 1 @1 owned by libssl3", "Debian:12 libssl3 3.0 @1", "Debian:12 tzdata 2024a @0"},
		},
		"whiteouts": {
			layers: [][]member{
				{
					{name: "a/package.json", body: npm("a", "1")},
					{name: "b/node_modules/x/package.json", body: npm("x", "1")},
					{name: "b/node_modules/y/package.json", body: npm("y", "1")},
					{name: "bc/package.json", body: npm("bc", "1")},
					{name: "d/package.json", body: npm("d", "1")},
				},
				{{name: "a/.wh.package.json"}, {name: ".wh.b"}},
				{{name: "b/node_modules/y/package.json", body: npm("y", "2")}, {name: ".wh.nothing"}},
			},
			want: []string{"npm y 2 @2", "npm bc 1 @0", "npm d 1 @0"},
		},
		"opaque_directories": {
			layers: [][]member{
				{{name: "a/b/package.json", body: npm("b", "1")}, {name: "a/package.json", body: npm("a", "1")}, {name: "c/package.json", body: npm("c", "1")}},
				{{name: "a/d/package.json", body: npm("d", "1")}, {name: "a/.wh..wh..opq"}},
			},
			want: []string{"npm d 1 @1", "npm c 1 @0"},
		},
		"opaque_root": {
			layers: [][]member{
				{{name: "a/package.json", body: npm("a", "1")}},
				{{name: ".wh..wh..opq"}, {name: "b/package.json", body: npm("b", "1")}},
			},
			want: []string{"npm b 1 @1"},
		},
		"a_link_in_place_of_a_directory": {
			layers: [][]member{
				{{name: "app/node_modules/x/package.json", body: npm("x", "1")}},
				{{name: "app/node_modules", body: "/cache", kind: tar.TypeSymlink}},
			},
			want: []string{},
		},
		"a_directory_again": {
			layers: [][]member{
				{{name: "app/node_modules/x/package.json", body: npm("x", "1")}, {name: "f", mode: 0o4755}},
				{{name: "app/"}, {name: "app/node_modules/"}, {name: "f/"}},
			},
			want: []string{"npm x 1 @0"},
		},
		"replaced_by_what_tells_nothing": {
			layers: [][]member{
				{{name: "x/package.json", body: npm("x", "1")}, {name: "y/package.json", body: npm("y", "1")}},
				{{name: "x/package.json", body: "{}"}},
			},
			want: []string{"npm y 1 @0"},
		},
		"copied_up": {
			layers: [][]member{
				{{name: "x/package.json", body: npm("x", "1")}},
				{{name: "x/package.json", body: npm("x", "1")}},
			},
			want: []string{"npm x 1 @0"},
		},
		"hard_links": {
			layers: [][]member{
				{{name: "a/package.json", body: npm("a", "1")}, {name: "b/package.json", body: "a/package.json", kind: tar.TypeLink}},
				{{name: "c/package.json", body: "a/package.json", kind: tar.TypeLink}, {name: "a/.wh.package.json"}},
			},
			want: []string{"npm a 1 @0"},
		},
		"modes_taken_away": {
			layers: [][]member{
				{{name: "bin/su", mode: 0o4755}, {name: "bin/mount", mode: 0o4755}, {name: "data/", mode: 0o777}, {name: "logs/", mode: 0o777}},
				{{name: "bin/su", mode: 0o755}, {name: "data/", mode: 0o755}, {name: "bin/mount", mode: 0o4755}},
			},
			want:  []string{},
			files: []string{"bin/mount 104755 @0", "logs 40777 @0"},
		},
		"owned_files": {
			layers: [][]member{
				{
					release,
					{name: dpkg, body: status("mount 2", "util 1")},
					{name: "var/lib/dpkg/info/mount.list", body: "/bin/mount\n/usr/lib/m/package.json\n/usr/bin/changed\n"},
					{name: "var/lib/dpkg/info/removed.list", body: "/usr/lib/r/package.json\n"},
					{name: "usr/bin/mount", mode: 0o4755},
					{name: "usr/lib/m/package.json", body: npm("m", "1")},
					{name: "usr/lib/r/package.json", body: npm("r", "1")},
					{name: "usr/bin/changed", mode: 0o4755},
				},
				// Another version than the package brought is not the package's.
				{{name: "usr/bin/changed", mode: 0o6755}, {name: "usr/local/x", mode: 0o2755}},
			},
			want: []string{"npm m 1 @0 owned by mount", "npm r 1 @0", "Debian:12 mount 2 @0", "Debian:12 util 1 @0"},
			files: []string{
				"usr/bin/changed 106755 @1", "usr/bin/mount 104755 @0 owned by mount", "usr/local/x 102755 @1",
			},
		},
		"apk": {
			layers: [][]member{
				{
					{name: "usr/lib/os-release", body: alpine},
					{name: "lib/apk/db/installed", body: "P:python3\nV:3.11-r1\nA:x86_64\no:python3\nF:usr/lib/python3\nR:a.egg-info\np:" + strings.Repeat("so:x ", 40000) +
						"\n\nP:libcrypto3\nV:3.1-r0\no:openssl\nnonsense\n\n"},
					{name: "usr/lib/python3/a.egg-info", body: "Name: a\nVersion: 1\n\n"},
				},
			},
			want: []string{"Alpine:v3.19 libcrypto3 3.1-r0 @0", "Alpine:v3.19 python3 3.11-r1 @0", "PyPI a 1 @0 owned by python3"},
		},
		"a_layer_that_was_not_read": {
			layers: [][]member{nil, {release, {name: dpkg, body: status("bash 5")}}},
			want:   []string{"Debian:12 bash 5 @1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var layers []*LayerResult
			for _, l := range test.layers {
				if l == nil {
					layers = append(layers, nil)
					continue
				}
				layers = append(layers, read(t, l...))
			}
			inv := Overlay(layers)
			if diff := cmp.Diff(test.want, names(inv)); diff != "" {
				t.Errorf("packages mismatch (-want +got):\n%s", diff)
			}
			var files []string
			for _, f := range inv.Files {
				s := fmt.Sprintf("%s %o @%d", f.Path, f.Mode, f.Layer)
				if f.OwnedBy != "" {
					s += " owned by " + f.OwnedBy
				}
				files = append(files, s)
			}
			if test.files != nil {
				if diff := cmp.Diff(test.files, files); diff != "" {
					t.Errorf("files mismatch (-want +got):\n%s", diff)
				}
			}
			if inv.Partial != "" {
				t.Errorf("partial: %s", inv.Partial)
			}
		})
	}
}

// What could not be looked at is told, unless a layer above took it away.
func TestOverlayPartial(t *testing.T) {
	t.Parallel()
	rpm := read(t, member{name: "var/lib/rpm/rpmdb.sqlite", body: "x"})
	if got := Overlay([]*LayerResult{rpm}).Partial; !strings.Contains(got, "var/lib/rpm/rpmdb.sqlite: the packages are not known") {
		t.Errorf("partial = %q, want it to tell of rpm", got)
	}
	if got := Overlay([]*LayerResult{rpm, read(t, member{name: "var/lib/.wh.rpm"})}).Partial; got != "" {
		t.Errorf("partial = %q after the database is gone, want nothing", got)
	}
	nameless := read(t, member{name: "var/lib/dpkg/status", body: status("bash 5")})
	if got := Overlay([]*LayerResult{nameless}).Partial; !strings.Contains(got, "no file names the image's distribution") {
		t.Errorf("partial = %q, want it to tell of the release", got)
	}
}

// The upper os-release wins, and that of /etc over that of /usr/lib.
func TestOverlayDistribution(t *testing.T) {
	t.Parallel()
	usr := read(t, member{name: "usr/lib/os-release", body: bookworm})
	etc := read(t, member{name: "etc/os-release", body: alpine})
	link := read(t, member{name: "etc/os-release", body: "../usr/lib/os-release", kind: tar.TypeSymlink})
	for _, test := range []struct {
		layers []*LayerResult
		want   string
	}{
		{[]*LayerResult{usr}, "debian"},
		{[]*LayerResult{etc, usr}, "alpine"},
		{[]*LayerResult{usr, etc, link}, "debian"},
	} {
		if got := Overlay(test.layers).Distribution; got == nil || got.ID != test.want {
			t.Errorf("Overlay has distribution %+v, want %s", got, test.want)
		}
	}
}

// Overlaying takes time in proportion to what is in the layers: one directory
// that comes and goes does not make it slow.
func BenchmarkOverlay(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			members := make([]member, 0, n)
			for i := range n {
				members = append(members, member{name: fmt.Sprintf("app/node_modules/p%d/package.json", i), body: fmt.Sprintf(`{"name":"p%d","version":"1.0.0"}`, i)})
			}
			full, gone := read(b, members...), read(b, member{name: "app/.wh.node_modules"})
			layers := []*LayerResult{full, gone, full, gone, full, full}
			b.ResetTimer()
			for b.Loop() {
				if got := len(Overlay(layers).Packages); got != n {
					b.Fatalf("Overlay has %d packages, want %d", got, n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(4*n), "ns/package")
		})
	}
}
