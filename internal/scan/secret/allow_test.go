package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/scan/secret"
)

const allowed = `allow:
- rule: private-key
  path: /etc/**/snakeoil.key
  reason: made by the package, never used
- repository: docker.io/acme/*
  rule: generic-secret
  reason: their demo images
- hash: "` + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `"
  reason: revoked
  expires: 2026-12-01
`

func TestAllowList(t *testing.T) {
	t.Parallel()
	l, err := secret.ParseAllowList(strings.NewReader(allowed))
	if err != nil {
		t.Fatal(err)
	}
	before := time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)
	after := before.Add(2 * time.Hour)
	hash := strings.Repeat("a", 64)
	for _, test := range []struct {
		name  string
		place secret.Place
		at    time.Time
		want  string
	}{
		{"path", secret.Place{Rule: "private-key", Path: "etc/ssl/private/snakeoil.key"}, before, "made by the package, never used"},
		{"path_at_the_top", secret.Place{Rule: "private-key", Path: "etc/snakeoil.key"}, before, "made by the package, never used"},
		{"other_path", secret.Place{Rule: "private-key", Path: "etc/ssl/private/real.key"}, before, ""},
		{"other_rule", secret.Place{Rule: "putty-key", Path: "etc/snakeoil.key"}, before, ""},
		{"repository", secret.Place{Rule: "generic-secret", Repositories: []string{"quay.io/x", "docker.io/acme/shop"}}, before, "their demo images"},
		{"deeper_repository", secret.Place{Rule: "generic-secret", Repositories: []string{"docker.io/acme/shop/x"}}, before, ""},
		{"no_repository", secret.Place{Rule: "generic-secret"}, before, ""},
		{"hash", secret.Place{Rule: "npm-token", Path: "env:A", Hash: hash}, before, "revoked"},
		{"expired", secret.Place{Rule: "npm-token", Hash: hash}, after, ""},
	} {
		got, ok := l.Allows(test.place, test.at)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("%s: Allows = %q, %t, want %q", test.name, got, ok, test.want)
		}
	}
	if l.Fingerprint(before) == l.Fingerprint(after) {
		t.Error("the fingerprint does not tell that an entry ended")
	}
	var none *secret.AllowList
	if _, ok := none.Allows(secret.Place{}, before); ok || none.Fingerprint(before) != "" {
		t.Error("no list allows something")
	}
}

func TestAllowListProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"unknown_key":      {"allow:\n- {rules: private-key, reason: x}\n", "rules"},
		"unknown_top_key":  {"allowed: []\n", "allowed"},
		"no_reason":        {"allow:\n- {rule: private-key}\n", "allow[0]: reason"},
		"everything":       {"allow:\n- {reason: x}\n", "everything"},
		"unknown_rule":     {"allow:\n- {rule: private-keys, reason: x}\n", `"private-keys"`},
		"hash":             {"allow:\n- {hash: abc, reason: x}\n", "hash"},
		"date":             {"allow:\n- {rule: private-key, reason: x, expires: soon}\n", `"soon"`},
		"all_at_once":      {"allow:\n- {reason: x}\n- {rule: private-key}\n", "allow[1]: reason"},
		"second_document":  {"allow: []\n---\nallow: []\n", "more than one"},
		"no_list":          {"allow: yes\n", "cannot unmarshal"},
		"no_file_contents": {"- a\n", "cannot unmarshal"},
	} {
		if _, err := secret.ParseAllowList(strings.NewReader(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, test.want)
		}
	}
	if l, err := secret.ParseAllowList(strings.NewReader("")); err != nil || l == nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestOpenAllowList(t *testing.T) {
	t.Parallel()
	if l, err := secret.OpenAllowList(""); l != nil || err != nil {
		t.Errorf("no name gives %v, %v", l, err)
	}
	name := filepath.Join(t.TempDir(), "allow.yaml")
	if _, err := secret.OpenAllowList(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("missing file: %v, want its name", err)
	}
	if err := os.WriteFile(name, []byte(allowed), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := secret.OpenAllowList(name); l == nil || err != nil {
		t.Errorf("OpenAllowList: %v", err)
	}
}
