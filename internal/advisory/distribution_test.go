package advisory

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestNormalizeEcosystem(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"Debian:12":                                                "Debian:12",
		"Alpine:3.19":                                              "Alpine:v3.19",
		"Ubuntu:22.04:LTS":                                         "Ubuntu:22.04",
		"Ubuntu:Pro:22.04:LTS":                                     "Ubuntu:Pro:22.04",
		"Azure Linux:3.0":                                          "Azure Linux:3",
		"Red Hat:enterprise_linux:9::baseos":                       "Red Hat:enterprise_linux:9",
		"Red Hat:enterprise_linux:9::appstream":                    "Red Hat:enterprise_linux:9",
		"Red Hat:enterprise_linux:10.0":                            "Red Hat:enterprise_linux:10",
		"Red Hat:rhel_eus:9.2::appstream":                          "Red Hat:rhel_eus:9.2::appstream",
		"SUSE:Linux Enterprise Server 15 SP6":                      "SUSE:Linux Enterprise 15 SP6",
		"SUSE:Linux Enterprise Server 15 SP4-LTSS":                 "SUSE:Linux Enterprise 15 SP4",
		"SUSE:Linux Enterprise Module for Basesystem 15 SP6":       "SUSE:Linux Enterprise 15 SP6",
		"SUSE:Linux Enterprise Server for SAP Applications 12 SP5": "SUSE:Linux Enterprise 12 SP5",
		"SUSE:Linux Enterprise Server 16.0":                        "SUSE:Linux Enterprise 16.0",
		"SUSE:Linux Enterprise Server 15":                          "SUSE:Linux Enterprise 15",
		"SUSE:Linux Enterprise Micro 5.5":                          "SUSE:Linux Enterprise Micro 5.5",
		"SUSE:Manager Server Module 4.3":                           "SUSE:Manager Server Module 4.3",
		"openSUSE:Leap 15.6 NonFree":                               "openSUSE:Leap 15.6",
		"openEuler:24.03-LTS-SP1":                                  "openEuler:24.03-LTS-SP1",
		"npm":                                                      "npm",
	} {
		got := NormalizeEcosystem(s)
		if got != want || NormalizeEcosystem(got) != want {
			t.Errorf("NormalizeEcosystem(%q) = %q, want %q, also twice", s, got, want)
		}
	}
}

// redhat, alma, rocky, and the others have the form of the distributions' real
// records: which name is given, whether with an epoch, and where the stream of
// a module is told.
const (
	redhatModule = `{"id": "RHSA-2026:76750", "upstream": ["CVE-2026-19534"], "summary": "Important: nodejs:22 security update", "affected": [
		{"package": {"ecosystem": "Red Hat:enterprise_linux:9::appstream", "name": "nodejs"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:22.23.2-2.module+el9.8.0+24958+80b2ac6e"}]}]},
		{"package": {"ecosystem": "Red Hat:rhel_eus:9.2::appstream", "name": "nodejs"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:99-1"}]}]}]}`
	redhat = `{"id": "RHSA-2025:9978", "upstream": ["CVE-2025-32462"], "summary": "Important: openssl security update", "affected": [
		{"package": {"ecosystem": "Red Hat:enterprise_linux:9::appstream", "name": "openssl-libs"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:3.0.7-27.el9"}]}]},
		{"package": {"ecosystem": "Red Hat:enterprise_linux:9::baseos", "name": "openssl-libs"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:3.0.7-27.el9"}]}]}]}`
	almaModule = `{"id": "ALSA-2022:6158", "related": ["CVE-2022-31625"], "summary": "Moderate: php:7.4 security update", "affected": [
		{"package": {"ecosystem": "AlmaLinux:8", "name": "php-cli"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "7.4.19-4.module_el8.6.0+3238+624bf8b8"}]}]}]}`
	rockyModules = `{"id": "RLSA-2020:4641", "summary": "Moderate: python38:3.8 and python38-devel:3.8 security update", "affected": [
		{"package": {"ecosystem": "Rocky Linux:8", "name": "babel"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0:2.7.0-10.module+el8.4.0+570+c2eaf144"}]}]}]}`
	rocky = `{"id": "RLSA-2023:0001", "summary": "Important: vim security update", "affected": [
		{"package": {"ecosystem": "Rocky Linux:9", "name": "vim", "purl": "pkg:rpm/rocky-linux/vim@8.2.2637-20.el9_1?distro=rocky-linux-9&epoch=2"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "8.2.2637-20.el9_1"}]}]}]}`
	suse = `{"id": "SUSE-SU-2024:1", "upstream": ["CVE-2024-1"], "affected": [
		{"package": {"ecosystem": "SUSE:Linux Enterprise Module for Basesystem 15 SP6", "name": "curl"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "8.0.1-150600.4.3.1"}]}],
		 "ecosystem_specific": {"binaries": [{"curl": "8.0.1-150600.4.3.1", "libcurl4": "8.0.1-150600.4.3.1"}]}}]}`
	azure = `{"id": "AZL-1", "upstream": ["CVE-2023-45853"], "affected": [
		{"package": {"ecosystem": "Azure Linux:3", "name": "zlib"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.3.1-1"}]}]}]}`
	ubuntu = `{"id": "UBUNTU-CVE-2022-1", "upstream": ["CVE-2022-1"], "affected": [
		{"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "vips"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]},
		{"package": {"ecosystem": "Ubuntu:Pro:22.04:LTS", "name": "vips"},
		 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "8.12.1-1ubuntu0.1~esm1"}]}]}]}`
)

