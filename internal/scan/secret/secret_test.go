package secret_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/scan/secret"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

// Every rule finds what was made for it, as that and nothing else, and finds
// nothing once the value is cut short, part of a longer word, or an example.
func TestRules(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	seen := make(map[string]bool)
	for _, r := range secret.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				s := secrettest.Of(r.ID, seed)
				testFound(t, r.ID, s)
				for _, mutant := range mutants(r, s) {
					for _, m := range secret.Search(s.Path, []byte(mutant)) {
						if m.Rule.ID == r.ID && m.Confidence == r.Confidence {
							t.Errorf("found line %d of what is none:\n%s", m.Line, mutant)
						}
					}
				}
			}
		})
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("ID %q is malformed or there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Title == "" || !strings.HasPrefix(r.Source, "https://") || r.Confidence == 0 {
			t.Errorf("%s is not described in full", r.ID)
		}
	}
}

func testFound(t *testing.T, id string, s secrettest.Sample) {
	t.Helper()
	found := secret.Search(s.Path, []byte(s.Content))
	if len(found) != 1 {
		t.Fatalf("%d findings in %s, want 1:\n%s\n%s", len(found), s.Path, s.Content, describe(found))
	}
	m := found[0]
	if m.Rule.ID != id || string(m.Value) != s.Value {
		t.Errorf("found %s, want %s with %q in:\n%s", describe(found), id, s.Value, s.Content)
	}
	if got := 1 + strings.Count(s.Content[:m.Start], "\n"); m.Line != got {
		t.Errorf("line %d, want %d", m.Line, got)
	}
}

func describe(found []secret.Match) string {
	var b strings.Builder
	for _, m := range found {
		fmt.Fprintf(&b, "%s line %d %q\n", m.Rule.ID, m.Line, m.Value)
	}
	return b.String()
}

// mutants returns contents like that of s without a secret.
func mutants(r secret.Rule, s secrettest.Sample) []string {
	replace := func(value string) string { return strings.ReplaceAll(s.Content, s.Value, value) }
	switch r.ID {
	case "private-key", "gcp-service-account":
		body := strings.LastIndex(s.Content, "-----END")
		return []string{
			s.Content[:body-20] + s.Content[body-8:],                    // Cut.
			strings.Replace(s.Content, "MI", "AA", 1),                   // Not DER.
			strings.ReplaceAll(s.Content, "PRIVATE", "PUBLIC"),          // Another kind.
			s.Content[:40] + "..." + s.Content[body-1:],                 // Of a manual.
			strings.ReplaceAll(s.Content, "PRIVATE KEY", "TESTING KEY"), // Go's own way.
			strings.ReplaceAll(s.Content, "-----END", "-----AND"),       // Without an end.
		}
	case "kubeconfig-key", "putty-key":
		return []string{replace(""), replace(strings.Repeat("A", len(s.Value)))}
	}
	out := []string{replace(""), replace("your_" + r.ID), replace("<secret>"), replace("${SECRET}")}
	if r.Pattern() != "" && r.ID != "npmrc-token" && r.ID != "docker-auth" { // Those have any length.
		half := s.Value[:len(s.Value)/2]
		out = append(out, replace(s.Value[:min(12, len(half))]), replace("a"+s.Value+"aaa"), replace(half+strings.Repeat("x", len(s.Value)-len(half))))
	}
	return out
}

func TestExamplesOfManuals(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
		"AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;",
		"token: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
		"url: https://user:password@example.com/\nurl2: postgres://postgres:postgres@localhost/x\nurl3: redis://:@host",
		"proxy: http://$USER:$PASS@proxy.acme.com http://<user>:<password>@proxy http://%s:%s@host",
		"password: changeme\npassword: ${DB_PASSWORD}\npassword: \"{{ .Values.password }}\"\ntoken: xxxxxxxxxxxxxxxxxxxxxxxx",
		"secretName: my-app-tls-secret-2024\ntokenEndpoint: /oauth2/v1/token\npasswordPolicy: min8-max64-upper1\n",
		"clientRequestToken: 1d2129a1-3d38-460a-9756-e5b91fddb951\n",
		"integrity: sha512-8b2f9c1d\napi_key_id: 8f14e45fceea167a5a36dedd4bea2543\n",
	} {
		if found := secret.Search("app/settings.yaml", []byte(text)); len(found) > 0 {
			t.Errorf("found %s in:\n%s", describe(found), text)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"DB_PASSWORD", "hunter2", "named-secret"},
		{"apiToken", "hunter2a9x8c7v6q", "generic-secret"},
		{"MAIL", secrettest.Value("sendgrid-key"), "sendgrid-key"},
		{"DD_API_KEY", secrettest.Value("datadog-key"), "datadog-key"},
		{"DATABASE_URL", "postgres://app:hunter2@db:5432/app", "url-password"},
		{"GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", ""},
		{"PASSWORD_FILE", "/run/secrets/pw", ""},
		{"TOKEN", "true", ""},
		{"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""},
		{"PYTHON_SHA256", "0123456789abcdef0123456789abcdef", ""},
	} {
		m, ok := secret.Named(test.name, test.value)
		got := ""
		if ok {
			got = m.Rule.ID
		}
		if got != test.want {
			t.Errorf("Named(%s, %q) = %q, want %q", test.name, test.value, got, test.want)
		}
	}
}

