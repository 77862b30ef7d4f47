package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// awsOutputs are the places in which the aws command line prints the document
// of a policy, as an object or as JSON in a text.
//
// https://docs.aws.amazon.com/cli/latest/reference/
var awsOutputs = [][]string{
	{"Policy"},                           // s3api get-bucket-policy, kms get-key-policy, lambda get-policy
	{"Policy", "Content"},                // organizations describe-policy
	{"PolicyDocument"},                   // iam get-role-policy, get-user-policy, get-group-policy
	{"PolicyVersion", "Document"},        // iam get-policy-version
	{"Role", "AssumeRolePolicyDocument"}, // iam get-role
	{"ResourcePolicy"},                   // secretsmanager get-resource-policy
	{"policyText"},                       // ecr get-repository-policy
	{"Attributes", "Policy"},             // sqs get-queue-attributes, sns get-topic-attributes
}

// unwrapAWS returns the document of a policy that is wrapped as the aws command
// line prints it. What is not without doubt wrapped is returned as it is.
func unwrapAWS(s source) (source, error) {
	top, err := membersOf(s.data, 0)
	if err != nil || !utf8.Valid(s.data) {
		return s, nil // The parser of policies says it better.
	}
	for _, m := range top {
		for _, name := range []string{"Statement", "Version", "Id"} {
			if strings.EqualFold(m.name, name) {
				return s, nil
			}
		}
	}
	var found []source
	for _, path := range awsOutputs {
		if inner, ok := at(s, path); ok {
			found = append(found, inner)
		}
	}
	if len(found) != 1 {
		return s, errors.New("no policy document in it: want one with a Statement, or what aws iam get-role-policy, get-policy-version, get-role, " +
			"s3api get-bucket-policy, kms get-key-policy, organizations describe-policy and others print around it")
	}
	return found[0], nil
}

// at returns the document at a path of names.
func at(s source, path []string) (inner source, ok bool) {
	start, end := 0, len(s.data)
	for _, name := range path {
		members, err := membersOf(s.data[start:end], start)
		if err != nil {
			return s, false
		}
		m, ok := members.find(name)
		if !ok {
			return s, false
		}
		start, end = m.start, m.start+len(m.value)
	}
	value := s.data[start:end]
	if value[0] == '{' {
		members, err := membersOf(value, 0)
		if _, ok := members.find("Statement"); err != nil || !ok {
			return s, false
		}
		// White space keeps its lines and columns.
		before := bytes.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, s.data[:start])
		s.data = append(before, value...)
		return s, true
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil || !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return s, false
	}
	return source{name: s.name, data: []byte(text)}, true
}

// A member is a name of a JSON object with its value.
type member struct {
	name  string
	value json.RawMessage
	start int // offset of the value
}

type members []member

func (m members) find(name string) (member, bool) {
	for _, one := range m {
		if one.name == name {
			return one, true
		}
	}
	return member{}, false
}

var errNoObject = errors.New("not one JSON object")

// membersOf returns the members of an object that stands at an offset. One with
// a name that comes twice could be read in two ways and is none.
func membersOf(data []byte, offset int) (members, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	var all members
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, errNoObject
		}
		seen[name] = true
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		all = append(all, member{name, raw, offset + int(d.InputOffset()) - len(raw)})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return all, nil
}
