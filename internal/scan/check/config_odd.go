package check

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var userName = imageCheck{
	Check: finding.Check{
		ID:          "image/user-name",
		Title:       "The image's user is a name, not a number",
		Severity:    finding.Low,
		Why:         "Kubernetes cannot tell whether a name is root: with runAsNonRoot and no number the container does not start.",
		Remediation: "End the build with USER and the number of the user.",
		References:  []string{"Hadolint DL3066", "CIS Kubernetes 5.2.7"},
	},
	find: func(in *Input, report *reporter) {
		user, _, _ := strings.Cut(in.Manifest.Config.User, ":")
		if user != "" && user != "root" && !isNumeric(user) && !isZero(user) {
			report.add(fmt.Sprintf("The image sets the user %q.", user))
		}
	},
}

var stopSignalOdd = imageCheck{
	Check: finding.Check{
		ID:          "image/stop-signal",
		Title:       "The program is not asked to stop",
		Severity:    finding.Low,
		Why:         "A program that is killed at once loses what it has not written. One that does not know the signal is killed when its time is up.",
		Remediation: "Remove STOPSIGNAL, or set the one on which the program stops in good order.",
		References:  []string{"OCI image-spec config StopSignal"},
	},
	find: func(in *Input, report *reporter) {
		signal := in.Manifest.Config.StopSignal
		name := strings.TrimPrefix(strings.ToUpper(signal), "SIG")
		number, err := strconv.Atoi(name)
		switch {
		case signal == "":
		case name == "KILL" || number == 9:
			report.add("The stop signal kills the program at once.")
		case name == "STOP" || number == 19:
			report.add("The stop signal freezes the program.")
		case err == nil && number >= 1 && number <= 64, strings.HasPrefix(name, "RTM"), slices.Contains(signals, name):
		default:
			report.add(fmt.Sprintf("The stop signal %q does not exist.", signal))
		}
	},
}

// signals are those of signal(7) that a program can catch.
var signals = strings.Fields("ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT PIPE POLL PROF PWR QUIT SEGV STKFLT SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ")

var workdirRelative = imageCheck{
	Check: finding.Check{
		ID:          "image/workdir-relative",
		Title:       "The working directory is relative",
		Severity:    finding.Low,
		Why:         "Where the program starts depends on the runtime, and so does which files its relative paths mean.",
		Remediation: "Set WORKDIR to an absolute path.",
		References:  []string{"Hadolint DL3000"},
	},
	find: func(in *Input, report *reporter) {
		dir := in.Manifest.Config.WorkingDir
		windows := in.Manifest.Platform.OS == "windows"
		if dir != "" && !path.IsAbs(dir) && !windows {
			report.add(fmt.Sprintf("The working directory is %q.", dir))
		}
	},
}

var envPathUnsafe = imageCheck{
	Check: finding.Check{
		ID:          "image/env-path-unsafe",
		Title:       "Programs are looked for where anyone may put them",
		Severity:    finding.Medium,
		Why:         "With an empty or relative entry in PATH a program that lies in the current directory runs in place of the one that was meant.",
		Remediation: "Have only absolute directories in PATH that root owns.",
		References:  []string{"NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, v := range in.Config.Env {
			if v.Name != "PATH" || in.Manifest.Platform.OS == "windows" {
				continue
			}
			for dir := range strings.SplitSeq(v.Value, ":") {
				switch {
				case dir == "":
					report.add("PATH has an empty entry, which means the current directory.")
				case writableByAll(path.Clean(dir)):
					report.add(fmt.Sprintf("PATH has %s, in which everyone may write.", path.Clean(dir)))
				case !path.IsAbs(dir) && !strings.HasPrefix(dir, "$"):
					report.add("PATH has a relative entry.")
				}
			}
		}
	},
}

// writableByAll reports whether a directory is for all by convention.
func writableByAll(dir string) bool {
	return slices.Contains([]string{"/tmp", "/var/tmp", "/dev/shm"}, dir)
}

var envPreload = imageCheck{
	Check: finding.Check{
		ID:          "image/env-preload",
		Title:       "A library is loaded into every program",
		Severity:    finding.Informational,
		Why:         "Memory allocators are loaded like this, and so are rootkits: the library sees and changes what all programs do.",
		Remediation: "Make sure that the library is meant, and that only root can write it.",
		References:  []string{"NIST SP 800-190 4.1.3"},
	},
	find: func(in *Input, report *reporter) {
		for _, v := range in.Config.Env {
			if (v.Name == "LD_PRELOAD" || v.Name == "LD_AUDIT") && v.Value != "" {
				report.add(fmt.Sprintf("The image sets %s.", v.Name))
			}
		}
	},
}

// env returns the value of an environment variable, empty if there is none.
func (c Config) env(name string) string {
	value := ""
	for _, v := range c.Env {
		if v.Name == name {
			value = v.Value
		}
	}
	return value
}

var labelMissing = imageCheck{
	Check: finding.Check{
		ID:       "image/label-missing",
		Title:    "The image does not tell where it is from",
		Severity: finding.Informational,
		Why: "Whoever finds a vulnerability in a running image asks which repository and revision it was built from, and whom to call. " +
			"Labels answer that in seconds.",
		Remediation: "Set the labels org.opencontainers.image.source, revision, version, created and licenses in the build.",
		References:  []string{"Hadolint DL3048", "Hadolint DL3049", "Hadolint DL3051", "Hadolint DL3056"},
	},
	find: func(in *Input, report *reporter) {
		var missing []string
		for _, name := range []string{"source", "revision", "version", "created", "licenses"} {
			if in.Manifest.Config.Labels["org.opencontainers.image."+name] == "" {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			report.add(fmt.Sprintf("The labels org.opencontainers.image.* lack %s.", strings.Join(missing, ", ")))
		}
	},
}
