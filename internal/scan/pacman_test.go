package scan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	zlibDesc  = "%NAME%\nzlib\n\n%VERSION%\n1:1.3.1-2\n\n%BASE%\nzlib\n\n%DESC%\nCompression library\n\n%ARCH%\nx86_64\n\n%LICENSE%\nZlib\n\n"
	libsDesc  = "%NAME%\ngcc-libs\n\n%VERSION%\n14.2.1-3\n\n%BASE%\ngcc\n\n%ARCH%\nx86_64\n"
	zlibFiles = "%FILES%\nusr/\nusr/lib/\nusr/lib/libz.so.1\nusr/lib/a.jar\n\n%BACKUP%\netc/zlib.conf\tabc\n"
)

func TestPacman(t *testing.T) {
	t.Parallel()
	const local = "var/lib/pacman/local/"
	got := read(
		t, member{name: local + "ALPM_DB_VERSION", body: "9\n"},
		member{name: local + "zlib-1:1.3.1-2/desc", body: zlibDesc}, member{name: local + "zlib-1:1.3.1-2/files", body: zlibFiles},
		member{name: local + "gcc-libs-14.2.1-3/desc", body: libsDesc}, member{name: local + "broken-1-1/desc", body: "%NAME%\n%VERSION%\n"},
		member{name: "usr/lib/libz.so.1", body: "x", mode: 0o4755}, member{name: "etc/arch-release"},
	)
	want := []PackageFile{
		{local + "gcc-libs-14.2.1-3/desc", []Package{{Type: "alpm", Name: "gcc-libs", Version: "14.2.1-3", Source: "gcc", Architecture: "x86_64"}}},
		{local + "zlib-1:1.3.1-2/desc", []Package{{Type: "alpm", Name: "zlib", Version: "1:1.3.1-2", Architecture: "x86_64"}}},
	}
	if diff := cmp.Diff(want, got.Packages); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"usr/lib/libz.so.1": "zlib", "usr/lib/a.jar": "zlib"}, got.Owned); diff != "" {
		t.Errorf("owned mismatch (-want +got):\n%s", diff)
	}
	inv := Overlay([]*LayerResult{got})
	if p := inv.Packages[1]; p.Ecosystem != "arch" || p.PURL != "pkg:alpm/arch/zlib@1:1.3.1-2?arch=x86_64&distro=arch" {
		t.Errorf("zlib is %s %s, want arch", p.Ecosystem, p.PURL)
	}
	if !strings.Contains(inv.Unmatched, "Arch Linux") || !strings.Contains(inv.Unmatched, "2 packages") || inv.Partial != "" {
		t.Errorf("unmatched %q, partial %q, want a note of 2 packages of Arch Linux and nothing", inv.Unmatched, inv.Partial)
	}
}

// An upgrade replaces the folder of a package.
func TestPacmanUpgrade(t *testing.T) {
	t.Parallel()
	const local = "var/lib/pacman/local/"
	below := read(t, member{name: "etc/arch-release"}, member{name: local + "zlib-1:1.3.1-1/desc", body: strings.Replace(zlibDesc, "1.3.1-2", "1.3.1-1", 1)})
	above := read(t, member{name: local + ".wh.zlib-1:1.3.1-1"}, member{name: local + "zlib-1:1.3.1-2/desc", body: zlibDesc})
	if diff := cmp.Diff([]string{"arch zlib 1:1.3.1-2 @1"}, names(Overlay([]*LayerResult{below, above}))); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
}

func TestOpkg(t *testing.T) {
	t.Parallel()
	got := read(
		t, member{name: "usr/lib/opkg/status", body: "Package: busybox\nVersion: 1.36.1-1\nDepends: libc\nStatus: install user installed\nArchitecture: x86_64\nSource: package/utils/busybox\n\n" +
			"Package: gone\nVersion: 1\nStatus: deinstall user not-installed\n\n"},
		member{name: "usr/lib/opkg/info/busybox.list", body: "/bin/busybox\n"}, member{name: "bin/busybox", body: "x", mode: 0o4755},
		member{name: "etc/openwrt_release", body: "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.5'\nDISTRIB_DESCRIPTION='OpenWrt 23.05.5'\n"},
	)
	if diff := cmp.Diff([]PackageFile{{"usr/lib/opkg/status", []Package{
		{Type: "opkg", Name: "busybox", Version: "1.36.1-1", Architecture: "x86_64"},
	}}}, got.Packages); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	inv := Overlay([]*LayerResult{got})
	if inv.Files[0].OwnedBy != "busybox" || !strings.Contains(inv.Unmatched, "OpenWrt 23.05.5") {
		t.Errorf("bin/busybox owned by %q, unmatched %q, want busybox and a note", inv.Files[0].OwnedBy, inv.Unmatched)
	}
}

func FuzzPacman(f *testing.F) {
	f.Add(zlibDesc)
	f.Add(zlibFiles)
	f.Add("%NAME%\n%%\n%VERSION%\n\xff\n%FILES%\n%\n/\n")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parsePacman(newLineBuffer(), strings.NewReader(text))
		checkPackages(t, found, err)
		err = parsePacmanFiles(newLineBuffer(), strings.NewReader(text), func(p string) {
			if p == "" || len(p) > maxPath {
				t.Errorf("file %q is none", p)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}
