package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

// The permission bits of Unix.
const (
	modeSetuid    = 0o4000
	modeSetgid    = 0o2000
	modeDirectory = 0o040000
	modeOthers    = 0o002
)

var fileSetuid = imageCheck{
	Check: finding.Check{
		ID:       "image/file-setuid",
		Title:    "A program runs with the rights of its owner",
		Severity: finding.Medium,
		Why: "A flaw in a setuid or setgid program gives whoever may start it the rights of its owner or group, mostly root. " +
			"Those that the distribution brings are low: they are watched, but a service needs none of them. Those that every " +
			"distribution has, such as su and mount, are only told.",
		Remediation: "Remove the bit in the build (chmod a-s), or run with allowPrivilegeEscalation: false, which makes it useless.",
		References:  []string{"CIS Docker 4.8", "Dockle CIS-DI-0008", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Mode&modeDirectory != 0 || f.Mode&(modeSetuid|modeSetgid) == 0 {
				continue
			}
			out := finding.CheckFinding{Path: f.Path, Layer: f.Layer}
			switch {
			case f.Mode&modeSetuid != 0:
				out.Detail = fmt.Sprintf("/%s runs as user %d.", f.Path, f.UID)
			default:
				out.Detail = fmt.Sprintf("/%s runs as group %d.", f.Path, f.GID)
			}
			known := slices.Contains(knownSetuid, path.Base(f.Path)) && f.Mode&modeOthers == 0
			switch {
			case known && f.OwnedBy != "":
				out.Severity = finding.Informational
			case known, f.OwnedBy != "":
				out.Severity = finding.Low
			}
			out.Detail += ownedBy(f)
			report.addFinding(out)
		}
	},
}

// knownSetuid are what distributions install with these bits because it works
// only so.
var knownSetuid = strings.Fields("bbsuid bsd-write chage chfn chsh crontab dbus-daemon-launch-helper dotlockfile expiry fusermount fusermount3 " +
	"gpasswd mount newgidmap newgrp newuidmap pam_timestamp_check passwd ping ping6 polkit-agent-helper-1 ssh-agent ssh-keysign su " +
	"umount unix_chkpwd utempter wall write")
