package check

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// Redact returns m with what looks like a secret, or is named like one,
// replaced in its build steps, labels, commands and author, and with no values
// of environment variables: they are in the build steps too. What it returns
// may be stored and shown.
func Redact(m image.Manifest) image.Manifest {
	m.Layers = slices.Clone(m.Layers)
	for i := range m.Layers {
		m.Layers[i].CreatedBy = redactStep(m.Layers[i].CreatedBy)
	}
	m.Config.History = slices.Clone(m.Config.History)
	for i := range m.Config.History {
		m.Config.History[i].CreatedBy = redactStep(m.Config.History[i].CreatedBy)
	}
	m.Config.Entrypoint = redactWords(m.Config.Entrypoint)
	m.Config.Cmd = redactWords(m.Config.Cmd)
	m.Config.Healthcheck = redactWords(m.Config.Healthcheck)
	m.Config.Author = secret.Redact(m.Config.Author)
	m.Config.Labels = maps.Clone(m.Config.Labels)
	for name, value := range m.Config.Labels {
		if value != "" && secret.IsSecretName(name) {
			value = secret.Redacted
		}
		m.Config.Labels[name] = secret.Redact(value)
	}
	return m
}

// redactWords redacts a command as a list of words.
func redactWords(words []string) []string {
	words = slices.Clone(words)
	for i, word := range words {
		if i > 0 && strings.HasPrefix(words[i-1], "-") && secret.IsSecretName(strings.TrimLeft(words[i-1], "-")) && !strings.HasPrefix(word, "-") {
			words[i] = secret.Redacted
			continue
		}
		words[i] = redactLine(word)
	}
	return words
}

// redactStep redacts a build step as written.
func redactStep(line string) string {
	name, text := splitStep(line)
	if name != "ENV" {
		return redactLine(line)
	}
	// Values with spaces are not always quoted: only the names are kept.
	var b strings.Builder
	b.WriteString(name)
	for _, v := range (step{text: text}).assignments() {
		b.WriteString(" " + v.Name + "=" + secret.Redacted)
	}
	return b.String()
}

// option is --name value with the value quoted or a word.
var option = regexp.MustCompile(`(?:^|\s)--?([A-Za-z][A-Za-z0-9_.-]*)\s+("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|)"'-][^\s;&|)]*)`)

// redactLine redacts a line of a shell.
func redactLine(line string) string {
	line = redactValues(line, assignment, func(name, value string) bool {
		_, ok := secret.Named(name, strings.Trim(value, `"'`))
		return ok || secret.IsSecretName(name)
	})
	line = redactValues(line, option, func(name, _ string) bool { return secret.IsSecretName(name) })
	return secret.Redact(line)
}

// redactValues replaces the values, the second group of an expression, that
// are secret under their name, the first.
func redactValues(line string, e *regexp.Regexp, isSecret func(name, value string) bool) string {
	var b strings.Builder
	last := 0
	for _, m := range e.FindAllStringSubmatchIndex(line, -1) {
		if m[4] == m[5] || !isSecret(line[m[2]:m[3]], line[m[4]:m[5]]) {
			continue
		}
		b.WriteString(line[last:m[4]])
		b.WriteString(secret.Redacted)
		last = m[5]
	}
	b.WriteString(line[last:])
	return b.String()
}
