package scan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/image"
)

// The os-release files of distributions, reduced to what is read.
func TestEcosystem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		release string // Lines of os-release with "|" between them.
		want    string
	}{
		{`ID=debian|VERSION_ID="12"|VERSION_CODENAME=bookworm`, "Debian:12"},
		{`ID=debian|VERSION_ID="9.13"`, "Debian:9"},
		{`ID=debian|VERSION_CODENAME=trixie`, "Debian:13"},
		{`ID=debian|VERSION_CODENAME=unheard`, "Debian"},
		{`ID=ubuntu|VERSION_ID="22.04"|PRETTY_NAME="Ubuntu 22.04.4 LTS"`, "Ubuntu:22.04"},
		{`ID=alpine|VERSION_ID=3.19.1`, "Alpine:v3.19"},
		{`ID=alpine|VERSION_ID=3.21.0_alpha20240923`, "Alpine:edge"},
		{`ID=alpine`, "Alpine"},
		{`ID=wolfi|VERSION_ID="20230201"`, "Wolfi"},
		{`ID=chainguard|VERSION_ID="20230214"`, "Chainguard"},
		{`ID=minimos|VERSION_ID="20241031"`, "MinimOS"},
		{`ID=alpaquita|VERSION_ID=23`, "Alpaquita:23"},
		{`ID=alpaquita|VERSION_ID=stream`, "Alpaquita:stream"},
		{`ID="rhel"|VERSION_ID="9.4"|PRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"|CPE_NAME="cpe:/o:redhat:enterprise_linux:9::baseos"`, "Red Hat:enterprise_linux:9"},
		{`ID="rhel"|VERSION_ID="10.0"`, "Red Hat:enterprise_linux:10"},
		{`ID="almalinux"|VERSION_ID="8.10"`, "AlmaLinux:8"},
		{`ID="rocky"|VERSION_ID="9.2"`, "Rocky Linux:9"},
		{`ID="sles"|VERSION_ID="15.6"|PRETTY_NAME="SUSE Linux Enterprise Server 15 SP6"`, "SUSE:Linux Enterprise Server 15 SP6"},
		{`ID="sles"|VERSION_ID="12.5"`, "SUSE:Linux Enterprise Server 12 SP5"},
		{`ID="sles"|VERSION_ID="15"`, "SUSE:Linux Enterprise Server 15"},
		{`ID="sle-micro"|VERSION_ID="5.5"|PRETTY_NAME="SUSE Linux Enterprise Micro 5.5"`, "SUSE:Linux Enterprise Micro 5.5"},
		{`ID="opensuse-leap"|VERSION_ID="15.6"|PRETTY_NAME="openSUSE Leap 15.6"`, "openSUSE:Leap 15.6"},
		{`ID="opensuse-tumbleweed"|VERSION_ID="20240801"|PRETTY_NAME="openSUSE Tumbleweed"`, "openSUSE:Tumbleweed"},
		{`ID="opensuse-leap-micro"|VERSION_ID="5.5"|PRETTY_NAME="openSUSE Leap Micro 5.5"`, "openSUSE:Leap Micro 5.5"},
		{`ID=azurelinux|VERSION_ID="3.0"`, "Azure Linux:3"},
		{`ID=mariner|VERSION_ID="2.0"`, "Azure Linux:2"},
		{`ID="openEuler"|VERSION_ID="24.03"|PRETTY_NAME="openEuler 24.03 (LTS)"`, "openEuler:24.03-LTS"},
		{`ID="openEuler"|VERSION_ID="22.03"|PRETTY_NAME="openEuler 22.03 (LTS-SP3)"`, "openEuler:22.03-LTS-SP3"},
		{`ID="openEuler"|VERSION_ID="23.09"|PRETTY_NAME="openEuler 23.09"`, "openEuler:23.09"},
		{`ID="mageia"|VERSION_ID="9"`, "Mageia:9"},
		{`ID=photon|VERSION_ID=5.0`, "Photon OS:5.0"},
		{`ID="amzn"|VERSION_ID="2023"`, "amzn:2023"},
		{`ID="ol"|VERSION_ID="9.4"`, "ol:9.4"},
		{`ID=fedora|VERSION_ID=42`, "fedora:42"},
		{`ID="centos"|VERSION_ID="9"|PRETTY_NAME="CentOS Stream 9"`, "centos:9"},
		{`ID=arch|BUILD_ID=rolling`, "arch"},
		{`ID=kali|VERSION_ID="2024.1"`, "kali:2024.1"},
	} {
		d, err := parseRelease(newLineBuffer(), strings.NewReader(strings.ReplaceAll(test.release, "|", "\n")))
		if err != nil {
			t.Fatal(err)
		}
		if got := Ecosystem(d); got != test.want {
			t.Errorf("Ecosystem of %s = %q, want %q", test.release, got, test.want)
		}
	}
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, d := range distributions {
		if d.title == "" || d.example == "" || !d.packages.distribution || !slices.Contains(packageTypes, d.packages) {
			t.Errorf("distribution %q is not documented, or has packages of no distribution", d.ids)
		}
		if n := advisory.NormalizeEcosystem(d.example); advisory.IsPublished(d.example) != advisory.IsPublished(n) {
			t.Errorf("%s is not what its normal form %s is", d.example, n)
		}
		for id := range strings.FieldsSeq(d.ids) {
			if ids[id] || id != strings.ToLower(id) {
				t.Errorf("ID %q is there twice, or not in lower case", id)
			}
			ids[id] = true
		}
	}
}

