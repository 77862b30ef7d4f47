package check

import (
	"fmt"
	"path"

	"github.com/stowage-dev/stowage/internal/finding"
)

var volumeSensitive = imageCheck{
	Check: finding.Check{
		ID:          "image/volume-sensitive",
		Title:       "The image asks for a volume at a path of the system",
		Severity:    finding.Medium,
		Why:         "Whoever mounts the volume from the host, as the image asks for, gives the container the host's settings or devices.",
		Remediation: "Remove the VOLUME, and keep data in a directory of its own.",
		References:  []string{"Dockle DKL-DI-0002", "CIS Docker 5.5"},
	},
	find: func(in *Input, report *reporter) {
		for _, v := range in.Manifest.Config.Volumes {
			if sensitivePath(v) {
				report.add(fmt.Sprintf("The image asks for a volume at %s.", v))
			}
		}
	},
}

// sensitivePath reports whether a path is one that makes the host.
func sensitivePath(p string) bool {
	switch path.Clean(p) {
	case "/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var", "/var/run", "/var/lib",
		"/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd", "/etc/kubernetes", "/home":
		return true
	}
	return runtimeSocket(p)
}
