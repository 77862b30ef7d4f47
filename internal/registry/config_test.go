package registry

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestConfigLayers(t *testing.T) {
	t.Parallel()
	two := []Descriptor{{Digest: "d1", Size: 1}, {Digest: "d2", Size: 2}}
	tests := []struct {
		name, config string
		want         []string
		fails        Kind
	}{
		{"joined", `{"rootfs":{"diff_ids":["D","D"]},"history":[{"created_by":"a"},{"created_by":"e","empty_layer":true},{"created_by":"b"}]}`, []string{"a", "b"}, ""},
		{"no_history", `{"rootfs":{"diff_ids":["D","D"]}}`, []string{"", ""}, ""},
		{"history_of_other_layers", `{"rootfs":{"diff_ids":["D","D"]},"history":[{"created_by":"a"}]}`, []string{"", ""}, ""},
		{"fewer_diff_ids", `{"rootfs":{"diff_ids":["D"]}}`, nil, Malformed},
		{"no_rootfs", `{}`, nil, Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := parseConfig([]byte(strings.ReplaceAll(tt.config, `"D"`, `"`+okDigest+`"`)))
			if err != nil {
				t.Fatal(err)
			}
			layers, err := c.layers(two)
			if tt.fails != "" {
				wantKind(t, err, tt.fails)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var steps []string
			for _, l := range layers {
				steps = append(steps, l.CreatedBy)
			}
			if diff := cmp.Diff(tt.want, steps); diff != "" {
				t.Errorf("steps mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseConfigIsLenientWhereItMay(t *testing.T) {
	t.Parallel()
	c, err := parseConfig([]byte(`{
		"created": "", "os": "linux", "config": {
			"Cmd": "sh -c true", "Entrypoint": null, "Env": null, "ExposedPorts": null,
			"Healthcheck": {"Test": ["NONE"], "Interval": "30s"}, "Shell": 1},
		"history": [{"created": "yesterday"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := c.image(string(types.DockerManifestSchema2))
	if !got.Created.IsZero() || !slices.Equal(got.Cmd, []string{"sh -c true"}) || !slices.Equal(got.Healthcheck, []string{"NONE"}) {
		t.Errorf("config = %+v", got)
	}
}

func TestParseConfigErrors(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"not_json":    `x`,
		"bad_diff_id": `{"rootfs":{"diff_ids":["sha256:x"]}}`,
		"bad_env":     `{"config":{"Env":{"PASSWORD":"hunter2"}}}`,
		"bad_env_2":   `{"config":{"Env":[{"hunter2":1}]}}`,
	} {
		_, err := parseConfig([]byte(raw))
		if wantKind(t, err, Malformed); strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %q quotes the configuration", name, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"config":{"Env":["A=hunter2","B"],"Cmd":"x","ExposedPorts":{"1/tcp":{}}},"rootfs":{"diff_ids":["` + okDigest + `"]},"history":[{"created_by":"x"}]}`))
	f.Add([]byte(`{"created":"2026-01-02T03:04:05Z","config":{"Healthcheck":{"Test":["CMD"]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseConfig(raw)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		for _, name := range c.Config.Env {
			if strings.Contains(name, "=") {
				t.Errorf("environment name %q has a value", name)
			}
		}
		if _, err := json.Marshal(c.image("")); err != nil {
			t.Error(err)
		}
		layers := make([]Descriptor, len(c.RootFS.DiffIDs))
		if _, err := c.layers(layers); err != nil {
			t.Error(err)
		}
	})
}
