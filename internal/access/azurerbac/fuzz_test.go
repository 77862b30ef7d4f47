package azurerbac

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/access"
)

func FuzzParseCondition(f *testing.F) {
	for _, c := range builtInConditions(f) {
		f.Add(c)
	}
	for _, c := range []string{
		`((!(ActionMatches{'a'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[a/b:name] StringLike 'x\*?*'))`,
		`{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18} && Exists @Request[a]`, `Foo(1, (2)) || NotExists @Principal[x]`,
		`a AND b OR c`, `@Environment[UtcNow] DateTimeLessThan '2022-06-01T00:00:00.0Z'`, `!!@Context[x] BoolEquals true`, "'", "@", "(", "{",
	} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			lines := strings.Split(text, "\n")
			if syntax.Line < 1 || syntax.Line > len(lines) || syntax.Column < 1 ||
				syntax.Column > utf8.RuneCountInString(lines[syntax.Line-1])+1 {
				t.Fatalf("position is outside of the text: %v", err)
			}
			return
		}
		e := &evaluation{action: lowerASCII(readBlob), scope: account, name: "condition"}
		got := c.evaluate(e, false)
		if again := c.evaluate(e, false); !again.Equal(got) {
			t.Fatalf("%v, then %v", got, again)
		}
		// Absent attributes are what negation is not documented for; here all
		// are unknown.
		negated, err := ParseCondition("NOT ( " + text + " )")
		if err != nil {
			if strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "at most") {
				return
			}
			t.Fatalf("%v, but not when it is negated", err)
		}
		n := negated.evaluate(e, false)
		if got.Verdict() == access.Unknown && n.Verdict() == access.Unknown {
			return // they name other positions
		}
		if !n.Equal(access.Not(got)) {
			t.Fatalf("%v, negated %v", got, n)
		}
		e.attributes = access.NewContext(access.Absent)
		c.evaluate(e, true)
	})
}

func FuzzReadDocuments(f *testing.F) {
	for _, seed := range []string{
		`[{"id": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r", "properties": {"roleName": "R",
			"permissions": [{"actions": ["*"], "notActions": ["a"], "dataActions": ["*/read"], "condition": "ActionMatches{'a'}"}]}}]`,
		`{"value": [{"id": "/a/providers/Microsoft.Authorization/roleAssignments/b", "roleDefinitionId": "r", "principalId": "p", "scope": "/"}]}`,
		`{"data": [{"id": "a", "scope": "/x", "permissions": [{"actions": ["*"]}], "doNotApplyToChildScopes": true,
			"principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}], "excludePrincipals": []}]}`,
		`[`, `{"value": null}`, `[{}]`, `{"value": [], "value": []}`, `[[[[`, `{"a":1} 2`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		roles, err := ReadRoleDefinitions(data)
		if err != nil && err.Error() == "" {
			t.Fatal("error without a text")
		}
		grants, _ := ReadRoleAssignments(data)
		denials, _ := ReadDenyAssignments(data)
		for _, a := range grants {
			if a.RoleID == "" || a.Principal.ID == "" || a.Scope == "" {
				t.Fatalf("role assignment that is not whole: %+v", a)
			}
		}
		for _, d := range denials {
			if len(d.Principals) == 0 || d.Scope == "" {
				t.Fatalf("deny assignment that is not whole: %+v", d)
			}
		}
		in := Input{
			Request: access.Request{Principal: access.Principal{ID: "p"}, Action: readBlob, Resource: access.Resource{ID: account, Below: true}},
			Policy:  Compile(Documents{Roles: roles, Assignments: grants, Denies: denials}),
		}
		Evaluate(in)
		in.DataAction = true
		Evaluate(in)
	})
}

// FuzzPattern compares the matcher with one that tries everything.
func FuzzPattern(f *testing.F) {
	f.Add("*/read", "a/b/read")
	f.Add("a*b*c", "abbc")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		if len(text) > 30 || len(name) > 60 {
			return
		}
		name = lowerASCII(name)
		want := matchSlowly(lowerASCII(text), name)
		if got := compilePatterns([]string{text})[0].match(name); got != want {
			t.Errorf("%q matches %q: %v, want %v", text, name, got, want)
		}
	})
}

// matchSlowly fills a table of which starts of the name each start of the
// pattern matches.
func matchSlowly(pattern, name string) bool {
	row := make([]bool, len(name)+1)
	row[0] = true
	for i := range len(pattern) {
		next := make([]bool, len(name)+1)
		for j := range next {
			if pattern[i] == '*' {
				next[j] = row[j] || j > 0 && next[j-1]
			} else {
				next[j] = j > 0 && row[j-1] && pattern[i] == name[j-1]
			}
		}
		row = next
	}
	return row[len(name)]
}

// FuzzLike compares StringLike with one that tries everything.
func FuzzLike(f *testing.F) {
	f.Add("a*c?", "abcd")
	f.Add("*a*b", "aaab")
	f.Add("??*", "ab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 30 || len(text) > 60 || !utf8.ValidString(pattern) || !utf8.ValidString(text) || strings.Contains(pattern, `\`) {
			return
		}
		s := []rune(text)
		row := make([]bool, len(s)+1)
		row[0] = true
		for _, c := range pattern {
			next := make([]bool, len(s)+1)
			for j := range next {
				switch {
				case c == '*':
					next[j] = row[j] || j > 0 && next[j-1]
				case j > 0:
					next[j] = row[j-1] && (c == '?' || c == s[j-1])
				}
			}
			row = next
		}
		if got := like(text, pattern); got != answerOf(row[len(s)]) {
			t.Errorf("%q like %q: %v, want %v", text, pattern, got, row[len(s)])
		}
	})
}
