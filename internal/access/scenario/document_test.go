package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func TestJSONOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, yaml, want string }{
		{"block", "# a policy\nVersion: 2012-10-17\nStatement:\n  - Sid: A\n    Action:\n      - s3:GetObject\n", "\n{\"Version\":\"2012-10-17\",\n\"Statement\":\n  [{\"Sid\":\"A\",\n    \"Action\":\n     [\"s3:GetObject\"]}]}"},
		{"flow", "\n  {a: [1, true, x],\n   b: null}", "\n  {\"a\":[1,true,\"x\"],\n   \"b\":null}"},
		{"json", "{\"a\": \"\\n\",\n \"b\": 1.5e3}", "{\"a\": \"\\n\",\n \"b\": 1.5e3}"},
		{"numbers_of_yaml_alone", "[0x1F, .5, 010, .inf, yes]", `["0x1F",".5","010",".inf","yes"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var n yaml.Node
			if err := yaml.Unmarshal([]byte(test.yaml), &n); err != nil {
				t.Fatal(err)
			}
			got, err := jsonOf(n.Content[0])
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(got) {
				t.Errorf("%s is not JSON", got)
			}
			if diff := cmp.Diff(squeezed(test.want), squeezed(string(got))); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

// squeezed returns a text without the blanks, which keep columns.
func squeezed(s string) string { return strings.ReplaceAll(s, " ", "") }

// TestJSONOfBounds writes a policy in line far down, and one that is deep.
func TestJSONOfBounds(t *testing.T) {
	t.Parallel()
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "x", Line: 1 << 40, Column: 3}
	got, err := jsonOf(n)
	if err != nil || len(got) > maxLine {
		t.Errorf("jsonOf = %d bytes, %v", len(got), err)
	}
	for range maxDepth + 1 {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}, Line: 1}
	}
	if _, err := jsonOf(n); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("more than %d deep", maxDepth)) {
		t.Errorf("jsonOf = %v, want an error about the depth", err)
	}
}
