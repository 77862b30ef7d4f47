package check

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	step := "/bin/sh -c #(nop) ENV PATH=/hunter2 TOKEN=\"hunter2 x\" LAST='hunter2' BARE=a hunter2"
	m := image.Manifest{
		Layers: []image.Layer{{CreatedBy: "RUN |2 VERSION=1.2 NPM_TOKEN=hunter2abc /bin/sh -c curl https://ci:hunter2@example.com/x"}},
		Config: image.Config{
			Author:      "ci https://bot:hunter2@git.example.com",
			Healthcheck: []string{"CMD-SHELL", "mysqladmin --password hunter2 ping", "curl", "--token", "hunter2"},
			Entrypoint:  []string{"/run", "--admin-password=hunter2", "--api-key", "hunter2", "--port", "8080"},
			History:     []image.History{{CreatedBy: step}, {CreatedBy: "RUN login --password 'hunter2' --user me"}, {CreatedBy: "ARG KEY=-----BEGIN PRIVATE KEY-----hunter2-----END PRIVATE KEY-----"}},
			Labels:      map[string]string{"source": "https://bot:hunter2@git.example.com/a", "com.example.db-password": "hunter2"},
			Cmd:         []string{"serve", "--db", "postgres://app:hunter2@db/app"},
		},
	}
	b, err := json.Marshal(Redact(m))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "hunter2") {
		t.Errorf("Redact leaves secrets: %s", b)
	}
	for _, keep := range []string{"VERSION=1.2", "NPM_TOKEN=***", "PATH=***", "example.com/x", "serve", "db/app", "8080", "--user me", "ping"} {
		if !strings.Contains(string(b), keep) {
			t.Errorf("Redact = %s, want it to keep %q", b, keep)
		}
	}
	if m.Config.History[0].CreatedBy != step || !strings.Contains(m.Config.Labels["source"], "hunter2") {
		t.Error("Redact changes what it was given")
	}
}
