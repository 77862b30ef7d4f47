package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var addLocal = imageCheck{
	Check: finding.Check{
		ID:       "image/add-local",
		Title:    "A build step uses ADD where COPY would do",
		Severity: finding.Low,
		Why: "ADD also unpacks archives and fetches URLs: what a file turns into depends on its content. An archive's own paths and links decide " +
			"where its files land. The first step, with which base images add their file system, does not count.",
		Remediation: "Use COPY; unpack archives in a step that verifies them first.",
		References:  []string{"CIS Docker 4.9", "Dockle CIS-DI-0009", "Hadolint DL3020"},
	},
	find: func(in *Input, report *reporter) {
		first := true
		for s := range in.Config.steps() {
			if s.instruction != "ADD" {
				continue
			}
			// Each base image begins with one of its own.
			base := first && s.number <= baseSteps
			first = false
			if base || remote.MatchString(s.text) {
				continue
			}
			if archiveName.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d unpacks an archive with ADD.", s.number))
			} else {
				report.add(fmt.Sprintf("Build step %d uses ADD.", s.number))
			}
		}
	},
}

// baseSteps are the steps among which a base image adds its file system:
// metadata may come before it.
const baseSteps = 10

var archiveName = regexp.MustCompile(`\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+)(?:\s|"|$)`)

var updateAlone = imageCheck{
	Check: finding.Check{
		ID:       "image/update-alone",
		Title:    "A build step updates the package lists and installs nothing",
		Severity: finding.Low,
		Why: "The builder caches the step: later steps then install from lists that are weeks old, without the fixes since, " +
			"or fail because the versions are gone.",
		Remediation: "Update and install in one step: RUN apt-get update && apt-get install -y NAME.",
		References:  []string{"CIS Docker 4.7", "Dockle CIS-DI-0007"},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if m := listUpdate.FindString(s.text); s.instruction == "RUN" && m != "" && !listUse.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d runs %s alone.", s.number, quote(m)))
			}
		}
	},
}

// quote returns a part of a build step in one line. Its options may name a
// proxy with a password.
func quote(command string) string { return redactLine(strings.Join(strings.Fields(command), " ")) }

var (
	listUpdate = regexp.MustCompile(`\b(?:apt(?:-get)?\s+(?:-\S+\s+)*update|apk\s+(?:-\S+\s+)*update|(?:yum|dnf|microdnf)\s+(?:-\S+\s+)*(?:makecache|check-update)|zypper\s+(?:-\S+\s+)*ref(?:resh)?)\b`)
	// listUse is what makes use of fresh lists.
	listUse = regexp.MustCompile(`\b(?:apt(?:-get)?|aptitude|apk|yum|dnf|microdnf|zypper)\s+(?:\S+\s+)*?(?:install|add|in|upgrade|dist-upgrade|full-upgrade|update\s+-y|download|source|build-dep)\b`)
)

var distributionUpgrade = imageCheck{
	Check: finding.Check{
		ID:          "image/distribution-upgrade",
		Title:       "A build step upgrades the whole distribution",
		Severity:    finding.Low,
		Why:         "The image becomes another release than its base says, with what the old one leaves behind, and the next build differs from this one.",
		Remediation: "Begin from a newer base image instead.",
		References:  []string{"Dockle DKL-DI-0003", "Hadolint DL3035"},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if m := distUpgrade.FindString(s.text); s.instruction == "RUN" && m != "" {
				report.add(fmt.Sprintf("Build step %d runs %s.", s.number, quote(m)))
			}
		}
	},
}

var distUpgrade = regexp.MustCompile(`\b(?:apt(?:-get)?\s+(?:-\S+\s+)*(?:dist-upgrade|full-upgrade)|zypper\s+(?:-\S+\s+)*(?:dup|dist-upgrade)|dnf\s+(?:-\S+\s+)*(?:system-upgrade|distro-sync)|do-release-upgrade)\b`)

