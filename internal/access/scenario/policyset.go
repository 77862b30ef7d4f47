package scenario

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// policySet is the policies of a layer as they are written: one, a list, or
// an object that says why they could not be read.
type policySet struct {
	policies []document
	missing  string
}

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

// levels is the policies of the levels of an organisation, from its root to
// the account: a list of sets, or one level alone.
type levels []policySet

// UnmarshalYAML reads a list of levels, or one.
func (l *levels) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]policySet)(l))
	}
	*l = make([]policySet, 1)
	return (*l)[0].UnmarshalYAML(n)
}

// each calls a function with each policy of a set, until one fails. Errors name
// the policy.
func (r *reader) each(field string, set *policySet, read func(source) error) error {
	for i, d := range set.policies {
		place := field
		if len(set.policies) > 1 {
			place = fmt.Sprintf("%s[%d]", field, i)
		}
		s, err := r.read(d, place)
		if err != nil {
			return err
		}
		err = isWhole(s.data)
		if err == nil {
			err = read(s)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// isWhole refuses one page of a longer list: an answer from a part of the
// policies would be wrong.
func isWhole(data []byte) error {
	var page struct{ NextPageToken, NextToken, NextLink string }
	if json.Unmarshal(data, &page) != nil {
		return nil // Not an object; the parser of policies says what is wrong.
	}
	for field, value := range map[string]string{"nextPageToken": page.NextPageToken, "nextToken": page.NextToken, "nextLink": page.NextLink} {
		if value != "" {
			return fmt.Errorf("this is one page of a longer list, as %s says: get the other pages, and name all of them", field)
		}
	}
	return nil
}

// A list is names, or an object that says why they could not be read.
type list struct {
	names   []string
	missing string
}

// UnmarshalYAML reads a list of texts, one alone, or {missing: why}.
func (l *list) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode(&l.names)
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		l.names = []string{n.Value}
		return nil
	}
	var set policySet
	if err := set.UnmarshalYAML(n); err != nil {
		return err
	}
	if set.missing == "" {
		return fmt.Errorf("line %d: want a list, or {missing: why it could not be read}", n.Line)
	}
	l.missing = set.missing
	return nil
}
