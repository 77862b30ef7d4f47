package check

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var minerSuspected = imageCheck{
	Check: finding.Check{
		ID:          "image/miner-suspected",
		Title:       "Something looks like a miner of cryptocurrency",
		Severity:    finding.Informational,
		Why:         "Miners are what most break-ins into container platforms leave behind. This goes by names, which prove nothing.",
		Remediation: "Find out who put it there and why. If nobody did, treat it as a break-in.",
		References:  []string{"NIST SP 800-190 4.1.3"},
	},
	find: func(in *Input, report *reporter) {
		reportTools(in, report, "The image has a program named %s.", image.Miner)
		if mining.MatchString(strings.Join(in.Config.Command, " ")) {
			report.add("The command line speaks of mining.")
		}
		for s := range in.Config.steps() {
			if s.instruction == "RUN" && mining.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d speaks of mining.", s.number))
			}
		}
	},
}

var mining = regexp.MustCompile(`(?i)stratum\+(?:tcp|ssl|tls)://|\bxmrig\b|\bxmr-stak\b|\bminerd\b|\bcpuminer\b|--donate-level\b|\brandomx\b`)

var reverseShell = imageCheck{
	Check: finding.Check{
		ID:          "image/reverse-shell-suspected",
		Title:       "Something looks like a shell for somebody outside",
		Severity:    finding.Informational,
		Why:         "A shell that connects to another host gives the container to whoever answers there. This goes by patterns, which prove nothing.",
		Remediation: "Find out who wrote it and why. If nobody did, treat it as a break-in.",
		References:  []string{"NIST SP 800-190 4.1.3"},
	},
	find: func(in *Input, report *reporter) {
		if shellOut.MatchString(strings.Join(in.Config.Command, " ")) {
			report.add("The command line connects a shell to the network.")
		}
		for s := range in.Config.steps() {
			if shellOut.MatchString(s.text) {
				report.add(fmt.Sprintf("Build step %d connects a shell to the network.", s.number))
			}
		}
	},
}

var shellOut = regexp.MustCompile(`(?:ba|da|z|k)?sh\s+-i\b[^;|]*/dev/(?:tcp|udp)/|/dev/(?:tcp|udp)/\S+/\d+\s+0>&1|` +
	`\b(?:nc|ncat|netcat)(?:\.\w+)?\s(?:\S+\s+)*-[a-z]*[ec]\s*\S*sh\b|\bmkfifo\b[^|]*[|;&][^|]*\|\s*\S*sh\b[^|]*\|\s*(?:nc|ncat|netcat)\b|` +
	`socat\s[^|]*exec:["']?\S*sh\b|pty\.spawn\(|socket\.socket\([^)]*\)[^|]*(?:dup2|subprocess)`)

var commandShell = imageCheck{
	Check: finding.Check{
		ID:       "image/command-shell",
		Title:    "The program is started through a shell",
		Severity: finding.Low,
		Why: "The shell is the first process and does not pass signals on: the program is killed instead of stopped. " +
			"It also keeps a shell in the image that the program may not need.",
		Remediation: "Write ENTRYPOINT and CMD as lists of words, or begin the shell's line with exec.",
		References:  []string{"Hadolint DL3025"},
	},
	find: func(in *Input, report *reporter) {
		c := in.Config.Command
		if len(c) < 3 || c[1] != "-c" {
			return
		}
		switch name := path.Base(c[0]); name {
		case "sh", "bash", "dash", "ash":
			if !execs.MatchString(c[2]) {
				report.add(fmt.Sprintf("The command begins with %s -c, and no exec.", name))
			}
		}
	},
}

var execs = regexp.MustCompile(`(?:^|[;&\s])exec\s`)
