package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A document is a policy: the name of a file, or written in line.
type document struct {
	name string     // of the file; empty in line
	text string     // in line, as JSON in a text
	node *yaml.Node // in line, as YAML
}

// UnmarshalYAML reads a text as the name of a file or, when it starts with a
// brace, as JSON, and all else as the policy.
func (d *document) UnmarshalYAML(n *yaml.Node) error {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
		d.node = n
	case strings.HasPrefix(strings.TrimSpace(n.Value), "{"):
		d.text = n.Value
	case n.Value == "":
		return fmt.Errorf("line %d: want a policy or the name of its file, not an empty text", n.Line)
	default:
		d.name = n.Value
	}
	return nil
}

// A source is a policy as JSON, with what to call it.
type source struct {
	name string
	data []byte
	// placed: lines of the data are those of the file that a person sees.
	placed bool
}

// read returns a policy. One in line has the lines of the scenario.
func (r *reader) read(d document, field string) (source, error) {
	switch {
	case d.text != "":
		return source{name: field, data: []byte(d.text)}, nil
	case d.node != nil:
		data, err := jsonOf(d.node)
		if err != nil {
			return source{}, fmt.Errorf("%s: %w", field, err)
		}
		return source{name: field, data: data, placed: true}, nil
	}
	path := d.name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.folder, path)
	}
	data, err := readFile(path)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", field, err)
	}
	s := source{name: d.name, data: data, placed: true}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		var n yaml.Node
		if err := yaml.Unmarshal(data, &n); err != nil {
			return source{}, fmt.Errorf("%s: %w", d.name, yamlError(err))
		}
		if n.Kind != yaml.DocumentNode {
			return source{}, fmt.Errorf("%s is empty: want a policy", d.name)
		}
		if s.data, err = jsonOf(n.Content[0]); err != nil {
			return source{}, fmt.Errorf("%s: %w", d.name, err)
		}
	default:
		if len(bytes.TrimSpace(data)) == 0 {
			return source{}, fmt.Errorf("%s is empty: want a policy", d.name)
		}
	}
	return s, nil
}

// The limits of a policy in YAML.
const (
	maxDepth = 64
	// maxLine is the last line that a policy in line has in its errors.
	maxLine = 1 << 16
)

// jsonOf returns a YAML node as JSON in which everything stands in the line, and
// if possible in the column, that it has in the YAML. Dates stay text:
// "2012-10-17" is the version of a policy.
func jsonOf(n *yaml.Node) ([]byte, error) {
	w := jsonWriter{line: 1, column: 1}
	if err := w.value(n, 0); err != nil {
		return nil, err
	}
	return w.b.Bytes(), nil
}

type jsonWriter struct {
	b            bytes.Buffer
	line, column int // of what comes next
}

// at goes on to a place that is ahead.
func (w *jsonWriter) at(line, column int) {
	if line > w.line && line <= maxLine {
		w.b.Write(bytes.Repeat([]byte("\n"), line-w.line))
		w.line, w.column = line, 1
	}
	if line == w.line && column > w.column {
		w.b.Write(bytes.Repeat([]byte(" "), column-w.column))
		w.column = column
	}
}

func (w *jsonWriter) write(text string) {
	w.b.WriteString(text)
	w.column += utf8.RuneCountInString(text)
}

func (w *jsonWriter) text(s string) {
	quoted, _ := json.Marshal(s) // A string always has a form.
	w.write(string(quoted))
}

func (w *jsonWriter) value(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested more than %d deep", n.Line, maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.object(n, depth)
	case yaml.SequenceNode:
		w.at(n.Line, n.Column-1)
		w.write("[")
		for i, item := range n.Content {
			if i > 0 {
				w.write(",")
			}
			if err := w.value(item, depth+1); err != nil {
				return err
			}
		}
		w.write("]")
		return nil
	case yaml.ScalarNode:
		w.at(n.Line, n.Column)
		return w.scalar(n)
	}
	// An alias could make a small file an endless one.
	return fmt.Errorf("line %d: aliases are not read here: write the value", n.Line)
}

func (w *jsonWriter) object(n *yaml.Node, depth int) error {
	column := n.Column
	if n.Style&yaml.FlowStyle == 0 {
		column-- // The brace stands before the first key.
	}
	w.at(n.Line, column)
	w.write("{")
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a key has to be text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if i > 0 {
			w.write(",")
		}
		w.at(key.Line, key.Column)
		w.text(key.Value)
		w.write(":")
		if err := w.value(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	w.write("}")
	return nil
}

func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!bool":
		var value bool
		if err := n.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		w.write(fmt.Sprint(value))
		return nil
	case "!!null":
		w.write("null")
		return nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) && !slices.Contains([]string{"true", "false", "null"}, n.Value) {
			w.write(n.Value)
			return nil
		}
	}
	w.text(n.Value)
	return nil
}
