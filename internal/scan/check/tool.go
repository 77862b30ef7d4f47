package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var compilerPresent = imageCheck{
	Check: finding.Check{
		ID:       "image/compiler-present",
		Title:    "The image has a compiler or build tool",
		Severity: finding.Low,
		Why: "An attacker inside builds tools and exploits on the spot, and what is only for the build brings vulnerabilities " +
			"that the program does not need.",
		Remediation: "Build in a stage of its own and copy only the result into the final image.",
		References:  []string{"CIS Docker 4.3", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) { reportTools(in, report, "The image has %s.", image.Compiler) },
}

var debuggerPresent = imageCheck{
	Check: finding.Check{
		ID:          "image/debugger-present",
		Title:       "The image has a debugger or tracer",
		Severity:    finding.Low,
		Why:         "It reads and changes the memory of other processes, such as keys and passwords in use.",
		Remediation: "Leave it out, and debug with an ephemeral container that has it.",
		References:  []string{"CIS Docker 4.3", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) { reportTools(in, report, "The image has %s.", image.Debugger) },
}

var networkToolPresent = imageCheck{
	Check: finding.Check{
		ID:       "image/network-tool-present",
		Title:    "The image has a tool that forwards or records connections",
		Severity: finding.Low,
		Why: "Netcat and its like are what a reverse shell and the way to other hosts are made of; few programs need them. " +
			"BusyBox's small one is not told of.",
		Remediation: "Leave it out. Health checks and waiting for a port can be done by the program itself or by the platform.",
		References:  []string{"CIS Docker 4.3", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) { reportTools(in, report, "The image has %s.", image.NetworkTool) },
}

// reportTools reports the programs of a kind once for each name, whatever their
// versions, at the first of their places.
func reportTools(in *Input, report *reporter, format string, kinds ...image.FileKind) {
	seen := make(map[string]bool)
	for _, f := range in.Inventory.Files {
		name := image.ProgramName(path.Base(f.Path))
		if !slices.Contains(kinds, f.Kind) || seen[name] {
			continue
		}
		seen[name] = true
		report.file(f, fmt.Sprintf(format, name)+ownedBy(f))
	}
}

// ownedBy tells in a sentence which package a file came with, if any.
func ownedBy(f image.File) string {
	if f.OwnedBy == "" {
		return ""
	}
	return fmt.Sprintf(" It came with the package %s.", f.OwnedBy)
}

var remoteServerPresent = imageCheck{
	Check: finding.Check{
		ID:       "image/remote-server-present",
		Title:    "The image has a server for logging in or for transferring files",
		Severity: finding.Medium,
		Why: "It is a way into the container past the platform's access control and audit log, with keys and passwords of its own. " +
			"Those that send passwords in the clear are high.",
		Remediation: "Remove the server. Enter containers with the platform's exec, and share files through a volume or object store.",
		References:  []string{"CIS Docker 4.3", "CIS Docker 5.7", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, f := range in.Inventory.Files {
			if f.Kind != image.RemoteServer {
				continue
			}
			name := path.Base(f.Path)
			out := finding.CheckFinding{Path: f.Path, Layer: f.Layer, Detail: fmt.Sprintf("The image has the server %s.", name) + ownedBy(f)}
			if !slices.Contains(encryptedServers, name) {
				out.Severity = finding.High
			}
			report.addFinding(out)
		}
	},
}

var encryptedServers = []string{"sshd", "dropbear", "xrdp", "vsftpd", "proftpd", "pure-ftpd"}

var privilegeToolPresent = imageCheck{
	Check: finding.Check{
		ID:       "image/privilege-tool-present",
		Title:    "The image has sudo or the like",
		Severity: finding.Low,
		Why: "It makes root of other accounts, by rules that are easily too wide, and its own flaws do so for everyone. " +
			"A container has one program and one user.",
		Remediation: "Do in the build what needs root, then switch with USER. An entry point that must drop rights needs only setpriv or gosu.",
		References:  []string{"Dockle DKL-DI-0001", "Hadolint DL3004", "CIS Docker 4.3", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		reportTools(in, report, "The image has %s.", image.PrivilegeTool)
		for s := range in.Config.steps() {
			if s.instruction == "RUN" && usesSudo.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d uses sudo.", s.number))
			}
		}
	},
}

var minimalTool = imageCheck{
	Check: finding.Check{
		ID:       "image/minimal-tool",
		Title:    "A minimal image has a shell or a package manager",
		Severity: finding.Low,
		Why: "The point of a minimal image is that an attacker finds nothing to work with. An image counts as minimal if it has no " +
			"distribution at all (built from scratch), if its os-release says Distroless, Wolfi or Chainguard, or if a label names such a base. " +
			"In other images shells and package managers are expected, and not told of.",
		Remediation: "Take the variant without a shell (no -debug or -dev tag) for the final stage.",
		References:  []string{"CIS Docker 4.3", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		why := minimal(in)
		if why == "" {
			return
		}
		reportTools(in, report, why+" and has %s.", image.Shell, image.PackageManager)
	},
}

// minimal returns by which sign an image is meant to be minimal, or an empty
// string.
func minimal(in *Input) string {
	d := in.Inventory.Distribution
	switch {
	case in.Inventory.Partial != "", in.Manifest.Platform.OS == "windows":
		return "" // What was not read may be a distribution.
	case d == nil && len(in.Manifest.Layers) > 0:
		return "The image has no distribution"
	case d != nil && strings.Contains(strings.ToLower(d.Name), "distroless"):
		return "The image is distroless"
	case d != nil && (d.ID == "wolfi" || d.ID == "chainguard"):
		return fmt.Sprintf("The image is of the minimal distribution %s", d.ID)
	}
	const base = "org.opencontainers.image.base.name"
	name := strings.ToLower(in.Manifest.Config.Labels[base])
	for _, sign := range []string{"distroless", "cgr.dev/chainguard", "-micro", "scratch"} {
		if strings.Contains(name, sign) {
			return "The image is based on a minimal one, by its label " + base + ","
		}
	}
	return ""
}