// Images without os-release tell what they are in other files.
func TestReleaseFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		members []member
		want    image.Distribution
	}{
		"redhat":  {[]member{{name: "etc/redhat-release", body: "Red Hat Enterprise Linux Server release 7.9 (Maipo)\n"}}, image.Distribution{ID: "rhel", Version: "7.9", Name: "Red Hat Enterprise Linux Server release 7.9 (Maipo)"}},
		"centos":  {[]member{{name: "etc/redhat-release", body: "CentOS release 6.10 (Final)\n"}}, image.Distribution{ID: "centos", Version: "6.10", Name: "CentOS release 6.10 (Final)"}},
		"amazon":  {[]member{{name: "etc/system-release", body: "Amazon Linux AMI release 2018.03\n"}}, image.Distribution{ID: "amzn", Version: "2018.03", Name: "Amazon Linux AMI release 2018.03"}},
		"alpine":  {[]member{{name: "etc/alpine-release", body: "3.19.1\n"}}, image.Distribution{ID: "alpine", Version: "3.19.1", Name: "Alpine Linux 3.19.1"}},
		"debian":  {[]member{{name: "etc/debian_version", body: "12.5\n"}}, image.Distribution{ID: "debian", Version: "12.5", Name: "Debian 12.5"}},
		"testing": {[]member{{name: "etc/debian_version", body: "trixie/sid\n"}}, image.Distribution{ID: "debian", Codename: "trixie", Name: "Debian trixie/sid"}},
		"ubuntu": {
			[]member{
				{name: "etc/debian_version", body: "bookworm/sid\n"},
				{name: "etc/lsb-release", body: "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\"\n"},
			},
			image.Distribution{ID: "ubuntu", Version: "22.04", Codename: "jammy", Name: "Ubuntu 22.04.4 LTS"},
		},
		"oracle": {
			[]member{
				{name: "etc/redhat-release", body: "Red Hat Enterprise Linux release 9.4 (Plow)\n"},
				{name: "etc/oracle-release", body: "Oracle Linux Server release 9.4\n"},
			},
			image.Distribution{ID: "ol", Version: "9.4", Name: "Oracle Linux Server release 9.4"},
		},
		"os_release_wins": {
			[]member{{name: "etc/debian_version", body: "12.5\n"}, {name: "usr/lib/os-release", body: bookworm}}, debian12,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Overlay([]*LayerResult{read(t, test.members...)}).Distribution
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", "\n", "Something release 1\n", "DISTRIB_ID=Unheard\n"} {
		got := Overlay([]*LayerResult{read(t, member{name: "etc/redhat-release", body: text}, member{name: "etc/lsb-release", body: text})}).Distribution
		if got != nil {
			t.Errorf("distribution of %q = %+v, want none", text, got)
		}
	}
}

// Distroless images have a file for each package in place of dpkg's database,
// of old with a second one that lists what it owns.
func TestDistroless(t *testing.T) {
	t.Parallel()
	const folder = "var/lib/dpkg/status.d/"
	got := read(
		t, member{name: "etc/os-release", body: bookworm},
		member{name: folder + "libssl3", body: "Package: libssl3\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nArchitecture: amd64\n"},
		member{name: folder + "libssl3.md5sums", body: "d41d8cd98f00b204e9800998ecf8427e  usr/bin/c_rehash\n"},
		member{name: folder + "base", body: "Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\n"},
		member{name: "usr/bin/c_rehash", body: "x", mode: 0o4755},
	)
	inv := Overlay([]*LayerResult{got})
	if diff := cmp.Diff([]string{"Debian:12 base-files 12.4+deb12u5 @0", "Debian:12 libssl3 3.0.11-1~deb12u2 @0"}, names(inv)); diff != "" {
		t.Errorf("packages mismatch (-want +got):\n%s", diff)
	}
	if inv.Files[0].OwnedBy != "libssl3" {
		t.Errorf("usr/bin/c_rehash is owned by %q, want libssl3", inv.Files[0].OwnedBy)
	}
}
