package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/config"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stowage.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadOrder(t *testing.T) {
	t.Parallel()
	path := write(t, `
listen: 127.0.0.1:1
aws:
  enabled: false
  regions: [eu-west-1, eu-central-1]
  roles:
    - arn: arn:aws:iam::111122223333:role/stowage
      external_id: x
registry:
  mirrors: [{host: docker.io, endpoint: "https://mirror.example"}]
collect:
  every: 30m
`)
	got, err := config.Load(path, []string{
		"STOWAGE_LISTEN=127.0.0.1:2", "STOWAGE_COLLECT_EVERY=1h", "STOWAGE_KUBERNETES_CONTEXTS=a, b",
		"DATABASE_URL=postgres://u:p@h/d", "HOME=/", "STOWAGE_LOG_LEVEL=debug",
	}, map[string]string{"listen": "127.0.0.1:3"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Listen = "127.0.0.1:3"
	want.DatabaseURL = "postgres://u:p@h/d"
	want.AWS.Enabled = "false"
	want.AWS.Regions = []string{"eu-west-1", "eu-central-1"}
	want.AWS.Roles = []config.AWSRole{{ARN: "arn:aws:iam::111122223333:role/stowage", ExternalID: "x"}}
	want.Registry.Mirrors = []config.Mirror{{Host: "docker.io", Endpoint: "https://mirror.example"}}
	want.Collect.Every = time.Hour
	want.Kubernetes.Contexts = []string{"a", "b"}
	want.Log.Level = -4
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

func TestLoadProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		env  []string
		want []string
	}{
		"unknown_key":      {file: "aws:\n  region: eu-west-1\n", want: []string{"aws", "region"}},
		"unknown_variable": {env: []string{"STOWAGE_AWS_REGION=x"}, want: []string{"STOWAGE_AWS_REGION"}},
		"not_yaml":         {file: "a: [", want: []string{"stowage.yaml"}},
		"all_at_once": {
			file: "listen: nonsense\naws: {enabled: maybe}\nscan: {concurrency: 0}\n",
			want: []string{"listen", "aws.enabled", "scan.concurrency"},
		},
		"bad_duration":  {env: []string{"STOWAGE_COLLECT_EVERY=5"}, want: []string{"collect"}},
		"short":         {env: []string{"STOWAGE_COLLECT_EVERY=5s"}, want: []string{"collect.every"}},
		"bad_mirror":    {env: []string{"STOWAGE_REGISTRY_MIRRORS=docker.io"}, want: []string{"host=endpoint"}},
		"mirror_scheme": {env: []string{"STOWAGE_REGISTRY_MIRRORS=docker.io=ftp://x"}, want: []string{"registry.mirrors[0].endpoint"}},
		"organization":  {file: "aws: {organization: {enabled: true}}\n", want: []string{"aws.organization.role_name"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := ""
			if test.file != "" {
				path = write(t, test.file)
			}
			_, err := config.Load(path, test.env, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %q", err, want)
				}
			}
		})
	}
	if _, err := config.Load("/does/not/exist.yaml", nil, nil); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestSecretIsNotShown(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DatabaseURL = "postgres://u:hunter2@h/d"
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), string(data)} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("the secret is shown: %s", s)
		}
	}
	if c.DatabaseURL.Reveal() != "postgres://u:hunter2@h/d" {
		t.Error("Reveal does not return the value")
	}
}

// TestLoadEmpty turns defaults off by giving nothing.
func TestLoadEmpty(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		env  []string
	}{
		"file": {file: "kubernetes: {contexts: []}\nadvisories: {locations: [], kev: \"\"}\n"},
		"environment": {env: []string{
			"STOWAGE_KUBERNETES_CONTEXTS=", "STOWAGE_ADVISORIES_LOCATIONS=", "STOWAGE_ADVISORIES_KEV=",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := ""
			if test.file != "" {
				path = write(t, test.file)
			}
			c, err := config.Load(path, test.env, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Kubernetes.Contexts)+len(c.Advisories.Locations)+len(c.Advisories.KEV) > 0 {
				t.Errorf("contexts %q, locations %q, catalogue %q, want none", c.Kubernetes.Contexts, c.Advisories.Locations, c.Advisories.KEV)
			}
		})
	}
}
