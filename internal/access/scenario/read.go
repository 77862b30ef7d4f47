package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stowage-dev/stowage/internal/access"
)

// maxFile is the most bytes that are read of a scenario or of one of its
// policies: the largest policy of a cloud has well below a tenth of them.
const maxFile = 8 << 20

// A scenarioFile is the document as it is written.
type scenarioFile struct {
	Name    string      `yaml:"name"`
	Expect  string      `yaml:"expect"`
	Request requestFile `yaml:"request"`
	AWS     *awsFile    `yaml:"aws"`
	Azure   *azureFile  `yaml:"azure"`
	GCP     *gcpFile    `yaml:"gcp"`
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
			return nil, fmt.Errorf("%s: %w", place, yamlError(err))
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
	s := &Scenario{Name: file.Name, Request: request, spelling: spelling}
	if file.Expect != "" {
		s.Expect = new(access.Verdict)
		if err := s.Expect.UnmarshalText([]byte(file.Expect)); err != nil {
			return nil, fmt.Errorf("expect: %w", err)
		}
	}
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
		return nil, fmt.Errorf("the scenario has the policies of %d clouds: want one of the fields aws, azure and gcp, with {} when there are no policies", clouds)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// readFile reads a file that is not too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the files in it", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s has more than %d MiB: no cloud takes a policy of that size", path, maxFile>>20)
	}
	return data, nil
}

// cause returns an error without the path, which the caller names.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
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
