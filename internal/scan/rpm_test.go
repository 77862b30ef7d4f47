package scan

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rpmFixture returns a database that rpm made.
func rpmFixture(t testing.TB, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("rpmdb", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if _, err := io.Copy(&b, z); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const rockyRelease = "NAME=\"Rocky Linux\"\nID=\"rocky\"\nVERSION_ID=\"9.2\"\nPRETTY_NAME=\"Rocky Linux 9.2 (Blue Onyx)\"\n"

// An rpm tells of its source, of its module, and of the files that it owns,
// however it is stored.
func TestRPM(t *testing.T) {
	t.Parallel()
	const dist = "opt/plain/data"
	want := []Package{
		{Type: "rpm", Name: "epoch", Version: "2:3.4.5-6.el9_2", Architecture: "noarch", Vendor: "Example"},
		{
			Type: "rpm", Name: "modular", Version: "1:22.23.2-2.module+el9.8.0+24958+80b2ac6e", Architecture: "noarch",
			Module: "nodejs:22:9080020260101:rhel9", Vendor: "Example",
		},
		{Type: "rpm", Name: "multi", Version: "5.0-3.el9", Architecture: "noarch", Vendor: "Example"},
		// The source's epoch is that of the package with its version.
		{Type: "rpm", Name: "multi-libs", Version: "4:7.1-3.el9", Source: "multi", SourceVersion: "5.0-3.el9", Architecture: "noarch", Vendor: "Example"},
		{Type: "rpm", Name: "plain", Version: "1.0-1.el9", Architecture: "noarch", Vendor: "Example"},
		{Type: "rpm", Name: "tilde", Version: "1.0~rc1^git1-1", Architecture: "noarch", Vendor: "Example"},
	}
	for path, fixture := range map[string]string{
		"usr/lib/sysimage/rpm/rpmdb.sqlite": "rpmdb.sqlite.gz", "var/lib/rpm/Packages": "Packages.gz",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			got := read(
				t, member{name: path, body: rpmFixture(t, fixture)}, member{name: "var/lib/rpm/rpmdb.sqlite-wal"},
				member{name: "etc/os-release", body: rockyRelease}, member{name: dist, body: "x", mode: 0o4755},
			)
			if len(got.Packages) != 1 || len(got.Skipped) != 0 {
				t.Fatalf("%d package files, skipped %v, want 1 and none", len(got.Packages), got.Skipped)
			}
			all := sortedPackages(got.Packages[0].Packages)
			if diff := cmp.Diff(want, all); diff != "" {
				t.Errorf("packages mismatch (-want +got):\n%s", diff)
			}
			if got.Owned[dist] != "plain" {
				t.Errorf("owner of %s = %q, want plain", dist, got.Owned[dist])
			}
			inv := Overlay([]*LayerResult{got})
			libs := inv.Packages[3]
			const url = "pkg:rpm/rocky/multi-libs@7.1-3.el9?arch=noarch&distro=rocky-9.2&epoch=4&upstream=multi-5.0-3.el9.src.rpm"
			if libs.Ecosystem != "Rocky Linux:9" || libs.PURL != url || inv.Unmatched != "" {
				t.Errorf("multi-libs is %s %s, unmatched %q, want Rocky Linux:9 %s and nothing", libs.Ecosystem, libs.PURL, inv.Unmatched, url)
			}
		})
	}
}

func sortedPackages(packages []Package) []Package {
	m := make(map[string]Package, len(packages))
	for _, p := range packages {
		m[p.Name] = p
	}
	return sorted(m)
}

// The packages of a package manager that is only a guest in another
// distribution's image are none of that distribution.
func TestRPMGuest(t *testing.T) {
	t.Parallel()
	got := read(
		t, member{name: "etc/os-release", body: bookworm}, member{name: "var/lib/dpkg/status", body: status("rpm 4.18")},
		member{name: "var/lib/rpm/rpmdb.sqlite", body: rpmFixture(t, "rpmdb.sqlite.gz")},
	)
	found := names(Overlay([]*LayerResult{got}))
	if len(found) != 7 || found[0] != "Debian:12 rpm 4.18 @0" || found[1] != "rpm epoch 2:3.4.5-6.el9_2 @0" {
		t.Errorf("packages = %q, want rpm of Debian, and six of no distribution", found)
	}
}

