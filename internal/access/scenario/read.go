package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/stowage-dev/stowage/internal/access"
)

// maxFile is the most bytes that are read of a scenario or of one of its
// policies: the largest policy of a cloud has well below a tenth of them.
const maxFile = 8 << 20

// A scenarioFile is the document as it is written.
type scenarioFile struct {
	Name    string          `yaml:"name"`
	Expect  *access.Verdict `yaml:"expect"`
	Request requestFile     `yaml:"request"`
	AWS     *awsFile        `yaml:"aws"`
	Azure   *azureFile      `yaml:"azure"`
	GCP     *gcpFile        `yaml:"gcp"`
}

// Read reads the scenarios of a file, one a YAML document. Its errors name the
// file and the place in it.
func Read(path string) ([]*Scenario, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r := &reader{folder: filepath.Dir(path)}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var scenarios []*Scenario
	for i := 0; ; i++ {
		var file scenarioFile
		err := decoder.Decode(&file)
		if errors.Is(err, io.EOF) && i > 0 {
			return scenarios, nil
		}
		place := path
		if i > 0 {
			place = fmt.Sprintf("%s, document %d", path, i+1)
		}
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s is empty: want a scenario with a request and its policies", path)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		s, err := r.scenario(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		if s.Name == "" {
			s.Name = place
		}
		scenarios = append(scenarios, s)
	}
}

// A reader reads the policies that scenarios name.
type reader struct {
	folder string // of the scenario's file
}

// scenario returns the scenario that a file describes.
func (r *reader) scenario(file scenarioFile) (*Scenario, error) {
	request, spelling, err := file.Request.request()
	if err != nil {
		return nil, err
	}
	s := &Scenario{Name: file.Name, Expect: file.Expect, Request: request, spelling: spelling}
	clouds := 0
	if file.AWS != nil {
		clouds++
		s.Cloud = "aws"
		err = r.aws(s, *file.AWS)
	}
	if file.Azure != nil {
		clouds++
		s.Cloud = "azure"
		err = r.azure(s, *file.Azure)
	}
	if file.GCP != nil {
		clouds++
		s.Cloud = "gcp"
		err = r.gcp(s, *file.GCP)
	}
	if clouds != 1 {
		return nil, fmt.Errorf("the scenario has the policies of %d clouds: want one of the fields aws, azure and gcp", clouds)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// A document is a policy: the name of a file, or written in line.
type document struct {
	name string // of the file; empty in line
	data []byte // JSON, in line
	line int    // where it stands
}

// UnmarshalYAML reads a string as the name of a file, all else as the policy.
func (d *document) UnmarshalYAML(n *yaml.Node) error {
	d.line = n.Line
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		d.name = n.Value
		return nil
	}
	value, err := plain(n, 0)
	if err != nil {
		return err
	}
	d.data, err = json.Marshal(value)
	return err
}

// read returns the name of a policy to show, and its bytes.
func (r *reader) read(d document, field string) (name string, data []byte, err error) {
	if d.name == "" {
		return fmt.Sprintf("%s in line %d", field, d.line), d.data, nil
	}
	path := d.name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.folder, path)
	}
	data, err = readFile(path)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", field, err)
	}
	return d.name, data, nil
}

// readFile reads a file that is not too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			return nil, fmt.Errorf("%s: %w", path, pathError.Err)
		}
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s has more than %d MiB: no cloud takes a policy of that size", path, maxFile>>20)
	}
	return data, nil
}

// plain returns a YAML node as what encoding/json makes of the same document.
// Dates stay text: "2012-10-17" is the version of a policy.
func plain(n *yaml.Node, depth int) (any, error) {
	if depth > 64 {
		return nil, fmt.Errorf("line %d: nested more than 64 deep", n.Line)
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: a key has to be text", key.Line)
			}
			if _, ok := object[key.Value]; ok {
				return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
			}
			value, err := plain(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			object[key.Value] = value
		}
		return object, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			var err error
			if list[i], err = plain(c, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!bool":
			return strconv.ParseBool(n.Value)
		case "!!null":
			return nil, nil
		case "!!int", "!!float":
			if json.Valid([]byte(n.Value)) {
				return json.Number(n.Value), nil
			}
		}
		return n.Value, nil
	}
	// An alias could make a small file an endless one.
	return nil, fmt.Errorf("line %d: aliases are not read here: write the value", n.Line)
}

// stringsY is a list of strings, or one alone. Numbers and booleans are taken
// as they are written.
type stringsY []string

// UnmarshalYAML reads a scalar or a list of them.
func (s *stringsY) UnmarshalYAML(n *yaml.Node) error {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	*s = make([]string, 0, len(nodes))
	for _, item := range nodes {
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			return fmt.Errorf("line %d: want a text or a list of texts", item.Line)
		}
		*s = append(*s, item.Value)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
