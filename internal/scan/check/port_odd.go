package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var portInvalid = imageCheck{
	Check: finding.Check{
		ID:          "image/port-invalid",
		Title:       "The image exposes ports that do not exist, or nearly all",
		Severity:    finding.Low,
		Why:         "What the image listens on is then anyone's guess, and publishing all exposed ports opens far more than was meant.",
		Remediation: "Expose only the ports that the program listens on.",
		References:  []string{"Hadolint DL3011", "CIS Docker 5.8"},
	},
	find: func(in *Input, report *reporter) {
		for _, exposed := range in.Manifest.Config.ExposedPorts {
			p, ok := parsePorts(exposed)
			switch {
			case !ok:
				report.add(fmt.Sprintf("%q is no port.", exposed))
			case p.high-p.low+1 > maxPorts:
				report.add(fmt.Sprintf("The image exposes %d ports from %d on.", p.high-p.low+1, p.low))
			}
		}
		if n := len(in.Manifest.Config.ExposedPorts); n > maxPorts {
			report.add(fmt.Sprintf("The image exposes %d ports.", n))
		}
	},
}

// maxPorts is how many ports a service may have: passive FTP and media servers
// use about a hundred.
const maxPorts = 100

var portPrivileged = imageCheck{
	Check: finding.Check{
		ID:       "image/port-privileged",
		Title:    "A user other than root listens below 1024",
		Severity: finding.Informational,
		Why: "Only root or a capability may open such a port on older hosts and in the host's network, so that the image is run as root there. " +
			"Docker and containerd of today allow it inside a container.",
		Remediation: "Listen on a port from 1024 on; the platform maps it to any other.",
		References:  []string{"CIS Docker 5.7"},
	},
	find: func(in *Input, report *reporter) {
		uid, _, ok := userOf(in)
		if !ok || uid == 0 {
			return
		}
		for _, exposed := range in.Manifest.Config.ExposedPorts {
			if p, ok := parsePorts(exposed); ok && p.low < 1024 {
				report.add(fmt.Sprintf("The image's user is %q and it exposes port %d.", in.Manifest.Config.User, p.low))
			}
		}
	},
}

// ports are what EXPOSE has: one port or a range.
type ports struct {
	low, high int
	protocol  string
}

// parsePorts parses "80", "80/tcp" and "8000-8010/udp".
func parsePorts(s string) (ports, bool) {
	number, protocol, _ := strings.Cut(s, "/")
	first, last, isRange := strings.Cut(number, "-")
	if !isRange {
		last = first
	}
	low, err1 := strconv.Atoi(first)
	high, err2 := strconv.Atoi(last)
	valid := err1 == nil && err2 == nil && low >= 1 && high >= low && high <= 65535
	return ports{low, high, protocol}, valid
}