func TestDistributions(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for i, r := range []string{redhatModule, redhat, almaModule, rockyModules, rocky, suse, azure, ubuntu} {
		a := mustParse(t, r)
		a.Source = fmt.Sprint(i)
		x.Put(a)
	}
	const (
		rhel9  = "Red Hat:enterprise_linux:9"
		nodejs = "nodejs:22:9080020260101:rhel9"
	)
	for name, test := range map[string]struct {
		p    image.Package
		want string // "advisory fixed"
	}{
		"redhat_binary":         {image.Package{Ecosystem: rhel9, Name: "openssl-libs", Version: "1:3.0.7-18.el9_2", Source: "openssl"}, "RHSA-2025:9978 1:3.0.7-27.el9"},
		"redhat_fixed":          {image.Package{Ecosystem: rhel9, Name: "openssl-libs", Version: "1:3.0.7-27.el9", Source: "openssl"}, ""},
		"redhat_other_binary":   {image.Package{Ecosystem: rhel9, Name: "openssl-fips-provider", Version: "3.0.7-2.el9", Source: "openssl"}, ""},
		"redhat_without_epoch":  {image.Package{Ecosystem: rhel9, Name: "openssl-libs", Version: "9.0-1.el9"}, "RHSA-2025:9978 1:3.0.7-27.el9"},
		"redhat_other_release":  {image.Package{Ecosystem: "Red Hat:enterprise_linux:8", Name: "openssl-libs", Version: "1:1.1.1-1.el8"}, ""},
		"module":                {image.Package{Ecosystem: rhel9, Name: "nodejs", Version: "1:22.1.0-1.module+el9+1", Module: nodejs}, "RHSA-2026:76750 1:22.23.2-2.module+el9.8.0+24958+80b2ac6e"},
		"module_fixed":          {image.Package{Ecosystem: rhel9, Name: "nodejs", Version: "1:22.23.2-2.module+el9.8.0+24958+80b2ac6e", Module: nodejs}, ""},
		"module_other_stream":   {image.Package{Ecosystem: rhel9, Name: "nodejs", Version: "1:20.1.0-1.module+el9+1", Module: "nodejs:20:1:rhel9"}, ""},
		"module_unlabelled":     {image.Package{Ecosystem: rhel9, Name: "nodejs", Version: "1:22.1.0-1.module+el9+1"}, ""},
		"no_module":             {image.Package{Ecosystem: rhel9, Name: "nodejs", Version: "1:16.20.2-8.el9_4"}, ""},
		"alma_module":           {image.Package{Ecosystem: "AlmaLinux:8", Name: "php-cli", Version: "7.4.19-1.module_el8.5.0+1", Source: "php", Module: "php:7.4:8050:abc"}, "ALSA-2022:6158 7.4.19-4.module_el8.6.0+3238+624bf8b8"},
		"rocky_modules":         {image.Package{Ecosystem: "Rocky Linux:8", Name: "python38-babel", Version: "2.7.0-9.module+el8.4.0+1", Source: "babel", Module: "python38:3.8:8040:x"}, "RLSA-2020:4641 0:2.7.0-10.module+el8.4.0+570+c2eaf144"},
		"rocky_second_module":   {image.Package{Ecosystem: "Rocky Linux:8", Name: "python38-babel", Version: "2.7.0-9.module+el8.4.0+1", Source: "babel", Module: "python38-devel:3.8:8040:x"}, "RLSA-2020:4641 0:2.7.0-10.module+el8.4.0+570+c2eaf144"},
		"rocky_source":          {image.Package{Ecosystem: "Rocky Linux:9", Name: "vim-minimal", Version: "2:8.2.2637-16.el9", Source: "vim"}, "RLSA-2023:0001 2:8.2.2637-20.el9_1"},
		"rocky_fixed":           {image.Package{Ecosystem: "Rocky Linux:9", Name: "vim-minimal", Version: "2:8.2.2637-20.el9_1", Source: "vim"}, ""},
		"suse_source_of_module": {image.Package{Ecosystem: "SUSE:Linux Enterprise Server 15 SP6", Name: "libcurl4", Version: "8.0.1-150600.2.1", Source: "curl"}, "SUSE-SU-2024:1 8.0.1-150600.4.3.1"},
		"suse_other_pack":       {image.Package{Ecosystem: "SUSE:Linux Enterprise Server 15 SP5", Name: "libcurl4", Version: "8.0.1-150500.2.1", Source: "curl"}, ""},
		"azure":                 {image.Package{Ecosystem: "Azure Linux:3", Name: "zlib-devel", Version: "1.2.13-3.azl3", Source: "zlib"}, "AZL-1 1.3.1-1"},
		"azure_fixed":           {image.Package{Ecosystem: "Azure Linux:3", Name: "zlib", Version: "1.3.1-1.azl3"}, ""},
		"ubuntu_open":           {image.Package{Ecosystem: "Ubuntu:22.04", Name: "libvips42", Version: "8.12.1-1", Source: "vips"}, "UBUNTU-CVE-2022-1 "},
		"ubuntu_pro_fixed":      {image.Package{Ecosystem: "Ubuntu:22.04", Name: "libvips42", Version: "8.12.1-1ubuntu0.1~esm1", Source: "vips"}, ""},
		"ubuntu_pro_older":      {image.Package{Ecosystem: "Ubuntu:22.04", Name: "libvips42", Version: "8.12.1-1ubuntu0.1~esm0", Source: "vips"}, "UBUNTU-CVE-2022-1 8.12.1-1ubuntu0.1~esm1"},
		"not_published":         {image.Package{Ecosystem: "ol:9.4", Name: "openssl-libs", Version: "1:3.0.7-18.el9_2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			hits, undecided := x.Match(PackageOf(test.p))
			for _, h := range hits {
				got += h.Advisory + " " + h.Fixed
			}
			if got != test.want || undecided != 0 {
				t.Errorf("Match(%+v) = %q, %d undecided, want %q", PackageOf(test.p), got, undecided, test.want)
			}
		})
	}
}

