package datastore

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping calls a function with each key of a mapping, none of which may come
// up twice or be unknown. Those that are required have to be there.
func (p *parser) mapping(n *yaml.Node, what string, keys []string, each func(key string, value *yaml.Node), required ...string) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, what, "want a mapping with the keys %q", keys)
		return
	}
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		switch {
		case n.Content[i].Kind != yaml.ScalarNode || !slices.Contains(keys, key):
			p.fail(n.Content[i], key, "is no field of %s: want %q", what, keys)
			continue
		case slices.Contains(seen, key):
			p.fail(n.Content[i], key, "stands twice: keep one")
			continue
		}
		seen = append(seen, key)
		each(key, n.Content[i+1])
	}
	for _, key := range required {
		if !slices.Contains(seen, key) {
			p.fail(n, key, "is missing from %s", what)
		}
	}
}

// list calls a function with each item of a list that is not empty.
func (p *parser) list(n *yaml.Node, key string, most int, each func(item *yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > most {
		p.fail(n, key, "want a list of 1 to %d items", most)
		return
	}
	for _, item := range n.Content {
		each(item)
	}
}

func (p *parser) texts(n *yaml.Node, key string) []string {
	var texts []string
	p.list(n, key, maxList, func(item *yaml.Node) { texts = append(texts, p.text(item, key)) })
	return texts
}

// text returns a text, which is not empty but where it is in quotes.
func (p *parser) text(n *yaml.Node, key string) string {
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, key, "is an alias: write out what it stands for")
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str":
		p.fail(n, key, "want a text; put true, false and numbers in quotes")
	case len(n.Value) > maxText:
		p.fail(n, key, "is longer than %d bytes", maxText)
	case n.Value == "":
		p.fail(n, key, "is empty")
	}
	return n.Value
}

func (p *parser) flag(n *yaml.Node, key string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.fail(n, key, "want true or false")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

func (p *parser) fail(n *yaml.Node, key, format string, args ...any) {
	if len(p.problems) == maxProblems {
		p.more++
		return
	}
	p.problems = append(p.problems, fmt.Errorf("line %d: %s: %w", n.Line, key, fmt.Errorf(format, args...)))
}
