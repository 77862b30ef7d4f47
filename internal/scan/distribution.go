package scan

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// debianReleases are the numbers of Debian's codenames, which os-release has
// alone until the day of the release.
var debianReleases = map[string]string{
	"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

// Ecosystem returns the OSV ecosystem of a distribution's packages, with the
// release as OSV has it: "Debian:12", "Alpine:v3.19". A distribution that OSV
// does not know has its ID.
// See https://ossf.github.io/osv-schema/#defined-ecosystems.
func Ecosystem(d image.Distribution) string {
	switch d.ID {
	case "debian":
		release := d.Version
		if release == "" {
			release = debianReleases[d.Codename]
		}
		major, _, _ := strings.Cut(release, ".")
		return join("Debian", ":", major)
	case "ubuntu":
		return join("Ubuntu", ":", d.Version)
	case "alpine":
		parts := strings.SplitN(d.Version, ".", 3)
		if d.Version == "" {
			return "Alpine"
		}
		if len(parts) < 2 || strings.Contains(d.Version, "_") {
			return "Alpine:edge"
		}
		return "Alpine:v" + parts[0] + "." + parts[1]
	case "wolfi":
		return "Wolfi"
	case "chainguard":
		return "Chainguard"
	case "minimos":
		return "MinimOS"
	default:
		return join(d.ID, ":", d.Version)
	}
}