// What is hidden has the shape of a secret, be its checksum right or not.
func TestRedact(t *testing.T) {
	t.Parallel()
	for _, r := range secret.Rules() {
		if r.Pattern() == "" || r.ID == "npmrc-token" {
			continue
		}
		s := secrettest.Of(r.ID, 3)
		line := "curl -H 'x: " + s.Content + "' https://host/"
		if got := secret.Redact(line); strings.Contains(got, s.Value) || !strings.HasSuffix(got, "https://host/") {
			t.Errorf("%s: Redact(%q) = %q", r.ID, line, got)
		}
	}
	longer := "x " + secrettest.Value("github-token") + "0123456789 y"
	if got := secret.Redact(longer); got != "x *** y" {
		t.Errorf("Redact(%q) = %q", longer, got)
	}
	key := secrettest.Of("aws-access-key", 1)
	pair := "aws configure set aws_secret_access_key " + key.Value + " && aws configure set aws_access_key_id AKIAQ3EGRZ5TLYWB7VHD"
	if got := secret.Redact(pair); strings.Contains(got, key.Value) || strings.Contains(got, "AKIA") {
		t.Errorf("Redact(%q) = %q", pair, got)
	}
	// However many there are, none is left.
	many := strings.Repeat("postgres://app:hunter2@db/app ", 10_000)
	if got := secret.Redact(many); strings.Contains(got, "hunter2") {
		t.Error("Redact leaves some of many secrets")
	}
	if got := secret.Redact("nothing here"); got != "nothing here" {
		t.Errorf("Redact = %q", got)
	}
	if got := secret.Redact("a " + secrettest.PEM(1) + "b"); got != "a ***\nb" {
		t.Errorf("Redact of a key = %q", got)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	a, b := secret.NewKey(), secret.NewKey()
	x, y := []byte("x"), []byte("y")
	if again := a; a == b || a.Hash(x) == b.Hash(x) || a.Hash(x) == a.Hash(y) || a.Hash(x) != again.Hash(x) || a.ID() == b.ID() {
		t.Error("hashes do not go by key and value")
	}
	for _, format := range []string{"%v", "%s", "%x", "%#v", "%+v", "%q", "%d"} {
		if got := fmt.Sprintf(format, a); got != "REDACTED" {
			t.Errorf("%s prints %q", format, got)
		}
	}
	for _, s := range []string{strings.Repeat("0a", 32), "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="} {
		if _, err := secret.ParseKey(s); err != nil {
			t.Errorf("ParseKey(%q): %v", s, err)
		}
	}
	for _, s := range []string{"", "short", strings.Repeat("0a", 31), strings.Repeat("zz", 32)} {
		if _, err := secret.ParseKey(s); err == nil {
			t.Errorf("ParseKey(%q) succeeds", s)
		}
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"app/.env", "root/.ssh/id_rsa", "etc/app/config.yaml", "usr/local/etc/x.conf", "home/u/.bashrc", "srv/www/index.php",
		"usr/src/app/main.py", "opt/app/settings.json", "app/node_modules/x/.npmrc", "usr/lib/app/server.key", "var/www/wp-config.php",
		"usr/share/app/.env.production", "app/Dockerfile",
	} {
		if !secret.Wanted(p, 100) {
			t.Errorf("%s is not searched", p)
		}
	}
	for _, p := range []string{
		"usr/lib/python3/x.py", "usr/share/doc/x/README", "app/node_modules/x/index.js", "node_modules/x.js", "app/package-lock.json",
		"app/dist/app.min.js", "app/dist/app.js.map", "var/lib/dpkg/info/x.list", "usr/local/go/src/a.go", "usr/local/lib/python3.12/os.py",
		"etc/ssl/certs/a.crt", "usr/local/lib/python3.12/site-packages/x.py",
	} {
		if secret.Wanted(p, 100) {
			t.Errorf("%s is searched", p)
		}
	}
	if secret.Wanted("app/.env", secret.MaxFile+1) || secret.Wanted("app/.env", 3) {
		t.Error("sizes do not count")
	}
}

// Tests and examples hold tokens of services, but keys and passwords of their
// own.
func TestSamples(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]int{"github-token": 1, "aws-access-key": 1, "private-key": 0, "url-password": 0, "generic-secret": 0} {
		s := secrettest.Of(rule, 1)
		if found := secret.Search("app/tests/"+s.Path, []byte(s.Content)); len(found) != want {
			t.Errorf("%s in tests: %d findings, want %d", rule, len(found), want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	page := secret.Markdown()
	for _, r := range secret.Rules() {
		if bytes.Count(page, []byte("| `"+r.ID+"` |")) != 1 {
			t.Errorf("the page has not one row for %s", r.ID)
		}
	}
}
