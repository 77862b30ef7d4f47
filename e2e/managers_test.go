//go:build e2e

package e2e

import (
	"cmp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage-dev/stowage/e2e/rig/managers"
	"github.com/stowage-dev/stowage/internal/image"
)

// TestRPMPackages reads an image that rpm made. The packages are those of rpm's
// own query, with their sources.
func TestRPMPackages(t *testing.T) {
	t.Parallel()
	need(t, "rpmbuild")
	need(t, "rpm2archive")
	want := managers.RPM(t)
	got := ask[scanned](t, install(t), "scan", want.Path, "--platform", "linux/amd64")
	if got.Distribution != want.Ecosystem || got.Partial != "" || got.Unmatched != "" {
		t.Errorf("distribution %q, partial %q, unmatched %q, want %q and nothing", got.Distribution, got.Partial, got.Unmatched, want.Ecosystem)
	}
	comparePackageManager(t, want, got.Packages)
	for _, p := range got.Packages {
		switch {
		case p.Ecosystem == "PyPI" && p.Name != "erased" && p.OwnedBy != p.Name+"-libs":
			t.Errorf("the Python package %s is owned by %q, want %s-libs", p.Name, p.OwnedBy, p.Name)
		case p.Name == "modular" && p.Ecosystem == want.Ecosystem && p.Module != "nodejs:22:9040020240101:rhel9":
			t.Errorf("modular is of module %q, want nodejs:22", p.Module)
		case p.Name == "kept" && p.Layer != 0, p.Name == "upgraded" && p.Layer != 1:
			t.Errorf("%s %s came with layer %d", p.Name, p.Version, p.Layer)
		}
	}
}

// TestPacmanPackages reads an image that pacman made. The packages are those of
// pacman's own query, and it is told that there are no advisories of them.
func TestPacmanPackages(t *testing.T) {
	t.Parallel()
	need(t, "pacman")
	want := managers.Pacman(t)
	got := ask[scanned](t, install(t), "scan", want.Path, "--platform", "linux/amd64")
	if got.Distribution != want.Ecosystem || got.Partial != "" || !strings.Contains(got.Unmatched, "Arch Linux") {
		t.Errorf("distribution %q, partial %q, unmatched %q, want %q, nothing and a note", got.Distribution, got.Partial, got.Unmatched, want.Ecosystem)
	}
	comparePackageManager(t, want, got.Packages)
	for _, p := range got.Packages {
		if p.Name == "upgraded" && (p.Source != "source" || p.Layer != 1) {
			t.Errorf("upgraded is of source %q in layer %d, want source in 1", p.Source, p.Layer)
		}
	}
}

// comparePackageManager fails the test unless the packages of the distribution
// are exactly those of its package manager.
func comparePackageManager(t *testing.T, want managers.Image, all []image.Package) {
	t.Helper()
	var got []managers.Package
	for _, p := range all {
		if p.Ecosystem != want.Ecosystem {
			continue
		}
		q := managers.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture}
		if strings.HasPrefix(p.PURL, "pkg:rpm/") {
			version := cmp.Or(p.SourceVersion, p.Version)
			q.SourceRPM = cmp.Or(p.Source, p.Name) + "-" + version[strings.IndexByte(version, ':')+1:] + ".src.rpm"
		}
		got = append(got, q)
	}
	byName := cmpopts.SortSlices(func(a, b managers.Package) bool { return a.Name < b.Name })
	if diff := gocmp.Diff(want.Packages, got, byName); diff != "" {
		t.Errorf("packages mismatch (-package manager +got):\n%s", diff)
	}
}
