package datastore

import (
	"strings"
	"testing"
)

const start = "stores:\n  - id: aws.s3.bucket\n    name: Bucket\n    source: https://example.com/\n    settings: {kms_key: its key}\n    rules:\n"

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", "it is empty"},
		{"no_mapping", "[]", "line 1: the file: want a mapping"},
		{"unknown_key", "shops: []", `line 1: shops: is no field of the file: want ["stores"]`},
		{"two_documents", start + "---\n", "more than one YAML document"},
		{"no_types", "stores: []", "line 1: stores: want a list of 1 to 2000 items"},
		{"missing_field", "stores:\n  - id: aws.s3.bucket\n", "line 2: rules: is missing from a type"},
		{"bad_id", "stores:\n  - id: Bucket\n", `line 2: id: "Bucket" has not the form`},
		{"twice", start + "      []\n  - id: aws.s3.bucket\n", `line 8: id: "aws.s3.bucket" is already that of line 2`},
		{"plain_source", "stores:\n  - source: example.com\n", "is no https address"},
		{"field_twice", "stores:\n  - {id: aws.s3.bucket, id: aws.s3.bucket}\n", "line 2: id: stands twice"},
		{"unknown_field", start + "      - {levels: [read], chanel: key}", `line 7: chanel: is no field of a rule`},
		{"unknown_level", start + "      - {levels: [look]}", `line 7: levels: unknown access level "look"`},
		{"unknown_channel", start + "      - {channel: magic}", `line 7: channel: unknown channel "magic"`},
		{"wildcard", start + "      - {any_of: ['s3:*']}", `line 7: any_of: "s3:*" is no operation`},
		{"unknown_setting", start + "      - {resource: '{key}'}", `line 7: resource: "key" is not among the settings of the type, which are ["kms_key"]`},
		{"open_brace", start + "      - {resource: '{id'}", `line 7: resource: "{id" has a { without }`},
		{"stray_brace", start + "      - {resource: 'id}'}", `line 7: resource: "id}" has a } without {`},
		{"unknown_if_set", start + "      - {if_set: key}", `line 7: if_set: "key" is not among`},
		{"gate_without_values", start + "      - {gates: [{setting: kms_key}]}", `line 7: gates: want one of is and is_not`},
		{"many_operations", start + "      - {any_of: [" + strings.Repeat("a,", 61) + "]}", "line 7: any_of: the rule and its needs have 61 operations"},
		{"number", start + "      - {gates: [{setting: kms_key, is: [1]}]}", "line 7: is: want a text; put true, false and numbers in quotes"},
		{"flag", start + "      - {below: maybe}", "line 7: below: want true or false"},
		{"alias", start + "      - {note: &a x, unread: *a}", "line 7: unread: is an alias"},
		{"bomb", "a: &a [x,x]\nb: &b [*a,*a]\nstores: *b\n", "line 3: stores: want a list"},
		{"long", "stores:\n  - name: " + strings.Repeat("x", 2000), "line 2: name: is longer than 1000 bytes"},
		{"large", strings.Repeat("#", maxBytes+1), "more than 4194304 bytes"},
		{"many_problems", "stores:\n" + strings.Repeat("  - {}\n", 100), "and 380 more"},
		{"no_yaml", "stores: [", "yaml:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q in it", err, test.want)
			}
		})
	}
}

// FuzzParse checks that no file makes the parser panic or hang.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"aws.yaml", "azure.yaml", "gcp.yaml"} {
		data, err := embedded.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(start + "      - {levels: [read], channel: key, any_of: [a], resource: '{id}', needs: [{any_of: [b], resource: '{kms_key}', if_set: kms_key}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		types, err := Parse(data)
		if err != nil {
			return
		}
		for _, s := range types {
			if !isID(s.ID) || len(s.Rules) == 0 {
				t.Errorf("a type was accepted with id %q and %d rules", s.ID, len(s.Rules))
			}
			for _, r := range s.Rules {
				if len(r.Levels) == 0 || len(r.AnyOf) == 0 || r.Resource.Template == "" {
					t.Errorf("%s: a rule was accepted without levels, operations or resource: %+v", s.ID, r)
				}
			}
		}
	})
}
