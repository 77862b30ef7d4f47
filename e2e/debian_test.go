//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage-dev/stowage/e2e/rig/debian"
	"github.com/stowage-dev/stowage/e2e/rig/moto"
	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/postgres/postgrestest"
	"github.com/stowage-dev/stowage/internal/view"
)

// scanned is what "stowage scan --json" prints, as far as it matters here.
type scanned struct {
	Digest          string                         `json:"digest"`
	Distribution    string                         `json:"distribution"`
	Partial         string                         `json:"partial"`
	Unmatched       string                         `json:"unmatched"`
	Packages        []image.Package                `json:"packages"`
	Vulnerabilities []finding.VulnerabilityFinding `json:"vulnerabilities"`
	Checks          []finding.CheckFinding         `json:"checks"`
}

// TestDebianPackages reads images that Debian's tools built, by themselves and
// from a registry, and as what a function runs. The packages are exactly those
// of dpkg-query.
func TestDebianPackages(t *testing.T) {
	t.Parallel()
	need(t, "mmdebstrap")
	need(t, "npm")
	need(t, "python3")
	images := debian.Images(t)
	set := newImageSet(t, ecrHost)
	for name, i := range images {
		set.push(t, "debian/"+name, "12", i)
	}
	t.Run("scan", func(t *testing.T) {
		t.Parallel()
		i := install(t, "STOWAGE_REGISTRY_PLAIN_HTTP="+set.server.Address)
		login(t, i, set.server.Address)
		for name, want := range images {
			for from, source := range map[string]string{"layout": want.Path, "registry": set.server.Address + "/debian/" + name + ":12"} {
				got := ask[scanned](t, i, "scan", source, "--platform", "linux/amd64", "--advisories", advisories)
				distribution := debian.Ecosystem
				if len(want.Packages) == 0 {
					distribution = ""
				}
				if got.Distribution != distribution || got.Partial != "" {
					t.Errorf("%s from %s: distribution %q, partial %q, want %q and nothing", name, from, got.Distribution, got.Partial, distribution)
				}
				comparePackages(t, want, got.Packages)
				compareModules(t, want, got.Packages)
				compareSecrets(t, want, got.Checks)
				compareBash(t, want, got.Vulnerabilities)
			}
		}
	})
	t.Run("collected", func(t *testing.T) {
		t.Parallel()
		server := moto.Start(t)
		server.Digest = set.digest
		cfg := server.Config()
		mirrorToECR(t, cfg, set)
		role := makeRole(t, cfg, "function", "lambda.amazonaws.com")
		for name := range images {
			makeFunction(t, cfg, name, ecrHost+"/debian/"+name+":12", role, false)
		}
		i := install(t, append(server.Environment(), "DATABASE_URL="+postgrestest.New(t, nil, ""),
			"STOWAGE_AWS_REGIONS="+moto.Region, "STOWAGE_REGISTRY_MIRRORS="+ecrHost+"=http://"+set.server.Address)...)
		i.set(madeUpAdvisories()...)
		if _, code := i.run(t, "up", "--once"); code != 0 {
			t.Errorf("up --once: exit %d, want 0", code)
		}
		i.serve(t, "serve")
		for name, want := range images {
			digest, err := want.Digest()
			if err != nil {
				t.Fatal(err)
			}
			got := ask[view.ImageDetail](t, i, "image", digest.String())
			if got.ScanState != "scanned" || got.Workloads != 1 {
				t.Errorf("image %s is %s %q and run by %d workloads, want scanned and 1", name, got.ScanState, got.ScanError, got.Workloads)
			}
			comparePackages(t, want, got.PackageList)
			compareBash(t, want, got.Vulnerabilities)
		}
	})
}

// comparePackages fails the test unless the packages of the distribution are
// exactly those of dpkg-query.
func comparePackages(t *testing.T, want debian.Image, all []image.Package) {
	t.Helper()
	var got []debian.Package
	for _, p := range all {
		if p.Ecosystem != debian.Ecosystem {
			continue
		}
		got = append(got, debian.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture})
		if slices.Contains(want.Absent, p.Name) {
			t.Errorf("image %s shows %s %s, which was removed", want.Name, p.Name, p.Version)
		}
	}
	byName := cmpopts.SortSlices(func(a, b debian.Package) bool { return a.Name+a.Architecture < b.Name+b.Architecture })
	if diff := cmp.Diff(want.Packages, got, byName); diff != "" {
		t.Errorf("packages of image %s mismatch (-dpkg-query +got):\n%s", want.Name, diff)
	}
}

// applications are where images have what no package of Debian brought; of
// Python everything is asked.
var applications = []string{"app/", "opt/", "cloudsim"}

// compareModules fails the test unless the packages of languages are exactly
// those that the languages' own tools tell.
func compareModules(t *testing.T, want debian.Image, all []image.Package) {
	t.Helper()
	found := map[debian.Module]bool{}
	for _, p := range all {
		m := debian.Module{Ecosystem: p.Ecosystem, Name: advisory.NormalizeName(p.Ecosystem, p.Name), Version: p.Version}
		if p.Ecosystem == "PyPI" || slices.ContainsFunc(applications, func(a string) bool { return strings.HasPrefix(p.Path, a) }) {
			found[m] = true
		}
	}
	wanted := map[debian.Module]bool{}
	for _, m := range want.Modules {
		m.Name = advisory.NormalizeName(m.Ecosystem, m.Name)
		wanted[m] = true
	}
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Errorf("modules of image %s mismatch (-want +got):\n%s", want.Name, diff)
	}
}

// compareSecrets fails the test unless the planted secrets are found, and no
// others.
func compareSecrets(t *testing.T, want debian.Image, all []finding.CheckFinding) {
	t.Helper()
	found, wanted := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		switch c.Check {
		case "image/file-secret":
			found[c.Path] = true
		case "image/env-secret", "image/history-secret", "image/metadata-secret":
			found[c.Check] = true
		}
	}
	for _, p := range want.Planted {
		wanted[p] = true
	}
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Errorf("secrets of image %s mismatch (-planted +found):\n%s", want.Name, diff)
	}
}

// compareBash fails the test unless the made-up vulnerability is found in bash,
// which every image of Debian has from its first layer, and nowhere else.
func compareBash(t *testing.T, in debian.Image, got []finding.VulnerabilityFinding) {
	t.Helper()
	if len(in.Packages) == 0 {
		if len(got) != 0 {
			t.Errorf("image %s has vulnerabilities, want none: %+v", in.Name, got)
		}
		return
	}
	if len(got) != 1 {
		t.Errorf("image %s has %d vulnerabilities, want the one of bash: %+v", in.Name, len(got), got)
		return
	}
	v := got[0]
	if v.Vulnerability != "CVE-2026-99999" || v.Package != "bash" || v.Fixed != "99:9" || v.Severity != finding.Critical || v.Layer != 0 {
		t.Errorf("image %s has %+v, want critical CVE-2026-99999 in bash of layer 0, fixed in 99:9", in.Name, v)
	}
}
