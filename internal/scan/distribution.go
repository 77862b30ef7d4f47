package scan

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// distributions is every distribution that is known by its os-release, in the
// order of the documentation.
var distributions = []*distribution{
	{ids: "debian", title: "Debian", packages: debType, example: "Debian:12", ecosystem: debian},
	{ids: "ubuntu", title: "Ubuntu", packages: debType, example: "Ubuntu:24.04", ecosystem: release("Ubuntu")},
	{ids: "echo", title: "Echo", packages: debType, example: "Echo", ecosystem: rolling("Echo")},
	{ids: "alpine", title: "Alpine", packages: apkType, example: "Alpine:v3.20", ecosystem: alpineLinux},
	{ids: "wolfi", title: "Wolfi", packages: apkType, example: "Wolfi", ecosystem: rolling("Wolfi")},
	{ids: "chainguard", title: "Chainguard", packages: apkType, example: "Chainguard", ecosystem: rolling("Chainguard")},
	{ids: "minimos", title: "MinimOS", packages: apkType, example: "MinimOS", ecosystem: rolling("MinimOS")},
	{ids: "cleanstart clnstrt", title: "CleanStart", packages: apkType, example: "CleanStart", ecosystem: rolling("CleanStart")},
	{ids: "alpaquita", title: "BellSoft Alpaquita", packages: apkType, example: "Alpaquita:23", ecosystem: release("Alpaquita")},
	{
		ids: "bellsoft-hardened-containers", title: "BellSoft Hardened Containers", packages: apkType,
		example: "BellSoft Hardened Containers:23", ecosystem: release("BellSoft Hardened Containers"),
	},
	{
		ids: "rhel", title: "Red Hat Enterprise Linux, UBI", packages: rpmType, namespace: "redhat",
		example: "Red Hat:enterprise_linux:9", ecosystem: majorRelease("Red Hat:enterprise_linux"),
	},
	{ids: "almalinux", title: "AlmaLinux", packages: rpmType, example: "AlmaLinux:9", ecosystem: majorRelease("AlmaLinux")},
	{ids: "rocky", title: "Rocky Linux", packages: rpmType, example: "Rocky Linux:9", ecosystem: majorRelease("Rocky Linux")},
	{
		ids: "sles sled sles_sap sle_hpc sle-micro sl-micro", title: "SUSE Linux Enterprise, BCI", packages: rpmType, namespace: "suse",
		example: "SUSE:Linux Enterprise Server 15 SP6", ecosystem: suse,
	},
	{
		ids: "opensuse-leap opensuse-tumbleweed opensuse-microos opensuse-leap-micro opensuse", title: "openSUSE", packages: rpmType,
		namespace: "opensuse", example: "openSUSE:Leap 15.6", ecosystem: openSUSE,
	},
	{ids: "azurelinux mariner", title: "Azure Linux, CBL-Mariner", packages: rpmType, example: "Azure Linux:3", ecosystem: majorRelease("Azure Linux")},
	{ids: "openeuler", title: "openEuler", packages: rpmType, example: "openEuler:24.03-LTS", ecosystem: openEuler},
	{ids: "mageia", title: "Mageia", packages: rpmType, example: "Mageia:9", ecosystem: majorRelease("Mageia")},
	{ids: "photon", title: "Photon OS", packages: rpmType, example: "Photon OS:5.0", ecosystem: release("Photon OS")},
	{ids: "amzn", title: "Amazon Linux", packages: rpmType, namespace: "amazon", example: "amzn:2023", ecosystem: release("amzn")},
	{ids: "centos", title: "CentOS, CentOS Stream", packages: rpmType, example: "centos:9", ecosystem: release("centos")},
	{ids: "fedora", title: "Fedora", packages: rpmType, example: "fedora:42", ecosystem: release("fedora")},
	{ids: "ol", title: "Oracle Linux", packages: rpmType, namespace: "oracle", example: "ol:9.5", ecosystem: release("ol")},
	{ids: "arch", title: "Arch Linux", packages: alpmType, example: "arch", ecosystem: rolling("arch")},
	{ids: "openwrt", title: "OpenWrt", packages: opkgType, example: "openwrt:23.05.5", ecosystem: release("openwrt")},
}

