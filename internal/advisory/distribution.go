package advisory

import (
	"regexp"
	"strings"
)

// A distribution is what is particular to the advisories of one: see
// https://ossf.github.io/osv-schema/#defined-ecosystems, and the records, where
// they differ from it.
type distribution struct {
	// ecosystem is without a release.
	ecosystem string
	// namesBinaries is whether the advisories speak of binary packages, not of
	// the source packages that those are built of.
	namesBinaries bool
	// hasModules is whether packages may be of a module; see inModule.
	hasModules bool
	// normalize returns the form of a release that is compared; nil for those
	// that are compared as they are.
	normalize func(release string) string
	// matched reports whether a release has advisories, and an image can tell
	// that it is of it; nil if that holds for all.
	matched func(release string) bool
	// ordered is an ecosystem that orders versions in the same way; empty where
	// the ecosystem's own rules are known.
	ordered string
}

// distributions is every distribution with advisories.
var distributions = []distribution{
	// The records name each binary package, other than the schema says.
	{ecosystem: "AlmaLinux", namesBinaries: true, hasModules: true},
	{ecosystem: "Alpaquita"},
	{ecosystem: "Alpine", normalize: normalizeAlpine, matched: func(release string) bool { return release != "edge" }},
	{ecosystem: "Azure Linux", ordered: "Red Hat", normalize: majorRelease},
	{ecosystem: "BellSoft Hardened Containers"},
	{ecosystem: "Chainguard"},
	{ecosystem: "CleanStart", ordered: "Alpine"},
	{ecosystem: "Debian"},
	{ecosystem: "Echo", ordered: "Debian"},
	{ecosystem: "Mageia"},
	{ecosystem: "MinimOS"},
	{ecosystem: "Red Hat", namesBinaries: true, hasModules: true, normalize: normalizeRedHat, matched: isEnterpriseLinux},
	{ecosystem: "Rocky Linux", hasModules: true},
	{ecosystem: "SUSE", normalize: normalizeSUSE, matched: isSUSELinux},
	{ecosystem: "Ubuntu", normalize: normalizeUbuntu},
	{ecosystem: "Wolfi"},
	{ecosystem: "openEuler", matched: func(release string) bool { return strings.Contains(release, "LTS") }},
	{ecosystem: "openSUSE", normalize: func(release string) string { return strings.TrimSuffix(release, " NonFree") }},
}

// distributionsByName has the distributions by their ecosystems.
var distributionsByName = func() map[string]*distribution {
	m := make(map[string]*distribution)
	for i := range distributions {
		m[distributions[i].ecosystem] = &distributions[i]
	}
	return m
}()

// distributionOf returns the distribution of an ecosystem with or without a
// release, or nil.
func distributionOf(ecosystem string) *distribution {
	return distributionsByName[baseEcosystem(ecosystem)]
}

// IsPublished reports whether there are advisories of a distribution, given the
// ecosystem of its packages.
func IsPublished(ecosystem string) bool {
	return distributionOf(ecosystem) != nil && isMatched(ecosystem)
}

// NamesBinaries reports whether the advisories of a distribution speak of
// binary packages, not of source packages.
func NamesBinaries(ecosystem string) bool {
	d := distributionOf(ecosystem)
	return d != nil && d.namesBinaries
}

// NormalizeEcosystem returns the form of an OSV ecosystem that is stored and
// compared: "Ubuntu:22.04:LTS" and "Ubuntu:22.04" are one release, and so are
// "Alpine:3.19" and "Alpine:v3.19".
func NormalizeEcosystem(s string) string {
	base, release, ok := strings.Cut(s, ":")
	if d := distributionOf(base); ok && d != nil && d.normalize != nil {
		return base + ":" + d.normalize(release)
	}
	return s
}

// isMatched reports whether packages of images can be of an ecosystem that has
// advisories. What advisories say of products that no image tells apart, such
// as the extended support of a minor release, would only take room.
func isMatched(ecosystem string) bool {
	d := distributionOf(ecosystem)
	_, release, ok := strings.Cut(ecosystem, ":")
	return !ok || d == nil || d.matched == nil || d.matched(release)
}

func normalizeAlpine(release string) string {
	if release != "" && isDigit(release[0]) {
		return "v" + release
	}
	return release
}

func normalizeUbuntu(release string) string { return strings.TrimSuffix(release, ":LTS") }

func majorRelease(release string) string {
	major, _, _ := strings.Cut(release, ".")
	return major
}

func isEnterpriseLinux(release string) bool { return strings.HasPrefix(release, "enterprise_linux:") }

func isSUSELinux(release string) bool {
	return strings.HasPrefix(release, "Linux Enterprise ") || strings.HasPrefix(release, "Linux Micro ")
}

// normalizeRedHat returns the release alone of the product that Red Hat's CPEs
// call "enterprise_linux:9::baseos": its repositories have no package in common
// that they would fix differently. Other products, like the extended support
// of a minor release ("rhel_eus:9.2::appstream"), have fixes of their own, and
// stay what they are.
func normalizeRedHat(release string) string {
	version, ok := strings.CutPrefix(release, "enterprise_linux:")
	if !ok {
		return release
	}
	version, _, _ = strings.Cut(version, ":")
	return "enterprise_linux:" + majorRelease(version) // "10.0" since release 10.
}

// suseProduct is a product of SUSE Linux Enterprise with its release. Micro is
// another distribution.
var suseProduct = regexp.MustCompile(`^Linux Enterprise (?:.* )?(\d+(?:\.\d+)?(?: SP\d+)?)(?:-[A-Z_]+)?$`)

// normalizeSUSE returns the release without the product: SUSE files the
// advisories of a package under the modules that ship it ("Linux Enterprise
// Module for Basesystem 15 SP6") and under the phases of support ("Linux
// Enterprise Server 15 SP4-LTSS"), of which an image knows neither.
func normalizeSUSE(release string) string {
	m := suseProduct.FindStringSubmatch(release)
	if m == nil || strings.HasPrefix(release, "Linux Enterprise Micro") {
		return release
	}
	return "Linux Enterprise " + m[1]
}

// baseEcosystem returns the ecosystem without its release.
func baseEcosystem(s string) string {
	base, _, _ := strings.Cut(s, ":")
	return base
}

// covers reports whether a feed of the one ecosystem is the place for
// advisories about the other: the same, or one of its releases.
func covers(feed, ecosystem string) bool {
	return feed == "" || feed == ecosystem || strings.HasPrefix(ecosystem, feed+":")
}

// lookups returns the ecosystems whose advisories hold for a package of a
// normalised ecosystem, most specific first. An advisory about "Debian" holds
// for each release; one about "Rocky Linux:9" for 9.4 too. A package whose
// release is not known gets only what holds for all: guessing one would
// compare with another release's fixes.
func lookups(ecosystem, version string) []string {
	base, release, ok := strings.Cut(ecosystem, ":")
	if !ok {
		return []string{ecosystem}
	}
	if base == "Ubuntu" && strings.Contains(version, "esm") {
		// Ubuntu Pro fixes what the release itself leaves open, and says so in
		// an ecosystem of its own.
		return []string{base + ":Pro:" + release, base}
	}
	found := []string{ecosystem}
	switch base {
	case "Debian", "AlmaLinux", "Rocky Linux":
		if major, _, minor := strings.Cut(release, "."); minor {
			found = append(found, base+":"+major)
		}
	case "Alpine":
		if parts := strings.SplitN(release, ".", 3); len(parts) == 3 {
			found = append(found, base+":"+parts[0]+"."+parts[1])
		}
	}
	return append(found, base)
}
