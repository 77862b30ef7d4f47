package secret_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/scan/secret"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

func FuzzSearch(f *testing.F) {
	for _, r := range secret.Rules() {
		s := secrettest.Of(r.ID, 1)
		f.Add(s.Path, s.Content)
	}
	f.Add("app/x.env", "A_TOKEN=\\\"x\\\"\nB='")
	f.Add("", "://a:bcd@")
	f.Fuzz(func(t *testing.T, path, content string) {
		last := 0
		for _, m := range secret.Search(path, []byte(content)) {
			if m.Start < last || m.End <= m.Start || m.End > len(content) || len(m.Value) == 0 {
				t.Fatalf("match %+v is out of place", m)
			}
			if m.Line != 1+strings.Count(content[:m.Start], "\n") {
				t.Errorf("match %+v is not in its line", m)
			}
			last = m.End
		}
		for _, m := range secret.SearchValue(content) {
			if got := secret.Redact(content); strings.Contains(got, content[m.Start:m.End]) && m.End-m.Start > 6 {
				t.Errorf("Redact(%q) = %q has %s", content, got, m.Rule.ID)
			}
		}
		secret.Named(path, content)
	})
}

func FuzzParseAllowList(f *testing.F) {
	f.Add("allow:\n- {rule: private-key, path: 'etc/**/*.pem', reason: x, expires: 2027-01-01}\n")
	f.Add("allow:\n- {repository: 'docker.io/acme/?*', reason: y}\n- {hash: aa, reason: z}\n")
	f.Add("allow: [{path: \"\\xff**\", reason: a}]\nother: 1\n---\n")
	f.Fuzz(func(t *testing.T, content string) {
		l, err := secret.ParseAllowList(strings.NewReader(content))
		if err != nil {
			return
		}
		now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
		if _, ok := l.Allows(secret.Place{}, now); ok && !strings.Contains(content, "*") {
			t.Errorf("%q allows nothing in particular", content)
		}
		l.Fingerprint(now)
	})
}
