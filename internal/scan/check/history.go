package check

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
)

// A step is one build step of an image's history. Builders write them in
// several forms: "/bin/sh -c #(nop) ENV a=b", "RUN |1 a=b /bin/sh -c make #
// buildkit", "/bin/sh -c make".
type step struct {
	// number counts from 1.
	number int
	// instruction is of the Dockerfile: "RUN", "ENV".
	instruction string
	// text is what follows it.
	text string
}

// place returns how an allow-list names the step.
func (s step) place() string { return fmt.Sprintf("history:%d", s.number) }

// steps returns the build steps.
func (c Config) steps() iter.Seq[step] {
	return func(yield func(step) bool) {
		for i, line := range c.History {
			s := step{number: i + 1}
			s.instruction, s.text = splitStep(line)
			if !yield(s) {
				return
			}
		}
	}
}

var instruction = regexp.MustCompile(`^([A-Z]+)(?:\s+|$)`)

func splitStep(line string) (instr, text string) {
	line = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "# buildkit"))
	if _, nop, ok := strings.Cut(line, "#(nop)"); ok {
		line = strings.TrimSpace(nop)
	}
	if m := instruction.FindStringSubmatch(line); m != nil {
		return m[1], line[len(m[0]):]
	}
	return "RUN", line
}

// assignment is NAME=value with the value quoted or a word.
var assignment = regexp.MustCompile(`(?:^|[\s;&|(])(?:export\s+|--?)?([A-Za-z_][A-Za-z0-9_.-]*)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|)]*)`)

// assignments returns the names and values that a step sets.
func (s step) assignments() []Variable {
	var out []Variable
	for _, m := range assignment.FindAllStringSubmatch(s.text, -1) {
		out = append(out, Variable{m[1], strings.Trim(m[2], `"'`)})
	}
	return out
}
