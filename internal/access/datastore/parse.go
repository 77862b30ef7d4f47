package datastore

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stowage-dev/stowage/internal/access"
)

// Limits of a file: more than anybody writes.
const (
	maxBytes = 4 << 20
	maxTypes = 2000
	maxRules = 200
	maxList  = 200 // operations of a demand, needs, gates, notes, settings
	// Engines ask about all operations of a rule at once, as the bits of a word.
	maxOperations = 60
	maxText       = 1000 // bytes of a text
	maxProblems   = 20   // are told of one file
)

// Parse reads types of stores. All problems are returned at once, each with
// its line.
func Parse(data []byte) ([]access.StoreType, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("it has more than %d bytes: split it into several files", maxBytes)
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	var document yaml.Node
	if err := d.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New(`it is empty: want the key "stores" with a list of types`)
		}
		return nil, err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has more than one YAML document: keep one, or split it into several files")
	}
	p := &parser{}
	types := p.file(document.Content[0])
	if p.more > 0 {
		p.problems = append(p.problems, fmt.Errorf("and %d more", p.more))
	}
	if err := errors.Join(p.problems...); err != nil {
		return nil, err
	}
	return types, nil
}

// A parser reads nodes by their expected form and collects what is wrong. It
// follows no aliases, so that the work is in proportion to the text.
type parser struct {
	problems []error
	more     int
}

func (p *parser) file(n *yaml.Node) []access.StoreType {
	var types []access.StoreType
	seen := map[string]int{}
	p.mapping(n, "the file", []string{"stores"}, func(_ string, value *yaml.Node) {
		p.list(value, "stores", maxTypes, func(item *yaml.Node) {
			t := p.storeType(item)
			if line, ok := seen[t.ID]; ok && t.ID != "" {
				p.fail(item, "id", "%q is already that of line %d: give each type one id", t.ID, line)
			}
			seen[t.ID] = item.Line
			types = append(types, t)
		})
	}, "stores")
	return types
}

func (p *parser) storeType(n *yaml.Node) access.StoreType {
	var t access.StoreType
	var rules *yaml.Node
	p.mapping(n, "a type", []string{"id", "name", "source", "network_only", "notes", "settings", "rules"}, func(key string, value *yaml.Node) {
		switch key {
		case "id":
			t.ID = p.text(value, key)
			if !isID(t.ID) {
				p.fail(value, key, `%q has not the form "aws.s3.bucket": cloud, service and type in lower case`, t.ID)
			}
		case "name":
			t.Name = p.text(value, key)
		case "source":
			t.Source = p.text(value, key)
			if !strings.HasPrefix(t.Source, "https://") {
				p.fail(value, key, "%q is no https address: give the vendor's page that the rules are from", t.Source)
			}
		case "network_only":
			t.NetworkOnly = p.text(value, key)
		case "notes":
			t.Notes = p.texts(value, key)
		case "settings":
			t.Settings = p.settings(value)
		case "rules":
			rules = value // They are checked against the settings.
		}
	}, "id", "name", "source", "rules")
	if rules != nil {
		p.list(rules, "rules", maxRules, func(item *yaml.Node) { t.Rules = append(t.Rules, p.rule(item, t.Settings)) })
	}
	return t
}

func (p *parser) settings(n *yaml.Node) map[string]string {
	if n.Kind != yaml.MappingNode || len(n.Content) > 2*maxList {
		p.fail(n, "settings", "want names with what they are, at most %d", maxList)
		return nil
	}
	settings := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := p.text(n.Content[i], "settings")
		if !isWord(name) || slices.Contains(access.Variables, name) {
			p.fail(n.Content[i], "settings", "%q is no name of a setting: want lower-case letters, digits and _, and none of %q", name, access.Variables)
		}
		if _, ok := settings[name]; ok {
			p.fail(n.Content[i], "settings", "%q stands twice: keep one", name)
		}
		settings[name] = p.text(n.Content[i+1], name)
	}
	return settings
}

// isID reports whether an id is three or more words with dots between.
func isID(id string) bool {
	words := strings.Split(id, ".")
	return len(words) >= 3 && !slices.ContainsFunc(words, func(w string) bool { return !isWord(w) })
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
