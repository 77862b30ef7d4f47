package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeKubeconfig writes a kubeconfig with the contexts dev, the current one,
// and prod.
func writeKubeconfig(t *testing.T, path, server, ca string) {
	t.Helper()
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: dev
clusters:
- {name: c, cluster: {server: %q, certificate-authority-data: %s}}
users:
- {name: u, user: {token: secret-token}}
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: %s
      interactiveMode: IfAvailable
contexts:
- {name: dev, context: {cluster: c, user: u}}
- {name: prod, context: {cluster: c, user: plugin}}
`, server, ca, filepath.Join(filepath.Dir(path), "plugin"))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRoots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	writeKubeconfig(t, config, "https://127.0.0.1:1", "")
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		path     string
		contexts []string
		want     []string
		err      string
	}{
		{"none", config, nil, nil, ""},
		{"current", config, []string{""}, []string{"dev"}, ""},
		{"all", config, []string{"*"}, []string{"dev", "prod"}, ""},
		{"named", config, []string{"prod", "prod"}, []string{"prod"}, ""},
		{"all_and_current", config, []string{"*", ""}, []string{"dev", "prod"}, ""},
		{"unknown", config, []string{"test"}, nil, `no context "test"; it has: dev, prod`},
		{"empty_all", empty, []string{"*"}, nil, ""},
		{"empty_current", empty, []string{""}, nil, ""},
		{"missing", filepath.Join(dir, "none"), []string{"*"}, nil, "read kubeconfig"},
		{"broken", broken, []string{"*"}, nil, "read kubeconfig"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			roots, err := New(Options{Kubeconfig: test.path, Contexts: test.contexts}).Roots()
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("Roots = %v, want %q", err, test.err)
			}
			var got []string
			for _, r := range roots {
				got = append(got, r.Account)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("contexts mismatch (-want +got):\n%s", diff)
			}
		})
	}
}