var packageUnpinned = imageCheck{
	Check: finding.Check{
		ID:          "image/package-unpinned",
		Title:       "A build step installs whatever version is newest",
		Severity:    finding.Informational,
		Why:         "Two builds of the same sources give different images. On the other hand fixes arrive with every build: weigh one against the other.",
		Remediation: "Pin versions, or install from a lock file or a snapshot of the repository, and let a bot renew them.",
		References: []string{
			"Hadolint DL3008", "Hadolint DL3013", "Hadolint DL3016", "Hadolint DL3018", "Hadolint DL3028", "Hadolint DL3033",
			"Hadolint DL3037", "Hadolint DL3041",
		},
	},
	find: func(in *Input, report *reporter) {
		for s := range in.Config.steps() {
			if s.instruction != "RUN" {
				continue
			}
			for _, i := range installers {
				if i.unpinned(s.text) {
					report.add(fmt.Sprintf("Build step %d installs packages of %s without versions.", s.number, i.name))
				}
			}
		}
	},
}

// An installer is a command that installs packages by name.
type installer struct {
	name    string
	command *regexp.Regexp // its last group are the words that follow
	pinned  string         // what a word with a version has
}

var installers = []installer{
	{"apt", regexp.MustCompile(`\bapt(?:-get)?\s+(?:-\S+\s+)*install\s+([^;&|]*)`), "="},
	{"apk", regexp.MustCompile(`\bapk\s+(?:-\S+\s+)*add\s+([^;&|]*)`), "=<>~"},
	{"pip", regexp.MustCompile(`\bpip[0-9.]*\s+(?:-\S+\s+)*install\s+([^;&|]*)`), "=<>~@/."},
	{"npm", regexp.MustCompile(`\bnpm\s+(?:-\S+\s+)*(?:install|i|add)\s+([^;&|]*)`), "@/."},
	{"gem", regexp.MustCompile(`\bgem\s+install\s+([^;&|]*)`), ":"},
	{"yum", regexp.MustCompile(`\b(?:yum|dnf|microdnf)\s+(?:-\S+\s+)*install\s+([^;&|]*)`), "-0123456789"},
	{"zypper", regexp.MustCompile(`\bzypper\s+(?:-\S+\s+)*(?:install|in)\s+([^;&|]*)`), "=<>"},
}

// unpinned reports whether a step installs a package without a version.
func (i installer) unpinned(text string) bool {
	for _, m := range i.command.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		if slices.ContainsFunc(words, versionsApart) {
			continue
		}
		for n, w := range words {
			option := n > 0 && takesValue[words[n-1]]
			switch {
			case strings.HasPrefix(w, "-"), strings.ContainsAny(w, "$`\\{}<>()\"'"), option:
				// Options, and what only the shell knows.
			case !strings.ContainsAny(w, i.pinned):
				return true
			}
		}
	}
	return false
}

// versionsApart reports whether an option says that versions are in a file or
// another word.
func versionsApart(word string) bool {
	return slices.Contains([]string{"-r", "--requirement", "-c", "--constraint", "-v", "--version"}, word) ||
		strings.HasPrefix(word, "--requirement=") || strings.HasPrefix(word, "--constraint=")
}

// takesValue are options whose next word is no package.
var takesValue = map[string]bool{
	"-t": true, "--virtual": true, "--repository": true, "-X": true, "-i": true, "--index-url": true, "--extra-index-url": true,
	"--target": true, "--prefix": true, "-o": true, "--trusted-host": true, "--find-links": true, "-f": true, "--registry": true,
}

var usesSudo = regexp.MustCompile(`(?:^|[;&|]\s*|/bin/sh -c\s+)sudo\s`)

var historyMissing = imageCheck{
	Check: finding.Check{
		ID:          "image/history-missing",
		Title:       "The image does not tell how it was built",
		Severity:    finding.Informational,
		Why:         "Without a history nobody sees which step brought a layer, and checks on build steps find nothing, which does not mean that all is well.",
		Remediation: "Use a builder that keeps the history, or publish provenance with the image.",
		References:  []string{"NIST SP 800-190 4.1.5"},
	},
	find: func(in *Input, report *reporter) {
		if len(in.Manifest.Layers) == 0 {
			return
		}
		for _, line := range in.Config.History {
			if strings.TrimSpace(line) != "" {
				return
			}
		}
		report.add(plural(len(in.Manifest.Layers), "The history does not tell of the %d layer.", "The history does not tell of the %d layers."))
	},
}
