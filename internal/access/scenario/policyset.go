package scenario

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// UnmarshalYAML reads one policy, a list of them, or {missing: why}.
func (s *policySet) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode(&s.policies)
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "missing" {
		s.missing = n.Content[1].Value
		if s.missing == "" {
			return fmt.Errorf("line %d: missing has to say why the policies could not be read", n.Line)
		}
		return nil
	}
	var d document
	if err := n.Decode(&d); err != nil {
		return err
	}
	s.policies = []document{d}
	return nil
}
