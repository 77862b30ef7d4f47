package check

import (
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadHostNetwork = workloadCheck{
	Check: finding.Check{
		ID:       "workload/host-network",
		Title:    "A workload uses the host's network",
		Severity: finding.Medium,
		Why: "It reaches what listens on the host alone, such as the kubelet and the metadata service with the host's credentials, " +
			"sees the traffic of others, and no network policy holds.",
		Remediation: "Use the container network, and publish only the ports that are needed.",
		References:  []string{"CIS Kubernetes 5.2.5", "CIS Docker 5.10", "NIST SP 800-190 4.4.2"},
	},
	workload: func(w *inventory.Workload) string {
		return when(w.HostNetwork, "The containers share the host's network.")
	},
}

var workloadHostPID = workloadCheck{
	Check: finding.Check{
		ID:          "workload/host-pid",
		Title:       "A workload sees the host's processes",
		Severity:    finding.High,
		Why:         "It can read the environment of every process of the host, and as root send signals to them or take them over.",
		Remediation: "Drop hostPID (pidMode: host).",
		References:  []string{"CIS Kubernetes 5.2.3", "CIS Docker 5.16", "NIST SP 800-190 4.4.3"},
	},
	workload: func(w *inventory.Workload) string {
		return when(w.HostPID, "The containers share the host's process IDs.")
	},
}

var workloadHostIPC = workloadCheck{
	Check: finding.Check{
		ID:          "workload/host-ipc",
		Title:       "A workload shares memory with the host",
		Severity:    finding.Medium,
		Why:         "It can read and change the shared memory and message queues of the host's processes.",
		Remediation: "Drop hostIPC (ipcMode: host).",
		References:  []string{"CIS Kubernetes 5.2.4", "CIS Docker 5.17", "NIST SP 800-190 4.4.3"},
	},
	workload: func(w *inventory.Workload) string {
		return when(w.HostIPC, "The containers share the host's IPC namespace.")
	},
}

// when returns the detail if it holds.
func when(holds bool, detail string) string {
	if holds {
		return detail
	}
	return ""
}
