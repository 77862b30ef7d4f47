package image

import (
	"regexp"
	"strings"
)

// Redacted stands for a value that was left out.
const Redacted = "***"

var (
	// buildArgs are those of a RUN step in the classic form:
	// "|2 TOKEN=x HOME=/ /bin/sh -c …".
	buildArgs = regexp.MustCompile(`^(?:RUN )?\|[0-9]+ `)
	// environmentStep is a step that sets variables: "/bin/sh -c #(nop)  ENV
	// A=1 B=2", "ENV A=1", "ARG TOKEN=x".
	environmentStep = regexp.MustCompile(`^(?:/bin/sh -c #\(nop\)\s+)?(?:ENV|ARG) `)
	// assignment is NAME=value, the value bare or quoted.
	assignment = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.-]*)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']*)`)
	// secretAssignment is an assignment anywhere in a command whose name says
	// that its value is a secret.
	secretAssignment = regexp.MustCompile(`(?i)([A-Za-z0-9_-]*(?:password|passwd|secret|token|api_?key|access_?key|private_?key|credential)[A-Za-z0-9_-]*)(=|:\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;]+)`)
)

// RedactStep returns a build step of an image's history without the values of
// variables and build arguments: they often are secrets, and secrets are never
// stored. What a step runs stays readable.
func RedactStep(step string) string {
	switch {
	case environmentStep.MatchString(step):
		prefix := environmentStep.FindString(step)
		step = prefix + assignment.ReplaceAllString(step[len(prefix):], "$1="+Redacted)
	case buildArgs.MatchString(step):
		arguments, command, ok := strings.Cut(step, " /bin/")
		if !ok {
			arguments, command = step, ""
		} else {
			command = " /bin/" + command
		}
		step = assignment.ReplaceAllString(arguments, "$1="+Redacted) + command
	}
	return secretAssignment.ReplaceAllString(step, "$1$2"+Redacted)
}
