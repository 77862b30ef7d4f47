package check

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var fileCapability = imageCheck{
	Check: finding.Check{
		ID:       "image/file-capability",
		Title:    "A program has capabilities of root",
		Severity: finding.Medium,
		Why: "Whoever may start the program gets the capabilities, as far as the container has them. Those that lead to the host are " +
			"high; binding low ports and sending pings, for which distributions use them, is only told.",
		Remediation: "Remove them in the build (setcap -r FILE), or run with allowPrivilegeEscalation: false, which makes them useless.",
		References:  []string{"CIS Docker 4.8", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Capabilities == 0 {
				continue
			}
			out := finding.CheckFinding{Path: f.Path, Layer: f.Layer}
			names := capabilityNames(f.Capabilities)
			harmless := true
			for _, name := range names {
				if slices.Contains(dangerousCapabilities, name) || slices.Contains(rootCapabilities, name) {
					out.Severity = finding.High
				}
				harmless = harmless && slices.Contains(harmlessCapabilities, name)
			}
			if harmless {
				out.Severity = finding.Informational
			}
			out.Detail = fmt.Sprintf("/%s gives %s to whoever runs it.", f.Path, enumerate(names)) + ownedBy(f)
			report.addFinding(out)
		}
	},
}

// capabilityList are the capabilities by their number. See capabilities(7).
var capabilityList = strings.Fields("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
	"NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT " +
	"SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
	"MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE")

var (
	// rootCapabilities make root of a process inside the container.
	rootCapabilities     = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETFCAP", "SETGID", "SETUID"}
	harmlessCapabilities = []string{"NET_BIND_SERVICE", "NET_RAW"}
)

// capabilityNames returns the names of a set of capabilities.
func capabilityNames(set uint64) []string {
	var names []string
	for ; set != 0; set &= set - 1 {
		n := bits.TrailingZeros64(set)
		if n < len(capabilityList) {
			names = append(names, capabilityList[n])
		} else {
			names = append(names, fmt.Sprintf("capability %d", n))
		}
	}
	return names
}
