package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadRuntimeSocket = workloadCheck{
	Check: finding.Check{
		ID:          "workload/runtime-socket",
		Title:       "A workload has the container runtime's socket",
		Severity:    finding.Critical,
		Why:         "Whoever can write to the socket can start a privileged container, and so is root on the host.",
		Remediation: "Remove the mount. Build images with a tool that needs no daemon, and watch containers through the orchestrator's API.",
		References:  []string{"CIS Docker 5.32", "CIS Kubernetes 5.2.12", "NIST SP 800-190 4.4.3"},
	},
	workload: func(w *inventory.Workload) string {
		for _, p := range w.HostPaths {
			if runtimeSocket(p) {
				return fmt.Sprintf("The host's %s is mounted.", p)
			}
		}
		return ""
	},
}

// runtimeSocket reports whether a path is the socket of a container runtime.
func runtimeSocket(p string) bool {
	switch path.Base(path.Clean(p)) {
	case "docker.sock", "containerd.sock", "crio.sock", "podman.sock", "dockershim.sock", "cri-dockerd.sock":
		return true
	}
	return false
}

var workloadHostPath = workloadCheck{
	Check: finding.Check{
		ID:          "workload/host-path",
		Title:       "A workload mounts a directory of the host's system",
		Severity:    finding.High,
		Why:         "What is there makes the host: its accounts, its settings, the credentials of its kubelet, the files of other containers.",
		Remediation: "Remove the mount, or mount only the one directory that is needed, read-only.",
		References:  []string{"CIS Kubernetes 5.2.12", "CIS Docker 5.5", "NIST SP 800-190 4.4.4"},
	},
	workload: func(w *inventory.Workload) string {
		var found []string
		for _, p := range w.HostPaths {
			if sensitivePath(p) && !runtimeSocket(p) {
				found = append(found, p)
			}
		}
		if len(found) == 0 {
			return ""
		}
		return fmt.Sprintf("The host's %s is mounted.", strings.Join(found, ", "))
	},
}