// What a record says of two repositories that are one here is there once, and
// what it says of two modules twice.
func TestParseDistribution(t *testing.T) {
	t.Parallel()
	if a := mustParse(t, redhat); len(a.Affected) != 1 || a.Affected[0].Ecosystem != "Red Hat:enterprise_linux:9" {
		t.Errorf("affected = %+v, want openssl-libs of release 9 once", a.Affected)
	}
	if a := mustParse(t, redhatModule); len(a.Affected) != 1 || a.Affected[0].Name != "nodejs:22/nodejs" {
		t.Errorf("affected = %+v, want nodejs of the module, and nothing of extended support", a.Affected)
	}
	if a := mustParse(t, almaModule); len(a.Vulnerabilities) != 1 || a.Vulnerabilities[0] != "CVE-2022-31625" {
		t.Errorf("vulnerabilities = %q, want the related one", a.Vulnerabilities)
	}
	if a := mustParse(t, rockyModules); len(a.Affected) != 2 {
		t.Errorf("affected = %+v, want babel of two modules", a.Affected)
	}
}

func TestIsPublished(t *testing.T) {
	t.Parallel()
	for ecosystem, want := range map[string]bool{
		"Debian:12": true, "Alpine:v3.20": true, "Alpine:edge": false, "Wolfi": true, "Red Hat:enterprise_linux:9": true,
		"SUSE:Linux Enterprise Server 15 SP6": true, "SUSE:Linux Micro 6.0": true, "openEuler:24.03-LTS": true, "openEuler:23.09": false,
		"amzn:2023": false, "Photon OS:5.0": false, "arch": false, "npm": false,
	} {
		if got := IsPublished(ecosystem); got != want {
			t.Errorf("IsPublished(%q) = %t, want %t", ecosystem, got, want)
		}
	}
}

func TestDefaultEcosystems(t *testing.T) {
	t.Parallel()
	defaults := map[string]bool{}
	for _, e := range DefaultEcosystems {
		defaults[e] = true
	}
	for _, d := range distributions {
		if !defaults[d.ecosystem] {
			t.Errorf("the advisories of %s are not imported by default", d.ecosystem)
		}
		if _, err := Compare(d.ecosystem, "1.2-1", "1.10-1"); err != nil {
			t.Errorf("versions of %s: %v", d.ecosystem, err)
		}
	}
}
