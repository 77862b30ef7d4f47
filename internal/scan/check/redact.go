package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// Redact returns m with what looks like a secret replaced in its build steps,
// labels and command line, and with no values of environment variables: they
// are in the build steps too. What it returns may be stored and shown.
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
	m.Config.Labels = maps.Clone(m.Config.Labels)
	for name, value := range m.Config.Labels {
		m.Config.Labels[name] = secret.Redact(value)
	}
	return m
}

func redactWords(words []string) []string {
	words = slices.Clone(words)
	for i := range words {
		words[i] = secret.Redact(words[i])
	}
	return words
}

// redactStep redacts a build step as written.
func redactStep(line string) string {
	var b strings.Builder
	if name, text := splitStep(line); name == "ENV" {
		// Values with spaces are not always quoted: only the names are kept.
		b.WriteString(name)
		for _, v := range (step{text: text}).assignments() {
			b.WriteString(" " + v.Name + "=" + secret.Redacted)
		}
		return b.String()
	}
	last := 0
	for _, m := range assignment.FindAllStringSubmatchIndex(line, -1) {
		name, value := line[m[2]:m[3]], line[m[4]:m[5]]
		if _, ok := secret.Named(name, strings.Trim(value, `"'`)); !ok && !secret.IsSecretName(name) {
			continue
		}
		b.WriteString(line[last:m[4]])
		b.WriteString(secret.Redacted)
		last = m[5]
	}
	b.WriteString(line[last:])
	return secret.Redact(b.String())
}
