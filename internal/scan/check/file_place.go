package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var credentialFile = imageCheck{
	Check: finding.Check{
		ID:       "image/credential-file",
		Title:    "The image has a file in which clients keep credentials",
		Severity: finding.Medium,
		Why: "Everyone who may pull the image can read it, even if a later layer deletes it. " +
			"This goes by the file's name and place: what is in it is another check's.",
		Remediation: "Look whether it holds something, revoke that, and build again with a secret mount (RUN --mount=type=secret).",
		References:  []string{"CIS Docker 4.10", "Dockle CIS-DI-0010", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Kind == image.Credential && f.OwnedBy == "" && f.Size > 0 {
				report.file(f, fmt.Sprintf("/%s is where credentials are kept.", f.Path))
			}
		}
		for _, f := range in.Inventory.Hidden {
			what := "credentials are"
			if f.Kind == image.PrivateKey {
				what = "a private key is"
			}
			report.file(f, fmt.Sprintf("/%s, where %s kept, no longer shows, but its layer still has it.", f.Path, what))
		}
	},
}

var privateKeyReadable = imageCheck{
	Check: finding.Check{
		ID:          "image/private-key-readable",
		Title:       "Everyone in the container may read a private key",
		Severity:    finding.High,
		Why:         "Every process of the container, and everyone who may pull the image, can act as the key's owner.",
		Remediation: "Replace the key, give the new one to the container when it runs, and let only its owner read it (chmod 0600).",
		References:  []string{"CIS Docker 4.10", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		const othersRead = 0o004
		for _, f := range in.Inventory.Files {
			if f.Kind == image.PrivateKey && f.OwnedBy == "" && f.Mode&othersRead != 0 {
				report.file(f, fmt.Sprintf("The private key /%s has the mode %04o.", f.Path, f.Mode&0o7777))
			}
		}
	},
}

var runtimeSocketLeft = imageCheck{
	Check: finding.Check{
		ID:       "image/runtime-socket",
		Title:    "The image was made where a container runtime's socket was mounted",
		Severity: finding.Low,
		Why: "A file in the socket's place is what is left when a running container is committed to an image. That container was root on " +
			"its host, and so will be those of this image if it is run in the same way.",
		Remediation: "Build the image from its Dockerfile, without the mount, and find out who runs containers with it.",
		References:  []string{"CIS Docker 5.32", "NIST SP 800-190 4.4.3"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Kind == image.RuntimeSocket {
				report.file(f, fmt.Sprintf("The image has a file /%s.", f.Path))
			}
		}
	},
}

var leftoverFile = imageCheck{
	Check: finding.Check{
		ID:       "image/leftover-file",
		Title:    "What was for making the image is left in it",
		Severity: finding.Low,
		Why: "A repository has the whole history, with what was once committed by mistake. Build files, editors' settings and shell histories " +
			"tell of hosts, paths and commands.",
		Remediation: "List it in .dockerignore, or copy only what the program needs.",
		References:  []string{"Dockle DKL-LI-0003", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		seen := make(map[string]bool)
		for _, f := range in.Inventory.Files {
			if f.Kind != image.Leftover || f.OwnedBy != "" {
				continue
			}
			what := f.Path
			if dir := path.Dir(f.Path); strings.HasPrefix(path.Base(dir), ".") && dir != "." {
				what = dir // ".git" stands for what is in it.
			}
			if !seen[what] {
				seen[what] = true
				report.file(f, fmt.Sprintf("The image has /%s.", what))
			}
		}
	},
}