// A distribution is one whose packages are read.
type distribution struct {
	// ids are its values of os-release's ID, with spaces between them.
	ids   string
	title string
	// packages are what it installs.
	packages *packageType
	// namespace is that of package URLs; empty if it is the ID.
	namespace string
	// ecosystem returns the OSV ecosystem of a release, or what is used in its
	// place if OSV has none.
	// See https://ossf.github.io/osv-schema/#defined-ecosystems.
	ecosystem func(image.Distribution) string
	// example is an ecosystem that the function returns.
	example string
}

// distributionsByID has the distributions by each of their IDs.
var distributionsByID = func() map[string]*distribution {
	m := make(map[string]*distribution)
	for _, d := range distributions {
		for id := range strings.FieldsSeq(d.ids) {
			m[id] = d
		}
	}
	return m
}()

// Ecosystem returns the OSV ecosystem of a distribution's packages, with the
// release as OSV has it: "Debian:12", "Alpine:v3.19". A distribution that OSV
// does not know has its ID.
func Ecosystem(d image.Distribution) string {
	if known := distributionsByID[d.ID]; known != nil {
		return known.ecosystem(d)
	}
	return join(d.ID, ":", d.Version)
}

// namespaceOf returns the namespace of the package URLs of a distribution.
func namespaceOf(d image.Distribution) string {
	if known := distributionsByID[d.ID]; known != nil && known.namespace != "" {
		return known.namespace
	}
	return d.ID
}

// rolling is the ecosystem of a distribution without releases.
func rolling(name string) func(image.Distribution) string {
	return func(image.Distribution) string { return name }
}

// release is the ecosystem of a distribution with the release as it is.
func release(name string) func(image.Distribution) string {
	return func(d image.Distribution) string { return join(name, ":", d.Version) }
}

// majorRelease is the ecosystem of a distribution with the first part of the
// release.
func majorRelease(name string) func(image.Distribution) string {
	return func(d image.Distribution) string {
		major, _, _ := strings.Cut(d.Version, ".")
		return join(name, ":", major)
	}
}

// debianReleases are the numbers of Debian's codenames, which os-release has
// alone until the day of the release.
var debianReleases = map[string]string{
	"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

func debian(d image.Distribution) string {
	if d.Version == "" {
		d.Version = debianReleases[d.Codename]
	}
	return majorRelease("Debian")(d)
}

func alpineLinux(d image.Distribution) string {
	parts := strings.SplitN(d.Version, ".", 3)
	if d.Version == "" {
		return "Alpine"
	}
	if len(parts) < 2 || strings.Contains(d.Version, "_") {
		return "Alpine:edge"
	}
	return "Alpine:v" + parts[0] + "." + parts[1]
}

// suse returns the name of the product as SUSE has it in PRETTY_NAME.
func suse(d image.Distribution) string {
	if product, ok := strings.CutPrefix(d.Name, "SUSE "); ok {
		return "SUSE:" + product
	}
	if d.Version == "" {
		return "SUSE"
	}
	major, pack, _ := strings.Cut(d.Version, ".")
	if pack == "" || pack == "0" {
		return "SUSE:Linux Enterprise Server " + major
	}
	return "SUSE:Linux Enterprise Server " + major + " SP" + pack
}

func openSUSE(d image.Distribution) string {
	switch {
	case d.ID == "opensuse-leap" && d.Version != "":
		return "openSUSE:Leap " + d.Version
	case d.ID == "opensuse-tumbleweed", d.ID == "opensuse-microos":
		return "openSUSE:Tumbleweed" // Of which MicroOS is made.
	}
	if product, ok := strings.CutPrefix(d.Name, "openSUSE "); ok {
		return "openSUSE:" + product
	}
	return "openSUSE"
}

// openEuler takes the release from a name like "openEuler 24.03 (LTS-SP1)", as
// VERSION_ID has neither LTS nor service pack.
func openEuler(d image.Distribution) string {
	_, support, _ := strings.Cut(d.Name, "(")
	support, _, ok := strings.Cut(support, ")")
	if !ok || d.Version == "" {
		support = ""
	}
	return join("openEuler", ":", join(d.Version, "-", strings.TrimSpace(support)))
}