// A damaged database and an interrupted rpm leave a note.
func TestRPMUnreadable(t *testing.T) {
	t.Parallel()
	whole := rpmFixture(t, "rpmdb.sqlite.gz")
	for name, m := range map[string]member{
		"cut": {name: "var/lib/rpm/rpmdb.sqlite", body: whole[:len(whole)/3]},
		"log": {name: "var/lib/rpm/rpmdb.sqlite-wal", body: "7\x7f\x06\x82"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(t, m); len(got.Skipped) != 1 || got.Skipped[0].Path != m.name {
				t.Errorf("skipped = %v, want %s", got.Skipped, m.name)
			}
		})
	}
	if got := read(t, member{name: "var/lib/rpm/Packages"}); len(got.Skipped)+len(got.Packages) != 0 {
		t.Errorf("an empty database gives %v and %v, want nothing", got.Packages, got.Skipped)
	}
}

func TestRPMManifest(t *testing.T) {
	t.Parallel()
	got := read(t, member{
		name: "var/lib/rpmmanifest/container-manifest-2",
		body: "mariner-release\t2.0-12.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t580\tnoarch\t0\tmariner-release-2.0-12.cm2.src.rpm\n" +
			"openssl-libs\t1.1.1k-15.cm2\t1653816591\t1653631609\tMicrosoft Corporation\t2\t580\tx86_64\t2\topenssl-1.1.1k-15.cm2.src.rpm\n" +
			"cut\t1.0\n",
	}, member{name: "etc/mariner-release", body: "CBL-Mariner 2.0.20220527\nMARINER_BUILD_NUMBER=8d6a2e0\n"})
	want := []Package{
		{Type: "rpm", Name: "mariner-release", Version: "2.0-12.cm2", Architecture: "noarch", Vendor: "Microsoft Corporation"},
		{
			Type: "rpm", Name: "openssl-libs", Version: "2:1.1.1k-15.cm2", Source: "openssl", Architecture: "x86_64", Vendor: "Microsoft Corporation",
		},
	}
	if diff := cmp.Diff(want, got.Packages[0].Packages); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	if inv := Overlay([]*LayerResult{got}); inv.Packages[0].Ecosystem != "Azure Linux:2" {
		t.Errorf("ecosystem = %q, want Azure Linux:2", inv.Packages[0].Ecosystem)
	}
}

// The epoch of a source is not told: perl has one, and most of its packages
// have others.
func TestRPMSourceEpoch(t *testing.T) {
	t.Parallel()
	const source = "perl-5.32.1-481.el9.src.rpm"
	var s rpmPackages
	s.add(rpmPackage{Package: Package{Name: "perl-Errno", Version: "1.30-481.el9"}, sourceRPM: source})
	s.add(rpmPackage{Package: Package{Name: "perl-libs", Version: "5.32.1-481.el9"}, epoch: "4", sourceRPM: source})
	s.add(rpmPackage{Package: Package{Name: "alone", Version: "2-1"}, epoch: "1", sourceRPM: "other-3-1.src.rpm"})
	s.add(rpmPackage{Package: Package{Name: "gpg-pubkey", Version: "1-2"}})
	s.add(rpmPackage{Package: Package{Name: "", Version: "1-2"}})
	want := []Package{
		{Name: "perl-Errno", Version: "1.30-481.el9", Source: "perl", SourceVersion: "4:5.32.1-481.el9"},
		{Name: "perl-libs", Version: "4:5.32.1-481.el9", Source: "perl"},
		{Name: "alone", Version: "1:2-1", Source: "other", SourceVersion: "1:3-1"},
		{Name: "gpg-pubkey", Version: "1-2"},
	}
	if diff := cmp.Diff(want, s.packages()); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
}

func FuzzRPMManifest(f *testing.F) {
	f.Add("a\t1-1\t1\t1\tv\t(none)\t1\tnoarch\t0\ta-1-1.src.rpm\n")
	f.Add("a\t1-1\t1\t1\t\xff\t1\t1\t\x00\t12345678901\t--.src.rpm\n\t\t\t\t\t\t\t\t\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		var s rpmPackages
		err := eachLine(newLineBuffer(), strings.NewReader(text), s.addLine)
		checkPackages(t, s.packages(), err)
	})
}
