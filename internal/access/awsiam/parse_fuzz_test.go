package awsiam

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks that any bytes give either a document that follows the
// grammar or an error with a position in the text.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/policies/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seed policies in testdata/policies (%v)", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		``, `null`, `{}`, `{"Statement":[]}`, `{"Statement":{}}`, `[[[[[[`, "\ufeff{}", "{\"Id\":\"\xff\"}", `{"Id":"\ud83d"}`,
		`{"Statement":{"Effect":"Allow","Action":[],"Condition":{"ForAllValues:NullIfExists":{"":[1e999,true,""]}}}}`,
		`{"Statement":{"Effect":"Deny","NotAction":"*","NotPrincipal":{"AWS":["*","*"]},"NotResource":"arn:aws:s3"}}`,
		`{"Statement":[{"Effect":"Аllow"}]}`, `{"Version":"2012-10-17","Version":"2008-10-17"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse(data)
		if err != nil {
			checkError(t, data, err)
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("Parse() takes what is not valid JSON")
		}
		if doc.Version != version2008 && doc.Version != version2012 {
			t.Errorf("Version = %q", doc.Version)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, s := range doc.Statements {
			if (s.Action == nil) == (s.NotAction == nil) || s.Resource != nil && s.NotResource != nil || s.Principal != nil && s.NotPrincipal != nil {
				t.Errorf("statement has both of a pair, or no action: %+v", s)
			}
			if s.Line < 1 || s.Line > lines || s.Column < 1 {
				t.Errorf("statement at %d:%d of %d lines", s.Line, s.Column, lines)
			}
			for _, c := range s.Conditions {
				if c.Values == nil || c.Line < s.Line || c.Line > lines || c.Column < 1 {
					t.Errorf("condition %+v", c)
				}
			}
		}
		for _, policyType := range []PolicyType{IdentityPolicy, ResourcePolicy, TrustPolicy, ServiceControlPolicy, ResourceControlPolicy} {
			_, problems, err := CheckText(data, policyType)
			if err != nil {
				t.Fatalf("CheckText() = %v", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
					t.Errorf("problem of a document of %d lines: %+v", lines, p)
				}
			}
		}
		again, err := ParseEncoded(url.PathEscape(string(data)))
		if diff := cmp.Diff(doc, again); err != nil || diff != "" {
			t.Errorf("ParseEncoded() of the same document: %v\n%s", err, diff)
		}
	})
}

func checkError(t *testing.T, data []byte, err error) {
	t.Helper()
	syntax, ok := errors.AsType[*SyntaxError](err)
	if !ok {
		t.Fatalf("error is a %T, want a *SyntaxError", err)
	}
	lines := strings.Split(string(data), "\n")
	if syntax.Line < 1 || syntax.Line > len(lines) {
		t.Fatalf("line %d of %d: %v", syntax.Line, len(lines), err)
	}
	if width := utf8.RuneCountInString(lines[syntax.Line-1]); syntax.Column < 1 || syntax.Column > width+1 {
		t.Errorf("column %d of %d: %v", syntax.Column, width, err)
	}
	if len(err.Error()) > 20000 || syntax.Message == "" {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("testdata/policies/bucket_perimeter.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse_one_line has the largest document with everything on one line.
func BenchmarkParse_one_line(b *testing.B) {
	statement := `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*","Condition":{"StringLike":{"aws:PrincipalTag/team":"ä*"}}},`
	n := min(MaxDocumentSize/len(statement), MaxDocumentValues/13) - 1
	data := []byte(`{"Statement":[` + strings.Repeat(statement, n) + statement[:len(statement)-1] + `]}`)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
